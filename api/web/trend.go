package web

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// The drawing's size in its own units, and the most points in it.
const (
	trendWidth  = 240
	trendHeight = 40
	trendPoints = 40
)

// Trend is a small drawing of counts over time, scaled to its highest point.
type Trend struct {
	// Line is SVG points, in a box of 240 by 40 with the origin at the top left. It
	// begins and ends below the box, so that it can be filled.
	Line string
	// From says when the drawing begins, and Label what it shows.
	From, Label string
}

// NewTrend draws reports per minute, oldest first. The last minute is still
// running, for as long as ran says. It returns nil for fewer than two counts.
func NewTrend(counts []int, ran time.Duration) *Trend {
	if len(counts) < 2 {
		return nil
	}
	minutes := 1
	for len(counts) > trendPoints {
		counts, minutes = halve(counts), minutes*2
	}
	counts = filled(counts, time.Duration(minutes)*time.Minute, ran)
	top := 1
	for _, n := range counts {
		top = max(top, n)
	}
	height := func(n int) int { return trendHeight - 1 - n*(trendHeight-2)/top }
	var line strings.Builder
	// The upright edges lie outside the box, where they are not seen.
	fmt.Fprintf(&line, "-3,%d -3,%d", trendHeight+3, height(counts[0]))
	for i, n := range counts {
		fmt.Fprintf(&line, " %d,%d", i*trendWidth/(len(counts)-1), height(n))
	}
	last := height(counts[len(counts)-1])
	fmt.Fprintf(&line, " %d,%d %d,%d", trendWidth+3, last, trendWidth+3, trendHeight+3)
	length := Span(time.Duration(len(counts)*minutes) * time.Minute)
	return &Trend{
		Line: line.String(),
		From: length + " ago",
		Label: fmt.Sprintf("Reports over the last %s; the highest point is %d in %s.", length, top,
			Span(time.Duration(minutes)*time.Minute)),
	}
}

// filled returns the counts with the last one, of a step that is still running, as
// if the rest of the step went on like that, but not above the one before: it shows
// no drop that there may not be, and no rise that nobody has counted.
func filled(counts []int, step, ran time.Duration) []int {
	counts = slices.Clone(counts)
	last := &counts[len(counts)-1]
	elapsed := step - time.Minute + min(max(ran, time.Second), time.Minute)
	whole := int(float64(*last) * float64(step) / float64(elapsed))
	*last = max(*last, min(whole, counts[len(counts)-2]))
	return counts
}

// halve adds up neighbours, from the newest backwards, so that the last sum has two.
func halve(counts []int) []int {
	half := make([]int, (len(counts)+1)/2)
	for i := range half {
		at := len(counts) - 1 - 2*i
		half[len(half)-1-i] = counts[at]
		if at > 0 {
			half[len(half)-1-i] += counts[at-1]
		}
	}
	return half
}
