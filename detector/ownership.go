package detector

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/outcryhq/outcry/pkg/live"
)

// stopWithin bounds how long a stopping detector finishes its work; what is
// left then is left to whoever owns the partitions next.
const (
	stopWithin = 10 * time.Second
	// partWithin bounds the last drain and the last baseline of one partition.
	partWithin = 3 * time.Second
)

// ownership is which partitions this detector should own, and which it does.
type ownership struct {
	mu      sync.Mutex
	members []string       // as last heard; nil before the first answer
	mine    []int          // the share of this detector among them
	tenures map[int]*owned // those that have not ended
}

// owned is a tenure together with the work that goes on under it.
type owned struct {
	*tenure
	work *partition
}

// divide keeps this detector's share of the partitions until ctx ends; then it
// gives everything back. It starts a worker for each partition that it gains.
// While a part of its share is still another's it looks four times as often:
// that is what a take-over waits for.
func (r *Runner) divide(ctx context.Context, start func(work func() error)) error {
	for {
		r.joinOthers(ctx)
		r.giveAway()
		r.acquireShare(ctx, start)
		r.passes.announce()
		pause := r.cfg.RenewEvery
		if len(r.wanted()) > 0 {
			pause /= 4
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			r.giveAllBack(context.WithoutCancel(ctx))
			return nil
		case <-timer.C:
		}
	}
}

// joinOthers says that this detector is there and learns who else is. When
// that fails the division stays as it was. A detector that died is missed before
// its leases run out, so that its heirs wait for them already.
func (r *Runner) joinOthers(ctx context.Context) {
	attempt, cancel := context.WithTimeout(ctx, r.cfg.RenewEvery)
	defer cancel()
	members, err := r.live.Join(attempt, r.cfg.Owner, r.cfg.LeaseTTL-r.cfg.RenewEvery)
	if r.trouble.note(stageJoin, everyPartition, err) != nil {
		return
	}
	r.own.mu.Lock()
	defer r.own.mu.Unlock()
	if !slices.Equal(members, r.own.members) {
		r.own.members = members
		r.own.mine = share(members, r.cfg.Owner)
		r.logger.Info("detectors divide the partitions", "detectors", len(members), "share", len(r.own.mine))
	}
}

// forget drops a tenure that has ended, so that the partition can be acquired again.
func (r *Runner) forget(o *owned) {
	if r.cfg.Archiver != nil {
		r.cfg.Archiver.Forget(o.partition)
	}
	r.own.mu.Lock()
	delete(r.own.tenures, o.partition)
	r.own.mu.Unlock()
	r.trouble.forget(o.partition)
	r.passes.announce()
}

// giveAway asks the workers of partitions that belong to another by now to
// finish and release them.
func (r *Runner) giveAway() {
	r.own.mu.Lock()
	defer r.own.mu.Unlock()
	for p, o := range r.own.tenures {
		if _, mine := slices.BinarySearch(r.own.mine, p); !mine {
			o.leave()
		}
	}
}

// acquireShare tries to acquire what is this detector's and nobody's yet. All
// that are gained in one go are rebuilt from one snapshot, if they must be.
func (r *Runner) acquireShare(ctx context.Context, start func(work func() error)) {
	started := time.Now()
	leases := r.acquire(ctx, r.wanted())
	if len(leases) == 0 {
		return
	}
	batch := r.newSnapshots(leases)
	gained := make([]*owned, 0, len(leases))
	r.own.mu.Lock()
	defer r.own.mu.Unlock()
	for _, lease := range leases {
		t, held, leaving := newTenure(ctx, lease, started.Add(r.cfg.LeaseTTL))
		o := &owned{tenure: t, work: newPartition(lease.Partition)}
		r.own.tenures[lease.Partition] = o
		gained = append(gained, o)
		start(func() error { return r.serve(held, leaving, o, batch) })
	}
	start(func() error { return r.prime(ctx, gained) })
}

// wanted lists the partitions to acquire.
func (r *Runner) wanted() []int {
	r.own.mu.Lock()
	defer r.own.mu.Unlock()
	var wanted []int
	for _, p := range r.own.mine {
		if r.own.tenures[p] == nil {
			wanted = append(wanted, p)
		}
	}
	return wanted
}

// acquire tries all the partitions at once and returns the leases it got.
func (r *Runner) acquire(ctx context.Context, partitions []int) []live.Lease {
	attempt, cancel := context.WithTimeout(ctx, r.cfg.RenewEvery)
	defer cancel()
	got := make([]*live.Lease, len(partitions))
	var all sync.WaitGroup
	for i, p := range partitions {
		all.Go(func() {
			lease, ok, err := r.live.Acquire(attempt, p, r.cfg.Owner, r.cfg.LeaseTTL)
			if r.trouble.note(stageAcquire, p, err) == nil && ok {
				got[i] = &lease
			}
		})
	}
	all.Wait()
	var leases []live.Lease
	for _, lease := range got {
		if lease != nil {
			leases = append(leases, *lease)
		}
	}
	return leases
}

// giveAllBack lets every worker finish and release its lease, then leaves the detectors.
func (r *Runner) giveAllBack(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, stopWithin)
	defer cancel()
	r.own.mu.Lock()
	r.own.mine = nil
	tenures := make([]*owned, 0, len(r.own.tenures))
	for _, o := range r.own.tenures {
		o.leave()
		tenures = append(tenures, o)
	}
	r.own.mu.Unlock()
	for _, o := range tenures {
		select {
		case <-o.done:
		case <-ctx.Done():
			o.end()
			<-o.done
		}
	}
	attempt, cancelAttempt := context.WithTimeout(context.WithoutCancel(ctx), r.cfg.RenewEvery)
	defer cancelAttempt()
	if err := r.live.Leave(attempt, r.cfg.Owner); err != nil {
		r.logger.Warn("left without saying so", "error", err)
	}
}
