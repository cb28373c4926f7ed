package api_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/archive"
	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
	"github.com/outcryhq/outcry/pkg/problem"
)

type series struct {
	Service, Country, Step string
	From, To               time.Time
	Points                 []struct {
		At       time.Time
		Reports  int
		Expected *float64
	}
}

func (s series) reports() []int {
	var reports []int
	for _, point := range s.Points {
		reports = append(reports, point.Reports)
	}
	return reports
}

const whatsapp = "/v1/services/whatsapp/series"

// archived writes counts into the archive only.
func (w *world) archived(rows ...archive.CountRow) {
	w.t.Helper()
	next := func(yield func(archive.CountRow, error) bool) {
		for _, row := range rows {
			if !yield(row, nil) {
				return
			}
		}
	}
	_, err := w.archive.ImportCounts(w.t.Context(), archive.Import{Rows: next, Now: w.now})
	require.NoError(w.t, err)
}

func row(service, country string, start time.Time, reports int) archive.CountRow {
	return archive.CountRow{Series: outage.Series{Service: service, Country: country}, Start: start, Reports: reports}
}

func TestSeriesSumsStepsAndCountries(t *testing.T) {
	t.Parallel()
	w := newWorld(t, slices.Concat(
		minutes("whatsapp", "NL", at("08:00"), 1, 2, 3, 4, 5, 6), minutes("whatsapp", "ID", at("08:04"), 10, 20))...)
	tests := map[string][]int{
		"?step=1m&from=2017-11-03T08:03:00Z&to=2017-11-03T08:06:00Z":            {4, 15, 26},
		"?step=5m&from=2017-11-03T08:00:00Z&to=2017-11-03T08:10:00Z":            {25, 26},
		"?from=2017-11-03T08:04:00Z&to=2017-11-03T08:06:00Z":                    {25, 26}, // whole steps
		"?step=15m&from=2017-11-03T07:45:00Z&to=2017-11-03T08:15:00Z":           {0, 51},
		"?step=1h&from=2017-11-03T08:00:00Z&to=2017-11-03T09:00:00Z&country=NL": {21},
		"?step=1h&from=2017-11-03T08:00:00Z&to=2017-11-03T09:00:00Z&country=*":  {51},
		"?step=1h&from=2017-11-03T08:00:00Z&to=2017-11-03T09:00:00Z&country=GB": {0},
	}
	for query, want := range tests {
		require.Equal(t, want, read[series](w, http.StatusOK, whatsapp+query).reports(), query)
	}
}

func TestSeriesIsTheLastDayByDefault(t *testing.T) {
	t.Parallel()
	got := read[series](newWorld(t), http.StatusOK, whatsapp)
	require.Equal(t, "5m", got.Step)
	require.Equal(t, "*", got.Country)
	require.Equal(t, at("08:40"), got.To, "the running step is left out")
	require.Equal(t, at("08:40").AddDate(0, 0, -1), got.From)
	require.Len(t, got.Points, 288)
	require.Nil(t, got.Points[0].Expected, "nothing has been learned")
}

func TestSeriesEndsWithTheRunningStep(t *testing.T) {
	t.Parallel()
	w := newWorld(t, minutes("whatsapp", "NL", at("08:40"), 1, 2, 3)...)
	got := read[series](w, http.StatusOK, whatsapp+"?step=5m&from=2017-11-03T08:35:00Z&to=2030-01-01T00:00:00Z")
	require.Equal(t, at("08:45"), got.To)
	require.Equal(t, []int{0, 6}, got.reports(), "the future has no zeros")

	refused := read[problem.Problem](w, http.StatusBadRequest, whatsapp+"?from=2030-01-01T00:00:00Z&to=2030-01-02T00:00:00Z")
	require.Equal(t, "from", refused.Field)
	require.Contains(t, refused.Detail, "running step: 2017-11-03T08:45:00Z")
	refused = read[problem.Problem](w, http.StatusBadRequest, whatsapp+"?from=2030-01-01T00:00:00Z")
	require.Equal(t, "from", refused.Field)
}

func TestSeriesHasTheBaselineBesideIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.baselines = usually(.4)
	got := read[series](w, http.StatusOK, whatsapp+"?step=15m")
	require.InDelta(t, 6, *got.Points[0].Expected, 1e-9)
}

// TestSeriesJoinsArchiveAndLiveState gives both stores counts on both sides of
// the border, which differ, so that it shows who answered for what.
func TestSeriesJoinsArchiveAndLiveState(t *testing.T) {
	t.Parallel()
	border := at("08:00").Add(-live.KeepCounts + time.Hour)
	w := newWorld(t, minutes("whatsapp", "NL", border.Add(-2*time.Minute), 7, 7, 1, 1)...)
	w.archived(row("whatsapp", "NL", border.Add(-2*time.Minute), 2), row("whatsapp", "NL", border.Add(-time.Minute), 3),
		row("whatsapp", "NL", border, 50), row("whatsapp", "NL", border.Add(time.Minute), 60))
	query := "?step=1m&from=" + border.Add(-3*time.Minute).Format(time.RFC3339) + "&to=" + border.Add(3*time.Minute).Format(time.RFC3339)
	require.Equal(t, []int{0, 2, 3, 1, 1, 0}, read[series](w, http.StatusOK, whatsapp+query).reports())

	w.archiveAway.Store(true)
	w.ageAnswers()
	read[problem.Problem](w, http.StatusServiceUnavailable, whatsapp+query)
	recent := "?step=1m&from=" + border.Format(time.RFC3339) + "&to=" + border.Add(3*time.Minute).Format(time.RFC3339)
	require.Equal(t, []int{1, 1, 0}, read[series](w, http.StatusOK, whatsapp+recent).reports(), "the live state needs no archive")

	w.archiveAway.Store(false)
	w.liveAway.Store(true)
	w.ageAnswers()
	require.Equal(t, []int{0, 2, 3, 50, 60, 0}, read[series](w, http.StatusOK, whatsapp+query).reports(), "the archive answers alone")

	w.archiveAway.Store(true)
	w.ageAnswers()
	read[problem.Problem](w, http.StatusServiceUnavailable, whatsapp+recent)
}
