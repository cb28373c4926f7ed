package detector

import (
	"context"
	"fmt"
	"time"
)

const (
	backoffFirst = 100 * time.Millisecond
	backoffMost  = 5 * time.Second
)

// backoff spaces the attempts at something that fails: twice as long each
// time, up to backoffMost, and jittered by half so that the owners of many
// partitions do not knock at the same moment.
type backoff struct {
	next   time.Duration
	random func() float64 // uniform in [0, 1)
}

// wait pauses before the next attempt, or until ctx ends, and returns its error then.
func (b *backoff) wait(ctx context.Context) error {
	b.next = min(max(2*b.next, backoffFirst), backoffMost)
	pause := b.next/2 + time.Duration(b.random()*float64(b.next/2))
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return fmt.Errorf("wait for the next attempt: %w", ctx.Err())
	case <-timer.C:
		return nil
	}
}

// reset starts over after a success.
func (b *backoff) reset() { b.next = 0 }
