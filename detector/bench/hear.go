package bench

import (
	"cmp"
	"math"
	"slices"

	"github.com/outcryhq/outcry/detector/bench/sim"
)

// block is the time in which the alarms of a service count once, in minutes.
const block = 6 * 60

// aroundEvents is how long after an event a peer's alarms are not called false: it
// has to get over what it heard.
const aroundEvents = 6 * 60

// heardBy is what a peer made of a world, before it has a threshold.
type heardBy struct {
	// blocks holds the largest statistic of each service in each block of time
	// that no event touches, largest first.
	blocks []float32
	events []sim.Event
	// climbs are those of the events: how its statistic rose.
	climbs [][]climb
}

// climb is a minute in which a statistic was larger than in any before it.
type climb struct {
	delay int // minutes from the start of the event to the end of this minute
	value float32
}

// hear lets a peer look at each series of a world.
func hear(w *sim.World, peer Peer) heardBy {
	length := len(w.Counts[0])
	blocks := (length - w.First + block - 1) / block
	largest := make([]float32, w.Services*blocks)
	h := heardBy{events: w.Events, climbs: make([][]climb, len(w.Events))}
	rises := make([][]float32, len(w.Events)) // by minute of the event: the largest over its countries
	for i, e := range w.Events {
		rises[i] = make([]float32, min(e.End+late, length)-e.Start)
	}
	out := make([]float32, length)
	for i, counts := range w.Counts {
		clear(out)
		peer.Score(&Series{Counts: counts, Start: w.Start, Warmup: w.First}, out)
		service, country := i/w.Countries, i%w.Countries
		for at, value := range out[w.First:] {
			if slot := service*blocks + at/block; value > largest[slot] {
				largest[slot] = value
			}
		}
		for j, e := range w.Events {
			if e.Service == service && slices.ContainsFunc(e.Parts, func(p sim.Part) bool { return p.Country == country }) {
				for t := range rises[j] {
					rises[j][t] = max(rises[j][t], out[e.Start+t])
				}
			}
		}
	}
	for j, rise := range rises {
		top := float32(0)
		for t, value := range rise {
			if value > top {
				top = value
				h.climbs[j] = append(h.climbs[j], climb{t + 1, value})
			}
		}
	}
	h.blocks = quiet(w, largest, blocks)
	return h
}

// quiet leaves out the blocks that an event touches.
func quiet(w *sim.World, largest []float32, blocks int) []float32 {
	touched := make([]bool, len(largest))
	for _, e := range w.Events {
		for at := (e.Start - w.First) / block; at <= (e.End+aroundEvents-w.First)/block && at < blocks; at++ {
			touched[e.Service*blocks+at] = true
		}
	}
	var kept []float32
	for i, value := range largest {
		if !touched[i] && value > 0 {
			kept = append(kept, value)
		}
	}
	sortDown(kept)
	return kept
}

func sortDown(values []float32) {
	slices.SortFunc(values, func(a, b float32) int { return cmp.Compare(b, a) })
}

// threshold is the lowest at which there are at most so many alarms in blocks
// sorted from the largest.
func threshold(blocks []float32, alarms int) float32 {
	if len(blocks) <= alarms {
		return math.SmallestNonzeroFloat32
	}
	return math.Nextafter32(blocks[alarms], math.MaxFloat32)
}

// alarms counts the blocks at or above a threshold.
func alarms(blocks []float32, threshold float32) int {
	n, _ := slices.BinarySearchFunc(blocks, threshold, func(value, threshold float32) int {
		if value >= threshold {
			return -1
		}
		return 1
	})
	return n
}

// findings are those of a peer with a threshold.
func (h heardBy) findings(threshold float32) []Finding {
	findings := make([]Finding, len(h.events))
	for i, e := range h.events {
		findings[i] = missed(e)
		for _, c := range h.climbs[i] {
			if c.value >= threshold {
				findings[i].Delay = float64(c.delay)
				break
			}
		}
	}
	return findings
}
