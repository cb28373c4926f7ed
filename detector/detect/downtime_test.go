package detect_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/detector/detect"
	"github.com/outcryhq/outcry/pkg/baseline"
	"github.com/outcryhq/outcry/pkg/outage"
)

// spring is six weeks and three days before the clocks change in New York.
var spring = time.Date(2025, 1, 23, 0, 0, 0, 0, time.UTC)

// absences are the ways in which a detector can miss some minutes.
var absences = map[string]func(w *town, minutes int){ //nolint:gochecknoglobals // a constant table
	"nobody listens": func(w *town, minutes int) { w.deaf(minutes) },
	"it sleeps": func(w *town, minutes int) {
		w.world.now = w.world.now.Add(time.Duration(minutes) * time.Minute)
	},
	"it is restarted": func(w *town, minutes int) {
		back := w.world.now.Add(time.Duration(minutes) * time.Minute)
		w.restart(back)
	},
}

// restart lets another detector take over at a time, with what it may know then:
// the saved baseline, the archive's hours up to 49 hours before, and what was
// counted since.
func (w *town) restart(back time.Time) {
	w.world.t.Helper()
	next, err := detect.New(detect.DefaultConfig())
	require.NoError(w.world.t, err)
	require.NoError(w.world.t, next.LoadBaseline(w.world.detector.Snapshot()))
	known := back.Add(-49 * time.Hour).Truncate(time.Hour)
	w.teach(next, next.LearnedUntil(), known)
	for hour := known.Add(time.Hour); hour.Before(back); hour = hour.Add(time.Hour) {
		for i := range w.covered[hour] {
			next.Observe(hour.Add(time.Duration(i)*time.Minute), true)
		}
		for s, n := range w.heard[hour] {
			next.Set(s, hour, n/2)
			next.Set(s, hour.Add(time.Minute), n-n/2)
		}
	}
	w.world.detector, w.world.now = next, back
}

// teach gives a detector the hours from one to another as the archive does:
// without those in which nobody listened.
func (w *town) teach(d *detect.Detector, from, to time.Time) {
	w.world.t.Helper()
	for hour := from; hour.Before(to); hour = hour.Add(time.Hour) {
		if w.covered[hour] == 0 {
			continue
		}
		h := baseline.Hour{Start: hour, Covered: w.covered[hour]}
		for s, n := range w.heard[hour] {
			h.Counts = append(h.Counts, baseline.Count{Series: s, Reports: n})
		}
		require.NoError(w.world.t, d.LearnHour(h))
	}
}

// week is what is expected of each series in the week from an hour on.
func (w *town) week(model *baseline.Model, from time.Time) map[outage.Series][]float64 {
	expected := map[outage.Series][]float64{}
	for _, s := range w.series {
		for h := range 168 {
			expected[s] = append(expected[s], model.At(s, from.Add(time.Duration(h)*time.Hour)).PerMinute)
		}
	}
	return expected
}

func TestOurOwnSilenceChangesNothing(t *testing.T) {
	t.Parallel()
	for name, minutes := range map[string]int{
		"three hours": 180, "a day": 24 * 60, "almost three days": 69*60 + 20, "a week": 7 * 24 * 60,
	} {
		for way, pass := range absences {
			t.Run(name+", "+way, func(t *testing.T) {
				t.Parallel()
				w := newTown(t, uint64(minutes), spring, "US", "JP") //nolint:gosec // a seed
				w.learn(5 * 168)
				w.live(50*60+17, w.check) // the gap begins and ends within hours
				before := w.model()
				pass(w, minutes)
				was := w.week(before, w.world.now)
				w.live(121, nil)
				is := w.week(w.model(), w.world.now.Add(-121*time.Minute))
				for _, s := range w.series {
					for h := range was[s] {
						require.InDelta(t, was[s][h], is[s][h], 0.25*was[s][h]+0.02, "%s, hour %d", s, h)
					}
				}
				w.live(14*24*60-121, w.check)
				require.Empty(t, w.world.outages)
			})
		}
	}
}

func TestTheArchiveTeachesWhatLiveCountsDo(t *testing.T) {
	t.Parallel()
	for name, gap := range map[string]int{"without a gap": 0, "with one of a day": 24*60 + 150, "with one of ten days": 10*24*60 + 20} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newTown(t, uint64(gap)+7, time.Date(2025, 3, 3, 0, 0, 0, 0, time.UTC), "NL", "US", "JP") //nolint:gosec // a seed
			first := w.world.now
			w.learn(3 * 168)
			archived, err := detect.New(detect.DefaultConfig())
			require.NoError(t, err)
			require.NoError(t, archived.LoadBaseline(w.world.detector.Snapshot()))
			w.live(4*24*60+40, nil)
			w.deaf(gap)
			w.live(12*24*60-40-gap%60, nil)
			require.Empty(t, w.world.outages)

			until := w.world.detector.LearnedUntil()
			require.Equal(t, w.world.now.Add(-time.Hour), until)
			w.teach(archived, first.Add(3*168*time.Hour), until)
			require.Equal(t, until, archived.LearnedUntil())
			if gap == 0 {
				require.Equal(t, w.world.detector.Snapshot(), archived.Snapshot(), "bit by bit")
			}
			model, err := baseline.Decode(archived.Snapshot())
			require.NoError(t, err)
			live, taught := w.week(w.model(), until), w.week(model, until)
			for _, s := range w.series {
				for h := range live[s] {
					require.InEpsilon(t, live[s][h], taught[s][h], 1e-5, "%s, hour %d", s, h)
				}
			}
		})
	}
}

func TestAnOutageIsLeftOutOfWhatTheArchiveTeachesToo(t *testing.T) {
	t.Parallel()
	w := newTown(t, 5, time.Date(2025, 3, 3, 0, 0, 0, 0, time.UTC), "NL", "JP")
	w.learn(3 * 168)
	archived, err := detect.New(detect.DefaultConfig())
	require.NoError(t, err)
	require.NoError(t, archived.LoadBaseline(w.world.detector.Snapshot()))
	w.live(30*60, nil)
	calm := outage.Series{Service: "service-0.3", Country: "NL"}
	w.rate[calm] += 40
	w.live(100, nil)
	w.rate[calm] -= 40
	w.live(70*60+20, nil)
	require.True(t, w.world.only().Final)

	archived.RememberOutages([]outage.Outage{w.world.only()})
	until := w.world.detector.LearnedUntil()
	w.teach(archived, archived.LearnedUntil(), until)
	model, err := baseline.Decode(archived.Snapshot())
	require.NoError(t, err)
	live, taught := w.week(w.model(), until), w.week(model, until)
	for _, s := range w.series {
		for h := range live[s] {
			require.InDelta(t, live[s][h], taught[s][h], 0.1*live[s][h]+0.01, "%s, hour %d", s, h)
		}
	}
}

func TestAnHourThatIsHalfRememberedIsNotLearned(t *testing.T) {
	t.Parallel()
	for asleep := 63 * 60; asleep < 71*60; asleep += 11 {
		w := newWorld(t)
		for range 16 * 6 {
			w.hear(nl, 10, 10, 10, 10, 10, 0, 0, 0, 0, 0)
		}
		require.Empty(t, w.outages)
		w.now = w.now.Add(time.Duration(asleep) * time.Minute)
		w.quiet(1)
		model, err := baseline.Decode(w.detector.Snapshot())
		require.NoError(t, err)
		rate, known := model.PerMinute(nl, noon.Add(7*24*time.Hour+15*time.Hour+30*time.Minute))
		require.True(t, known)
		require.Less(t, rate, 6.5, "%d minutes asleep", asleep)
	}
}
