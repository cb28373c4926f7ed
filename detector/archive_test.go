package detector_test

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/detector"
	"github.com/outcryhq/outcry/detector/detect"
	"github.com/outcryhq/outcry/pkg/baseline"
	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

func TestDetectionGoesOnWithoutTheArchive(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWorld(t)
		first := w.start(t, "first", nil)
		first.look(t)
		w.set(begin().Add(-30 * time.Hour))
		w.report(t, "NL", 1)
		w.set(begin())
		require.NoError(t, first.stop())

		shelf := &library{Archive: w.archive}
		shelf.away.Store(true)
		r := w.start(t, "second", func(cfg *detector.Config) { cfg.Archive = shelf })
		began := time.Now()
		eventually(t, takeOverWithin, func() bool { return r.Ready() == nil && r.share(t) == live.Partitions })
		r.look(t)
		require.Less(t, time.Since(began), 3*time.Second)
		for range 10 {
			w.minute(t, 0, r)
		}
		opened := w.fail(t, r)

		shelf.away.Store(false) // detection starts anew with the baseline, and goes on where it was
		for range 12 {
			w.minute(t, 12, r)
			elapse(time.Second)
		}
		require.Equal(t, opened.ID, w.recover(t, r).ID)
		w.log.requireOneOutage(t, opened.ID)
		require.NoError(t, r.stop())
		_, err := w.archive.LoadBaseline(t.Context(), live.Partition(service), baseline.Version)
		require.NoError(t, err, "what was learned is saved in the end")
	})
}

func TestALostPartitionWaitsForTheArchive(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWorld(t)
		shelf := &library{Archive: w.archive}
		shelf.away.Store(true)
		r := w.start(t, "a", func(cfg *detector.Config) { cfg.Archive = shelf })
		eventually(t, takeOverWithin, func() bool { return r.share(t) == live.Partitions })
		elapse(time.Minute)
		require.ErrorIs(t, r.Ready(), outage.ErrUnavailable)
		require.Positive(t, r.metric(t, "outcry_detector_failures_total"))
		shelf.away.Store(false)
		eventually(t, takeOverWithin, func() bool { return r.Ready() == nil })
		require.NoError(t, r.stop())
	})
}

func TestBaselinesAreSavedByTheHourAndFoundAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWorld(t)
		p := live.Partition(service)
		learned := func() time.Time {
			blob, err := w.archive.LoadBaseline(t.Context(), p, baseline.Version)
			if errors.Is(err, outage.ErrNotFound) {
				return time.Time{}
			}
			require.NoError(t, err)
			d, err := detect.New(detect.DefaultConfig())
			require.NoError(t, err)
			require.NoError(t, d.LoadBaseline(blob))
			return d.LearnedUntil()
		}
		r := w.start(t, "a", nil)
		r.look(t)
		require.Zero(t, learned())
		for range 62 {
			w.minute(t, 0, r)
		}
		eventually(t, 10*time.Second, func() bool { return !learned().IsZero() })
		saved := learned()
		for range 70 {
			w.minute(t, 0, r)
		}
		require.NoError(t, r.stop())
		require.Equal(t, saved.Add(time.Hour), learned(), "saved at the end, too")

		// What cannot be read is learned anew.
		require.NoError(t, w.archive.SaveBaseline(t.Context(), p, baseline.Version, 0, []byte("damaged")))
		again := w.start(t, "b", nil)
		again.look(t)
		require.NoError(t, again.Ready())
		require.NoError(t, again.stop())
		require.Equal(t, saved.Add(time.Hour), learned())
	})
}

func TestABacklogIsNotTakenForSilence(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		learn := func(w *world, backlog int64, covered bool) []byte {
			log := &emptied{}
			log.backlog.Store(backlog)
			r := w.start(t, "a", func(cfg *detector.Config) { cfg.Archiver = log })
			r.look(t)
			for range 65 {
				if covered {
					for range 2 {
						require.NoError(t, w.engine.Cover(t.Context(), w.Now(), []outage.Source{outage.SourceForm}))
						w.set(w.Now().Add(time.Minute))
					}
				} else {
					w.set(w.Now().Add(2 * time.Minute))
				}
				elapse(time.Second) // everybody looks once
			}
			require.NoError(t, r.stop())
			blob, err := w.archive.LoadBaseline(t.Context(), live.Partition(service), baseline.Version)
			require.NoError(t, err)
			return blob
		}
		truth := learn(newMemoryWorld(t), 0, true)
		require.Equal(t, truth, learn(newMemoryWorld(t), 1, false), "coverage waits on the log")
		require.NotEqual(t, truth, learn(newMemoryWorld(t), 0, false), "nobody listened")
	})
}

func TestAnOldOutageKeepsItsTotal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWorld(t)
		r := w.start(t, "before", nil)
		r.look(t)
		w.fail(t, r)
		for range 5 {
			w.minute(t, 12, r)
		}
		before := w.outages(t)[0].Outage
		require.NoError(t, r.stop())

		w.set(w.Now().Add(live.KeepCounts + time.Hour)) // its counts are gone
		w.engine = newEngine(t, w.log)
		after := w.start(t, "after", nil)
		after.look(t)
		for range 5 {
			w.minute(t, 12, after)
		}
		found := w.outages(t)
		require.Len(t, found, 2, "what comes so much later is another outage")
		old := slices.IndexFunc(found, func(c outage.Change) bool { return c.Outage.ID == before.ID })
		now := found[old].Outage
		require.True(t, now.Final)
		require.WithinRange(t, *now.EndedAt, before.Peak.At, before.StartedAt.Add(time.Hour), "not when it was closed")
		require.Equal(t, before.Reports, now.Reports)
		require.Equal(t, before.Peak, now.Peak)
		for i, impact := range before.Impacts {
			require.Equal(t, impact.Reports, now.Impacts[i].Reports)
		}
		require.NoError(t, after.stop())
	})
}

func TestARestartContinuesTheOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWorld(t)
		r := w.start(t, "before", nil)
		r.look(t)
		opened := w.fail(t, r)
		require.NoError(t, r.stop())

		w.engine = newEngine(t, w.log) // a new process: the live state is empty
		after := w.start(t, "after", nil)
		began := time.Now()
		after.look(t)
		require.Less(t, time.Since(began), time.Second)
		require.Equal(t, opened.ID, w.outages(t)[0].Outage.ID)
		for range 5 {
			w.minute(t, 12, after)
		}
		require.Equal(t, opened.ID, w.recover(t, after).ID)
		w.log.requireOneOutage(t, opened.ID)
	})
}

func TestAnErrorOfItsOwnEndsTheDetector(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWorld(t)
		wire := newWire(w.engine)
		r := w.start(t, "a", func(cfg *detector.Config) { cfg.Live = wire })
		r.look(t)
		wire.fail("PutView", outage.ErrInvalid)
		eventually(t, takeOverWithin, func() bool { return !wire.pending() })
		require.ErrorIs(t, <-r.ended, outage.ErrInvalid)
		_, free, err := w.engine.Acquire(t.Context(), 0, "next", time.Second)
		require.NoError(t, err)
		require.True(t, free, "it released what it owned all the same")
	})
}
