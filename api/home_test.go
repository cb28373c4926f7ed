package api_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/catalog"
	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/place"
)

// maxPage is what a page, its style sheet, script and map may weigh together,
// compressed, in bytes.
const maxPage = 50_000

// page asks for a page and checks what holds for every one.
func page(w *world, status int, target string) string {
	w.t.Helper()
	recorder := w.get(target)
	require.Equal(w.t, status, recorder.Code)
	require.Equal(w.t, "text/html; charset=utf-8", recorder.Header().Get("Content-Type"))
	body := recorder.Body.String()
	require.Equal(w.t, 1, strings.Count(body, "<script"), "only ours")
	require.Regexp(w.t, `<script src="/assets/app-[0-9a-f]+\.js" defer></script>`, body)
	require.NotContains(w.t, body, "style=")
	require.NotContains(w.t, body, "10.9.8.7", "internal text")
	weight := compressed(w.t, recorder.Body.Bytes())
	for _, file := range slices.Compact(regexp.MustCompile(`/assets/[a-z]+-[0-9a-f]+\.[a-z]+`).FindAllString(body, -1)) {
		asset := w.get(file)
		require.Equal(w.t, http.StatusOK, asset.Code)
		require.Contains(w.t, asset.Header().Get("Cache-Control"), "immutable")
		weight += compressed(w.t, asset.Body.Bytes())
	}
	require.Less(w.t, weight, maxPage)
	return body
}

func compressed(t *testing.T, body []byte) int {
	t.Helper()
	var packed bytes.Buffer
	writer := gzip.NewWriter(&packed)
	_, err := writer.Write(body)
	require.NoError(t, err)
	require.NoError(t, writer.Close())
	return packed.Len()
}

func TestHomeShowsWhatIsDown(t *testing.T) {
	t.Parallel()
	w := newWorld(t, slices.Concat(hour("whatsapp", "NL", 240), hour("whatsapp", "ID", 100))...)
	w.announce(ongoing("whatsapp", at("08:00"), "NL", "ID", "GB", "BE", "MY", "SG"),
		over(ongoing("netflix", at("05:00"), "US"), at("06:10")))
	w.see(live.Partition("telegram"), possible("telegram", "GB", 13, 23))
	body := page(w, http.StatusOK, "/")
	for _, want := range []string{
		"<h1>People report problems with WhatsApp</h1>",
		`Since <time datetime="2017-11-03T08:00:00Z">08:00 UTC</time>, 42 min ago`,
		`<th scope="row">Netherlands</th>`, `<th scope="row">Indonesia</th>`, "Also in Malaysia and Singapore.",
		`href="/report?service=whatsapp"`, `<path class="curve"`, `role="img"`, "from 0 to 500 reports a minute",
		`<a class="name" href="/services/telegram">Telegram</a>`, "23 in 15 min, usually 2",
		`">Netflix</a> <span class="place">United States</span>`, "for 1 h 10 min", "up to 240 a minute, usually fewer than 1",
		// Six impacts of .4 a minute, of which one a minute began from 8:00 to 8:05.
		`<dt>Reports</dt><dd>10,290 <span class="faint">usually 96</span></dd>`,
		`<span class="faint">usually 2</span>`, `<td class="num">240</td><td class="num">&lt; 1</td>`,
		"reports about 1 service in the last hour",
	} {
		require.Contains(t, body, want)
	}
}

