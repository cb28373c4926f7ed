package livetest

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert" //nolint:depguard // require must not end another goroutine's test
	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

func rebuildScenarios() []scenario {
	return []scenario{
		{name: "a partition without an epoch refuses", run: refusesWithoutEpoch},
		{name: "one partition's rebuild does not hold up another", run: partitionsApart},
		{name: "everything is restored", run: restored},
		{name: "evidence is restored from before the last hour, markers are not", run: restoredEvidence},
		{name: "the fence is greater than the archive's", run: fenceAbove},
		{name: "a partition with an epoch is not rebuilt", run: rebuiltOnce},
		{name: "a discarded partition is rebuilt", run: discarded},
		{name: "changes begin anew", run: changesBeginAnew},
		{name: "an interrupted rebuild is begun again by another", run: interruptedRebuild},
		{name: "reports keep coming while a partition is rebuilt", run: recordDuringRebuild},
	}
}

func refusesWithoutEpoch(t *testing.T, w *world) {
	now := noon()
	r := w.report(now, "whatsapp", "NL", 1)
	w.refused(t, now, r, outage.ErrRebuilding)
	lease := w.acquire(t, live.Partition("whatsapp"), "a")
	w.refused(t, now, r, outage.ErrRebuilding)
	require.Zero(t, w.count(t, "whatsapp", "NL", now))

	rebuilt, err := w.engine.Rebuild(w.ctx, now, lease, live.Snapshot{})
	require.NoError(t, err)
	require.NotEmpty(t, rebuilt.Epoch)
	w.one(t, now, r, outage.Counted)
	require.Equal(t, 1, w.count(t, "whatsapp", "NL", now))
	for _, e := range w.drain(t) {
		require.Equal(t, rebuilt.Epoch, e.Epoch)
	}

	require.NoError(t, w.engine.Release(w.ctx, rebuilt))
	next := w.acquire(t, live.Partition("whatsapp"), "b")
	require.Equal(t, rebuilt.Epoch, next.Epoch, "an epoch outlives its owner")
	w.wipe(t)
	w.refused(t, now, r, outage.ErrRebuilding)
	w.ready(t, "whatsapp")
	w.one(t, now, r, outage.Counted)
}

func partitionsApart(t *testing.T, w *world) {
	now := noon()
	same, other := neighbours(1)
	w.ready(t, same[0])
	results := w.engine.Record(w.ctx, now, []outage.Report{
		w.report(now, same[0], "NL", 1), w.report(now, other, "NL", 1), w.report(now, same[0], "NL", 2),
	})
	require.NoError(t, results[0].Err)
	require.ErrorIs(t, results[1].Err, outage.ErrRebuilding)
	require.NoError(t, results[2].Err)
	require.Equal(t, 2, w.count(t, same[0], "NL", now))
}

// memory is what the archive would answer for a partition: a snapshot of the
// logged reports, with counts of the minutes given.
func memory(reports []outage.Logged) live.Snapshot {
	s := live.Snapshot{Reports: reports}
	byMinute := map[outage.Series]map[time.Time]int{}
	for _, r := range reports {
		if r.Outcome != outage.Counted {
			continue
		}
		series := outage.Series{Service: r.Service, Country: r.Country}
		if byMinute[series] == nil {
			byMinute[series] = map[time.Time]int{}
		}
		byMinute[series][r.ObservedAt.UTC().Truncate(time.Minute)]++
	}
	for series, minutes := range byMinute {
		for minute, n := range minutes {
			s.Counts = append(s.Counts, live.MinuteCount{Series: series, Minute: minute, Count: n})
		}
	}
	return s
}

// rebuild acquires a partition and rebuilds it from a snapshot.
func (w *world) rebuild(t *testing.T, now time.Time, partition int, s live.Snapshot) live.Lease {
	t.Helper()
	lease, err := w.engine.Rebuild(w.ctx, now, w.acquire(t, partition, "rebuilder"), s)
	require.NoError(t, err)
	return lease
}

