package memory

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/outcryhq/outcry/pkg/outage"
)

// task is something for the committer to do. decide and fail are called by the
// committer alone, and only for a task that it has claimed.
type task interface {
	// weight is how many reports it brings.
	weight() int
	// decide does it tentatively: what readers will see is left with the group.
	decide(g *group)
	// fail replaces what decide answered, after the group's commit failed.
	fail(err error)
	waiting() *ticket
}

// ticket is a task's place in the queue. Either the committer claims it, and
// then its fate is reported, or its caller withdraws it before that.
type ticket struct {
	taken atomic.Bool
	done  chan struct{} // closed when the task's fate is known
}

func newTicket() ticket { return ticket{done: make(chan struct{})} }

func (t *ticket) waiting() *ticket { return t }

// take reports whether this call, and no other, took the task.
func (t *ticket) take() bool { return t.taken.CompareAndSwap(false, true) }

// submit queues a task and waits for its fate. An error means that the task was
// not done and never will be.
func (e *Engine) submit(ctx context.Context, t task) error {
	if err := e.enqueue(ctx, t); err != nil {
		return err
	}
	select {
	case <-t.waiting().done:
		return nil
	case <-ctx.Done():
	}
	if t.waiting().take() {
		return canceled(ctx)
	}
	<-t.waiting().done
	return nil
}

// enqueue waits for room in the queue. Close waits for those who wait here; the
// committer goes on making room meanwhile.
func (e *Engine) enqueue(ctx context.Context, t task) error {
	e.gate.RLock()
	defer e.gate.RUnlock()
	if e.closed {
		return errClosed
	}
	if ctx.Err() != nil {
		return canceled(ctx)
	}
	select {
	case e.queue <- t:
		return nil
	case <-ctx.Done():
		return canceled(ctx)
	}
}

func canceled(ctx context.Context) error {
	return fmt.Errorf("%w: %w", outage.ErrUnavailable, context.Cause(ctx))
}
