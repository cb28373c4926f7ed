package limit

import (
	"fmt"
	"math"
	"sync"
	"time"
)

const (
	// chunkFor is how much time's worth of tokens is reported at once.
	chunkFor = 100 * time.Millisecond
	// minChunk keeps those who spend little from being reported at all.
	minChunk = 8
	// maxDebt bounds how long an overdraft holds a bucket back beyond its burst.
	maxDebt = time.Second
)

// bucket holds a rate in the terms of the generic cell rate algorithm: a level is
// the moment at which the bucket will be full again; each token moves it by
// interval; it may lie at most depth ahead of now.
type bucket struct {
	rate     Rate
	interval time.Duration
	depth    time.Duration
	chunk    int
}

func newBucket(rate Rate) (bucket, error) {
	interval := time.Duration(float64(time.Second) / rate.PerSecond)
	// Not-a-number fails every comparison.
	if !(rate.PerSecond > 0) || rate.Burst < 1 || interval < 1 || interval > time.Hour ||
		float64(interval)*float64(rate.Burst) > float64(24*time.Hour) {
		return bucket{}, fmt.Errorf("%v a second with a burst of %d: want a positive rate and a burst that fills up within a day",
			rate.PerSecond, rate.Burst)
	}
	chunk := int(math.Ceil(rate.PerSecond * chunkFor.Seconds()))
	return bucket{
		rate: rate, interval: interval, depth: time.Duration(rate.Burst) * interval,
		chunk: min(max(minChunk, chunk), max(1, rate.Burst/2)),
	}, nil
}

// level is the state of one bucket: the zero level is full.
type level struct {
	until time.Duration // when it will be full again
	spent int32         // tokens not reported yet
}

// spend takes a token. It returns how long to wait for one if there is none, and
// how many tokens are due to be reported.
func (l *level) spend(now time.Duration, b *bucket) (after time.Duration, due int) {
	// The upper bound matters when a clock without a monotonic reading went back.
	until := min(max(l.until, now), now+b.depth+maxDebt)
	if wait := until + b.interval - b.depth - now; wait > 0 {
		l.until = until
		return wait, 0
	}
	l.until = until + b.interval
	if l.spent++; int(l.spent) < b.chunk {
		return 0, 0
	}
	due = int(l.spent)
	l.spent = 0
	return 0, due
}

// charge empties the bucket and puts it in debt.
func (l *level) charge(now time.Duration, b *bucket, tokens int) {
	debt := min(time.Duration(tokens)*b.interval, maxDebt)
	l.until = max(l.until, now+b.depth+debt)
}

// single is one bucket with its lock.
type single struct {
	mu    sync.Mutex
	level level
}

func (s *single) spend(now time.Duration, b *bucket) (time.Duration, int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.level.spend(now, b)
}

func (s *single) charge(now time.Duration, b *bucket, tokens int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.level.charge(now, b, tokens)
}
