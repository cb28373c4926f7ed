package api_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/place"
)

// troubled is a world in which much is going on: an outage in several countries,
// a possible problem, an outage that is over, and something usual everywhere.
func troubled(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, slices.Concat(
		hour("whatsapp", "NL", 240), hour("whatsapp", "ID", 100), hour("bca", "ID", 60),
		minutes("netflix", "US", at("08:00"), 1, 2, 3), minutes("whatsapp~works", "ID", at("08:20"), 3))...)
	w.baselines = usually(.4)
	w.announce(ongoing("whatsapp", at("08:00"), "NL", "ID", "GB", "BE", "MY", "SG"), ongoing("bca", at("08:10"), "ID"),
		over(ongoing("netflix", at("05:00"), "US"), at("06:10")))
	w.see(live.Partition("telegram"), possible("telegram", "ID", 13, 23))
	return w
}

// pagesOf are the addresses of pages that a reader may come to.
func pagesOf() []string {
	return []string{
		"/", "/?q=whatsap", "/?q=qqqqqqq", "/?category=bank", "/?category=nothing", "/services/whatsapp", "/services/whatsapp?country=ID",
		"/services/whatsapp?country=FR", "/services/netflix", "/services/signal", "/services/telegram?country=id",
		"/countries/ID", "/countries/nl", "/countries/US", "/countries/AQ", "/how",
	}
}

func TestEveryPageIsWholeInEveryLanguageAndState(t *testing.T) {
	t.Parallel()
	states := map[string]func(*testing.T) *world{
		"troubled":      troubled,
		"empty":         func(t *testing.T) *world { t.Helper(); return newWorldThatListened(t, -1) },
		"no live state": func(t *testing.T) *world { t.Helper(); w := troubled(t); w.liveAway.Store(true); return w },
		"no archive":    func(t *testing.T) *world { t.Helper(); w := troubled(t); w.archiveAway.Store(true); return w },
		"no store": func(t *testing.T) *world {
			t.Helper()
			w := troubled(t)
			w.liveAway.Store(true)
			w.archiveAway.Store(true)
			return w
		},
	}
	for name, state := range states {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := state(t)
			for _, target := range pagesOf() {
				for _, lang := range []string{"en", "id"} {
					joint := "?"
					if strings.Contains(target, "?") {
						joint = "&"
					}
					body := page(w, http.StatusOK, target+joint+"lang="+lang)
					require.Contains(t, body, `<html lang="`+lang+`"`)
					require.Equal(t, 1, strings.Count(body, "<h1"), target)
					wellFormed(t, body, target)
				}
			}
		})
	}
}

// wellFormed checks what a screen reader or the script would stumble over.
func wellFormed(t *testing.T, body, target string) {
	t.Helper()
	seen := map[string]bool{}
	for _, found := range regexp.MustCompile(` id="([^"]*)"`).FindAllStringSubmatch(body, -1) {
		require.False(t, seen[found[1]], "%s has the id %s twice", target, found[1])
		seen[found[1]] = true
	}
	for _, found := range regexp.MustCompile(`(?:aria-labelledby|for)="([^"]*)"`).FindAllStringSubmatch(body, -1) {
		require.True(t, seen[found[1]], "%s points to %s, which it has not", target, found[1])
	}
	for _, found := range regexp.MustCompile(`<[a-z]+[^>]* data-live[^>]*>`).FindAllString(body, -1) {
		require.Contains(t, found, ` id="`, "the script finds it by its id")
	}
	for _, word := range []string{"%!", "<nil>", "map[", "{0}", "NaN", "ZgotmplZ"} {
		require.NotContains(t, body, word, target)
	}
}

