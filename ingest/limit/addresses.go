package limit

import (
	"errors"
	"fmt"
	"hash/maphash"
	"net/netip"
	"time"
)

// Addresses limits what each address (IPv6: /64) does, in the memory of this
// process alone. It may be used by many goroutines at once.
type Addresses struct {
	now    func() time.Time
	start  time.Time
	seed   maphash.Seed
	bucket bucket
	table  *table
}

// NewAddresses returns an Addresses with full buckets.
func NewAddresses(rate Rate, now func() time.Time) (*Addresses, error) {
	if now == nil {
		return nil, errors.New("limit: a clock is required")
	}
	a := &Addresses{now: now, start: now(), seed: maphash.MakeSeed()}
	var err error
	if a.bucket, err = newBucket(rate); err != nil {
		return nil, fmt.Errorf("limit: by address: %w", err)
	}
	if a.table, err = newTable(defaultEntries); err != nil {
		return nil, fmt.Errorf("limit: %w", err)
	}
	return a, nil
}

// Take takes a token of an address. It returns how many are left, after which
// time the bucket is full again, and how long to wait for a token if there was none.
func (a *Addresses) Take(addr netip.Addr) (left int, full, wait time.Duration) {
	now := a.now().Sub(a.start)
	hash := maphash.Comparable(a.seed, prefix(addr, 32, 64))
	return a.table.take(hash, now, &a.bucket)
}

// take is spend, and says what is left.
func (t *table) take(hash uint64, now time.Duration, b *bucket) (left int, full, wait time.Duration) {
	s := &t.sets[hash&t.mask]
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.find(hash, now)
	wait, _ = l.spend(now, b)
	full = max(l.until-now, 0)
	return int(max(b.depth-full, 0) / b.interval), full, wait
}
