package redis

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

const (
	// rebuildChunk is how many items one step of a rebuild writes: few enough
	// that other clients of the server do not notice.
	rebuildChunk = 512
	// clearChunk is how many series one step of clearing forgets.
	clearChunk = 16
)

// Rebuild fills a partition that has no epoch from the archive, then gives it
// one; a partition that has one is left as it is. It works in steps, each of
// which checks the lease. Whoever begins again after an interruption removes
// what was left, and the epoch comes last, so that nobody counts in between.
//
// What waits on the log is kept: it is acknowledged and not archived yet. The
// caller drains it before it reads the snapshot.
//
// The lease returned has the new epoch, and a fence above the snapshot's.
func (e *Engine) Rebuild(ctx context.Context, now time.Time, lease live.Lease, snapshot live.Snapshot) (live.Lease, error) {
	epoch, err := e.clearLeftovers(ctx, now, lease)
	if err != nil {
		return lease, wrap("rebuild a partition", err)
	}
	if epoch != "" {
		lease.Epoch = epoch
		return lease, nil
	}
	for _, step := range []func() error{
		func() error { return e.restoreCounts(ctx, lease, snapshot.Counts) },
		func() error { return e.restoreReports(ctx, now, lease, snapshot.Reports) },
		func() error { return e.restoreOutages(ctx, now, lease, snapshot.Outages) },
	} {
		if err := step(); err != nil {
			return lease, wrap("rebuild a partition", err)
		}
	}
	return e.commitRebuild(ctx, now, lease, snapshot)
}

// clearLeftovers removes what an earlier life left, and returns the epoch if
// there is nothing to rebuild. Markers and receipts stay: each one stands for
// a report that was acknowledged.
func (e *Engine) clearLeftovers(ctx context.Context, now time.Time, lease live.Lease) (epoch string, err error) {
	p := lease.Partition
	for {
		answer, err := e.run(ctx, call{
			script: e.scripts.rebuildBegin,
			keys:   []string{e.keys.lease(p), e.keys.epoch(p), e.keys.changed(p)},
			args:   []any{held(lease)},
		})
		if err != nil {
			return "", err
		}
		texts, ok := textsOf(answer)
		if !ok || len(texts) == 0 {
			return "", unexpected("begin")
		}
		if texts[0] != "" || len(texts) == 1 {
			return texts[0], nil
		}
		if err := e.clearSeries(ctx, now, lease, texts[1:]); err != nil {
			return "", err
		}
	}
}

// clearSeries removes every hour of the series that may still be there.
func (e *Engine) clearSeries(ctx context.Context, now time.Time, lease live.Lease, names []string) error {
	p := lease.Partition
	last := hourOf(now) + 1
	first := last - int64(keepFor/time.Hour) - 1
	for len(names) > 0 {
		n := min(len(names), clearChunk)
		c := call{
			script: e.scripts.rebuildClear,
			keys:   []string{e.keys.lease(p), e.keys.epoch(p), e.keys.changed(p)},
			args:   []any{held(lease)},
		}
		for hour := last - int64(keepRecent/time.Hour) - 1; hour <= last; hour++ {
			c.keys = append(c.keys, e.keys.full(p, hour))
		}
		for _, name := range names[:n] {
			c.args = append(c.args, name)
			series, ok := seriesOf(name)
			for hour := first; ok && hour <= last; hour++ {
				c.keys = append(c.keys, e.keys.counts(p, series, hour), e.keys.evidence(p, series, hour))
			}
		}
		if _, err := e.run(ctx, c); err != nil {
			return err
		}
		names = names[n:]
	}
	return nil
}

// restoreCounts sets the counts of every series and hour, sums included, the
// oldest hour first: so a series' last number is not older than its last hour's first.
func (e *Engine) restoreCounts(ctx context.Context, lease live.Lease, counts []live.MinuteCount) error {
	p := lease.Partition
	cells := sumCounts(counts)
	for len(cells) > 0 {
		n := min(len(cells), rebuildChunk/8)
		c := call{
			script: e.scripts.rebuildCounts,
			keys:   []string{e.keys.lease(p), e.keys.epoch(p), e.keys.seq(p), e.keys.changed(p), e.keys.hours(p)},
			args:   []any{held(lease), keepFor.Milliseconds()},
		}
		for _, filled := range cells[:n] {
			series := outage.Series{Service: filled.service, Country: filled.country}
			c.keys = append(c.keys, e.keys.counts(p, series, filled.hour), e.keys.countries(p, series.Service))
			c.args = append(c.args, series.String(), series.Country, filled.hour, 2*len(filled.minutes))
			for minute, count := range filled.minutes {
				c.args = append(c.args, string(appendMinute(nil, minute)), count)
			}
		}
		if _, err := e.run(ctx, c); err != nil {
			return err
		}
		cells = cells[n:]
	}
	return nil
}

// restoreOutages puts the archive's outages back. Final ones stay until a day
// after they closed.
func (e *Engine) restoreOutages(ctx context.Context, now time.Time, lease live.Lease, changes []outage.Change) error {
	p := lease.Partition
	for len(changes) > 0 {
		n := min(len(changes), rebuildChunk/8)
		c := call{
			script: e.scripts.rebuildOutages,
			keys:   []string{e.keys.lease(p), e.keys.epoch(p), e.keys.outages(p), e.keys.finals(p)},
			args:   []any{held(lease), keepFor.Milliseconds()},
		}
		for i := range changes[:n] {
			arguments, err := outageArguments(now, changes[i])
			if err != nil {
				return err
			}
			c.args = append(c.args, arguments...)
		}
		if _, err := e.run(ctx, c); err != nil {
			return err
		}
		changes = changes[n:]
	}
	return nil
}

// commitRebuild gives the partition its epoch.
func (e *Engine) commitRebuild(ctx context.Context, now time.Time, lease live.Lease, snapshot live.Snapshot) (live.Lease, error) {
	p := lease.Partition
	epoch := live.NewEpoch(now, snapshot.Edition)
	answer, err := e.run(ctx, call{
		script: e.scripts.rebuildCommit,
		keys:   []string{e.keys.lease(p), e.keys.epoch(p), e.keys.fence(p)},
		args:   []any{held(lease), epoch, keepFor.Milliseconds(), lease.Owner, strconv.FormatUint(snapshot.Fence, 10)},
	})
	if err != nil {
		return lease, wrap("rebuild a partition", err)
	}
	text, _ := answer.(string)
	if lease.Fence, err = strconv.ParseUint(text, 10, 64); err != nil {
		return lease, fmt.Errorf("rebuild a partition: redis gave a fence that is no number: %w", err)
	}
	lease.Epoch = epoch
	return lease, nil
}

// Discard takes the epoch of a partition away, so that it refuses to count
// until it has been rebuilt. A renewal of the lease is refused from then on.
// What waits on the log stays there.
func (e *Engine) Discard(ctx context.Context, lease live.Lease) error {
	_, err := e.run(ctx, call{
		script: e.scripts.discard,
		keys:   []string{e.keys.lease(lease.Partition), e.keys.epoch(lease.Partition)},
		args:   []any{held(lease)},
	})
	return wrap("discard a partition", err)
}
