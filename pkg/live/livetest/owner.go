package livetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

func ownerScenarios() []scenario {
	return []scenario{
		{name: "a lease is exclusive", run: exclusiveLease},
		{name: "a lease runs out", run: leaseRunsOut},
		{name: "a lease is renewed", run: leaseRenewed},
		{name: "a stale release harms nobody", run: staleRelease},
		{name: "the fence grows with every acquisition", run: fenceGrows},
		{name: "partitions are owned one by one", run: ownedOneByOne},
		{name: "detectors see one another", run: joinAndLeave},
		{name: "a fenced owner writes nothing", run: fencedWrites},
		{name: "an owner whose lease ran out writes nothing", run: expiredWrites},
		{name: "outages are read back and logged", run: outagesReadBack},
		{name: "only a superseding change replaces", run: supersedes},
		{name: "final outages stay for a day", run: finalOutages},
		{name: "a failed outage write leaves no mark", run: failedOutage, needs: injectsFailures},
		{name: "views are published", run: views},
	}
}

func exclusiveLease(t *testing.T, w *world) {
	a := w.acquire(t, 3, "a")
	require.Equal(t, 3, a.Partition)
	require.Equal(t, "a", a.Owner)
	require.Positive(t, a.Fence)
	require.Empty(t, a.Epoch, "it must be rebuilt first")
	_, ok, err := w.engine.Acquire(w.ctx, 3, "b", leaseFor)
	require.NoError(t, err)
	require.False(t, ok)
	require.NoError(t, w.engine.Release(w.ctx, a))
	b := w.acquire(t, 3, "b")
	require.Greater(t, b.Fence, a.Fence)
}

func leaseRunsOut(t *testing.T, w *world) {
	a, ok, err := w.engine.Acquire(w.ctx, 3, "a", shortly)
	require.NoError(t, err)
	require.True(t, ok)
	var b live.Lease
	require.Eventually(t, func() bool {
		b, ok, err = w.engine.Acquire(w.ctx, 3, "b", leaseFor)
		return err == nil && ok
	}, patience, tick)
	require.Greater(t, b.Fence, a.Fence)
	require.ErrorIs(t, w.engine.Renew(w.ctx, a, leaseFor), outage.ErrFenced)
	require.NoError(t, w.engine.Renew(w.ctx, b, leaseFor))
}

func leaseRenewed(t *testing.T, w *world) {
	a := w.acquire(t, 3, "a")
	require.NoError(t, w.engine.Renew(w.ctx, a, leaseFor))
	_, ok, err := w.engine.Acquire(w.ctx, 3, "b", leaseFor)
	require.NoError(t, err)
	require.False(t, ok)
	// Renewing sets the time that is left: it can shorten it, too.
	require.NoError(t, w.engine.Renew(w.ctx, a, shortly))
	require.Eventually(t, func() bool {
		_, ok, err := w.engine.Acquire(w.ctx, 3, "b", leaseFor)
		return err == nil && ok
	}, patience, tick)
	require.ErrorIs(t, w.engine.Renew(w.ctx, a, leaseFor), outage.ErrFenced)
}

func staleRelease(t *testing.T, w *world) {
	a := w.acquire(t, 3, "a")
	require.NoError(t, w.engine.Release(w.ctx, a))
	b := w.acquire(t, 3, "b")
	require.NoError(t, w.engine.Release(w.ctx, a), "releasing what was lost is no error")
	require.NoError(t, w.engine.Renew(w.ctx, b, leaseFor))
	require.ErrorIs(t, w.engine.Renew(w.ctx, a, leaseFor), outage.ErrFenced)
}

func fenceGrows(t *testing.T, w *world) {
	last := uint64(0)
	for range 5 {
		lease := w.acquire(t, 3, "a")
		require.Greater(t, lease.Fence, last)
		last = lease.Fence
		require.NoError(t, w.engine.Release(w.ctx, lease))
	}
	// An owner that has forgotten its lease may take it anew.
	first := w.acquire(t, 3, "a")
	second := w.acquire(t, 3, "a")
	require.Greater(t, second.Fence, first.Fence)
	require.ErrorIs(t, w.engine.Renew(w.ctx, first, leaseFor), outage.ErrFenced, "of one owner, the later lease holds")
	require.NoError(t, w.engine.Renew(w.ctx, second, leaseFor))
}

func ownedOneByOne(t *testing.T, w *world) {
	for p := range live.Partitions {
		owner := []string{"a", "b"}[p%2]
		require.Equal(t, p, w.acquire(t, p, owner).Partition)
	}
	for p := range live.Partitions {
		_, ok, err := w.engine.Acquire(w.ctx, p, "c", leaseFor)
		require.NoError(t, err)
		require.False(t, ok)
	}
}