func restored(t *testing.T, w *world) {
	now := noon()
	p := live.Partition("whatsapp")
	lease := w.own(t, p, "a")
	w.drain(t)
	counted := w.report(now, "whatsapp", "NL", 1, origin(1), network(64500))
	duplicate := w.report(now, "whatsapp", "GB", 1)
	late := w.report(now, "whatsapp", "NL", 2, observed(now.Add(-time.Hour)))
	batch := []outage.Report{counted, duplicate, late}
	outcomes := []outage.Outcome{outage.Counted, outage.Duplicate, outage.TooOld}
	for i := range outage.SeatsPerAddress {
		batch = append(batch, w.report(now, "whatsapp", "BE", 10+i, seat(1), origin(10+i), network(64501)))
		outcomes = append(outcomes, outage.Counted)
	}
	w.record(t, now, batch, outcomes...)
	s := memory(w.logged(t))
	old := now.Add(-48 * time.Hour)
	s.Counts = append(s.Counts, live.MinuteCount{Series: outage.Series{Service: "whatsapp", Country: "NL"}, Minute: old.Truncate(time.Minute), Count: 7})
	s.Outages = w.put(t, now, lease, failure("whatsapp", 0, 3))
	w.wipe(t)
	w.drain(t)

	later := now.Add(30 * time.Minute)
	lease = w.rebuild(t, later, p, s)
	require.Empty(t, w.drain(t), "what came from the archive is not logged again")
	require.Equal(t, s.Outages, w.outages(t, p))
	for country, want := range map[string]int{"NL": 1, "BE": 5, "GB": 0, outage.AllCountries: 6} {
		require.Equal(t, want, w.count(t, "whatsapp", country, now), country)
	}
	require.Equal(t, 7, w.count(t, "whatsapp", "NL", old))
	require.Equal(t, 7, w.count(t, "whatsapp", outage.AllCountries, old))
	require.Equal(t, live.Evidence{Origins: 1, Networks: 1, Sources: 1}, w.evidence(t, "NL", now, now))
	require.Equal(t, live.Evidence{Origins: 6, Networks: 2, Sources: 1}, w.evidence(t, outage.AllCountries, now, now))

	for i, r := range batch {
		w.replayed(t, later, r, receiptOf(r, outcomes[i]))
	}
	w.refused(t, later, w.report(later, "whatsapp", "NL", 9, withID(counted.ID), digest(99)), outage.ErrConflict)
	w.one(t, later, w.report(later, "whatsapp", "NL", 1), outage.Duplicate)
	w.one(t, later, w.report(later, "whatsapp", "BE", 77, seat(1)), outage.Duplicate)
	w.one(t, later, w.report(later, "whatsapp", "NL", 2), outage.Counted)
	edge := now.Add(live.DedupeFor)
	w.one(t, edge, w.report(edge, "whatsapp", "NL", 1), outage.Counted)
	w.one(t, edge, w.report(edge, "whatsapp", "BE", 78, seat(1)), outage.Counted)
	w.put(t, later, lease, failure("whatsapp", 0, 4))
}

func restoredEvidence(t *testing.T, w *world) {
	now := time.Date(2017, time.November, 3, 12, 50, 0, 0, time.UTC)
	before := now.Add(-100 * time.Minute) // 11:10, in the previous clock hour
	var reports []outage.Logged
	for i, at := range []time.Time{before, before, now.Add(-live.DedupeFor), now} {
		r := w.report(at, "whatsapp", "NL", i, seat(1), origin(i), network(uint32(64500+i))) //nolint:gosec // small
		reports = append(reports, outage.Logged{Report: r, Outcome: outage.Counted})
	}
	w.rebuild(t, now, live.Partition("whatsapp"), memory(reports))
	for _, country := range []string{"NL", outage.AllCountries} {
		require.Equal(t, live.Evidence{Origins: 3, Networks: 3, Sources: 1}, w.evidence(t, country, before, before))
		require.Equal(t, live.Evidence{Origins: 1, Networks: 1, Sources: 1}, w.evidence(t, country, now, now))
	}
	// Only the last of them is still remembered, and sits at the address.
	for i := range 3 {
		w.one(t, now, w.report(now, "whatsapp", "NL", i, seat(1)), outage.Counted)
	}
	w.one(t, now, w.report(now, "whatsapp", "NL", 3, seat(1)), outage.Duplicate)
	w.replayed(t, now, reports[3].Report, receiptOf(reports[3].Report, outage.Counted))
	require.Equal(t, 4, w.count(t, "whatsapp", "NL", now))
	require.Equal(t, 2, w.count(t, "whatsapp", outage.AllCountries, before))
}

