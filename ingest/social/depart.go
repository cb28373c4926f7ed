package social

import (
	"sync"
	"time"
)

const (
	// maxDepartures is how many accounts wait: some hours of Bluesky's.
	maxDepartures = 20_000
	// departBatch is how many accounts are looked for at once.
	departBatch = 100
	// maxPrefix bounds in bytes what the links of an account begin with, and
	// leastPrefix is the least that can be the links of one account alone.
	maxPrefix   = maxLink
	leastPrefix = 12
)

// departures are the accounts that are gone, by what their links begin with,
// until their links are forgotten. Nobody is told whether there were any, and
// reports may still be on their way: so they are looked for several times.
type departures struct {
	mu      sync.Mutex
	waiting map[string]*departure // bounded by maxDepartures
}

type departure struct {
	next  time.Time
	tries int
}

func newDepartures() *departures { return &departures{waiting: map[string]*departure{}} }

// add returns false if there is no room.
func (d *departures) add(prefix string, now time.Time) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.waiting[prefix] == nil && len(d.waiting) >= maxDepartures {
		return false
	}
	d.waiting[prefix] = &departure{next: now}
	return true
}

// due returns some of those that are to be looked for.
func (d *departures) due(now time.Time) []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var prefixes []string
	for prefix, entry := range d.waiting {
		if !entry.next.After(now) {
			if prefixes = append(prefixes, prefix); len(prefixes) == departBatch {
				break
			}
		}
	}
	return prefixes
}

// looked notes that links were looked for, and forgotten if there were any.
func (d *departures) looked(now time.Time, prefixes []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, prefix := range prefixes {
		entry := d.waiting[prefix]
		if entry == nil {
			continue
		}
		if entry.tries++; entry.tries >= len(lookAgain) {
			delete(d.waiting, prefix)
			continue
		}
		entry.next = now.Add(lookAgain[entry.tries])
	}
}
