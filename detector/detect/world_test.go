package detect_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/detector/detect"
	"github.com/outcryhq/outcry/pkg/baseline"
	"github.com/outcryhq/outcry/pkg/outage"
)

// noon is when the tests begin: a Wednesday.
var noon = time.Date(2025, 3, 5, 12, 0, 0, 0, time.UTC)

// world drives a detector minute by minute, as a replay does.
type world struct {
	t        *testing.T
	detector *detect.Detector
	now      time.Time
	inputs   detect.Inputs
	outages  map[outage.ID]outage.Outage
	order    []outage.ID
	spikes   []outage.Spike
	said     int // outages given out by ticks
	looked   int // series that the last tick looked at
}

// silentWorld has listened for two weeks and heard nothing.
func silentWorld(t *testing.T) *world {
	t.Helper()
	return worldWith(t, nil)
}

// worldWith has listened for two weeks and heard each series so often an hour.
func worldWith(t *testing.T, hourly map[outage.Series]int) *world {
	t.Helper()
	w := newWorld(t)
	var counts []baseline.Count
	for s, n := range hourly {
		counts = append(counts, baseline.Count{Series: s, Reports: n})
	}
	for h := noon.Add(-14 * 24 * time.Hour); h.Before(noon.Add(-2 * time.Hour)); h = h.Add(time.Hour) {
		require.NoError(t, w.detector.LearnHour(baseline.Hour{Start: h, Covered: 60, Counts: counts}))
	}
	w.now = noon.Add(-2 * time.Hour)
	for w.now.Before(noon) {
		for s, n := range hourly {
			w.at(s, w.now, n*(w.now.Minute()+1)/60-n*w.now.Minute()/60)
		}
		w.minute()
	}
	require.Empty(t, w.outages, "the quiet past")
	return w
}

// newWorld has never listened.
func newWorld(t *testing.T) *world {
	t.Helper()
	d, err := detect.New(detect.DefaultConfig())
	require.NoError(t, err)
	return &world{t: t, detector: d, now: noon, outages: map[outage.ID]outage.Outage{}}
}

func (w *world) at(s outage.Series, minute time.Time, n int) { w.detector.Set(s, minute, n) }

// minute lets a minute pass in which somebody listened.
func (w *world) minute() {
	w.t.Helper()
	w.detector.Observe(w.now, true)
	w.now = w.now.Add(time.Minute)
	require.NoError(w.t, w.tick())
}

func (w *world) tick() error {
	w.t.Helper()
	result, err := w.detector.Tick(w.now, w.inputs)
	w.spikes, w.looked = result.Spikes, result.Evaluated
	for _, o := range result.Outages {
		old, known := w.outages[o.ID]
		if !known {
			w.order = append(w.order, o.ID)
		}
		require.Greater(w.t, o.Revision, old.Revision)
		require.False(w.t, old.Final, "a final outage changed")
		w.outages[o.ID] = o
		w.said++
	}
	return err
}

// hear lets minutes pass in which a series hears so much in each.
func (w *world) hear(s outage.Series, counts ...int) {
	w.t.Helper()
	for _, n := range counts {
		w.at(s, w.now, n)
		w.minute()
	}
}

// quiet lets minutes pass in which nothing is heard.
func (w *world) quiet(minutes int) {
	w.t.Helper()
	for range minutes {
		w.minute()
	}
}

// only returns the outage that there is.
func (w *world) only() outage.Outage {
	w.t.Helper()
	require.Len(w.t, w.order, 1)
	return w.outages[w.order[0]]
}

func after(minutes int) time.Time { return noon.Add(time.Duration(minutes) * time.Minute) }

func repeat(n, times int) []int {
	counts := make([]int, times)
	for i := range counts {
		counts[i] = n
	}
	return counts
}

var (
	nl = outage.Series{Service: "whatsapp", Country: "NL"}
	gb = outage.Series{Service: "whatsapp", Country: "GB"}
)