func fenceAbove(t *testing.T, w *world) {
	p := live.Partition("whatsapp")
	lease := w.rebuild(t, noon(), p, live.Snapshot{Fence: 1000})
	require.Greater(t, lease.Fence, uint64(1000))
	w.put(t, noon(), lease, failure("whatsapp", 0, 1))
	require.NoError(t, w.engine.Renew(w.ctx, lease, leaseFor))
	require.NoError(t, w.engine.PutView(w.ctx, lease, live.View{At: noon()}))
	require.NoError(t, w.engine.Release(w.ctx, lease))
	require.Greater(t, w.acquire(t, p, "b").Fence, lease.Fence)
}

func rebuiltOnce(t *testing.T, w *world) {
	now := noon()
	p := live.Partition("whatsapp")
	lease := w.own(t, p, "a")
	w.one(t, now, w.report(now, "whatsapp", "NL", 1), outage.Counted)
	s := live.Snapshot{Counts: []live.MinuteCount{{
		Series: outage.Series{Service: "whatsapp", Country: "NL"}, Minute: now.Truncate(time.Minute), Count: 50,
	}}}
	again, err := w.engine.Rebuild(w.ctx, now, lease, s)
	require.NoError(t, err)
	require.Equal(t, lease.Epoch, again.Epoch)
	require.Equal(t, 1, w.count(t, "whatsapp", "NL", now), "what was counted since is not overwritten")
}

func discarded(t *testing.T, w *world) {
	now := noon()
	p := live.Partition("whatsapp")
	first := w.own(t, p, "a")
	w.drain(t)
	counted := w.report(now, "whatsapp", "NL", 1)
	w.one(t, now, counted, outage.Counted)
	s := memory(w.logged(t))
	s.Counts = append(s.Counts, live.MinuteCount{Series: outage.Series{Service: "whatsapp", Country: "NL"}, Minute: now.Add(-time.Hour), Count: 60})
	s.Edition = live.EditionOf(first.Epoch) + 1

	require.NoError(t, w.engine.Discard(w.ctx, first))
	w.refused(t, now, w.report(now, "whatsapp", "NL", 2), outage.ErrRebuilding)
	require.NoError(t, w.engine.Release(w.ctx, first))
	lease := w.acquire(t, p, "b")
	require.Empty(t, lease.Epoch)
	require.ErrorIs(t, w.engine.Discard(w.ctx, first), outage.ErrFenced)

	lease, err := w.engine.Rebuild(w.ctx, now, lease, s)
	require.NoError(t, err)
	require.NotEqual(t, first.Epoch, lease.Epoch)
	require.Equal(t, s.Edition, live.EditionOf(lease.Epoch))
	require.Equal(t, 60, w.count(t, "whatsapp", "NL", now.Add(-time.Hour)))
	require.Equal(t, 1, w.count(t, "whatsapp", "NL", now))
	w.one(t, now, w.report(now, "whatsapp", "GB", 1), outage.Duplicate)
	w.one(t, now, w.report(now, "whatsapp", "NL", 3), outage.Counted)
	require.Equal(t, 2, w.count(t, "whatsapp", "NL", now))
}

func changesBeginAnew(t *testing.T, w *world) {
	now := noon()
	w.ready(t, "whatsapp")
	for i := range 50 {
		w.one(t, now, w.report(now, "whatsapp", []string{"NL", "GB"}[i%2], i), outage.Counted)
	}
	_, seq := w.changed(t, "whatsapp", 0)
	s := memory(w.logged(t))
	w.wipe(t)
	w.rebuild(t, now, live.Partition("whatsapp"), s)

	names, next := w.changed(t, "whatsapp", seq)
	require.ElementsMatch(t, all("whatsapp", "NL", "GB"), names, "nothing was missed")
	require.Less(t, next, seq)
	names, _ = w.changed(t, "whatsapp", next)
	require.Empty(t, names)
	w.one(t, now, w.report(now, "whatsapp", "NL", 100), outage.Counted)
	names, _ = w.changed(t, "whatsapp", next)
	require.ElementsMatch(t, all("whatsapp", "NL"), names)
}

