package memory

import (
	"slices"

	"github.com/outcryhq/outcry/pkg/live"
)

// changes lists series by the sequence number of their latest change. A series
// that changes again is appended again; its earlier place is stale, which its
// own sequence number shows, and is cleared away once most places are.
type changes struct {
	seq    uint64
	places []place
	stale  int
}

type place struct {
	seq    uint64
	series *series
}

func (p place) current() bool { return p.series.seq == p.seq }

// push gives a series the next sequence number.
func (c *changes) push(s *series) {
	if s.seq != 0 {
		c.stale++
	}
	c.seq++
	s.seq = c.seq
	c.places = append(c.places, place{seq: c.seq, series: s})
	if c.stale > len(c.places)/2+64 {
		c.places = slices.DeleteFunc(c.places, func(p place) bool { return !p.current() })
		c.stale = 0
	}
}

// remove takes a series off the list.
func (c *changes) remove(s *series) {
	s.seq = 0
	c.stale++
}

// oldest returns the series whose last change is the longest ago, or nil.
func (c *changes) oldest() *series {
	for i, p := range c.places {
		if p.current() {
			clear(c.places[:i])
			c.places = c.places[i:]
			c.stale -= i
			return p.series
		}
	}
	c.places, c.stale = nil, 0
	return nil
}

// after lists up to limit series that changed after a sequence number. A number
// that this list has not reached comes from before a rebuild: then all are listed.
func (c *changes) after(seq uint64, limit int) live.Changes {
	if seq > c.seq {
		seq = 0
	}
	out := live.Changes{Next: c.seq}
	from, _ := slices.BinarySearchFunc(c.places, seq+1, func(p place, want uint64) int {
		switch {
		case p.seq < want:
			return -1
		case p.seq > want:
			return 1
		}
		return 0
	})
	for _, p := range c.places[from:] {
		if !p.current() {
			continue
		}
		if len(out.Changed) == limit {
			out.More, out.Next = true, out.Changed[limit-1].Seq
			break
		}
		out.Changed = append(out.Changed, live.Change{Series: p.series.name, Seq: p.seq})
	}
	return out
}
