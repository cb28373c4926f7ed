package memory

import (
	"slices"
	"strings"

	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

// hour is what one series counted in one hour: its minutes that are not zero,
// in order, and the evidence.
type hour struct {
	number   int64 // hours since 1970
	minutes  []cell
	origins  []outage.Hash
	networks []uint32
	sources  []outage.Source
}

// cell packs a minute of the hour (6 bits) and its count (26 bits), so that
// tens of thousands of quiet series stay small.
type cell uint32

const (
	countBits = 26
	maxCount  = 1<<countBits - 1

	// Each kind of evidence has its part of live.EvidenceCap, so that a flood
	// of one does not hide the others.
	maxSources  = 8
	maxNetworks = 16
	maxOrigins  = live.EvidenceCap - maxNetworks - maxSources
)

func (c cell) minute() int { return int(c >> countBits) }
func (c cell) count() int  { return int(c & maxCount) }

func makeCell(minute, count int) cell {
	return cell(minute)<<countBits | cell(min(count, maxCount)) //nolint:gosec // 0 ≤ minute < 60, count ≥ 0
}

// add counts n more in a minute of the hour.
func (h *hour) add(minute, n int) {
	if last := len(h.minutes) - 1; last >= 0 && h.minutes[last].minute() == minute {
		h.minutes[last] = makeCell(minute, h.minutes[last].count()+n)
		return
	}
	i, found := slices.BinarySearchFunc(h.minutes, minute, func(c cell, m int) int { return c.minute() - m })
	if found {
		h.minutes[i] = makeCell(minute, h.minutes[i].count()+n)
		return
	}
	h.minutes = slices.Insert(h.minutes, i, makeCell(minute, n))
}

// witness adds a report's evidence, as far as there is room.
func (h *hour) witness(r *outage.Report) {
	if !r.Origin.IsZero() && len(h.origins) < maxOrigins && !slices.Contains(h.origins, r.Origin) {
		h.origins = append(h.origins, r.Origin)
	}
	if r.Network != 0 && len(h.networks) < maxNetworks && !slices.Contains(h.networks, r.Network) {
		h.networks = append(h.networks, r.Network)
	}
	if r.Source != "" && len(h.sources) < maxSources && !slices.Contains(h.sources, r.Source) {
		h.sources = append(h.sources, outage.Source(strings.Clone(string(r.Source))))
	}
}

// series is one series' hours, oldest first.
type series struct {
	name  outage.Series
	hours []*hour
	last  int64  // latest minute in which it was heard of
	seq   uint64 // of its latest change
	dirty bool   // counted in by the group that is being published
}

// hour finds an hour, or makes it.
func (s *series) hour(number int64) *hour {
	if last := len(s.hours) - 1; last >= 0 && s.hours[last].number == number {
		return s.hours[last]
	}
	i, found := s.find(number)
	if !found {
		s.hours = slices.Insert(s.hours, i, &hour{number: number})
	}
	return s.hours[i]
}

// find returns where an hour is, or would be.
func (s *series) find(number int64) (int, bool) {
	return slices.BinarySearchFunc(s.hours, number, func(h *hour, n int64) int {
		switch {
		case h.number < n:
			return -1
		case h.number > n:
			return 1
		}
		return 0
	})
}

// within returns the hours from first to last, both inclusive.
func (s *series) within(first, last int64) []*hour {
	from, _ := s.find(first)
	to, _ := s.find(last + 1)
	return s.hours[from:max(from, to)]
}

// trim drops the hours that ended before a minute.
func (s *series) trim(before int64) {
	n := 0
	for n < len(s.hours) && (s.hours[n].number+1)*60 <= before {
		n++
	}
	if n > 0 {
		s.hours = slices.Delete(s.hours, 0, n)
	}
}

// dense returns the counts from one minute (inclusive) to another (exclusive).
func (s *series) dense(from, to int64) []int {
	counts := make([]int, max(to-from, 0))
	for _, h := range s.within(floor(from, 60), floor(to, 60)) {
		for _, c := range h.minutes {
			if i := h.number*60 + int64(c.minute()) - from; i >= 0 && i < int64(len(counts)) {
				counts[i] = c.count()
			}
		}
	}
	return counts
}

// evidence unites the hours from first to last, both inclusive. Origins are
// united within a day only, for each day has its own key.
func (s *series) evidence(first, last int64) live.Evidence {
	networks, sources := map[uint32]bool{}, map[outage.Source]bool{}
	origins := map[int64]map[outage.Hash]bool{}
	var e live.Evidence
	for _, h := range s.within(first, last) {
		for _, n := range h.networks {
			networks[n] = true
		}
		for _, source := range h.sources {
			sources[source] = true
		}
		day := floor(h.number, 24)
		if origins[day] == nil {
			origins[day] = map[outage.Hash]bool{}
		}
		for _, o := range h.origins {
			origins[day][o] = true
		}
		e.Origins = max(e.Origins, len(origins[day]))
	}
	e.Networks, e.Sources = len(networks), len(sources)
	return e
}