// archived makes up what the archive may hold of a service: n counted reports of
// distinct reporters in several countries and minutes.
func (w *world) archived(now time.Time, service string, n int) live.Snapshot {
	reports := make([]outage.Logged, n)
	for i := range reports {
		at := now.Add(-time.Duration(i%14) * time.Minute)
		r := w.report(at, service, []string{"NL", "GB", "BE", "ZZ"}[i%4], i)
		reports[i] = outage.Logged{Report: r, Outcome: outage.Counted}
	}
	return memory(reports)
}

func interruptedRebuild(t *testing.T, w *world) {
	now := noon()
	const n = 5000
	p := live.Partition("whatsapp")
	s := w.archived(now, "whatsapp", n)
	// Each attempt is cut off later than the one before; the last runs through.
	for _, after := range []time.Duration{0, 200 * time.Microsecond, time.Millisecond, 4 * time.Millisecond, time.Hour} {
		lease := w.acquire(t, p, after.String())
		ctx, cancel := context.WithTimeout(w.ctx, after)
		got, err := w.engine.Rebuild(ctx, now, lease, s)
		cancel()
		if err != nil {
			got = lease
		}
		require.NoError(t, w.engine.Release(w.ctx, got))
	}
	require.Equal(t, n, w.total(t, "whatsapp", outage.AllCountries, now))
	for _, country := range []string{"NL", "GB", "BE", "ZZ"} {
		require.Equal(t, n/4, w.total(t, "whatsapp", country, now))
	}
	w.one(t, now, w.report(now, "whatsapp", "NL", n-1), outage.Duplicate)
	w.one(t, now, w.report(now, "whatsapp", "NL", n), outage.Counted)
	w.replayed(t, now, s.Reports[0].Report, receiptOf(s.Reports[0].Report, outage.Counted))
}

func recordDuringRebuild(t *testing.T, w *world) {
	now := noon()
	const n, writers, each = 4000, 8, 100
	p := live.Partition("whatsapp")
	s := w.archived(now, "whatsapp", n)
	var wg sync.WaitGroup
	refused := make(chan struct{}, writers)
	for writer := range writers {
		wg.Go(func() {
			for i := range each {
				// Every fourth reporter is known from before the wipe.
				who := n + writer*each + i
				if i%4 == 0 {
					who = (writer*each + i) % n
				}
				r := w.report(now, "whatsapp", "NL", who)
				w.insist(t, now, r, refused)
			}
		})
	}
	for range writers { // each has been refused at least once
		<-refused
	}
	w.rebuild(t, now, p, s)
	wg.Wait()
	fresh := writers * each * 3 / 4
	require.Equal(t, n+fresh, w.total(t, "whatsapp", outage.AllCountries, now))
	require.Equal(t, n/4+fresh, w.total(t, "whatsapp", "NL", now))
	outcomes := map[outage.Outcome]int{}
	for _, r := range w.logged(t) {
		outcomes[r.Outcome]++
	}
	require.Equal(t, map[outage.Outcome]int{outage.Counted: fresh, outage.Duplicate: writers*each - fresh}, outcomes)
}

// insist records a report until the partition has been rebuilt, and says so on
// refused the first time that it was not.
func (w *world) insist(t *testing.T, now time.Time, r outage.Report, refused chan<- struct{}) {
	for told := false; ; {
		res := w.engine.Record(w.ctx, now, []outage.Report{r})[0]
		if res.Err == nil {
			return
		}
		rebuilding := assert.ErrorIs(t, res.Err, outage.ErrRebuilding)
		if !told {
			told = true
			select {
			case refused <- struct{}{}:
			default:
			}
		}
		if !rebuilding {
			return
		}
	}
}
