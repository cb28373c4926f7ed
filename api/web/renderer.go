package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"path"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/outcryhq/outcry/pkg/problem"
)

// The pages that there are, by the name that Render takes. Each is the file of
// that name in templates.
const (
	PageHome    = "home"    // takes a Home
	PageReport  = "report"  // takes what ingest's form hands over
	PageError   = "error"   // takes an ErrorPage
	PageService = "service" // takes a ServicePage
	PageCountry = "country" // takes a CountryPage
	PageHow     = "how"     // takes a HowPage
)

//go:embed templates
var templates embed.FS

// Renderer fills pages. It may be used from many goroutines at once.
type Renderer struct {
	languages map[string]*Language
	pages     map[string]map[string]*template.Template // by language and name
	assets    *assets
	logger    *slog.Logger
}

// New parses every template once a language, so that a broken one stops the
// start and not a request.
func New(logger *slog.Logger) (*Renderer, error) {
	if logger == nil {
		return nil, errors.New("pages: a logger is required")
	}
	files, err := loadAssets()
	if err != nil {
		return nil, err
	}
	languages, err := loadLanguages()
	if err != nil {
		return nil, err
	}
	r := &Renderer{languages: languages, pages: map[string]map[string]*template.Template{}, assets: files, logger: logger}
	for tag, spoken := range languages {
		if r.pages[tag], err = parse(spoken, files); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// shared are the templates that every page has.
const shared = "layout.html parts.html"

func parse(spoken *Language, files *assets) (map[string]*template.Template, error) {
	layout, err := template.New("layout").
		Option("missingkey=error").
		Funcs(spoken.functions()).
		Funcs(template.FuncMap{"asset": files.href, "first": first}).
		ParseFS(templates, "templates/layout.html", "templates/parts.html")
	if err != nil {
		return nil, fmt.Errorf("parse page layout: %w", err)
	}
	names, err := fs.Glob(templates, "templates/*.html")
	if err != nil {
		return nil, fmt.Errorf("list pages: %w", err)
	}
	pages := map[string]*template.Template{}
	for _, name := range names {
		if strings.Contains(shared, path.Base(name)) {
			continue
		}
		page, err := template.Must(layout.Clone()).ParseFS(templates, name)
		if err != nil {
			return nil, fmt.Errorf("parse page: %w", err)
		}
		pages[strings.TrimSuffix(path.Base(name), ".html")] = page
	}
	return pages, nil
}

// functions are what templates can say; see the package's comment.
func (l *Language) functions() template.FuncMap {
	return template.FuncMap{
		"lang": l.Tag,
		"t":    func(key string, args ...any) (string, error) { return l.say(key, args) },
		"h": func(key string, args ...any) (template.HTML, error) {
			text, err := l.fill(key, args, l.markup)
			return template.HTML(text), err //nolint:gosec // messages are ours, arguments are escaped
		},
		"say": l.Text,
		"sayh": func(value any) (template.HTML, error) {
			text, err := l.markup(value)
			return template.HTML(text), err //nolint:gosec // as above
		},
		"num":          l.Num,
		"clock":        l.Clock,
		"date":         l.Date,
		"span":         l.Span,
		"country":      l.Country,
		"within":       l.Within,
		"allcountries": l.AllCountries,
		"label":        l.Label,
		"category":     l.Category,
		"rows": func(country string, rows []ServiceRow) map[string]any {
			return map[string]any{"Country": country, "Rows": rows}
		},
		"ago":    l.Ago,
		"moment": func(m Moment) template.HTML { return l.element(m, l.Moment(m)) },
		"short":  func(m Moment) template.HTML { return l.element(m, l.Short(m)) },
	}
}

// frame is what the template "layout" is rendered with.
type frame struct {
	Choice
	// Here begins a query that leads to the same page: "?" or "?q=bca&".
	Here template.URL
	// Page is what the template "main" is rendered with.
	Page any
}

// Mount adds GET /assets/…, which every page links to.
func (r *Renderer) Mount(router gin.IRouter) { r.assets.mount(router) }

// In returns a language by its tag, English for one that there is not.
func (r *Renderer) In(tag string) *Language {
	if spoken, ok := r.languages[tag]; ok {
		return spoken
	}
	return r.languages[English]
}

// Render answers with a page in the reader's language and colours. If the page
// cannot be rendered, the answer is a short plain text with status 500, and the
// reason goes to the log.
func (r *Renderer) Render(c *gin.Context, status int, page string, data any) {
	choice := r.Choice(c)
	body, err := r.make(page, frame{Choice: choice, Here: template.URL(here(c)), Page: data}) //nolint:gosec // encoded anew
	if err != nil {
		r.logger.Error("page could not be rendered", slog.String("page", page), slog.Any("error", err))
		c.Header("Cache-Control", "no-store")
		c.String(http.StatusInternalServerError, "This page is broken. We have been told.\n")
		return
	}
	r.Send(c, status, choice, body)
}

// Make renders a page for every reader who wants it alike. Here is the query
// that leads to it, "" for none, such as "country=ID".
func (r *Renderer) Make(choice Choice, page, here string, data any) ([]byte, error) {
	if here != "" {
		here += "&"
	}
	return r.make(page, frame{Choice: choice, Here: template.URL("?" + here), Page: data}) //nolint:gosec // ours
}

// Send answers with a page that was made for readers with this choice, or with
// 304 if the browser has the same one already.
func (r *Renderer) Send(c *gin.Context, status int, choice Choice, body []byte) {
	keep(c, choice)
	header := c.Writer.Header()
	// A proxy may keep the page, but not for those who want it otherwise.
	header.Add("Vary", "Accept-Language, Cookie")
	header.Set("Content-Language", choice.Lang)
	if status == http.StatusOK && header.Get("Cache-Control") != "no-store" {
		sum := sha256.Sum256(body)
		tag := `W/"` + hex.EncodeToString(sum[:8]) + `"` // weak: it may travel compressed
		header.Set("ETag", tag)
		if asked := requested(c, "If-None-Match"); asked != "" && strings.Contains(asked, tag[2:]) {
			c.Status(http.StatusNotModified)
			c.Writer.WriteHeaderNow()
			return
		}
	}
	c.Data(status, "text/html; charset=utf-8", body)
}

func (r *Renderer) make(page string, f frame) ([]byte, error) {
	t, ok := r.pages[f.Lang][page]
	if !ok {
		return nil, fmt.Errorf("there is no page %q", page)
	}
	var body bytes.Buffer
	if err := t.ExecuteTemplate(&body, "layout", f); err != nil {
		return nil, fmt.Errorf("render page: %w", err)
	}
	return body.Bytes(), nil
}

// ErrorPage is what the page "error" is rendered with.
type ErrorPage struct {
	Title  Text
	Status int
	Detail Text
	// Meant are the slugs of services with a name like the one that there is not.
	Meant []string
}

// Error answers with the page of the problem that the error is, and attaches
// the error to the context, for the request log.
func (r *Renderer) Error(c *gin.Context, err error) {
	_ = c.Error(err)
	p := problem.From(err)
	problem.SetRetryAfter(c, p)
	c.Header("Cache-Control", "no-store")
	r.Render(c, p.Status, PageError, describe(p))
}

// describe says in people's words what went wrong.
func describe(p *problem.Problem) ErrorPage {
	page := ErrorPage{Status: p.Status, Detail: Say("error.as_is", p.Detail)}
	switch p.Status {
	case http.StatusNotFound:
		page.Title, page.Detail = Say("error.not_found"), Say("error.not_found.detail")
		if p.Field == "service" {
			page.Meant = p.Suggestions
		}
	case http.StatusTooManyRequests:
		page.Title = Say("error.limited")
	case http.StatusServiceUnavailable:
		page.Title, page.Detail = Say("error.unavailable"), Say("error.unavailable.detail")
	case http.StatusInternalServerError:
		page.Title, page.Detail = Say("error.internal"), Say("error.internal.detail")
	default:
		page.Title = Say("error.failed")
		if p.Detail == "" {
			page.Detail = Say("error.as_is", p.Title)
		}
	}
	return page
}
