package limit

import (
	"errors"
	"math/bits"
	"sync"
	"time"
)

// ways is how many buckets share a set.
const ways = 8

// table remembers the buckets that are not full, in memory of a fixed size: sets
// of eight, chosen by a keyed hash that nobody outside can aim at. A full
// bucket and one that was never heard of are the same, so its place is free.
//
// When a set has no place left, the fullest bucket in it goes. Whoever floods the table with
// new keys thus pushes out other new keys, and not the heavy spenders that
// the limits are for.
type table struct {
	sets []set
	mask uint64
}

type set struct {
	mu      sync.Mutex
	entries [ways]entry
}

type entry struct {
	hash uint64
	level
}

func newTable(entries int) (*table, error) {
	const most = 1 << 26
	if entries < ways || entries > most {
		return nil, errors.New("entries: want 8 to 67,108,864")
	}
	sets := 1 << bits.Len(uint(entries-1)/ways)
	return &table{sets: make([]set, sets), mask: uint64(sets - 1)}, nil //nolint:gosec // positive
}

func (t *table) spend(hash uint64, now time.Duration, b *bucket) (after time.Duration, due int) {
	s := &t.sets[hash&t.mask]
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.find(hash, now).spend(now, b)
}

func (t *table) charge(hash uint64, now time.Duration, b *bucket, tokens int) {
	s := &t.sets[hash&t.mask]
	s.mu.Lock()
	defer s.mu.Unlock()
	s.find(hash, now).charge(now, b, tokens)
}

// find returns the level of a bucket, in the place of the fullest if it is new.
func (s *set) find(hash uint64, now time.Duration) *level {
	fullest := &s.entries[0]
	for i := range s.entries {
		e := &s.entries[i]
		if e.hash == hash {
			return &e.level
		}
		if e.until < fullest.until {
			fullest = e
		}
	}
	*fullest = entry{hash: hash, level: level{until: now}}
	return &fullest.level
}
