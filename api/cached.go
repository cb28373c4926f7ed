package api

import (
	"context"
	"sync"
	"time"
)

// readTimeout bounds one read of a store for everybody who waits for it.
const readTimeout = 3 * time.Second

// cached is a value that is read when it is asked for, at most once in a while.
// Whoever asks while it is being read waits for the same answer. An error is
// kept as long as a value, so that a store that is away is not asked by every request.
type cached[T any] struct {
	keep time.Duration
	now  func() time.Time
	read func(context.Context) (T, error)

	mu    sync.Mutex // held while reading
	at    time.Time
	value T
	err   error
}

func newCached[T any](keep time.Duration, now func() time.Time, read func(context.Context) (T, error)) *cached[T] {
	return &cached[T]{keep: keep, now: now, read: read}
}

// get returns the value. Callers share it and must not change it.
func (c *cached[T]) get(ctx context.Context) (T, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	if age := now.Sub(c.at); c.at.IsZero() || age >= c.keep || age < 0 {
		// The answer is everybody's: one client that hangs up must not spoil it.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readTimeout)
		defer cancel()
		c.value, c.err = c.read(ctx)
		c.at = now
	}
	return c.value, c.err
}
