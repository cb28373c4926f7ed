package api_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"github.com/outcryhq/outcry/pkg/outage"
)

// pageOf asks for a page in a language and returns its parsed body and its text.
func (w *world) pageOf(status int, target, lang string) (*html.Node, string) {
	w.t.Helper()
	request := httptest.NewRequest(http.MethodGet, target, nil)
	request.Header.Set("Accept-Language", lang)
	answer := w.do(request)
	require.Equal(w.t, status, answer.Code, answer.Body.String())
	document, err := html.Parse(strings.NewReader(answer.Body.String()))
	require.NoError(w.t, err)
	return document, textOf(document)
}

// textOf is what a reader sees of a document, with single spaces.
func textOf(node *html.Node) string {
	var b strings.Builder
	for n := range node.Descendants() {
		if n.Type == html.TextNode && n.Parent.Data != "script" && n.Parent.Data != "style" {
			b.WriteString(n.Data + " ")
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// attributes lists an attribute of all elements of a name.
func attributes(node *html.Node, element, name string) []string {
	var found []string
	for n := range node.Descendants() {
		if n.Type == html.ElementNode && n.Data == element {
			for _, attr := range n.Attr {
				if attr.Key == name {
					found = append(found, attr.Val)
				}
			}
		}
	}
	return found
}

func (w *world) remark(o outage.Outage, r outage.Remark) {
	w.t.Helper()
	if r.By == "" {
		r.By = outage.ByOperator
	}
	require.NoError(w.t, w.archive.AddRemark(w.t.Context(), o.ID, r))
}

// TestTheSentenceSaysWhatWasHeard is what journalists quote.
func TestTheSentenceSaysWhatWasHeard(t *testing.T) {
	t.Parallel()
	day := at("08:00").AddDate(0, 0, -10)
	ended := func(countries ...string) outage.Outage {
		return over(ongoing("whatsapp", day, countries...), day.Add(132*time.Minute))
	}
	overnight := over(ongoing("whatsapp", day.Add(14*time.Hour), "ID"), day.Add(18*time.Hour))
	paused := ended("NL")
	paused.Impacts[0].Intervals = []outage.Interval{{StartedAt: day, EndedAt: day.Add(20 * time.Minute)}}
	paused.Impacts[0].StartedAt = day.Add(50 * time.Minute)
	tests := map[string]struct {
		outage outage.Outage
		en, id string
	}{
		"one country": {
			ended("ID"),
			"Between 08:00 and 10:12 UTC on 24 Oct 2017, people reported problems with WhatsApp to Outcry in Indonesia, at most 240 a minute (usually fewer than 1).",
			"Antara pukul 08.00 dan 10.12 UTC pada 24 Okt 2017, orang-orang melaporkan gangguan WhatsApp kepada Outcry di Indonesia, paling banyak 240 per menit (biasanya kurang dari 1).",
		},
		"six countries": {
			ended("NL", "GB", "BE", "MY", "SG", "ID"),
			"people reported problems with WhatsApp to Outcry in 6 countries, most of all in Netherlands, at most 588 a minute (usually 2).",
			"di 6 negara, terutama di Belanda, paling banyak 588 per menit (biasanya 2).",
		},
		"also unknown places": {ended("NL", "ZZ"), "to Outcry in Netherlands and from places that are not known, at most", "di Belanda dan dari tempat yang tidak diketahui"},
		"only unknown places": {ended("ZZ"), "to Outcry from places that are not known, at most", "dari tempat yang tidak diketahui"},
		"all countries":       {ended("*"), "to Outcry in all countries taken together, at most", "di semua negara secara keseluruhan"},
		"two days":            {overnight, "Between 24 Oct 2017, 22:00 UTC and 25 Oct 2017, 02:00 UTC, people", "Antara 24 Okt 2017 pukul 22.00 UTC dan 25 Okt 2017 pukul 02.00 UTC"},
		"came back":           {paused, "In between, reports were back to what is usual for 30 min.", "selama 30 menit."},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.remember(tt.outage)
			_, text := w.pageOf(http.StatusOK, "/outages/"+tt.outage.ID.String(), "en")
			require.Contains(t, text, tt.en)
			_, text = w.pageOf(http.StatusOK, "/outages/"+tt.outage.ID.String(), "id")
			require.Contains(t, text, tt.id)
			require.NotRegexp(t, `(?i)was down|outage\.[a-z]`, text, "not more than is known, and no key of a message")
		})
	}
}

func TestTheOutagePageHoldsWhatIsKnown(t *testing.T) {
	t.Parallel()
	w := newWorld(t, hour("whatsapp", "NL", 240)...)
	o := ongoing("whatsapp", at("08:00"), "NL", "ID")
	earlier := over(ongoing("whatsapp", at("08:00").AddDate(0, -6, 0), "NL"), at("10:00").AddDate(0, -6, 0))
	false1 := over(ongoing("whatsapp", at("08:00").AddDate(0, -1, 0), "NL"), at("09:00").AddDate(0, -1, 0))
	w.announce(o)
	w.remember(earlier, false1)
	said := at("08:40")
	w.remark(o, outage.Remark{Kind: outage.Acknowledgement, At: at("08:41"), Said: &said, Text: `Trouble & "delays" <b>`, Link: "https://status.example/1", By: outage.ByFeed})
	w.remark(o, outage.Remark{Kind: outage.Note, At: at("08:42"), Text: "Seen elsewhere too."})
	w.remark(false1, outage.Remark{Kind: outage.Retraction, At: at("08:42"), Text: "a campaign"})

	document, text := w.pageOf(http.StatusOK, "/outages/"+o.ID.String(), "en")
	for _, want := range []string{
		"As of 3 Nov 2017, 08:42 UTC, this goes on.", "These figures may still change",
		"Netherlands since 08:00 4,200 240 < 1", "Indonesia since 08:01 2,100 120 < 1",
		"40 people reported within 5 min, where 2 are usual and 4 would be harmless.", "31 independent connections or accounts, 9 networks and 2 sources",
		"about once in 10²⁴ looks (score 57.1; 17.1 is enough)", "Detected on 3 Nov 2017, 08:03 UTC, 3 min after the first reports.",
		`The service's own status feed said on 3 Nov 2017, 08:40 UTC , 40 min after the first reports: Trouble & "delays" <b> https://status.example/1`,
		"Seen elsewhere too.", "3 May 2017, 08:00 UTC, for 2 h, up to 240 a minute",
		"Revision 1, retrieved 3 Nov 2017, 08:42 UTC. http://example.com/outages/" + o.ID.String(),
	} {
		require.Contains(t, text, want)
	}
	require.NotContains(t, text, "3 Oct 2017", "a retracted outage is no earlier one")
	require.Contains(t, attributes(document, "a", "href"), "/outages/"+earlier.ID.String())
	require.Contains(t, attributes(document, "a", "href"), "/v1/outages/"+o.ID.String())
	require.Contains(t, attributes(document, "link", "href"), "http://example.com/outages/"+o.ID.String(), "canonical")
	require.Contains(t, attributes(document, "meta", "content"), "http://example.com/outages/"+o.ID.String()+"/chart.png")
	for _, picture := range append(attributes(document, "img", "src"), attributes(document, "source", "srcset")...) {
		require.Equal(t, http.StatusOK, w.get(picture).Code, picture)
	}
	require.Empty(t, attributes(document, "div", "style"))
}

func TestAPageForSearchEngines(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := over(ongoing("</script><script>alert(1)", at("02:00"), "NL", "ZZ"), at("03:00"))
	w.remember(o)
	document, _ := w.pageOf(http.StatusOK, "/outages/"+o.ID.String(), "en")
	var found map[string]any
	for n := range document.Descendants() {
		if n.Data != "script" || n.Type != html.ElementNode {
			continue
		}
		for _, attr := range n.Attr {
			if attr.Val == "application/ld+json" {
				require.Nil(t, found, "one block")
				require.NoError(t, json.Unmarshal([]byte(n.FirstChild.Data), &found))
			}
		}
		require.NotContains(t, textOf(n), "alert(1)", "nothing runs")
	}
	require.Equal(t, "Report", found["@type"])
	require.Equal(t, "http://example.com/outages/"+o.ID.String(), found["url"])
	require.Equal(t, "2017-11-03T02:00:00Z/2017-11-03T03:00:00Z", found["temporalCoverage"])
	require.Equal(t, map[string]any{"@type": "Service", "name": "</script><script>alert(1)"}, found["about"])
	require.Equal(t, []any{map[string]any{"@type": "Country", "name": "Netherlands", "identifier": "NL"}}, found["spatialCoverage"])
}

func TestWhatWasCitedStays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	retracted := over(ongoing("whatsapp", at("02:00"), "NL"), at("03:00"))
	merged := over(ongoing("whatsapp", at("04:00"), "NL"), at("05:00"))
	into := over(ongoing("whatsapp", at("05:30"), "NL"), at("06:00"))
	w.remember(retracted, merged, into)
	w.remark(retracted, outage.Remark{Kind: outage.Retraction, At: at("07:00"), Text: "it was a campaign"})
	w.remark(merged, outage.Remark{Kind: outage.Merge, At: at("07:00"), Text: "the same failure", Into: &into.ID})

	_, text := w.pageOf(http.StatusOK, "/outages/"+retracted.ID.String(), "en")
	require.Contains(t, text, "This outage was retracted")
	require.Contains(t, text, "Reason, given on 3 Nov 2017, 07:00 UTC: it was a campaign")
	require.Contains(t, text, "at most 240 a minute (usually fewer than 1). Outcry has retracted this.", "whoever quotes it, quotes that")
	document, text := w.pageOf(http.StatusOK, "/outages/"+merged.ID.String(), "en")
	require.Contains(t, text, "This is part of another outage")
	require.Contains(t, text, "the same failure")
	require.Contains(t, attributes(document, "a", "href"), "/outages/"+into.ID.String())
	require.Contains(t, w.get("/outages/"+retracted.ID.String()+"/badge.svg").Body.String(), "retracted")
}

func TestCitationsCanBeRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := over(ongoing(`a_b%{c}\&"d"`, at("02:00"), "NL"), at("03:00"))
	w.remember(o)
	document, _ := w.pageOf(http.StatusOK, "/outages/"+o.ID.String(), "en")
	var blocks []string
	for n := range document.Descendants() {
		if n.Type == html.ElementNode && n.Data == "pre" {
			blocks = append(blocks, n.FirstChild.Data)
		}
	}
	require.Len(t, blocks, 5)
	require.Contains(t, blocks[1], `title = {a\_b\%\{c\}\textbackslash{}\&"d": problems reported in Netherlands}`)
	var items []map[string]any
	require.NoError(t, json.Unmarshal([]byte(blocks[2]), &items))
	require.Equal(t, "http://example.com/outages/"+o.ID.String(), items[0]["URL"])
	require.Equal(t, "2", items[0]["version"])
	frame, err := html.Parse(strings.NewReader(blocks[3]))
	require.NoError(t, err)
	require.Equal(t, []string{"http://example.com/outages/" + o.ID.String() + "/embed"}, attributes(frame, "iframe", "src"))
	require.Equal(t, []string{`a_b%{c}\&"d": problems reported in Netherlands`}, attributes(frame, "iframe", "title"))
}

