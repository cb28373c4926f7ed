package livetest

import (
	"context"
	"encoding/binary"
	"fmt"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

const (
	// leaseFor is a lease that outlives any subtest.
	leaseFor = 10 * time.Minute
	// shortly is a lease that a test waits for to run out.
	shortly = 30 * time.Millisecond
	// patience is how long an eventual promise may take on a busy machine.
	patience = 20 * time.Second
	tick     = 5 * time.Millisecond
)

// noon is when most scenarios begin: in the middle of a day and an hour, and
// not on a whole second.
func noon() time.Time { return time.Date(2017, time.November, 3, 12, 20, 30, 123456000, time.UTC) }

// world is one subtest's engine and its way of making up reports.
type world struct {
	bundle Bundle
	engine Engine
	ctx    context.Context //nolint:containedctx // lives as long as its subtest
	drawn  map[string]bool // log entries already drained, by partition, epoch and position
	ids    atomic.Uint64
}

func newWorld(t *testing.T, b Bundle) *world {
	t.Helper()
	require.NotNil(t, b.Engine)
	return &world{bundle: b, engine: b.Engine, ctx: t.Context(), drawn: map[string]bool{}}
}

// ready gives the services' partitions an epoch, so that they can be counted in.
func (w *world) ready(t *testing.T, services ...string) {
	t.Helper()
	done := map[int]bool{}
	for _, s := range services {
		p := live.Partition(s)
		if done[p] {
			continue
		}
		done[p] = true
		lease := w.own(t, p, "setup")
		require.NoError(t, w.engine.Release(w.ctx, lease))
	}
}

// own acquires a partition and rebuilds it from nothing if it has no epoch.
func (w *world) own(t *testing.T, partition int, owner string) live.Lease {
	t.Helper()
	lease := w.acquire(t, partition, owner)
	if lease.Epoch != "" {
		return lease
	}
	lease, err := w.engine.Rebuild(w.ctx, noon(), lease, live.Snapshot{})
	require.NoError(t, err)
	require.NotEmpty(t, lease.Epoch)
	return lease
}

// acquire takes a lease that must be free.
func (w *world) acquire(t *testing.T, partition int, owner string) live.Lease {
	t.Helper()
	lease, ok, err := w.engine.Acquire(w.ctx, partition, owner, leaseFor)
	require.NoError(t, err)
	require.True(t, ok, "partition %d is owned", partition)
	return lease
}

// edit changes a report under construction.
type edit func(*outage.Report)

// report makes up a complete report by reporter n, observed and received at the
// given time, under an id of its own.
func (w *world) report(at time.Time, service, country string, n int, edits ...edit) outage.Report {
	r := outage.Report{
		Identity:    outage.Identity{ID: w.id(), Reporter: hash("reporter", n)},
		Service:     service,
		Country:     country,
		CountryFrom: outage.FromAddress,
		Source:      outage.SourceForm,
		Problem:     "cannot-send",
		Origin:      hash("origin", n),
		Network:     uint32(1000 + n%7), //nolint:gosec // small
		Digest:      uint32(n + 1),      //nolint:gosec // small
		ObservedAt:  at,
		ReceivedAt:  at,
	}
	for _, e := range edits {
		e(&r)
	}
	return r
}

// id returns an id that this world has not used.
func (w *world) id() outage.ID {
	return outage.DeriveID("livetest", strconv.FormatUint(w.ids.Add(1), 10))
}

// hash returns the nth hash of a kind.
func hash(kind string, n int) outage.Hash {
	id := outage.DeriveID(kind, strconv.Itoa(n))
	var h outage.Hash
	copy(h[:], id[:])
	binary.BigEndian.PutUint32(h[8:], uint32(n)) //nolint:gosec // only has to differ
	return h
}

func observed(at time.Time) edit  { return func(r *outage.Report) { r.ObservedAt = at } }
func withID(id outage.ID) edit    { return func(r *outage.Report) { r.ID = id } }
func digest(d uint32) edit        { return func(r *outage.Report) { r.Digest = d } }
func seat(n int) edit             { return func(r *outage.Report) { r.Seat = hash("seat", n) } }
func origin(n int) edit           { return func(r *outage.Report) { r.Origin = hash("origin", n) } }
func network(as uint32) edit      { return func(r *outage.Report) { r.Network = as } }
func source(s outage.Source) edit { return func(r *outage.Report) { r.Source = s } }
func previous(p outage.Identity) edit {
	return func(r *outage.Report) { r.Previous = &p }
}

// record records and expects the outcomes, none of them replayed.
func (w *world) record(t *testing.T, now time.Time, reports []outage.Report, outcomes ...outage.Outcome) {
	t.Helper()
	results := w.engine.Record(w.ctx, now, reports)
	require.Len(t, results, len(reports))
	require.Len(t, outcomes, len(reports))
	for i, res := range results {
		require.NoError(t, res.Err, "report %d", i)
		require.False(t, res.Replayed, "report %d", i)
		require.Equal(t, receiptOf(reports[i], outcomes[i]), res.Receipt, "report %d", i)
	}
}

// one records a single report and expects its outcome.
func (w *world) one(t *testing.T, now time.Time, r outage.Report, outcome outage.Outcome) {
	t.Helper()
	w.record(t, now, []outage.Report{r}, outcome)
}

// replayed records a single report and expects an earlier receipt.
func (w *world) replayed(t *testing.T, now time.Time, r outage.Report, first outage.Receipt) {
	t.Helper()
	results := w.engine.Record(w.ctx, now, []outage.Report{r})
	require.Len(t, results, 1)
	require.NoError(t, results[0].Err)
	require.True(t, results[0].Replayed)
	require.Equal(t, first, results[0].Receipt)
}

// refused records a single report and expects an error.
func (w *world) refused(t *testing.T, now time.Time, r outage.Report, want error) {
	t.Helper()
	results := w.engine.Record(w.ctx, now, []outage.Report{r})
	require.Len(t, results, 1)
	require.ErrorIs(t, results[0].Err, want)
	require.Zero(t, results[0].Receipt)
	require.False(t, results[0].Replayed)
}

func receiptOf(r outage.Report, o outage.Outcome) outage.Receipt {
	return outage.Receipt{ID: r.ID, Service: r.Service, Country: r.Country, Outcome: o}
}

// count reads one minute of one series.
func (w *world) count(t *testing.T, service, country string, minute time.Time) int {
	t.Helper()
	counts, err := w.engine.Counts(w.ctx, []outage.Series{{Service: service, Country: country}}, minute, minute.Add(time.Minute))
	require.NoError(t, err)
	require.Len(t, counts, 1)
	require.Len(t, counts[0], 1)
	return counts[0][0]
}

// total sums a series over the two hours before and the hour after at.
func (w *world) total(t *testing.T, service, country string, at time.Time) int {
	t.Helper()
	counts, err := w.engine.Counts(w.ctx, []outage.Series{{Service: service, Country: country}},
		at.Add(-2*time.Hour), at.Add(time.Hour))
	require.NoError(t, err)
	require.Len(t, counts, 1)
	sum := 0
	for _, n := range counts[0] {
		sum += n
	}
	return sum
}

// drain returns the entries logged since the last call, each partition's in order.
func (w *world) drain(t *testing.T) []live.Entry {
	t.Helper()
	if w.bundle.Drain != nil {
		return w.bundle.Drain()
	}
	var fresh []live.Entry
	for p := range live.Partitions {
		entries, err := w.engine.ReadLog(w.ctx, p, 1<<20)
		require.NoError(t, err)
		for _, e := range entries {
			key := fmt.Sprintf("%d/%s/%s", e.Partition, e.Epoch, e.Position)
			if !w.drawn[key] {
				w.drawn[key] = true
				fresh = append(fresh, e)
			}
		}
	}
	return fresh
}

// logged drains and returns the reports alone.
func (w *world) logged(t *testing.T) []outage.Logged {
	t.Helper()
	var reports []outage.Logged
	for _, e := range w.drain(t) {
		reports = append(reports, e.Reports...)
	}
	return reports
}

// wipe loses the live state.
func (w *world) wipe(t *testing.T) {
	t.Helper()
	w.engine = w.bundle.Wipe(t)
}

// neighbours returns n services that share one partition, and one that does not.
func neighbours(n int) (same []string, other string) {
	want := live.Partition("service-0")
	for i := 0; len(same) < n || other == ""; i++ {
		s := "service-" + strconv.Itoa(i)
		if live.Partition(s) == want && len(same) < n {
			same = append(same, s)
		} else if live.Partition(s) != want {
			other = s
		}
	}
	return same, other
}
