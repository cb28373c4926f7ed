package detector_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/detector"
	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

// takeOverWithin is what is promised of a detector's successor.
const takeOverWithin = 10 * time.Second

// elapse lets time go by in a synctest bubble. It takes none outside.
func elapse(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// eventually waits on the fake clock of a synctest bubble.
func eventually(t *testing.T, within time.Duration, condition func() bool) {
	t.Helper()
	for end := time.Now().Add(within); !condition(); {
		require.True(t, time.Now().Before(end), "not within %v", within)
		elapse(50 * time.Millisecond)
	}
}

// shared says that the detectors own all partitions among them, and each some.
func shared(t *testing.T, runners ...*runner) func() bool {
	t.Helper()
	return func() bool {
		sum := 0
		for _, r := range runners {
			if r.Ready() != nil || r.share(t) == 0 {
				return false
			}
			sum += r.share(t)
		}
		return sum == live.Partitions
	}
}

// ownerOf tells which of two detectors owns the failing service's partition,
// by who counts its outage as open.
func ownerOf(t *testing.T, a, b *runner) (owner, other *runner) {
	t.Helper()
	if a.metric(t, "outcry_detector_open_outages") == 1 {
		return a, b
	}
	require.InDelta(t, 1, b.metric(t, "outcry_detector_open_outages"), 0)
	return b, a
}

func TestDetectorsShareThePartitions(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWorld(t)
		a := w.start(t, "a", nil)
		a.look(t)
		require.Equal(t, live.Partitions, a.share(t))
		b := w.start(t, "b", nil)
		eventually(t, takeOverWithin, shared(t, a, b))
		c := w.start(t, "c", nil)
		eventually(t, takeOverWithin, shared(t, a, b, c))
		require.NoError(t, b.stop())
		eventually(t, takeOverWithin, shared(t, a, c))
		require.NoError(t, a.stop())
		eventually(t, takeOverWithin, shared(t, c))
		require.NoError(t, c.stop())
		for p := range live.Partitions {
			_, free, err := w.engine.Acquire(t.Context(), p, "next", time.Second)
			require.NoError(t, err)
			require.True(t, free, "partition %d was not released", p)
		}
		views, err := w.engine.Join(t.Context(), "next", time.Second)
		require.NoError(t, err)
		require.Equal(t, []string{"next"}, views, "all have left")
	})
}

func TestASuccessorContinuesTheOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWorld(t)
		wires := map[string]*wire{"a": newWire(w.engine), "b": newWire(w.engine)}
		started := map[*runner]string{}
		for owner, wire := range wires {
			r := w.start(t, owner, func(cfg *detector.Config) { cfg.Live = wire })
			started[r] = owner
		}
		var both []*runner
		for r := range started {
			both = append(both, r)
		}
		eventually(t, takeOverWithin, shared(t, both...))
		opened := w.fail(t, both...)
		owner, other := ownerOf(t, both[0], both[1])

		wires[started[owner]].down.Store(true) // it dies without a word
		died := time.Now()
		eventually(t, takeOverWithin, func() bool {
			return other.share(t) == live.Partitions && other.metric(t, "outcry_detector_open_outages") == 1 && other.Ready() == nil
		})
		t.Logf("taken over after %v", time.Since(died))
		require.Zero(t, owner.share(t), "a lost lease ends the work under it")
		for range 10 {
			w.minute(t, 12, other)
		}
		require.Equal(t, opened.ID, w.recover(t, other).ID)
		w.log.requireOneOutage(t, opened.ID)

		wires[started[owner]].down.Store(false) // and comes back
		eventually(t, takeOverWithin, shared(t, both...))
	})
}

func TestAStaleOwnerWritesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWorld(t)
		r := w.start(t, "a", nil)
		r.look(t)
		opened := w.fail(t, r)
		lease := live.Lease{Partition: live.Partition(service), Owner: "a", Fence: w.outages(t)[0].Fence}
		require.NoError(t, w.engine.Release(t.Context(), lease), "the lease is as the outage says")

		// The store believes that the partition is free; its owner does not know yet.
		thief, ok, err := w.engine.Acquire(t.Context(), lease.Partition, "thief", time.Minute)
		require.NoError(t, err)
		require.True(t, ok)
		taken := opened
		taken.Revision, taken.Reports = opened.Revision+1, 4711
		change := []outage.Change{{Fence: thief.Fence, Outage: taken}}
		require.NoError(t, w.engine.PutOutages(t.Context(), w.Now(), thief, change))
		w.report(t, "NL", 40)
		eventually(t, 5*time.Second, func() bool { return r.share(t) == live.Partitions-1 })
		require.Equal(t, change, w.outages(t), "the former owner's conclusions were refused")
	})
}

func TestFailedStepsAreRepeated(t *testing.T) {
	t.Parallel()
	for _, method := range []string{
		"Join", "Acquire", "Renew", "Changed", "Counts", "Evidence",
		"Rebuild", "PutOutages", "Outages", "PutView", "Views",
	} {
		for _, answerLost := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, answer lost %t", method, answerLost), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) { failOnce(t, method, answerLost) })
			})
		}
	}
}

// failOnce lets a method fail at the start, at the beginning of an outage, and at its end.
func failOnce(t *testing.T, method string, answerLost bool) {
	t.Helper()
	w := newMemoryWorld(t)
	wire := newWire(w.engine)
	breakIt := func() {
		if answerLost {
			wire.lose(method)
		} else {
			wire.fail(method, errCut)
		}
	}
	breakIt()
	r := w.start(t, "a", func(cfg *detector.Config) { cfg.Live = wire })
	r.look(t)
	for range 3 {
		w.minute(t, 0, r)
	}
	breakIt()
	opened := w.fail(t, r)
	for range 3 {
		w.minute(t, 12, r)
	}
	if method != "Rebuild" && method != "Acquire" && method != "Outages" { // these are called at a take-over only
		eventually(t, 5*time.Second, func() bool { return !wire.pending() })
	}
	breakIt()
	closed := w.recover(t, r)
	require.Equal(t, opened.ID, closed.ID)
	w.log.requireOneOutage(t, opened.ID)
	require.NoError(t, r.stop())
}
