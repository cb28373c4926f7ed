package bench

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/detector/bench/sim"
	"github.com/outcryhq/outcry/detector/detect"
	"github.com/outcryhq/outcry/pkg/outage"
)

func TestIntervals(t *testing.T) {
	t.Parallel()
	// Newcombe 1998, table I: 81 of 263 and 15 of 148.
	low, high := Share{81, 263}.Interval()
	require.InDelta(t, .2553, low, 5e-5)
	require.InDelta(t, .3662, high, 5e-5)
	low, high = Share{15, 148}.Interval()
	require.InDelta(t, .0624, low, 5e-5)
	require.InDelta(t, .1605, high, 5e-5)
	// Garwood 1936: 0 gives 3.69, 10 gives 4.80 and 18.39.
	low, high = Rate{0, 1}.Interval()
	require.Zero(t, low)
	require.InDelta(t, 3.689, high, 1e-3)
	low, high = Rate{10, 2}.Interval()
	require.InDelta(t, 4.795/2, low, 1e-3)
	require.InDelta(t, 18.39/2, high, 1e-2)
	require.Equal(t, "1.000 (.722–1.000)", Share{10, 10}.String())
	require.Equal(t, "–", Share{}.String())
}

func TestQuantileCountsWhatNeverCame(t *testing.T) {
	t.Parallel()
	values := []float64{3, math.Inf(1), 1, math.NaN(), 2}
	require.InDelta(t, 2, quantile(values, .5), 0)
	require.True(t, math.IsInf(quantile(values, .9), 1))
	require.True(t, math.IsNaN(quantile(nil, .5)))
}

func TestThresholdsAllowNoMoreAlarmsThanAsked(t *testing.T) {
	t.Parallel()
	blocks := []float32{9, 7, 7, 7, 3, 1}
	for _, c := range []struct{ allowed, alarms int }{{0, 0}, {1, 1}, {2, 1}, {3, 1}, {4, 4}, {5, 5}, {6, 6}} {
		require.Equal(t, c.alarms, alarms(blocks, threshold(blocks, c.allowed)), "%d allowed", c.allowed)
	}
}

// aWorld has one event, of the second service, in NL and BR.
func aWorld() *sim.World {
	return &sim.World{
		Config: sim.Config{Services: 2, Countries: 3}, Start: time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC),
		Names: []string{"a", "b"},
		Events: []sim.Event{{
			Service: 1, Start: 100, End: 160, Peak: 20, Kind: sim.Plain,
			Parts: []sim.Part{{Country: 0, Peak: 20}, {Country: 2, Peak: 3}},
		}},
	}
}

func anOutage(w *sim.World, service string, detected, started, ended int, countries ...string) Watched {
	at := func(minute int) time.Time { return w.Start.Add(time.Duration(minute) * time.Minute) }
	end, closed := at(ended), at(ended+20)
	o := outage.Outage{Service: service, DetectedAt: at(detected), StartedAt: at(started), EndedAt: &end, ClosedAt: &closed}
	for i, country := range countries {
		o.Impacts = append(o.Impacts, outage.Impact{Country: country, DetectedAt: at(detected + i)})
	}
	return Watched{Outage: o}
}

func TestJudge(t *testing.T) {
	t.Parallel()
	w := aWorld()
	judge := func(outages ...Watched) (Judged, Finding) {
		j := Judge(w, outages)
		require.Len(t, j.Findings, 1)
		return j, j.Findings[0]
	}
	_, f := judge()
	require.False(t, f.Detected())

	j, f := judge(anOutage(w, "b", 103, 101, 158, "BR", "NL"))
	require.Zero(t, j.False)
	require.InDelta(t, 3, f.Delay, 0)
	require.InDelta(t, 1, f.Onset, 0)
	require.InDelta(t, -2, f.End, 0)
	require.InDelta(t, 20, f.Closed, 0)
	require.True(t, f.Together)
	require.False(t, f.Flapped)
	require.Equal(t, Share{2, 2}, f.Countries)

	j, f = judge(anOutage(w, "a", 103, 101, 158, "NL"), anOutage(w, "b", 176, 170, 190, "NL"), anOutage(w, "b", 90, 88, 100, "NL"))
	require.Equal(t, 3, j.False, "another service, too late, and over before")
	require.False(t, f.Detected())

	j, f = judge(anOutage(w, "b", 103, 101, 158, "US"))
	require.False(t, f.Detected(), "another country")
	require.Equal(t, 1, j.False)

	seenFirst := anOutage(w, "b", 103, 101, 158, "NL")
	seenFirst.Superseded = &outage.Impact{Country: outage.AllCountries, DetectedAt: w.Start.Add(102 * time.Minute)}
	_, f = judge(seenFirst)
	require.False(t, f.Together, "the sum is no second country")
	require.InDelta(t, 2, f.Delay, 0)

	again := anOutage(w, "b", 103, 101, 158, "NL", "BR")
	again.Reopened = true
	_, f = judge(again)
	require.True(t, f.Flapped)
	_, f = judge(anOutage(w, "b", 103, 101, 158, outage.AllCountries))
	require.True(t, f.Detected())

	_, f = judge(anOutage(w, "b", 103, 101, 120, "NL"), anOutage(w, "b", 150, 149, 158, "NL"))
	require.True(t, f.Flapped)
	require.InDelta(t, 3, f.Delay, 0, "the first counts")
}

func TestAnOutageOfTwoEventsIsMixed(t *testing.T) {
	t.Parallel()
	w := aWorld()
	later := w.Events[0]
	later.Start, later.End = 300, 350
	w.Events = append(w.Events, later)
	j := Judge(w, []Watched{anOutage(w, "b", 103, 101, 340, "NL")})
	require.Equal(t, 1, j.Mixed)
	require.Zero(t, j.False)
}

func TestOneReporterIsNoOutage(t *testing.T) {
	t.Parallel()
	n, err := oneReporter(t.Context())
	require.NoError(t, err)
	require.Zero(t, n)
}

func TestASmallRunReports(t *testing.T) {
	t.Parallel()
	plan := Plan{Tuning: 1, Null: 1, Events: 1, Robust: 1, Services: 2, Countries: 3, Weeks: 8, Config: detect.DefaultConfig()}
	results, err := Run(t.Context(), plan)
	require.NoError(t, err)
	require.Positive(t, results.Events)
	require.Len(t, results.Rows, 1+len(Peers()))
	require.Equal(t, results.Events, results.Rows[0].Recall.Of)
	require.Positive(t, results.Rows[0].Recall.Part)
	require.Positive(t, results.Robust.Contaminated.Part)

	var page, picture strings.Builder
	require.NoError(t, results.Report(&page))
	require.Contains(t, page.String(), "| **Outcry** |")
	for _, peer := range Peers() {
		require.Contains(t, page.String(), "| "+peer.Name+" |")
	}
	require.NoError(t, results.Recall(&picture))
	require.NoError(t, results.Delay(&picture))
	require.Equal(t, 2, strings.Count(picture.String(), "</svg>"))
	require.NotContains(t, picture.String(), "NaN")

	again, err := Run(t.Context(), plan)
	require.NoError(t, err)
	require.Equal(t, results.Rows[0].Recall, again.Rows[0].Recall, "the same seeds give the same figures")
}
