package api_test

import (
	"bytes"
	"encoding/csv"
	"encoding/xml"
	"errors"
	"image/png"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/api"
	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

// drawn asks for a drawing and returns its texts.
func (w *world) drawn(target string) []string {
	w.t.Helper()
	answer := w.get(target)
	require.Equal(w.t, http.StatusOK, answer.Code, "%s: %s", target, answer.Body.String())
	require.Equal(w.t, "image/svg+xml", answer.Header().Get("Content-Type"))
	require.Contains(w.t, answer.Header().Get("Content-Security-Policy"), "default-src 'none'; style-src 'sha256-")
	var texts []string
	for decoder := xml.NewDecoder(answer.Body); ; {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return texts
		}
		require.NoError(w.t, err)
		if text, ok := token.(xml.CharData); ok {
			texts = append(texts, string(text))
		}
	}
}

// kept gives an outage its minutes, as the archive keeps them with a final one.
func (w *world) kept(o outage.Outage, counts []live.MinuteCount) {
	w.t.Helper()
	var entries []live.Entry
	for i, count := range counts {
		for n := range count.Count {
			w.entries++
			id := outage.DeriveID("kept", o.ID.String(), count.Series.Country, count.Minute.String(), string(rune(n)), string(rune(i)))
			var reporter outage.Hash
			copy(reporter[:], id[:])
			entries = append(entries, live.Entry{
				Partition: live.Partition(o.Service), Epoch: "past", Position: positionOf(w.entries),
				Reports: []outage.Logged{{
					Report: outage.Report{
						Identity: outage.Identity{ID: id, Reporter: reporter}, Service: o.Service, Country: count.Series.Country,
						Source: outage.SourceForm, ObservedAt: count.Minute, ReceivedAt: count.Minute,
					},
					Outcome: outage.Counted,
				}},
			})
		}
	}
	require.NoError(w.t, w.archive.Append(w.t.Context(), entries))
	w.remember(o)
}

func positionOf(n int) string { return time.Unix(int64(n), 0).UTC().Format("060102150405") }

func TestAnOutagesChart(t *testing.T) {
	t.Parallel()
	w := newWorld(t, append(hour("whatsapp", "NL", 240), hour("whatsapp", "ID", 60)...)...)
	o := ongoing("whatsapp", at("08:00"), "NL", "ID")
	w.announce(o)
	base := "/outages/" + o.ID.String() + "/chart.svg"
	all := w.drawn(base)
	require.Contains(t, all, "WhatsApp")
	require.Contains(t, all, "reports a minute")
	require.Contains(t, all, "3 Nov 2017, UTC")
	require.Contains(t, all, "example.com", "where it is from")
	require.Contains(t, all, "300")
	require.Contains(t, w.drawn(base+"?country=ID"), "WhatsApp, Indonesia")
	require.NotContains(t, w.drawn(base+"?country=ID"), "300")
	require.Contains(t, w.drawn(base+"?country=ID&top=300"), "300", "on the scale of another")
	require.Contains(t, all, "08:00")
	require.Contains(t, w.drawn(base+"?lang=id&country=NL"), "WhatsApp, Belanda")
	require.Contains(t, w.drawn(base+"?lang=id&country=NL"), "08.00")
	require.Contains(t, w.get(base+"?size=narrow").Body.String(), `width="336"`)

	require.Equal(t, all, w.drawn(base+"?minute=25161642"), "for a page that goes on")
	card := w.get("/outages/" + o.ID.String() + "/chart.png")
	require.Equal(t, "image/png", card.Header().Get("Content-Type"))
	picture, err := png.Decode(bytes.NewReader(card.Body.Bytes()))
	require.NoError(t, err)
	require.Equal(t, "(1200,630)", picture.Bounds().Max.String())
}