func TestAServicesPageSaysWhatIsKnown(t *testing.T) {
	t.Parallel()
	w := troubled(t)
	tests := map[string][]string{
		"/services/whatsapp": {
			"<h1>People report problems with WhatsApp</h1>", `class="hero problem"`, "Up to 588 reports a minute, usually 2.",
			`3 people say that it works.`, `name="problem" value="messages"`, `name="kind" value="works"`,
			`/services/whatsapp/chart.svg?lang=en"`, "All bars have one scale, from 0 to", `<a href="/services/whatsapp?country=NL">Netherlands</a>`,
			`href="/services/whatsapp/outages.atom"`, `data-stream="?service=whatsapp"`,
		},
		"/services/whatsapp?country=NL": {
			"<h1>People report problems with WhatsApp in the Netherlands</h1>", "Up to 240 reports a minute",
			`chart.svg?lang=en&amp;country=NL"`, `<a href="?country=NL&amp;lang=id"`, `name="country" value="NL"`,
		},
		"/services/netflix": {
			"No sign of trouble with Netflix", "Not more people complain than usual", "1 outage is on record; it lasted 1 h 10 min.",
			"for 1 h 10 min, 4,200 reports",
		},
		"/services/signal":              {"Too few reports about Signal to tell", "Nobody has said anything about it in the last two days", `class="hero unknown"`},
		"/services/telegram?country=ID": {"Possible problem with Telegram in Indonesia", "not enough to be sure"},
		"/countries/ID": {
			"People report problems with 2 services in Indonesia", `<a class="name" href="/services/bca?country=ID">BCA</a>`, "Telegram",
			"Services at home there", "Too few reports to tell",
		},
		"/countries/US": {"Nothing abnormal in the United States right now", "1 outage is on record"},
	}
	for target, want := range tests {
		body := page(w, http.StatusOK, target)
		for _, text := range want {
			require.Contains(t, body, text, target)
		}
	}
	require.Contains(t, page(w, http.StatusOK, "/services/bca?lang=id"), "Banyak orang melaporkan gangguan BCA")
}

func TestPagesThatAreNotThere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, target := range []string{"/services/nothing", "/services/%3Cscript%3E", "/countries/XX", "/countries/ZZ", "/countries/%22%3E"} {
		body := page(w, http.StatusNotFound, target)
		require.NotContains(t, body, "<script>")
	}
	require.Contains(t, page(w, http.StatusNotFound, "/services/whatsap"), `<a class="button quiet" href="/services/whatsapp">`, "a mistyped name")
}

func TestTheListOfCountriesLeadsToTheirPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	recorder := w.get("/?country=id")
	require.Equal(t, http.StatusFound, recorder.Code)
	require.Equal(t, "/countries/ID", recorder.Header().Get("Location"))
	page(w, http.StatusOK, "/?country="+url.QueryEscape("//evil.example"))
	require.Equal(t, len(place.Codes()), strings.Count(page(w, http.StatusOK, "/"), "<option "))
}

func TestPagesThatHaveNotChangedAreNotSentAgain(t *testing.T) {
	t.Parallel()
	w := troubled(t)
	for _, target := range []string{"/", "/services/whatsapp", "/countries/ID", "/how"} {
		first := w.get(target)
		tag := first.Header().Get("ETag")
		require.NotEmpty(t, tag)
		require.Equal(t, "public, max-age=2", first.Header().Get("Cache-Control"))
		again := w.ask(target, "If-None-Match", tag)
		require.Equal(t, http.StatusNotModified, again.Code, target)
		require.Empty(t, again.Body.Bytes())
		require.Equal(t, http.StatusOK, w.ask(target, "If-None-Match", tag, "Accept-Language", "id").Code, "another language is another page")
		require.Equal(t, http.StatusOK, w.ask(target, "If-None-Match", tag, "Cookie", "theme=dark").Code)
	}
	w.now = w.now.Add(2 * time.Minute)
	w.watchAgain()
	require.Equal(t, http.StatusOK, w.ask("/", "If-None-Match", w.get("/how").Header().Get("ETag")).Code)
}

// ask is get with headers, given as pairs.
func (w *world) ask(target string, headers ...string) *httptest.ResponseRecorder {
	w.t.Helper()
	w.get("/how") // makes the router
	request := httptest.NewRequestWithContext(w.t.Context(), http.MethodGet, target, nil)
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	recorder := httptest.NewRecorder()
	w.router.ServeHTTP(recorder, request)
	return recorder
}
