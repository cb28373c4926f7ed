package web_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/api/web"
)

// in returns a language.
func in(t *testing.T, tag string) *web.Language {
	t.Helper()
	renderer, err := web.New(slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	return renderer.In(tag)
}

func TestMomentsAreSaidInTheReadersWay(t *testing.T) {
	t.Parallel()
	en, id := in(t, web.English), in(t, web.Indonesian)
	now := time.Date(2017, 11, 3, 8, 42, 30, 0, time.UTC)
	tests := []struct {
		before                      time.Duration
		iso, enText, enShort, enAgo string
		idText, idShort, idAgo      string
	}{
		{0, "2017-11-03T08:42:30Z", "08:42 UTC", "08:42", "just now", "pukul 08.42 UTC", "08.42", "baru saja"},
		{-time.Minute, "2017-11-03T08:43:30Z", "08:43 UTC", "08:43", "just now", "pukul 08.43 UTC", "08.43", "baru saja"},
		{42*time.Minute + 59*time.Second, "2017-11-03T07:59:31Z", "07:59 UTC", "07:59", "42 min ago", "pukul 07.59 UTC", "07.59", "42 menit yang lalu"},
		{2 * time.Hour, "2017-11-03T06:42:30Z", "06:42 UTC", "06:42", "2 h ago", "pukul 06.42 UTC", "06.42", "2 jam yang lalu"},
		{2*time.Hour + 5*time.Minute, "2017-11-03T06:37:30Z", "06:37 UTC", "06:37", "2 h 5 min ago", "pukul 06.37 UTC", "06.37", "2 jam 5 menit yang lalu"},
		{25 * time.Hour, "2017-11-02T07:42:30Z", "2 Nov, 07:42 UTC", "2 Nov, 07:42", "1 day ago", "2 Nov pukul 07.42 UTC", "2 Nov, 07.42", "1 hari yang lalu"},
		{366 * 24 * time.Hour, "2016-11-02T08:42:30Z", "2 Nov 2016, 08:42 UTC", "2 Nov 2016, 08:42", "366 days ago", "2 Nov 2016 pukul 08.42 UTC", "2 Nov 2016, 08.42", "366 hari yang lalu"},
	}
	for _, tt := range tests {
		m := web.Moment{At: now.Add(-tt.before), Now: now}
		require.Equal(t, tt.iso, m.ISO())
		require.Equal(t, []string{tt.enText, tt.enShort, tt.enAgo}, []string{en.Moment(m), en.Short(m), en.Ago(m)})
		require.Equal(t, []string{tt.idText, tt.idShort, tt.idAgo}, []string{id.Moment(m), id.Short(m), id.Ago(m)})
	}
	require.Equal(t, "12 Mei 2026", id.Date(time.Date(2026, 5, 12, 0, 0, 0, 0, time.UTC)))
}

func TestNumbersAreSaidInTheReadersWay(t *testing.T) {
	t.Parallel()
	en, id := in(t, web.English), in(t, web.Indonesian)
	for n, want := range map[int][2]string{
		0: {"0", "0"}, 999: {"999", "999"}, 1000: {"1,000", "1.000"}, 1234567: {"1,234,567", "1.234.567"}, -1000: {"-1,000", "-1.000"},
	} {
		require.Equal(t, want, [2]string{en.Num(n), id.Num(n)})
	}
	for x, want := range map[float64][2]string{0.42: {"0.4", "0,4"}, 3: {"3", "3"}, 2.96: {"3", "3"}, 1234.5: {"1,235", "1.235"}, 0.01: {"0", "0"}} {
		require.Equal(t, want, [2]string{en.Decimal(x), id.Decimal(x)})
	}
}

func TestListsAndCountriesAreNamed(t *testing.T) {
	t.Parallel()
	en, id := in(t, web.English), in(t, web.Indonesian)
	say := func(l *web.Language, value any) string {
		text, err := l.Text(value)
		require.NoError(t, err)
		return text
	}
	require.Equal(t, "Germany, Netherlands and Singapore", say(en, web.Countries{"DE", "NL", "SG"}))
	require.Equal(t, "Jerman, Belanda, dan Singapura", say(id, web.Countries{"DE", "NL", "SG"}))
	require.Equal(t, "Jerman dan Belanda", say(id, web.Countries{"DE", "NL"}))
	require.Equal(t, "Germany, Netherlands, Singapore, Italy, Spain and 2 more", say(en, web.Countries{"DE", "NL", "SG", "IT", "ES", "US", "CA"}))
	require.Equal(t, "All countries together", en.Country("*"))
	require.Equal(t, "Negara tidak diketahui", id.Country("ZZ"))
	require.Equal(t, "Turki", id.Country("TR"))
	require.Equal(t, "</b>", id.Country("</b>"))
	require.Equal(t, "the Netherlands", say(en, web.Within("NL")))
	require.Equal(t, "Belanda", say(id, web.Within("NL")))
	require.Equal(t, "Indonesia", say(en, web.Within("ID")))
	require.Equal(t, "fewer than 1", say(en, web.Usual(.2)))
	require.Equal(t, "1 report", say(en, web.Say("home.reports", 1)))
	require.Equal(t, "1 laporan", say(id, web.Say("home.reports", 1)))
	_, err := en.Text(struct{}{})
	require.Error(t, err)
}

func TestAnOperatorsOwnLabelsAreLeftAlone(t *testing.T) {
	t.Parallel()
	id := in(t, web.Indonesian)
	require.Equal(t, "Panggilan gagal", id.Label("problem", "calls", "Calls fail"))
	require.Equal(t, "Nada sambung putus", id.Label("problem", "calls", "Nada sambung putus"))
	require.Equal(t, "Own", id.Label("problem", "own", "Own"))
}

func TestTheReaderChoosesTheLanguageAndColours(t *testing.T) {
	t.Parallel()
	renderer, err := web.New(slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	tests := map[string]struct {
		target, accept, cookie string
		want                   web.Choice
	}{
		"nothing said":        {"/", "", "", web.Choice{Lang: "en", Theme: "auto"}},
		"browser":             {"/", "id-ID,id;q=0.9,en;q=0.8", "", web.Choice{Lang: "id", Theme: "auto"}},
		"neither":             {"/", "de-DE", "", web.Choice{Lang: "en", Theme: "auto"}},
		"malay is not":        {"/", "en;q=0.5,id", "", web.Choice{Lang: "id", Theme: "auto"}},
		"cookie over browser": {"/", "id", "lang=en; theme=dark", web.Choice{Lang: "en", Theme: "dark"}},
		"query over cookie":   {"/?lang=id&theme=light", "en", "lang=en; theme=dark", web.Choice{Lang: "id", Theme: "light"}},
		"nonsense":            {"/?lang=%22%3E&theme=x", "\xff;;;", "lang=xx; theme=yy", web.Choice{Lang: "en", Theme: "auto"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			recorder := httptest.NewRecorder()
			c, _ := gin.CreateTestContext(recorder)
			c.Request = httptest.NewRequestWithContext(t.Context(), http.MethodGet, tt.target, nil)
			c.Request.Header.Set("Accept-Language", tt.accept)
			c.Request.Header.Set("Cookie", tt.cookie)
			require.Equal(t, tt.want, renderer.Choice(c))
			require.Equal(t, tt.want.Lang, renderer.Language(c))
			renderer.Render(c, http.StatusOK, web.PageHome, web.Home{})
			require.Contains(t, recorder.Body.String(), `<html lang="`+tt.want.Lang+`"`)
			require.Equal(t, tt.want.Theme != "auto", strings.Contains(recorder.Body.String(), ` data-theme="`+tt.want.Theme+`"`))
			require.Equal(t, tt.want.Lang, recorder.Header().Get("Content-Language"))
			require.Contains(t, recorder.Header().Get("Vary"), "Accept-Language, Cookie")
		})
	}
}

func TestAChoiceIsKeptInACookieWithoutAName(t *testing.T) {
	t.Parallel()
	renderer, err := web.New(slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	recorder := httptest.NewRecorder()
	c, _ := gin.CreateTestContext(recorder)
	c.Request = httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/?q=a%26b&lang=id&theme=dark&x=%22%3E%3Cb%3E", nil)
	renderer.Render(c, http.StatusOK, web.PageHome, web.Home{})
	require.Equal(t, []string{
		"lang=id; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax",
		"theme=dark; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax",
	}, recorder.Header().Values("Set-Cookie"))
	require.Equal(t, "private, no-cache", recorder.Header().Get("Cache-Control"))
	require.Contains(t, recorder.Body.String(), `href="?q=a%26b&amp;x=%22%3E%3Cb%3E&amp;lang=en"`, "the rest of the address stays, encoded")
}
