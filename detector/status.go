package detector

import (
	"context"
	"fmt"
	"time"

	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

// Ready returns nil while every partition of the installation is watched, by
// this detector or another, which implies that each can be counted in; else an
// error that wraps outage.ErrUnavailable.
func (r *Runner) Ready() error {
	mine := 0
	for _, p := range r.partitions() {
		if p.finished() != nil {
			mine++
		}
	}
	if watched := max(mine, r.whole.recently()); watched < live.Partitions {
		return fmt.Errorf("%w: %d of %d partitions are watched", outage.ErrUnavailable, watched, live.Partitions)
	}
	return nil
}

// WaitFor asks for a look and returns when this detector's whole share of the
// partitions has been looked at with a clock of t or later, in looks that began
// after the call: whatever was recorded before the call has been seen. Its error is that of ctx.
func (r *Runner) WaitFor(ctx context.Context, t time.Time) error {
	return r.passes.wait(ctx, func(round uint64) bool { return r.lookedAt(t, round) })
}

func (r *Runner) lookedAt(t time.Time, round uint64) bool {
	r.own.mu.Lock()
	defer r.own.mu.Unlock()
	if r.own.members == nil {
		return false // not yet known what the share is
	}
	for _, p := range r.own.mine {
		o := r.own.tenures[p]
		if o == nil {
			return false
		}
		last := o.work.finished()
		if last == nil || last.round < round || last.now.Before(t) {
			return false
		}
	}
	return true
}

// partitions lists what is owned at the moment.
func (r *Runner) partitions() []*partition {
	r.own.mu.Lock()
	defer r.own.mu.Unlock()
	list := make([]*partition, 0, len(r.own.tenures))
	for _, o := range r.own.tenures {
		list = append(list, o.work)
	}
	return list
}

// owns says whether this detector watches the partition.
func (r *Runner) owns(partition int) bool {
	r.own.mu.Lock()
	defer r.own.mu.Unlock()
	o := r.own.tenures[partition]
	return o != nil && o.work.finished() != nil
}

func (r *Runner) ownedPartitions() float64 { return float64(len(r.partitions())) }

func (r *Runner) openOutages() float64 {
	open := 0
	for _, p := range r.partitions() {
		open += p.openOutages()
	}
	return float64(open)
}

// spikes returns how many there are of a status.
func (r *Runner) spikes(status outage.Status) float64 {
	n := 0
	for _, p := range r.partitions() {
		n += p.spikesOf(status)
	}
	return float64(n)
}

func (r *Runner) lagSeconds() float64 {
	var lag time.Duration
	for _, p := range r.partitions() {
		if last := p.finished(); last != nil {
			lag = max(lag, time.Since(last.ended))
		}
	}
	return lag.Seconds()
}
