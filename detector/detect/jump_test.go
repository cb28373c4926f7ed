package detect_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/detector/detect"
	"github.com/outcryhq/outcry/detector/scenario"
	"github.com/outcryhq/outcry/pkg/baseline"
	"github.com/outcryhq/outcry/pkg/outage"
)

// busy hears a series at a random rate for some minutes; rate is given the
// minute of the day.
func (w *world) busy(random *rand.Rand, s outage.Series, minutes int, rate func(int) float64) {
	w.t.Helper()
	for range minutes {
		w.hear(s, scenario.Poisson(random, rate(w.now.Hour()*60+w.now.Minute())))
	}
}

func TestAJumpToAnOrdinaryLevelIsOneOutageAtMost(t *testing.T) {
	t.Parallel()
	for _, level := range []float64{0.3, 1} {
		for name, shape := range map[string]func(int) float64{
			"flat": func(int) float64 { return 1 }, "by day": day,
		} {
			for seed := range uint64(3) {
				t.Run(fmt.Sprint(name, level, seed), func(t *testing.T) {
					t.Parallel()
					w := newWorld(t)
					w.now = noon.Add(-12 * time.Hour)
					w.quiet(5 * 1440)
					w.busy(rand.New(rand.NewPCG(seed, 9)), nl, 4*1440, func(m int) float64 { return level * shape(m) })
					o := w.only()
					require.Equal(t, outage.Ended, o.State)
					require.Less(t, o.ClosedAt.Sub(o.StartedAt), 7*time.Hour)
				})
			}
		}
	}
}

func TestALongOutageFarAboveTheUsualIsNoNewNormal(t *testing.T) {
	t.Parallel()
	for usual, trouble := range map[int]int{0: 10, 6: 10, 60: 30} { // an hour, a minute
		hourly := map[outage.Series]int{}
		if usual > 0 {
			hourly[nl] = usual
		}
		w := worldWith(t, hourly)
		w.hear(nl, repeat(trouble, 20*60)...)
		require.Equal(t, outage.Ongoing, w.only().State)
		for m := range 120 {
			w.hear(nl, usual*(m+1)/60-usual*m/60)
		}
		o := w.only()
		require.Equal(t, outage.Ended, o.State, "%d an hour", usual)
		require.WithinDuration(t, after(20*60), *o.EndedAt, 2*time.Minute)

		// It has taught nothing: half of it a day later is an outage again.
		w.quiet(24 * 60)
		w.hear(nl, repeat(trouble/2, 30)...)
		require.Len(t, w.order, 2, "%d an hour", usual)
	}
}

func TestALevelFarAboveThatComesBackEveryDayIsLearned(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3) {
		w := silentWorld(t)
		w.busy(rand.New(rand.NewPCG(seed, 9)), nl, 9*1440, func(m int) float64 { return 20 * day(m) })
		last := w.outages[w.order[len(w.order)-1]]
		require.Less(t, last.StartedAt.Sub(noon), 3*24*time.Hour, "%d outages", len(w.order))
	}
}

func TestTheArchivedHoursOfAnOutageAreNotLearned(t *testing.T) {
	t.Parallel()
	rate := func(known bool) float64 {
		d, err := detect.New(detect.DefaultConfig())
		require.NoError(t, err)
		start := noon.Add(-6 * 24 * time.Hour)
		trouble := start.Add(3 * 24 * time.Hour)
		end := trouble.Add(10 * time.Hour)
		if known {
			d.RememberOutages([]outage.Outage{{ID: outage.DeriveID("outage", "1"), Service: nl.Service, StartedAt: trouble, EndedAt: &end}})
		}
		for h := start; h.Before(noon); h = h.Add(time.Hour) {
			n := 6
			if !h.Before(trouble) && h.Before(end) {
				n = 6000
			}
			require.NoError(t, d.LearnHour(baseline.Hour{Start: h, Covered: 60, Counts: []baseline.Count{{Series: nl, Reports: n}}}))
		}
		return d.Expected(noon)
	}
	require.InDelta(t, 0.1, rate(true), 0.01)
	require.Greater(t, rate(false), 0.15)
}
