package api_test

import (
	"encoding/csv"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/outage"
	"github.com/outcryhq/outcry/pkg/problem"
)

// file reads an answer in CSV, which every program could.
func (w *world) file(target string) (rows [][]string, header http.Header) {
	w.t.Helper()
	answer := w.get(target)
	require.Equal(w.t, http.StatusOK, answer.Code, answer.Body)
	require.Equal(w.t, "text/csv; charset=utf-8; header=present", answer.Header().Get("Content-Type"))
	body := answer.Body.String()
	require.Equal(w.t, strings.Count(body, "\n"), strings.Count(body, "\r\n"), "lines end in CR LF")
	rows, err := csv.NewReader(strings.NewReader(body)).ReadAll()
	require.NoError(w.t, err)
	return rows, answer.Header()
}

func TestOutagesAsFile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	running := ongoing("whatsapp", at("08:00"), "NL", "ID")
	w.announce(running)
	past := over(ongoing("telegram", at("02:00"), "IR"), at("03:00"))
	w.remember(past)

	rows, header := w.file("/v1/outages?format=csv")
	require.Equal(t, `attachment; filename="outcry-outages.csv"`, header.Get("Content-Disposition"))
	require.Empty(t, header.Get("Link"))
	require.Equal(t, strings.Split("id,service,name,category,state,started_at,detected_at,ended_at,final,minutes,"+
		"reports,peak_at,peak_reports_per_minute,countries,retracted,merged_into", ","), rows[0])
	require.Equal(t, []string{
		running.ID.String(), "whatsapp", "WhatsApp", "messenger", "ongoing", "2017-11-03T08:00:00Z", "2017-11-03T08:03:00Z", "", "false", "43",
		"6300", "2017-11-03T08:31:00Z", "360", "NL ID", "false", "",
	}, rows[1])
	require.Equal(t, []string{past.ID.String(), "telegram"}, rows[2][:2])
	require.Equal(t, "60", rows[2][9])
	require.Len(t, rows, 3)

	rows, _ = w.file("/v1/outages?format=csv&service=telegram")
	require.Len(t, rows, 2, "filters hold")
}

func TestTheNextFileIsLinked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, hour := range []string{"01:00", "02:00", "03:00"} {
		w.remember(over(ongoing("telegram", at(hour), "IR"), at(hour).Add(30*time.Minute)))
	}
	var starts []string
	next := "/v1/outages?format=csv&limit=2&country=IR"
	for files := 0; next != ""; files++ {
		require.Less(t, files, 2)
		rows, header := w.file(next)
		for _, row := range rows[1:] {
			starts = append(starts, row[5])
		}
		link, relation, _ := strings.Cut(header.Get("Link"), ">")
		next = strings.TrimPrefix(link, "<")
		require.Contains(t, []string{"", `; rel="next"`}, relation)
	}
	require.Equal(t, []string{"2017-11-03T03:00:00Z", "2017-11-03T02:00:00Z", "2017-11-03T01:00:00Z"}, starts)
}

func TestSeriesAsFile(t *testing.T) {
	t.Parallel()
	w := newWorld(t, minutes("whatsapp", "NL", at("08:00"), 3, 0, 4)...)
	w.baselines = usually(.4)
	rows, header := w.file("/v1/services/whatsapp/series?format=csv&country=NL&step=1m&from=2017-11-03T08:00:00Z&to=2017-11-03T08:03:00Z")
	require.Equal(t, `attachment; filename="outcry-whatsapp-NL-2017-11-03-1m.csv"`, header.Get("Content-Disposition"))
	require.Equal(t, [][]string{
		{"at", "reports", "expected"},
		{"2017-11-03T08:00:00Z", "3", "0.4"},
		{"2017-11-03T08:01:00Z", "0", "0.4"},
		{"2017-11-03T08:02:00Z", "4", "0.4"},
	}, rows)

	rows, header = w.file("/v1/services/whatsapp/series?format=csv&step=15m&from=2016-09-29T08:00:00Z&to=2017-11-03T08:00:00Z")
	require.Contains(t, header.Get("Content-Disposition"), "outcry-whatsapp-all-2016-09-29-15m.csv")
	require.Len(t, rows, 1+400*24*4, "400 days")
}

func TestFilesWithGapsAreNotGiven(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.announce(ongoing("whatsapp", at("08:00"), "NL"))
	w.archiveAway.Store(true)
	got := read[problem.Problem](w, http.StatusServiceUnavailable, "/v1/outages?format=csv")
	require.Contains(t, got.Detail, "older outages may be missing")
	require.False(t, read[outageList](w, http.StatusOK, "/v1/outages").Complete)

	w.archiveAway.Store(false)
	w.liveAway.Store(true)
	w.lookAway()
	got = read[problem.Problem](w, http.StatusServiceUnavailable, "/v1/services/whatsapp/series?format=csv&to=2017-11-03T08:45:00Z")
	require.Contains(t, got.Detail, "the latest reports may be missing")
	past := read[freshness](w, http.StatusOK, "/v1/services/whatsapp/series?to=2017-11-03T08:00:00Z")
	require.True(t, past.Complete, "the archive had that when the live state was seen last")
}

// freshness is what answers say of themselves.
type freshness struct {
	AsOf     *time.Time `json:"as_of"`
	Complete bool       `json:"complete"`
}

func TestAnswersSayHowFreshTheyAre(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.announce(ongoing("whatsapp", at("08:00"), "NL"))
	calls := []string{"/v1/outages", "/v1/services", "/v1/services/whatsapp", "/v1/services/whatsapp/series?to=2017-11-03T08:45:00Z"}
	for _, call := range calls {
		require.Equal(t, freshness{&w.now, true}, read[freshness](w, http.StatusOK, call), call)
	}
	require.Equal(t, w.now, *read[freshness](w, http.StatusOK, "/v1/spikes").AsOf)

	seen := w.now
	w.liveAway.Store(true)
	w.lookAway()
	for _, call := range calls {
		got := read[freshness](w, http.StatusOK, call)
		require.Equal(t, seen, *got.AsOf, call)
		require.Equal(t, call == "/v1/outages", got.Complete, call)
	}
}

func TestFreshnessUnknownSinceTheStart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.remember(over(ongoing("telegram", at("02:00"), "IR"), at("03:00")))
	w.liveAway.Store(true)
	require.Nil(t, read[freshness](w, http.StatusOK, "/v1/outages").AsOf)
	require.Equal(t, freshness{}, read[freshness](w, http.StatusOK, "/v1/services/whatsapp/series"))
}

func TestRetractionsAreInTheFile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := over(ongoing("telegram", at("02:00"), "IR"), at("03:00"))
	w.remember(o)
	require.NoError(t, w.archive.AddRemark(t.Context(), o.ID, outage.Remark{
		ID: outage.NewID(w.now), Kind: outage.Retraction, At: w.now, Text: "a flood of false reports", By: outage.ByOperator,
	}))
	rows, _ := w.file("/v1/outages?format=csv")
	require.Equal(t, []string{"true", ""}, rows[1][14:])
}