func TestOnlyTheFrameMayBeFramed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := ongoing("whatsapp", at("08:00"), "NL")
	w.announce(o)
	page, frame := w.get("/outages/"+o.ID.String()), w.get("/outages/"+o.ID.String()+"/embed")
	require.Contains(t, page.Header().Get("Content-Security-Policy"), "frame-ancestors 'none'")
	require.Equal(t, "DENY", page.Header().Get("X-Frame-Options"))
	require.Equal(t, http.StatusOK, frame.Code)
	require.Contains(t, frame.Header().Get("Content-Security-Policy"), "frame-ancestors *")
	require.Contains(t, frame.Header().Get("Content-Security-Policy"), "default-src 'none'")
	require.Empty(t, frame.Header().Get("X-Frame-Options"))
	require.NotContains(t, frame.Body.String(), "<script")
	require.Contains(t, frame.Body.String(), "people have reported problems with WhatsApp")
	missing := w.get("/outages/0199f2c5-0000-7000-8000-000000000000/embed")
	require.Equal(t, http.StatusNotFound, missing.Code)
	require.Contains(t, missing.Header().Get("Content-Security-Policy"), "frame-ancestors 'none'")
}

func TestTheOutagePageSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, hour("whatsapp", "NL", 240)...)
	o, old := ongoing("whatsapp", at("08:00"), "NL"), over(ongoing("signal", at("02:00").AddDate(0, 0, -9), "ID"), at("04:00").AddDate(0, 0, -9))
	w.announce(o)
	w.remember(old)
	w.archiveAway.Store(true)
	_, text := w.pageOf(http.StatusOK, "/outages/"+o.ID.String(), "en")
	require.Contains(t, text, "Remarks on this outage cannot be read at the moment.")
	require.Contains(t, text, "earlier outages may be missing")
	require.NotContains(t, text, "None is known.")
	require.Equal(t, http.StatusOK, w.get("/outages/"+o.ID.String()+"/chart.svg").Code, "the live state has its counts")
	require.Equal(t, http.StatusServiceUnavailable, w.get("/outages/"+old.ID.String()).Code)
	w.archiveAway.Store(false)
	w.liveAway.Store(true)
	w.passTimeBlind()
	w.remember(o)
	_, text = w.pageOf(http.StatusOK, "/outages/"+o.ID.String(), "en")
	require.Contains(t, text, "The live counts cannot be reached at the moment, so this may be a little old.")
	require.Equal(t, http.StatusServiceUnavailable, w.get("/outages/0199f2c5-0000-7000-8000-000000000000").Code, "it may be live")
}