func joinAndLeave(t *testing.T, w *world) {
	join := func(owner string, ttl time.Duration) []string {
		owners, err := w.engine.Join(w.ctx, owner, ttl)
		require.NoError(t, err)
		return owners
	}
	require.Equal(t, []string{"b"}, join("b", leaseFor))
	require.Equal(t, []string{"a", "b"}, join("a", leaseFor))
	require.Equal(t, []string{"a", "b"}, join("b", leaseFor))
	require.NoError(t, w.engine.Leave(w.ctx, "a"))
	require.NoError(t, w.engine.Leave(w.ctx, "nobody"))
	require.Equal(t, []string{"b"}, join("b", leaseFor))

	require.Contains(t, join("c", shortly), "c")
	require.Eventually(t, func() bool {
		owners, err := w.engine.Join(w.ctx, "b", leaseFor)
		return err == nil && len(owners) == 1
	}, patience, tick, "c has not come back")
}

// failure makes up an ongoing outage of a service.
func failure(service string, n int, revision uint64) outage.Outage {
	at := noon().Truncate(time.Second)
	peak := outage.Peak{At: at, ReportsPerMinute: 12}
	return outage.Outage{
		ID: outage.DeriveID("outage", service, string(rune('a'+n))), Service: service, State: outage.Ongoing,
		StartedAt: at, DetectedAt: at.Add(time.Minute), Revision: revision, Reports: 40, Peak: peak,
		Impacts: []outage.Impact{{
			Country: "NL", State: outage.Ongoing, StartedAt: at, DetectedAt: at.Add(time.Minute), Reports: 40,
			Peak: peak, BaselinePerMinute: 0.4, Score: 57.125,
			Evidence: outage.Evidence{WindowMinutes: 5, Reporters: 40, Expected: 2.5, Origins: 9},
		}},
	}
}

// closed ends an outage.
func closed(o outage.Outage, at time.Time, final bool) outage.Outage {
	o.State, o.EndedAt, o.ClosedAt, o.Final = outage.Ended, &at, &at, final
	o.Impacts[0].State, o.Impacts[0].EndedAt = outage.Ended, &at
	return o
}

// put writes outages and expects success.
func (w *world) put(t *testing.T, now time.Time, lease live.Lease, outages ...outage.Outage) []outage.Change {
	t.Helper()
	var changes []outage.Change
	for _, o := range outages {
		changes = append(changes, outage.Change{Fence: lease.Fence, Outage: o})
	}
	require.NoError(t, w.engine.PutOutages(w.ctx, now, lease, changes))
	return changes
}

// outages reads partitions' outages.
func (w *world) outages(t *testing.T, partitions ...int) []outage.Change {
	t.Helper()
	changes, err := w.engine.Outages(w.ctx, partitions...)
	require.NoError(t, err)
	return changes
}

// loggedChanges drains and returns the outage changes alone.
func (w *world) loggedChanges(t *testing.T) []outage.Change {
	t.Helper()
	var changes []outage.Change
	for _, e := range w.drain(t) {
		changes = append(changes, e.Changes...)
	}
	return changes
}

func outagesReadBack(t *testing.T, w *world) {
	same, other := neighbours(2)
	here, there := live.Partition(same[0]), live.Partition(other)
	mine, yours := w.own(t, here, "a"), w.own(t, there, "b")
	require.Empty(t, w.outages(t))
	w.drain(t)

	first := w.put(t, noon(), mine, failure(same[0], 0, 1), failure(same[1], 0, 1))
	second := w.put(t, noon(), yours, failure(other, 0, 1))
	require.ElementsMatch(t, first, w.outages(t, here))
	require.ElementsMatch(t, second, w.outages(t, there))
	require.ElementsMatch(t, append(first, second...), w.outages(t), "no partition means all")
	require.ElementsMatch(t, append(first, second...), w.outages(t, here, there))
	require.ElementsMatch(t, append(first, second...), w.loggedChanges(t))
	require.NoError(t, w.engine.PutOutages(w.ctx, noon(), mine, nil))
}

func supersedes(t *testing.T, w *world) {
	p := live.Partition("whatsapp")
	a := w.own(t, p, "a")
	w.drain(t)
	kept := w.put(t, noon(), a, failure("whatsapp", 0, 5))
	for _, revision := range []uint64{4, 5} {
		o := failure("whatsapp", 0, revision)
		o.Reports = 99
		w.put(t, noon(), a, o)
	}
	require.Equal(t, kept, w.outages(t, p))
	require.Equal(t, kept, w.loggedChanges(t), "what was ignored is not logged")
	kept = w.put(t, noon(), a, failure("whatsapp", 0, 6))
	require.Equal(t, kept, w.outages(t, p))

	require.NoError(t, w.engine.Release(w.ctx, a))
	b := w.acquire(t, p, "b")
	kept = w.put(t, noon(), b, failure("whatsapp", 0, 1))
	require.Equal(t, kept, w.outages(t, p), "a greater fence replaces any revision")

	// Of a write with several changes, those that supersede are kept.
	stale, fresh := failure("whatsapp", 0, 1), failure("whatsapp", 1, 1)
	stale.Reports = 99
	both := w.put(t, noon(), b, stale, fresh)
	require.ElementsMatch(t, []outage.Change{kept[0], both[1]}, w.outages(t, p))
}

