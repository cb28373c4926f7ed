package web

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"golang.org/x/text/language"
)

// The cookies that keep a reader's choices. Each holds one word of a few, so
// that nobody can be told by it.
const (
	langCookie  = "lang"
	themeCookie = "theme"
	choiceLife  = 365 * 24 * time.Hour
)

// The themes. Without a choice the reader's system decides.
const (
	themeAuto  = "auto"
	themeDark  = "dark"
	themeLight = "light"
)

// Choice is how a reader wants pages: two readers with the same one get the
// same bytes.
type Choice struct {
	Lang  string // "en" or "id"
	Theme string // "auto", "dark" or "light"
}

// tongues finds the language that fits Accept-Language best.
//
//nolint:gochecknoglobals // a constant; the first is what fits nobody
var tongues = language.NewMatcher([]language.Tag{language.English, language.Indonesian})

// maxAccepted bounds the Accept-Language that is read, in bytes.
const maxAccepted = 200

// Language returns the language of a request, "en" or "id": what ?lang= says,
// then what was chosen before, then what the browser asks for, then English.
func (r *Renderer) Language(c *gin.Context) string { return languageOf(c) }

// Choice returns how the reader wants the page.
func (r *Renderer) Choice(c *gin.Context) Choice {
	return Choice{Lang: languageOf(c), Theme: theme(c)}
}

func languageOf(c *gin.Context) string {
	if lang := asked(c, langCookie, English, Indonesian); lang != "" {
		return lang
	}
	accepted := requested(c, "Accept-Language")
	if accepted == "" || len(accepted) > maxAccepted {
		return English
	}
	wanted, _, err := language.ParseAcceptLanguage(accepted)
	if err != nil {
		return English
	}
	if _, i, _ := tongues.Match(wanted...); i == 1 {
		return Indonesian
	}
	return English
}

func theme(c *gin.Context) string {
	if theme := asked(c, themeCookie, themeAuto, themeDark, themeLight); theme != "" {
		return theme
	}
	return themeAuto
}

// asked returns the word that the query or else the cookie of that name says,
// "" if neither says one of the words.
func asked(c *gin.Context, name string, words ...string) string {
	if c.Request == nil {
		return ""
	}
	said := c.Query(name)
	for _, word := range words {
		if said == word {
			return word
		}
	}
	cookie, err := c.Request.Cookie(name)
	if err != nil {
		return ""
	}
	for _, word := range words {
		if cookie.Value == word {
			return word
		}
	}
	return ""
}

func requested(c *gin.Context, name string) string {
	if c.Request == nil {
		return ""
	}
	return c.GetHeader(name)
}

// Chooses reports whether the request chooses a language or colours, so that its
// answer keeps that for one reader.
func Chooses(c *gin.Context) bool {
	query := c.Request.URL.RawQuery
	return query != "" && (strings.Contains(query, langCookie+"=") || strings.Contains(query, themeCookie+"="))
}

// keep remembers what ?lang= and ?theme= chose. Such an answer is one reader's.
func keep(c *gin.Context, choice Choice) {
	if c.Request == nil || c.Request.URL.RawQuery == "" {
		return
	}
	for _, made := range []struct{ name, value string }{{langCookie, choice.Lang}, {themeCookie, choice.Theme}} {
		if c.Query(made.name) != made.value {
			continue
		}
		http.SetCookie(c.Writer, &http.Cookie{ //nolint:gosec // a word of a few, which may be read by whoever listens
			Name: made.name, Value: made.value, Path: "/", MaxAge: int(choiceLife / time.Second),
			HttpOnly: true, SameSite: http.SameSiteLaxMode,
		})
		c.Header("Cache-Control", "private, no-cache")
	}
}

// maxHere bounds the address that a page repeats in its own links, in bytes.
const maxHere = 300

// here returns the query of the page's address without the choices, beginning
// with "?" or "&" as a further parameter needs: "?" or "?q=bca&".
func here(c *gin.Context) string {
	if c.Request == nil || c.Request.Method != http.MethodGet {
		return "?"
	}
	values, err := url.ParseQuery(c.Request.URL.RawQuery)
	if err != nil {
		return "?"
	}
	values.Del(langCookie)
	values.Del(themeCookie)
	query := values.Encode()
	if query == "" || len(query) > maxHere {
		return "?"
	}
	return "?" + query + "&"
}