// passTimeBlind lets what the API keeps grow old, while nobody watches.
func (w *world) passTimeBlind() { w.now = w.now.Add(30 * time.Second) }

func TestAddressesAreThoseOfTheSettings(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := ongoing("whatsapp", at("08:00"), "NL")
	w.announce(o)
	request := httptest.NewRequest(http.MethodGet, "/outages/"+o.ID.String(), nil)
	request.Host = `evil"><script>`
	answer := w.do(request)
	require.Equal(t, http.StatusOK, answer.Code)
	require.NotContains(t, answer.Body.String(), "evil")
	require.Regexp(t, `rel="canonical" href="http://localhost/outages/`, answer.Body.String())
	w.baseURL = "https://outcry.example/"
	w.router = nil
	require.Contains(t, w.get("/outages/"+o.ID.String()).Body.String(), `rel="canonical" href="https://outcry.example/outages/`+o.ID.String())
}

func TestMistypedAddresses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := ongoing("whatsapp", at("08:00"), "NL")
	w.announce(o)
	for target, status := range map[string]int{
		"/outages/x":           404,
		"/outages/x/chart.svg": 404,
		"/outages/" + o.ID.String() + "/chart.svg?country=ID": 404,
		"/outages/" + o.ID.String() + "/chart.svg?country=XX": 400,
		"/outages/" + o.ID.String() + "/chart.svg?top=0":      400,
		"/outages/" + o.ID.String() + "/chart.svg?top=1e9":    400,
		"/outages/" + o.ID.String() + "/chart.svg?size=huge":  400,
		"/outages/" + o.ID.String() + "/chart.png?size=wide":  400,
		"/outages/" + o.ID.String() + "/chart.svg?lang=fr":    400,
		"/services/nobody/chart.svg":                          404,
		"/services/nobody/badge.svg":                          404,
		"/services/nobody/outages.atom":                       404,
		"/services/whatsapp/badge.svg?colour=red":             400,
		"/countries/XX/outages.atom":                          404,
		"/feeds/outages.atom?limit=3":                         400,
	} {
		require.Equal(t, status, w.get(target).Code, target)
	}
}
