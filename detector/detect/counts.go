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
type counts []minuteCount //nolint:recvcheck // set alone changes the slice itself; the rest reads

type minuteCount struct {
	at minute
	n  int32
}

// set sets a minute's count and returns what it was.
func (c *counts) set(at minute, n int) int {
	i := len(*c)
	for i > 0 && (*c)[i-1].at > at { // nearly always among the last
		i--
	}
	if i > 0 && (*c)[i-1].at == at {
		old := (*c)[i-1].n
		if n == 0 {
			*c = slices.Delete(*c, i-1, i)
		} else {
			(*c)[i-1].n = int32(n) //nolint:gosec // bounded by Set
		}
		return int(old)
	}
	if n != 0 {
		*c = slices.Insert(*c, i, minuteCount{at, int32(n)}) //nolint:gosec // bounded by Set
	}
	return 0
}

// from is the index of the first entry at or after a minute. It looks from the
// end, where nearly all questions are.
func (c counts) from(at minute) int {
	i := len(c)
	if i > 64 && c[i-64].at >= at {
		i, _ = slices.BinarySearchFunc(c, at, func(e minuteCount, at minute) int { return int(e.at) - int(at) })
		return i
	}
	for i > 0 && c[i-1].at >= at {
		i--
	}
	return i
}

// between returns the entries from a minute to another, both included.
func (c counts) between(first, last minute) counts {
	if first > last {
		return nil
	}
	i := c.from(first)
	j := i
	for j < len(c) && c[j].at <= last {
		j++
	}
	return c[i:j]
}

// sum adds the reports from a minute to another, both included.
func (c counts) sum(first, last minute) int {
	var sum int
	for _, e := range c.between(first, last) {
		sum += int(e.n)
	}
	return sum
}

// get is the count of one minute.
func (c counts) get(at minute) int { return c.sum(at, at) }

// most is the largest sum over w minutes in a row, from a minute to another.
func (c counts) most(w, first, last minute) int {
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

// prune forgets what is older than a minute, or most of it.
func (c *counts) prune(before minute) {
	if len(*c) == 0 || (*c)[0].at >= before {
		return
	}
	if i := c.from(before); i > len(*c)/8 { // not for every few: it costs a copy
		*c = slices.Clone((*c)[i:]) // also gives back what a busy time took
	}
}
