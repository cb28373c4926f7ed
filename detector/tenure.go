package detector

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

// errLost is why a tenure's context ends when its lease cannot be trusted any more.
var errLost = errors.New("the lease is lost")

// tenure is the time for which this detector owns one partition. Two contexts
// go with it: held ends when the lease may have been lost, and nothing may be
// written after that; leaving ends, at the latest with held, when the work
// should be finished and the lease be given back.
type tenure struct {
	partition int
	lose      context.CancelCauseFunc // ends held
	leave     context.CancelFunc      // ends leaving
	done      chan struct{}           // closed when nothing works for the tenure any more
	// outdated says that the tenure ends with its live state discarded.
	outdated atomic.Bool

	mu         sync.Mutex
	lease      live.Lease
	rebuilding bool
	trust      *time.Timer // ends held when it runs out
}

// newTenure begins a tenure whose lease can be trusted until the given moment
// of the real clock. It returns held and leaving; both outlive ctx.
func newTenure(ctx context.Context, lease live.Lease, until time.Time) (t *tenure, held, leaving context.Context) {
	held, lose := context.WithCancelCause(context.WithoutCancel(ctx))
	leaving, leave := context.WithCancel(held)
	t = &tenure{
		partition: lease.Partition, lease: lease,
		lose: lose, leave: leave, done: make(chan struct{}),
	}
	t.trust = time.AfterFunc(time.Until(until), func() { lose(errLost) })
	return t, held, leaving
}

// current is the lease as it stands: a rebuild raises its fence.
func (t *tenure) current() live.Lease {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.lease
}

// extend trusts the lease until the given moment. A trust that has run out is not revived.
func (t *tenure) extend(until time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.trust.Stop() {
		t.trust.Reset(time.Until(until))
	}
}

// end stops everything that works under the tenure.
func (t *tenure) end() {
	t.trust.Stop()
	t.lose(errLost)
}

// beginRebuild marks that the fence is about to grow. Until it has, a renewal
// under the old one that is refused tells nothing: the rebuild itself is
// refused when the lease is lost.
func (t *tenure) beginRebuild() live.Lease {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rebuilding = true
	return t.lease
}

// endRebuild takes the lease that the rebuild returned.
func (t *tenure) endRebuild(lease live.Lease) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rebuilding = false
	t.lease = lease
}

// refused says whether a refusal of this lease means that it is lost, rather
// than replaced by a rebuild in the meantime.
func (t *tenure) refused(lease live.Lease) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return !t.rebuilding && t.lease == lease
}

// keep renews the tenure's lease until ctx, which is the tenure's held, ends.
// A failed attempt is repeated at once four times as often, since only a few
// fit into the time for which the lease is trusted.
func (r *Runner) keep(ctx context.Context, t *tenure) {
	pause := r.cfg.RenewEvery
	for {
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		pause = r.cfg.RenewEvery
		if err := r.renew(ctx, t); err != nil {
			pause /= 4
		}
	}
}

// renew makes one attempt. The trust counts from its start; see the package's documentation.
func (r *Runner) renew(ctx context.Context, t *tenure) error {
	lease := t.current()
	started := time.Now()
	attempt, cancel := context.WithTimeout(ctx, r.cfg.RenewEvery)
	defer cancel()
	err := r.live.Renew(attempt, lease, r.cfg.LeaseTTL)
	switch {
	case err == nil:
		t.extend(started.Add(r.cfg.LeaseTTL))
	case errors.Is(err, outage.ErrFenced):
		if t.refused(lease) {
			r.logger.Warn("lost a partition to another detector", "partition", t.partition)
			t.end()
		}
		return err
	}
	return r.trouble.note(stageRenew, t.partition, err)
}