func TestHomeSaysHowSureItIs(t *testing.T) {
	t.Parallel()
	heard := minutes("netflix", "US", at("08:00"), 1, 2, 3)
	tests := map[string]struct {
		counts  []live.MinuteCount
		prepare func(*world)
		want    []string
		not     string
	}{
		"quiet": {
			heard, func(*world) {},
			[]string{"<h1>Nothing abnormal right now</h1>", "6 reports about 1 service in the last hour", `class="hero ok"`},
			"class=\"note\"",
		},
		"nothing heard": {
			nil, func(*world) {},
			[]string{"<h1>Nothing heard</h1>", "nobody has told us", `class="hero unknown"`},
			"Nothing abnormal",
		},
		"possible only": {
			heard, func(w *world) { w.see(live.Partition("telegram"), possible("telegram", "GB", 13, 23)) },
			[]string{"<h1>Possible problem with Telegram</h1>", `class="hero possible"`},
			"Down now",
		},
		"nobody watches": {
			heard, func(w *world) { w.lookAway() },
			[]string{"<h1>We cannot tell right now</h1>", "Not every service is being watched"},
			"Nothing abnormal",
		},
		"no live state": {
			heard, func(w *world) { w.liveAway.Store(true) },
			[]string{"<h1>We cannot tell right now</h1>", "live counts cannot be reached"},
			"Nothing abnormal",
		},
		"no archive from the start": {
			heard, func(w *world) { w.archiveAway.Store(true) },
			[]string{"<h1>We cannot tell right now</h1>", "Whether anybody is listening", "archive cannot be reached"},
			"Nothing abnormal",
		},
		"no archive any more, but reports": {
			minutes("netflix", "US", at("08:40"), 1), func(w *world) {
				w.get("/")
				w.archiveAway.Store(true)
				w.passTime()
			},
			[]string{"<h1>Nothing abnormal right now</h1>", "archive cannot be reached"},
			"cannot tell",
		},
		"nobody listens": {
			heard, func(w *world) { w.now = w.now.Add(11 * time.Minute); w.watchAgain() },
			[]string{"<h1>We cannot tell right now</h1>", "No source of reports is listening"},
			"Nothing abnormal",
		},
		"a service fails and nobody listens any more": {
			heard, func(w *world) {
				w.announce(ongoing("netflix", at("08:00"), "US"))
				w.now = w.now.Add(11 * time.Minute)
				w.watchAgain()
			},
			[]string{"<h1>People report problems with Netflix</h1>", "No source of reports is listening"},
			"Nothing abnormal",
		},
		"usual beside it": {
			heard, func(w *world) {
				services, err := catalog.Default()
				require.NoError(w.t, err)
				w.baselines = usually(.2 / float64(len(services.Services()))) // a minute, of all services together
			},
			[]string{"6 reports about 1 service in the last hour, usually 12."},
			"cannot tell",
		},
		"no store at all": {
			heard, func(w *world) { w.liveAway.Store(true); w.archiveAway.Store(true) },
			[]string{"<h1>We cannot tell right now</h1>", "live counts cannot be reached", "archive cannot be reached"},
			"Nothing abnormal",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, tt.counts...)
			tt.prepare(w)
			body := page(w, http.StatusOK, "/")
			for _, want := range tt.want {
				require.Contains(t, body, want)
			}
			require.NotContains(t, body, tt.not)
		})
	}
}

func TestHomeSearches(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.announce(ongoing("whatsapp", at("08:00"), "NL"))
	for _, query := range []string{"whatsapp", "WhatsApp", "whatsap", " WHATS  app "} {
		body := page(w, http.StatusOK, "/?q="+url.QueryEscape(query))
		require.Contains(t, body, "Problems reported: Netherlands", query)
		require.Contains(t, body, `href="/report?service=whatsapp"`, query)
	}
	require.Contains(t, page(w, http.StatusOK, "/?q=qqqqqqqqqq"), `We know no service with such a name. <a href="/">Clear the search</a>`)
	require.NotContains(t, page(w, http.StatusOK, "/?q=+"), "Services like")
	page(w, http.StatusOK, "/?q=a&utm_source=mail")
}

func TestHomeEscapesWhatOthersWrote(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	// Recorded counts may have services that the catalog has not.
	hostile := `"><script>alert(1)</script>`
	w.announce(ongoing(hostile, at("08:00"), "NL"))
	w.see(live.Partition("telegram"), possible(`'onload=x`+hostile, "GB", 13, 23))
	for _, query := range []string{hostile, `' autofocus onfocus=alert(1) x='`, "{{.}}", "\xff\x00<b>", strings.Repeat("<i>", 4000)} {
		body := page(w, http.StatusOK, "/?q="+url.QueryEscape(query))
		require.NotContains(t, body, "<script>")
		require.NotContains(t, body, "<b>")
		require.NotContains(t, body, "<i>")
		require.NotRegexp(t, `<[^>"]*(?:"[^"]*"[^>"]*)*\son\w+=`, body)
	}
}

func TestHomeStaysSmallOnTheWorstOfDays(t *testing.T) {
	t.Parallel()
	var counts []live.MinuteCount
	for i := range 15 {
		counts = append(counts, hour(fmt.Sprintf("service-with-a-long-name-%02d", i), "VC", 9000)...)
	}
	w := newWorld(t, counts...)
	countries := append([]string{"GS", "VC", "BQ", "CF", "FM"}, place.Codes()[:25]...)
	for i := range 15 {
		slug := fmt.Sprintf("service-with-a-long-name-%02d", i)
		w.announce(ongoing(slug, at("08:00").Add(time.Duration(i)*time.Minute), countries...),
			over(ongoing("past-"+slug, at("01:00"), countries...), at("02:00")))
		w.see(live.Partition(slug), possible("new-"+slug, "VC", 13, 12345), possible("newer-"+slug, "GS", 13, 12345))
	}
	body := page(w, http.StatusOK, "/?q=a")
	require.Contains(t, body, "People report problems with 15 services")
	require.Contains(t, body, "And 7 more services")
}

func TestErrorsAreShownAsPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.Contains(t, page(w, http.StatusNotFound, "/nothing"), "<h1>There is nothing here</h1>")
	w.router.GET("/panic", func(*gin.Context) { panic("x") })
	require.Contains(t, page(w, http.StatusInternalServerError, "/panic"), "<h1>Something broke on our side</h1>")
}
