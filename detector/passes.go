package detector

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// passes lets others wait until the detector has looked. It knows nothing of
// partitions: a waiter asks a question again whenever something has happened.
type passes struct {
	mu sync.Mutex
	// round grows with every waiter; a look that began in an earlier round may
	// have missed what the waiter wants to be seen.
	round uint64
	// asked is closed and replaced when somebody begins to wait: look now.
	asked chan struct{}
	// moved is closed and replaced when a look has finished or the share has changed.
	moved chan struct{}
}

func newPasses() *passes {
	return &passes{asked: make(chan struct{}), moved: make(chan struct{})}
}

// begin returns the round in which a look begins, and the channel that says
// that another is wanted before its time.
func (p *passes) begin() (uint64, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.round, p.asked
}

// announce tells the waiters that something has happened.
func (p *passes) announce() {
	p.mu.Lock()
	defer p.mu.Unlock()
	close(p.moved)
	p.moved = make(chan struct{})
}

// wait asks for a look and returns once finished says that all that began in
// the given round or later have been done.
func (p *passes) wait(ctx context.Context, finished func(round uint64) bool) error {
	p.mu.Lock()
	p.round++
	round := p.round
	close(p.asked)
	p.asked = make(chan struct{})
	p.mu.Unlock()
	for {
		p.mu.Lock()
		moved := p.moved
		p.mu.Unlock()
		if finished(round) {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for the detector: %w", ctx.Err())
		case <-moved:
		}
	}
}

// pass is one finished look at a partition.
type pass struct {
	round uint64
	now   time.Time // the handed-in clock when it began
	ended time.Time // the real clock
}
