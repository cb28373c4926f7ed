package detect_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/detector/detect"
	"github.com/outcryhq/outcry/pkg/outage"
)

// restart lets another detector take over now, with what it may know after some
// time: the outages, and the counts and the coverage of the last 49 hours, as far
// as they are not ahead of its clock.
func (w *world) restart(counts map[time.Time]int) {
	w.t.Helper()
	next, err := detect.New(detect.DefaultConfig())
	require.NoError(w.t, err)
	require.NoError(w.t, next.LoadBaseline(w.detector.Snapshot()))
	for at, n := range counts {
		if at.Before(w.now) && at.After(w.now.Add(-49*time.Hour)) {
			next.Set(nl, at, n)
		}
	}
	for m := noon.Add(-48 * time.Hour); m.Before(w.now) && m.Before(after(30)); m = m.Add(time.Minute) {
		if m.After(w.now.Add(-49 * time.Hour)) {
			next.Observe(m, true)
		}
	}
	next.Restore(slices.Collect(maps.Values(w.outages)))
	w.detector = next
}

// heardFor is a count in each of some minutes from noon on.
func heardFor(minutes, n int) map[time.Time]int {
	counts := map[time.Time]int{}
	for m := range minutes {
		counts[after(m)] = n
	}
	return counts
}

func TestAnOutageThatWasLongUnobservedEndedBefore(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		pause    time.Duration
		restarts bool
		quiet    int // minutes before the pause
		ended    int // minutes after noon
	}{
		"a process that slept for four hours":             {4 * time.Hour, false, 0, 20},
		"a process that slept for three days":             {72 * time.Hour, false, 0, 20},
		"a process that slept three days, calm before":    {72 * time.Hour, false, 5, 20},
		"a restart after 30 hours":                        {30 * time.Hour, true, 0, 20},
		"a restart after 30 hours, calm before":           {30 * time.Hour, true, 5, 20},
		"a restart that no longer has counts: the peak's": {60 * time.Hour, true, 0, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := silentWorld(t)
			w.hear(nl, repeat(20, 20)...)
			w.quiet(c.quiet)
			require.Equal(t, outage.Ongoing, w.only().State)
			w.now = w.now.Add(c.pause)
			if c.restarts {
				w.restart(heardFor(20, 20))
			}
			back := w.now
			w.quiet(1)
			o := w.only()
			require.True(t, o.Final, "nothing continues it")
			require.Equal(t, outage.Ended, o.State)
			require.Equal(t, after(c.ended), *o.EndedAt)
			require.Equal(t, after(c.ended), *o.Impacts[0].EndedAt)
			require.Equal(t, back.Add(time.Minute), *o.ClosedAt)
			require.Equal(t, 400, o.Reports)
		})
	}
}

func TestReportsAfterALongGapAreAnotherOutage(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		quiet int // minutes before the pause
		other outage.Series
	}{
		"it was ongoing":                    {0, nl},
		"it was ongoing in another country": {0, gb},
		"it was closed":                     {14, nl},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, restarts := range []bool{false, true} {
				w := silentWorld(t)
				w.hear(nl, repeat(20, 20)...)
				w.quiet(c.quiet)
				w.now = w.now.Add(30 * time.Hour)
				if restarts {
					w.restart(heardFor(20, 20))
				}
				back := w.now
				w.hear(c.other, repeat(20, 3)...)
				require.Len(t, w.order, 2)
				old, next := w.outages[w.order[0]], w.outages[w.order[1]]
				require.True(t, old.Final)
				require.Equal(t, after(20), *old.EndedAt)
				require.Equal(t, 400, old.Reports)
				require.Equal(t, back, next.StartedAt)
				require.Equal(t, outage.Ongoing, next.State)
				require.Len(t, next.Impacts, 1)
			}
		})
	}
}

func TestAnOutageContinuesAfterAShortGap(t *testing.T) {
	t.Parallel()
	w := silentWorld(t)
	w.hear(nl, repeat(20, 20)...)
	w.now = w.now.Add(179 * time.Minute)
	w.hear(nl, repeat(20, 3)...)
	require.Equal(t, outage.Ongoing, w.only().State)
}

func TestOnlyMinutesThatWereListenedToPutTheEndOutOfSight(t *testing.T) {
	t.Parallel()
	w := silentWorld(t)
	w.hear(nl, repeat(20, 20)...)
	for range 3 { // none of them long enough to close it
		w.now = w.now.Add(150 * time.Minute)
		w.quiet(2)
	}
	w.quiet(30)
	o := w.only()
	require.Equal(t, outage.Ended, o.State)
	require.Equal(t, after(20), *o.EndedAt)
}

func TestADetectorWhoseClockIsBehindTakesNothingBack(t *testing.T) {
	t.Parallel()
	for name, behind := range map[string]time.Duration{"a day": 24 * time.Hour, "two hours": 2 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := silentWorld(t)
			w.hear(nl, append(repeat(20, 150), 30)...)
			counts := heardFor(150, 20)
			known := w.only()
			w.now = w.now.Add(-behind)
			w.restart(counts)
			w.hear(nl, 0, 0, 1)
			w.quiet(60)
			o := w.only()
			require.Equal(t, outage.Ongoing, o.State, "the time of its peak is yet to come")
			require.Equal(t, known.Reports, o.Reports)
			require.Equal(t, known.Peak, o.Peak)
			require.Equal(t, known.Impacts[0].Reports, o.Impacts[0].Reports)
			require.Equal(t, known.Impacts[0].Peak, o.Impacts[0].Peak)

			for w.only().State == outage.Ongoing {
				w.quiet(1)
			}
			o = w.only()
			require.True(t, o.EndedAt.After(known.Peak.At))
			require.Equal(t, known.Reports, o.Reports)
			require.Equal(t, known.Peak, o.Peak)
		})
	}
}
