package identity

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/outcryhq/outcry/pkg/outage"
)

const (
	// refreshEvery is how often Run looks whether a key is due.
	refreshEvery = time.Minute
	// prefetchFrom is the time of day from which tomorrow's key is fetched.
	prefetchFrom = 12 * time.Hour
	// overlap is how long after midnight a person is also known under yesterday's key.
	overlap = time.Hour
	// backOff is how long the store is left alone after it failed, so that
	// waiting requests do not queue up before it.
	backOff = time.Second
	// storeTimeout bounds one call to the store.
	storeTimeout = 5 * time.Second
)

// Config is what Keys needs. Every field is required.
type Config struct {
	Store  KeyStore
	Now    func() time.Time
	Logger *slog.Logger
}

// Keys holds the keys of yesterday, today and (from noon on) tomorrow. It may be
// used by many goroutines at once.
type Keys struct {
	store  KeyStore
	now    func() time.Time
	logger *slog.Logger

	// mu lets a key be wiped only while nobody hashes with it.
	mu    sync.RWMutex
	byDay map[int64]*dayKey

	// loading admits one caller at a time to the store and guards what follows.
	loading  chan struct{}
	failed   error
	failedAt time.Time
	swept    int64 // the day for which the store last destroyed old keys
}

// New returns Keys that have not fetched any key yet: the first call that needs
// one, or Run, does.
func New(config Config) (*Keys, error) {
	if config.Store == nil || config.Now == nil || config.Logger == nil {
		return nil, errors.New("identity: store, clock and logger are required")
	}
	return &Keys{
		store: config.Store, now: config.Now, logger: config.Logger,
		byDay: make(map[int64]*dayKey), loading: make(chan struct{}, 1),
	}, nil
}

// Run keeps the keys fresh until the context ends, then wipes them. A store out of
// reach is logged and tried again; it does not end Run.
func (k *Keys) Run(ctx context.Context) error {
	defer k.wipe()
	ticker := time.NewTicker(refreshEvery)
	defer ticker.Stop()
	for {
		if err := k.Refresh(ctx); err != nil && ctx.Err() == nil {
			k.logger.Warn("keys of the day could not be refreshed", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// Refresh fetches the keys that are due and drops those that are not needed any
// more, here and in the store. The error wraps outage.ErrUnavailable.
func (k *Keys) Refresh(ctx context.Context) error {
	now := k.now()
	today := dayOf(now)
	k.drop(today)
	due := []int64{today, today - 1}
	if now.Sub(startOf(today)) >= prefetchFrom {
		due = append(due, today+1)
	}
	var errs []error
	for _, n := range due {
		errs = append(errs, k.ensure(ctx, now, n))
	}
	return errors.Join(errs...)
}

// ensure fetches the key of a day unless it is here. Once a day it asks the
// store for today's key all the same, since asking makes it destroy old ones.
func (k *Keys) ensure(ctx context.Context, now time.Time, n int64) error {
	select {
	case k.loading <- struct{}{}:
		defer func() { <-k.loading }()
	case <-ctx.Done():
		return fmt.Errorf("%w: key of the day: %w", outage.ErrUnavailable, ctx.Err())
	}
	sweep := n == dayOf(now) && k.swept != n
	if k.has(n) && !sweep {
		return nil
	}
	if since := now.Sub(k.failedAt); k.failed != nil && since >= 0 && since < backOff {
		return k.failed
	}
	k.failed = k.load(ctx, n)
	if k.failed != nil {
		k.failedAt = now
		return k.failed
	}
	if sweep {
		k.swept = n
	}
	return nil
}

// load asks the store. It goes on when the request that needs the key has gone:
// others wait for the same key.
func (k *Keys) load(ctx context.Context, n int64) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTimeout)
	defer cancel()
	key, err := k.store.DayKey(ctx, startOf(n))
	if err != nil {
		return fmt.Errorf("%w: key of the day: %w", outage.ErrUnavailable, err)
	}
	defer clear(key)
	if len(key) != keySize {
		return fmt.Errorf("%w: key of the day: %d bytes, want %d", outage.ErrUnavailable, len(key), keySize)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if old := k.byDay[n]; old != nil {
		old.wipe()
	}
	k.byDay[n] = newDayKey(key)
	return nil
}

func (k *Keys) has(n int64) bool {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.byDay[n] != nil
}

// drop wipes the keys of all days but the one before, the one after and today
// itself, whichever way the clock has jumped.
func (k *Keys) drop(today int64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for n, key := range k.byDay {
		if n < today-1 || n > today+1 {
			key.wipe()
			delete(k.byDay, n)
		}
	}
}

func (k *Keys) wipe() {
	k.mu.Lock()
	defer k.mu.Unlock()
	for n, key := range k.byDay {
		key.wipe()
		delete(k.byDay, n)
	}
}

// with calls fn with today's key and yesterday's, which may be nil outside the
// first hour of the day. fn must not keep them.
func (k *Keys) with(ctx context.Context, now time.Time, fn func(today, yesterday *dayKey)) error {
	n := dayOf(now)
	early := now.Sub(startOf(n)) < overlap
	for range 2 {
		if k.try(n, early, fn) {
			return nil
		}
		if err := k.ensure(ctx, now, n); err != nil {
			return err
		}
		if !early {
			continue
		}
		if err := k.ensure(ctx, now, n-1); err != nil {
			return err
		}
	}
	return fmt.Errorf("%w: key of the day was dropped while it was fetched", outage.ErrUnavailable)
}

func (k *Keys) try(n int64, early bool, fn func(today, yesterday *dayKey)) bool {
	k.mu.RLock()
	defer k.mu.RUnlock()
	today, yesterday := k.byDay[n], k.byDay[n-1]
	if today == nil || early && yesterday == nil {
		return false
	}
	fn(today, yesterday)
	return true
}
