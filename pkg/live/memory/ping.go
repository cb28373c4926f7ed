package memory

import (
	"context"
	"fmt"
)

// Ping answers outage.ErrUnavailable once the engine is closed, and while
// nothing can be committed: a disk that is full takes no report, though
// everything can be read. After a failed commit each call tries one itself, so
// that it is noticed without a report that commits work again.
func (e *Engine) Ping(ctx context.Context) error {
	e.gate.RLock()
	closed := e.closed
	e.gate.RUnlock()
	if closed {
		return errClosed
	}
	if !e.failing.Load() {
		return nil
	}
	t := &attempt{ticket: newTicket()}
	if err := e.submit(ctx, t); err != nil {
		t.fail(err)
	}
	return t.err
}

// attempt is the task of Ping: to commit an entry that says nothing.
type attempt struct {
	ticket
	err error
}

func (t *attempt) weight() int { return 1 }

func (t *attempt) decide(g *group) { g.attempt() }

// attempt makes the group commit something, if only an entry that says nothing.
func (g *group) attempt() {
	for p, l := range g.ledgers {
		if l != nil { // there is one: a commit has failed, so something was decided
			g.entry(p)
			return
		}
	}
}

func (t *attempt) fail(err error) { t.err = fmt.Errorf("commit: %w", err) }