// TestAFinalOutagesChartIsKept draws it from what is kept with the outage.
func TestAFinalOutagesChartIsKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	start := at("08:00").AddDate(0, 0, -20)
	o := over(ongoing("whatsapp", start, "NL"), start.Add(30*time.Minute))
	w.kept(o, minutes("whatsapp", "NL", start.Add(-30*time.Minute), 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 9, 12))
	target := "/outages/" + o.ID.String() + "/chart.svg"
	texts := w.drawn(target)
	require.Contains(t, texts, "15", "the scale is that of the minutes")
	require.NotContains(t, texts, "The counts of this time are not kept here")
	require.Equal(t, "public, max-age=300", w.get(target).Header().Get("Cache-Control"))

	bare := over(ongoing("telegram", start, "NL"), start.Add(30*time.Minute))
	w.remember(bare)
	require.Contains(t, w.drawn("/outages/"+bare.ID.String()+"/chart.svg"), "The counts of this time are not kept here", "and no quiet line")
}

func TestAServicesDay(t *testing.T) {
	t.Parallel()
	w := newWorld(t, append(hour("whatsapp", "NL", 240), minutes("signal", "ID", at("08:00"), 1)...)...)
	w.baselines = usually(.4)
	w.announce(ongoing("whatsapp", at("08:00"), "NL"))
	busy := w.drawn("/services/whatsapp/chart.svg")
	require.Contains(t, busy, "Last 24 hours")
	require.Contains(t, busy, "reports a minute, mean of 5 min")
	require.Contains(t, busy, "usual")
	require.Contains(t, busy, "outage")
	require.NotContains(t, busy, "Too few reports to tell")
	require.Contains(t, w.drawn("/services/telegram/chart.svg"), "Too few reports to tell")
	require.Contains(t, w.drawn("/services/whatsapp/chart.svg?country=FR"), "WhatsApp, France")
}

// TestSilenceIsNoPeace draws a gap where nobody listened.
func TestSilenceIsNoPeace(t *testing.T) {
	t.Parallel()
	w := newWorldThatListened(t, 3*time.Hour, hour("whatsapp", "NL", 240)...)
	require.Contains(t, w.drawn("/services/whatsapp/chart.svg"), "nobody listened")
	always := newWorld(t, hour("whatsapp", "NL", 240)...)
	require.NotContains(t, always.drawn("/services/whatsapp/chart.svg"), "nobody listened")
}

func TestBadges(t *testing.T) {
	t.Parallel()
	w := newWorld(t, append(hour("whatsapp", "NL", 240), hour("instagram", "NL", 20)...)...)
	w.baselines = usually(2)
	o := ongoing("whatsapp", at("08:00"), "NL")
	w.announce(o)
	w.see(live.Partition("telegram"), possible("telegram", "GB", 13, 23))
	for target, want := range map[string]string{
		"/services/whatsapp/badge.svg":             "WhatsApp: problems reported",
		"/services/whatsapp/badge.svg?lang=id":     "WhatsApp: ada laporan gangguan",
		"/services/whatsapp/badge.svg?country=fr":  "WhatsApp, France: too few to tell",
		"/services/telegram/badge.svg":             "Telegram: possible problem",
		"/services/instagram/badge.svg":            "Instagram: nothing abnormal",
		"/services/signal/badge.svg":               "Signal: too few to tell",
		"/outages/" + o.ID.String() + "/badge.svg": "WhatsApp: problems since 08:00 UTC",
	} {
		require.Equal(t, want, w.drawn(target)[0], target)
		require.Equal(t, "public, max-age=30", w.get(target).Header().Get("Cache-Control"))
	}
	w.liveAway.Store(true)
	w.passTimeBlind()
	require.Equal(t, "WhatsApp: too few to tell", w.drawn("/services/whatsapp/badge.svg")[0], "what is not known is not said")
}

func TestPicturesAreNotSentTwice(t *testing.T) {
	t.Parallel()
	w := newWorld(t, hour("whatsapp", "NL", 240)...)
	o := ongoing("whatsapp", at("08:00"), "NL")
	w.announce(o)
	for _, target := range []string{
		"/outages/" + o.ID.String() + "/chart.svg", "/outages/" + o.ID.String() + "/chart.png", "/outages/" + o.ID.String() + "/badge.svg",
		"/services/whatsapp/chart.svg", "/services/whatsapp/badge.svg", "/feeds/outages.atom", "/feeds/outages.json",
	} {
		tag := w.get(target).Header().Get("ETag")
		require.NotEmpty(t, tag, target)
		request := httptest.NewRequest(http.MethodGet, target, nil)
		request.Header.Set("If-None-Match", tag)
		require.Equal(t, http.StatusNotModified, w.do(request).Code, target)
		require.Equal(t, "*", w.get(target).Header().Get("Access-Control-Allow-Origin"), target)
	}
}

