package detect_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/detector/detect"
	"github.com/outcryhq/outcry/pkg/baseline"
	"github.com/outcryhq/outcry/pkg/outage"
)

// partly lets minutes pass in which the form alone listens, and Bluesky is away.
func (w *world) partly(s outage.Series, counts ...int) {
	w.t.Helper()
	for _, n := range counts {
		w.at(s, w.now, n)
		w.detector.ObservePartly(w.now, true)
		w.minute()
	}
}

func TestTheLossOfASourceIsNoEndOfAnOutage(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		form  int // what the form still hears each minute
		after int // what all hear after the source is back
		ended bool
		end   int // minutes after noon
	}{
		"it goes on":                      {0, 20, false, 0},
		"it goes on, and the form hears":  {1, 20, false, 0},
		"it was over when the source was": {0, 0, true, 20},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := silentWorld(t)
			w.hear(nl, repeat(20, 20)...)
			require.Equal(t, outage.Ongoing, w.only().State)
			w.partly(nl, repeat(c.form, 300)...)
			require.Equal(t, outage.Ongoing, w.only().State, "nobody knows better")
			w.hear(nl, repeat(c.after, 30)...)
			o := w.only()
			if !c.ended {
				require.Equal(t, outage.Ongoing, o.State)
				return
			}
			require.Equal(t, outage.Ended, o.State)
			require.Equal(t, after(c.end), *o.EndedAt)
		})
	}
}

func TestASourceThatComesAndGoesKeepsNoOutageOpen(t *testing.T) {
	t.Parallel()
	w := silentWorld(t)
	w.hear(nl, repeat(20, 20)...)
	for range 8 {
		w.quiet(4)
		w.partly(nl, 0)
	}
	require.Equal(t, outage.Ended, w.only().State)
	require.Equal(t, after(20), *w.only().EndedAt)
}

func TestNothingIsLearnedWhileASourceIsAway(t *testing.T) {
	t.Parallel()
	usual := map[outage.Series]int{nl: 120}
	w, whole := worldWith(t, usual), worldWith(t, usual)
	for range 30 * 60 {
		w.partly(nl, 0)
		whole.hear(nl, 2)
	}
	require.InDelta(t, whole.detector.Expected(w.now), w.detector.Expected(w.now), 0.2)
	for range 30 {
		w.hear(nl, 2)
	}
	require.Empty(t, w.order, "its return is no outage")
	require.Empty(t, w.spikes)
}

func TestAFewMinutesWithoutASourceAreLearned(t *testing.T) {
	t.Parallel()
	learned := func(minutes int) time.Time {
		d, err := detect.New(detect.DefaultConfig())
		require.NoError(t, err)
		require.NoError(t, d.LearnHour(baseline.Hour{Start: noon.Add(-time.Hour), Covered: 60}))
		before := d.Expected(noon)
		for m := range 60 {
			d.Set(nl, after(m), 1)
			d.Observe(after(m), true)
			d.ObservePartly(after(m), m < minutes)
		}
		for m := 60; m < 121; m++ {
			d.Observe(after(m), true)
		}
		_, err = d.Tick(after(121), detect.Inputs{})
		require.NoError(t, err)
		require.Equal(t, noon.Add(time.Hour), d.LearnedUntil())
		if d.Expected(noon.Add(7*24*time.Hour)) > before {
			return noon
		}
		return time.Time{}
	}
	require.Equal(t, noon, learned(detect.PartlyMost))
	require.Zero(t, learned(detect.PartlyMost+1))
}
