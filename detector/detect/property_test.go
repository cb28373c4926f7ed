package detect_test

import (
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/detector/detect"
	"github.com/outcryhq/outcry/pkg/baseline"
	"github.com/outcryhq/outcry/pkg/outage"
)

// recording is what was counted, minute by minute from noon on.
type recording []map[outage.Series]int

// troubled is three hours with two outages of one service and one of another.
func troubled(seed uint64) recording {
	random := rand.New(rand.NewPCG(seed, 0))
	bank := outage.Series{Service: "bank", Country: "NL"}
	rates := func(m int) map[outage.Series]float64 {
		r := map[outage.Series]float64{nl: 0.05, gb: 0.05, bank: 0.02}
		switch {
		case m >= 20 && m < 50:
			r[nl] += 15
			r[gb] += 4
		case m >= 60 && m < 80:
			r[bank] += 6
		case m >= 130 && m < 150:
			r[gb] += 8
		}
		return r
	}
	rec := make(recording, 220)
	for m := range rec {
		rec[m] = map[outage.Series]int{}
		by := rates(m)
		for _, s := range []outage.Series{nl, gb, bank} {
			n := 0
			for left := by[s] - random.ExpFloat64(); left > 0; left -= random.ExpFloat64() {
				n++
			}
			if n > 0 {
				rec[m][s] = n
			}
		}
	}
	return rec
}

func TestATakeOverAtAnyMinuteChangesNothing(t *testing.T) {
	t.Parallel()
	for seed := range uint64(2) {
		rec := troubled(seed)
		whole := played(t, rec, -1)
		require.Len(t, whole, 3)
		for at := 1; at < len(rec); at += 7 {
			require.Equal(t, whole, played(t, rec, at), "seed %d, taken over after %d minutes", seed, at)
		}
	}
}

// played returns the outages as they ended, by detection. After the minute at,
// another detector takes over with nothing but outages, counts and baseline.
func played(t *testing.T, rec recording, at int) []outage.Outage {
	t.Helper()
	w := silentWorld(t)
	for m := range rec {
		for s, n := range rec[m] {
			w.at(s, w.now, n)
		}
		w.minute()
		if m == at {
			w.takeOver(rec[:m+1])
		}
	}
	outages := make([]outage.Outage, 0, len(w.order))
	for _, id := range w.order {
		o := w.outages[id]
		require.True(t, o.Final)
		outages = append(outages, steady(o))
	}
	return outages
}

// steady leaves out the revision, since a new owner may have one more thing
// to say, and digits that depend on the order of a sum.
func steady(o outage.Outage) outage.Outage {
	o.Revision = 0
	o.Impacts = slices.Clone(o.Impacts)
	for i := range o.Impacts {
		impact := &o.Impacts[i]
		for _, figure := range []*float64{
			&impact.Score, &impact.BaselinePerMinute, &impact.Evidence.Expected,
			&impact.Evidence.Tolerated, &impact.Evidence.Dispersion, &impact.Evidence.Score,
		} {
			*figure = math.Round(*figure*1e9) / 1e9
		}
	}
	return o
}

func (w *world) takeOver(rec recording) {
	w.t.Helper()
	next, err := detect.New(detect.DefaultConfig())
	require.NoError(w.t, err)
	require.NoError(w.t, next.LoadBaseline(w.detector.Snapshot()))
	next.Restore(slices.Collect(maps.Values(w.outages)))
	for minute := range 120 { // the world listened before noon, too
		next.Observe(noon.Add(-time.Duration(minute+1)*time.Minute), true)
	}
	for m, counts := range rec {
		next.Observe(after(m), true)
		for s, n := range counts {
			next.Set(s, after(m), n)
		}
	}
	w.detector = next
}

func TestTheOrderOfCountsDoesNotMatter(t *testing.T) {
	t.Parallel()
	rec := troubled(7)
	want := played(t, rec, -1)
	w := silentWorld(t)
	random := rand.New(rand.NewPCG(1, 1))
	for m := range rec {
		// Everything so far once more, shuffled, with a wrong count before the right one.
		for _, i := range random.Perm(min(m+1, 15)) {
			for s, n := range rec[m-i] {
				w.at(s, after(m-i), n+random.IntN(3))
				w.at(s, after(m-i), n)
			}
		}
		w.minute()
	}
	for i, id := range w.order {
		o := w.outages[id]
		require.Equal(t, want[i], steady(o))
	}
	require.Len(t, w.order, len(want))
}