// TestALongOutageIsDrawnAtOnce takes one of months, whose minutes are too many.
func TestALongOutageIsDrawnAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := ongoing("whatsapp", at("08:00").AddDate(-2, 0, 0), "NL", "ID", "GB")
	w.remember(o)
	answer := w.get("/outages/" + o.ID.String() + "/chart.svg")
	require.Equal(t, http.StatusOK, answer.Code)
	require.Less(t, answer.Body.Len(), 60_000)
	require.Contains(t, answer.Body.String(), "mean of 15 min, busiest of")
	require.NotContains(t, answer.Body.String(), "NaN")
}

// TestAnOutagesMinutesAsAFile is what a spreadsheet reads.
func TestAnOutagesMinutesAsAFile(t *testing.T) {
	t.Parallel()
	w := newWorld(t, append(hour("whatsapp", "NL", 240), hour("whatsapp", "ID", 60)...)...)
	w.baselines = usually(.4)
	o := ongoing("whatsapp", at("08:00"), "NL", "ID")
	w.announce(o)
	answer := w.get("/v1/outages/" + o.ID.String() + "/series?format=csv")
	require.Equal(t, http.StatusOK, answer.Code)
	require.Contains(t, answer.Header().Get("Content-Disposition"), "outcry-outage-"+o.ID.String()+".csv")
	rows, err := csv.NewReader(answer.Body).ReadAll()
	require.NoError(t, err)
	require.Equal(t, []string{"at", "country", "reports", "expected"}, rows[0])
	sums, first := map[string]int{}, map[string]string{}
	for _, row := range rows[1:] {
		n, err := strconv.Atoi(row[2])
		require.NoError(t, err)
		sums[row[1]] += n
		if first[row[1]] == "" {
			first[row[1]] = row[0]
		}
		require.Equal(t, "0.4", row[3])
	}
	require.Equal(t, map[string]string{"NL": "2017-11-03T07:00:00Z", "ID": "2017-11-03T07:00:00Z"}, first)
	require.Greater(t, sums["NL"], 3*sums["ID"])
	require.Equal(t, http.StatusBadRequest, w.get("/v1/outages/"+o.ID.String()+"/series?format=xml").Code)
}

// TestPicturesAreLimited as calls are: drawing them is work. Pages are not.
func TestPicturesAreLimited(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := ongoing("whatsapp", at("08:00"), "NL")
	w.announce(o)
	w.limit = &api.ReadLimit{Burst: 1, Window: time.Minute, Take: func(*http.Request) api.Quota {
		return api.Quota{Wait: 7 * time.Second}
	}}
	for _, target := range []string{"/chart.svg", "/chart.png", "/badge.svg"} {
		answer := w.get("/outages/" + o.ID.String() + target)
		require.Equal(t, http.StatusTooManyRequests, answer.Code, target)
		require.Equal(t, "7", answer.Header().Get("Retry-After"))
	}
	require.Equal(t, http.StatusTooManyRequests, w.get("/feeds/outages.atom").Code)
	require.Equal(t, http.StatusOK, w.get("/outages/"+o.ID.String()).Code)
}

func TestAnOutagesFirstMinuteIsDrawn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, minutes("whatsapp", "NL", at("08:42"), 40)...)
	running := ongoing("whatsapp", at("08:42"), "NL")
	w.announce(running)
	drawn := w.get("/outages/" + running.ID.String() + "/chart.svg")
	require.Equal(t, http.StatusOK, drawn.Code)
	require.NotContains(t, drawn.Body.String(), "not kept")
	require.Regexp(t, `>(40|50|60)<`, drawn.Body.String(), "the scale reaches it")
}
