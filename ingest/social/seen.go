package social

import (
	"sync"

	"github.com/outcryhq/outcry/pkg/outage"
)

// maxSeen is how many posts a Listener remembers: eight minutes of Bluesky at
// 100 posts a second, where a resumed stream goes back some 95 seconds.
const maxSeen = 50_000

// seen remembers the last ids that were added. When it is full, each new one
// takes the place of the oldest: a post that comes again even later is dropped by
// the live state, or is too old to count.
type seen struct {
	mu    sync.Mutex
	known map[outage.ID]int // their places in the ring
	ring  []outage.ID
	next  int
}

func newSeen(size int) *seen {
	return &seen{known: make(map[outage.ID]int, 64), ring: make([]outage.ID, 0, size)}
}

// add returns false if the id is remembered already.
func (s *seen) add(id outage.ID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, again := s.known[id]; again {
		return false
	}
	if len(s.ring) < cap(s.ring) {
		s.known[id] = len(s.ring)
		s.ring = append(s.ring, id)
		return true
	}
	// An id that was removed and came again has a later place.
	if oldest := s.ring[s.next]; s.known[oldest] == s.next {
		delete(s.known, oldest)
	}
	s.known[id], s.ring[s.next] = s.next, id
	s.next = (s.next + 1) % len(s.ring)
	return true
}

// remove forgets an id that was added but not taken. Its place in the ring stays.
func (s *seen) remove(id outage.ID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.known, id)
}

// has reports whether an id is remembered.
func (s *seen) has(id outage.ID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, found := s.known[id]
	return found
}
