package detect

import (
	"slices"
	"time"
)

// minute is a minute since 1970, UTC.
type minute int32

func minuteOf(t time.Time) minute {
	seconds := t.Unix()
	if seconds < 0 {
		return 0
	}
	return minute(min(seconds/60, 1<<31-1))
}

func (m minute) time() time.Time { return time.Unix(int64(m)*60, 0).UTC() }

// hour is the start of the UTC hour that the minute belongs to.
func (m minute) hour() minute { return m - m%60 }

// kept is how many minutes of counts a series keeps: live.KeepCounts.
const kept minute = 49 * 60

// counts are the reports of a series by minute, only minutes with any, by time.
// They are packed, since a million series keep two days of them, so that they
// are read backwards from the newest; see pack.
type counts struct {
	packed      []byte
	first, last minute // the oldest and the newest; of no meaning while empty
}

type minuteCount struct {
	at minute
	n  int32
}

// reader goes back through counts from the newest.
type reader struct {
	packed []byte // what has not been read
	entry  minuteCount
	next   minute // that of the entry before
}

func (c *counts) empty() bool { return len(c.packed) == 0 }

func (c *counts) back() reader { return reader{packed: c.packed, next: c.last} }

// set sets a minute's count and returns what it was.
func (c *counts) set(at minute, n int32) int32 {
	if c.empty() || at > c.last { // nearly always
		if n != 0 {
			c.push(minuteCount{at, n})
		}
		return 0
	}
	var buffer [64]minuteCount
	later := buffer[:0]
	r := c.back()
	var rest []byte
	var old int32
	for {
		before := r.packed
		if !r.more() || r.entry.at < at {
			rest = before
			break
		}
		if r.entry.at == at {
			old, rest = r.entry.n, r.packed
			break
		}
		later = append(later, r.entry)
	}
	if old == n {
		return old
	}
	c.packed = rest
	c.last = r.entry.at
	if old != 0 {
		c.last = r.next
	}
	if n != 0 {
		c.push(minuteCount{at, n})
	}
	for _, e := range slices.Backward(later) {
		c.push(e)
	}
	return old
}

// push adds an entry after all others.
func (c *counts) push(e minuteCount) {
	gap := minute(1)
	if c.empty() {
		c.first = e.at
	} else {
		gap = e.at - c.last
	}
	if room := cap(c.packed) - len(c.packed); room < packedMost {
		// Twice the size would waste a quarter of everything; the allocator rounds up
		// to a fifth more at most.
		if need := packedSize(gap, e.n); room < need {
			c.packed = append(slices.Grow([]byte(nil), len(c.packed)+need), c.packed...)
		}
	}
	c.packed = pack(c.packed, gap, e.n)
	c.last = e.at
}

// sum adds the reports from a minute to another, both included.
func (c *counts) sum(first, last minute) int {
	var sum int
	for r := c.back(); r.next >= first && r.more(); {
		if r.entry.at <= last {
			sum += int(r.entry.n)
		}
	}
	return sum
}

// sums adds the reports of each window that ends with a minute, from first on.
func (c *counts) sums(first, end minute) [len(windows)]int {
	var sums [len(windows)]int
	first = max(first, end-windows[len(windows)-1].minutes+1)
	for r := c.back(); r.next >= first && r.more(); {
		if r.entry.at > end {
			continue
		}
		age := end - r.entry.at
		for i := len(windows) - 1; i >= 0 && age < windows[i].minutes; i-- {
			sums[i] += int(r.entry.n)
		}
	}
	return sums
}

// hourly adds the reports of each hour from a minute to before another.
func (c *counts) hourly(first, end minute) []int {
	hours := make([]int, (end-first)/60)
	for r := c.back(); r.next >= first && r.more(); {
		if r.entry.at < end {
			hours[(r.entry.at-first)/60] += int(r.entry.n)
		}
	}
	return hours
}

// between returns the entries from a minute to another, both included.
func (c *counts) between(first, last minute) []minuteCount {
	var within []minuteCount
	for r := c.back(); r.next >= first && r.more(); {
		if r.entry.at <= last {
			within = append(within, r.entry)
		}
	}
	slices.Reverse(within)
	return within
}

// get is the count of one minute.
func (c *counts) get(at minute) int { return c.sum(at, at) }

// most is the largest sum over w minutes in a row, from a minute to another.
func (c *counts) most(w, first, last minute) int {
	var most, sum, tail int
	within := c.between(first, last)
	for _, e := range within {
		sum += int(e.n)
		for within[tail].at <= e.at-w {
			sum -= int(within[tail].n)
			tail++
		}
		most = max(most, sum)
	}
	return most
}

// add adds to the counts of minutes, which may be in any order and may repeat.
// The differences may be negative; a count of 0 is none.
func (c *counts) add(differences []minuteCount) {
	if len(differences) == 0 {
		return
	}
	slices.SortFunc(differences, func(a, b minuteCount) int { return int(a.at - b.at) })
	all := c.between(differences[0].at, c.last)
	*c = c.until(differences[0].at)
	for len(all) > 0 || len(differences) > 0 {
		e := minuteCount{at: 1<<31 - 1}
		if len(all) > 0 {
			e.at = all[0].at
		}
		if len(differences) > 0 {
			e.at = min(e.at, differences[0].at)
		}
		for len(all) > 0 && all[0].at == e.at {
			e.n, all = e.n+all[0].n, all[1:]
		}
		for len(differences) > 0 && differences[0].at == e.at {
			e.n, differences = e.n+differences[0].n, differences[1:]
		}
		if e.n != 0 {
			c.push(e)
		}
	}
}

// until is the counts before a minute, to which more can be pushed.
func (c *counts) until(at minute) counts {
	r := c.back()
	for {
		kept := counts{r.packed, c.first, r.next}
		if kept.empty() || kept.last < at {
			return kept
		}
		r.more()
	}
}

// prune forgets what is older than a minute, or most of it.
func (c *counts) prune(before minute) {
	if c.empty() || c.first >= before {
		return
	}
	first, cut, newer := c.last, len(c.packed), 0
	r := c.back()
	for r.next >= before && r.more() {
		first, cut = r.entry.at, len(r.packed)
		newer++
	}
	older := 0
	for r.more() {
		older++
	}
	switch {
	case newer == 0:
		*c = counts{}
	case older > (newer+older)/8: // not for every few: it costs a copy
		c.packed = slices.Clone(c.packed[cut:]) // also gives back what a busy time took
		c.first = first
	}
}
