package api

import (
	"context"
	"sync"
	"time"
)

// readTimeout bounds one read of a store for everybody who waits for it.
const readTimeout = 3 * time.Second

// keepError is for how long, at least, a store that could not be read is not asked again.
const keepError = 2 * time.Second

// cached is a value that is read when it is asked for, at most once in a while.
// Whoever asks while it is being read waits for the same answer. A value is kept from
// the moment at which its reading began. An error is kept from the moment at which it
// came, which may be late: a store that is away is not asked by every request, and
// those that wait for it do not wait one after another.
type cached[T any] struct {
	keep time.Duration
	now  func() time.Time
	read func(context.Context) (T, error)

	mu          sync.Mutex // held while reading
	from, until time.Time  // when the value is good
	value       T
	err         error
}

func newCached[T any](keep time.Duration, now func() time.Time, read func(context.Context) (T, error)) *cached[T] {
	return &cached[T]{keep: keep, now: now, read: read}
}

// get returns the value. Callers share it and must not change it.
func (c *cached[T]) get(ctx context.Context) (T, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := c.now(); now.Before(c.from) || !now.Before(c.until) {
		// The answer is everybody's: one client that hangs up must not spoil it.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readTimeout)
		defer cancel()
		c.value, c.err = c.read(ctx)
		c.from, c.until = now, now.Add(c.keep)
		if c.err != nil {
			c.until = c.now().Add(max(c.keep, keepError))
		}
	}
	return c.value, c.err
}