func finalOutages(t *testing.T, w *world) {
	p := live.Partition("whatsapp")
	lease := w.own(t, p, "a")
	now := noon()
	final := w.put(t, now, lease, closed(failure("whatsapp", 0, 1), now.Truncate(time.Second), true))[0]
	open := w.put(t, now, lease, failure("whatsapp", 1, 1))[0]
	w.put(t, now.Add(23*time.Hour), lease, failure("whatsapp", 2, 1))
	got := w.outages(t, p)
	require.Contains(t, got, final)
	require.Contains(t, got, open)

	w.put(t, now.Add(25*time.Hour), lease, failure("whatsapp", 2, 2))
	got = w.outages(t, p)
	require.NotContains(t, got, final)
	require.Contains(t, got, open, "only final ones go")
	require.Len(t, got, 2)
}

func failedOutage(t *testing.T, w *world) {
	p := live.Partition("whatsapp")
	lease := w.own(t, p, "a")
	w.drain(t)
	w.bundle.FailCommits(1)
	change := outage.Change{Fence: lease.Fence, Outage: failure("whatsapp", 0, 1)}
	require.ErrorIs(t, w.engine.PutOutages(w.ctx, noon(), lease, []outage.Change{change}), outage.ErrUnavailable)
	require.Empty(t, w.outages(t, p))
	require.NoError(t, w.engine.PutOutages(w.ctx, noon(), lease, []outage.Change{change}))
	require.Equal(t, []outage.Change{change}, w.outages(t, p))
	require.Equal(t, []outage.Change{change}, w.loggedChanges(t))
}

// refusedEverything asserts that a lease is worth nothing any more.
func refusedEverything(t *testing.T, w *world, stale live.Lease) {
	t.Helper()
	before := w.outages(t, stale.Partition)
	viewsBefore, err := w.engine.Views(w.ctx)
	require.NoError(t, err)
	w.drain(t)

	change := outage.Change{Fence: stale.Fence, Outage: failure("whatsapp", 7, 1)}
	require.ErrorIs(t, w.engine.PutOutages(w.ctx, noon(), stale, []outage.Change{change}), outage.ErrFenced)
	require.ErrorIs(t, w.engine.PutView(w.ctx, stale, live.View{At: noon(), LiveSeries: 99}), outage.ErrFenced)
	_, err = w.engine.Rebuild(w.ctx, noon(), stale, live.Snapshot{Outages: []outage.Change{change}})
	require.ErrorIs(t, err, outage.ErrFenced)
	require.ErrorIs(t, w.engine.TrimLog(w.ctx, stale, live.Entry{Partition: stale.Partition}), outage.ErrFenced)
	require.ErrorIs(t, w.engine.Renew(w.ctx, stale, leaseFor), outage.ErrFenced)

	require.Equal(t, before, w.outages(t, stale.Partition))
	viewsAfter, err := w.engine.Views(w.ctx)
	require.NoError(t, err)
	require.Equal(t, viewsBefore, viewsAfter)
	require.Empty(t, w.drain(t))
}

func fencedWrites(t *testing.T, w *world) {
	p := live.Partition("whatsapp")
	a := w.own(t, p, "a")
	w.put(t, noon(), a, failure("whatsapp", 0, 1))
	require.NoError(t, w.engine.Release(w.ctx, a))
	b := w.acquire(t, p, "b")
	refusedEverything(t, w, a)
	w.put(t, noon(), b, failure("whatsapp", 0, 2))
	require.Len(t, w.outages(t, p), 1)
}

func expiredWrites(t *testing.T, w *world) {
	p := live.Partition("whatsapp")
	a := w.own(t, p, "a")
	require.NoError(t, w.engine.Renew(w.ctx, a, shortly))
	require.Eventually(t, func() bool {
		return w.engine.PutView(w.ctx, a, live.View{At: noon()}) != nil
	}, patience, tick)
	refusedEverything(t, w, a)
}

func views(t *testing.T, w *world) {
	none, err := w.engine.Views(w.ctx)
	require.NoError(t, err)
	require.Empty(t, none)
	a, b := w.own(t, 3, "a"), w.own(t, 4, "b")
	at := noon()
	spike := outage.Spike{
		Series: outage.Series{Service: "whatsapp", Country: "NL"}, Status: outage.StatusPossible,
		Score: 12.5, Bar: 17.1, Since: at.Add(-time.Minute), BaselinePerMinute: 0.25,
		Windows: []outage.WindowCount{{Minutes: 1, Reports: 4, Expected: 0.25}},
	}
	first := live.View{At: at, LiveSeries: 2, Spikes: []outage.Spike{spike}}
	second := live.View{At: at.Add(time.Second), LiveSeries: 5, Spikes: []outage.Spike{spike}}
	require.NoError(t, w.engine.PutView(w.ctx, a, first))
	require.NoError(t, w.engine.PutView(w.ctx, b, first))
	require.NoError(t, w.engine.PutView(w.ctx, a, second))
	got, err := w.engine.Views(w.ctx)
	require.NoError(t, err)
	require.ElementsMatch(t, []live.View{first, second}, got)
}
