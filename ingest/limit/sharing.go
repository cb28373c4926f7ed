package limit

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"github.com/go-redis/redis_rate/v10"
	"golang.org/x/sync/errgroup"

	"github.com/outcryhq/outcry/pkg/outage"
)

const (
	// maxPending bounds what waits to be reported. What does not fit is not
	// shared: the process goes by its own count.
	maxPending = 4096
	// inFlight is how many reports are on their way to Redis at once.
	inFlight = 8
	// shareTimeout bounds one report.
	shareTimeout = 250 * time.Millisecond
)

// sharing tells Redis what this process has spent, and learns what all have.
type sharing struct {
	limiter   *Limiter
	redis     *redis_rate.Limiter
	prefix    string
	pseudonym func(netip.Addr) (outage.Hash, bool)
	logger    *slog.Logger

	mu      sync.Mutex
	pending map[key]int
	away    bool // the last pass failed; only Run's goroutine looks at it
}

func newSharing(l *Limiter, config Config) *sharing {
	return &sharing{
		limiter: l, redis: redis_rate.NewLimiter(config.Redis), prefix: config.Prefix,
		pseudonym: config.Pseudonym, logger: config.Logger, pending: make(map[key]int),
	}
}

func (s *sharing) add(k key, spent int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.pending[k]; known || len(s.pending) < maxPending {
		s.pending[k] += spent
	}
}

func (s *sharing) take() map[key]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	taken := s.pending
	s.pending = make(map[key]int)
	return taken
}

// Run shares the limits through Redis until the context ends. Without Redis it
// only waits for that.
func (l *Limiter) Run(ctx context.Context) error {
	if l.shared == nil {
		<-ctx.Done()
		return nil
	}
	ticker := time.NewTicker(chunkFor)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			l.shared.pass(ctx)
		}
	}
}

// pass reports what has been spent since the last pass. If Redis is away, what was
// to be reported is dropped: it would be out of date later.
func (s *sharing) pass(ctx context.Context) {
	pending := s.take()
	if len(pending) == 0 {
		return
	}
	group, passing := errgroup.WithContext(ctx) // the first failure ends the pass
	group.SetLimit(inFlight)
	for k, spent := range pending {
		group.Go(func() error { return s.share(passing, k, spent) })
	}
	err := group.Wait()
	switch {
	case err != nil && !s.away && ctx.Err() == nil:
		s.logger.Warn("limits are not shared while redis is away", "error", err)
	case err == nil && s.away:
		s.logger.Info("limits are shared again")
	}
	s.away = err != nil
}

// share reports one bucket, and holds it back here if it is overdrawn.
func (s *sharing) share(ctx context.Context, k key, spent int) error {
	name, ok := s.name(k)
	if !ok {
		return nil // no key of the day yet; the process goes by its own count
	}
	ctx, cancel := context.WithTimeout(ctx, shareTimeout)
	defer cancel()
	result, err := s.redis.AllowAtMost(ctx, name, s.limiter.bucketOf(k.scope).redis(), spent)
	if err != nil {
		return fmt.Errorf("share a limit: %w", err)
	}
	if over := spent - result.Allowed; over > 0 {
		s.limiter.charge(k, over)
	}
	return nil
}

// name is the bucket's key in Redis, after redis_rate's own "rate:".
func (s *sharing) name(k key) (string, bool) {
	text := s.prefix + "limit:" + string(k.scope)
	if k.network != 0 {
		text += ":" + strconv.FormatUint(uint64(k.network), 10)
	}
	if k.addr.IsValid() {
		pseudonym, ok := s.pseudonym(k.addr)
		if !ok {
			return "", false
		}
		text += ":" + pseudonym.String()
	}
	if k.service != "" {
		text += ":" + k.service
	}
	return text, true
}

// redis gives the rate in whole numbers.
func (b *bucket) redis() redis_rate.Limit {
	const period = 1000 * time.Second
	return redis_rate.Limit{
		Rate: max(1, int(math.Round(b.rate.PerSecond*period.Seconds()))), Period: period, Burst: b.rate.Burst,
	}
}