func TestMoreReportsNeverScoreLess(t *testing.T) {
	t.Parallel()
	previous := 0.0
	for n := 6; n < 200; n += 3 {
		w := worldWith(t, map[outage.Series]int{nl: 6})
		w.inputs.LiveSeries = math.MaxInt32 // spikes only
		w.hear(nl, n/3, n/3, n-2*(n/3))
		if len(w.spikes) == 0 {
			require.Zero(t, previous)
			continue
		}
		require.Greater(t, w.spikes[0].Score, previous, "%d reports", n)
		previous = w.spikes[0].Score
	}
}

// day is the rate of a busy service by time of day, one report a minute on average.
func day(m int) float64 { return 1 - 0.95*math.Cos(float64(m%1440)/1440*2*math.Pi) }

func TestTheFirstOrdinaryDayIsNotAnOutage(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4) {
		for _, begin := range []int{0, 360, 720, 1080} {
			random := rand.New(rand.NewPCG(seed, 3))
			w := newWorld(t)
			for m := range 2 * 1440 {
				n := 0
				for left := day(m+begin) - random.ExpFloat64(); left > 0; left -= random.ExpFloat64() {
					n++
				}
				w.at(nl, w.now, n)
				w.minute()
				require.Empty(t, w.outages, "seed %d, begun at %d, minute %d", seed, begin, m)
			}
		}
	}
}

func TestAnOutageOnTheFirstDayIsSeen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 90 {
		w.hear(nl, 1, 0)
	}
	begin := w.now
	w.hear(nl, repeat(25, 20)...)
	require.WithinDuration(t, begin, w.only().StartedAt, time.Minute)
	require.WithinDuration(t, begin, w.only().DetectedAt, 5*time.Minute)
	for range 40 {
		w.hear(nl, 1, 0)
	}
	require.Equal(t, outage.Ended, w.only().State)
}

func TestAnOutageAfterALongSilenceOnTheFirstDayIsSeen(t *testing.T) {
	t.Parallel()
	for hours, trouble := range map[int]int{3: 300, 8: 10, 20: 3} {
		w := newWorld(t)
		w.quiet(hours * 60)
		begin := w.now
		w.hear(nl, repeat(trouble, 60)...)
		require.WithinDuration(t, begin, w.only().StartedAt, time.Minute, "after %d hours", hours)
		w.quiet(80)
		require.Equal(t, outage.Ended, w.only().State)
	}
}

// Noisier and higher levels are in jump_test.go.
func TestALevelThatStaysIsANewNormal(t *testing.T) {
	t.Parallel()
	w := worldWith(t, map[outage.Series]int{nl: 6})
	minutes := 0
	for len(w.order) == 0 || w.outages[w.order[0]].State == outage.Ongoing {
		w.hear(nl, 3, 2, 2)
		minutes += 3
		require.Less(t, minutes, 8*60, "it does not end")
	}
	require.GreaterOrEqual(t, minutes, 6*60, "a long outage is not normal yet")
	for range 4 * 480 {
		w.hear(nl, 3, 2, 2)
	}
	w.only()
}

func TestCountsAroundAnOutageAreNotLearned(t *testing.T) {
	t.Parallel()
	calm, hit := worldWith(t, map[outage.Series]int{nl: 6}), worldWith(t, map[outage.Series]int{nl: 6})
	for m := range 360 {
		usual := (m % 10) / 9
		calm.hear(nl, usual)
		if m >= 120 && m < 180 {
			usual = 40
		}
		hit.hear(nl, usual)
	}
	hit.only()
	rate := func(w *world) float64 {
		model, err := baseline.Decode(w.detector.Snapshot())
		require.NoError(t, err)
		perMinute, known := model.PerMinute(nl, noon.Add(7*24*time.Hour+150*time.Minute))
		require.True(t, known)
		return perMinute
	}
	require.InEpsilon(t, rate(calm), rate(hit), 0.05)
}
