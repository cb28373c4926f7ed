package chart

import (
	"math"
	"time"
	"unicode"
)

// Chart is what a drawing shows. Bad figures do no harm: what is negative or
// infinite is drawn as nothing.
type Chart struct {
	Title, Subtitle string
	// Source is a short line below, such as where the chart comes from.
	Source string
	// Description says in words what the chart shows, to whoever cannot see it.
	Description string

	// From is when the first point begins; each point is Step long.
	From time.Time
	Step time.Duration
	// Reports are per minute, one a point; NaN where nobody listened.
	Reports []float64
	// Usual is what is usual per minute, one a point; NaN where that is not known.
	// It may be shorter than Reports.
	Usual []float64
	// Shaded are the times of the outage.
	Shaded []Span

	// Top is the highest figure on the axis, at least. 0 is that of the chart itself.
	Top float64
	// Note stands across the drawing, such as that there is too little to tell.
	Note  string
	Words Words
}

// Span is a time from From to before To.
type Span struct {
	From, To time.Time
}

// Words are those of a reader's language. None may be left out.
type Words struct {
	PerMinute string // of the axis: "reports a minute"
	Usual     string
	Outage    string
	Unheard   string // nobody listened
	// Busiest says that a step shows the busiest of so many minutes; Mean that
	// it shows the mean of so many.
	Busiest, Mean func(minutes int) string
	Number        func(int) string
	Clock         func(time.Time) string // of a time of day in UTC, such as "08:00"
	Date          func(time.Time) string // of a day in UTC, with its year
}

// maxPoints bounds what is drawn of a chart, the first of them: ten years of quarters of an hour.
const maxPoints = 10 * 366 * 24 * 4

// leastTop is the lowest that an axis ends at, so that single reports do not
// look like a mountain.
const leastTop = 5

// mostTop is the highest, which keeps coordinates exact.
const mostTop = 1e12

// Highest is the highest figure in the chart, for the Top of several.
func (c Chart) Highest() float64 {
	var top float64
	for _, list := range [][]float64{c.Reports, c.Usual} {
		for _, x := range list[:min(len(list), maxPoints)] {
			top = max(top, finite(x))
		}
	}
	return top
}

// finite makes a figure fit to be drawn: NaN and what is below 0 are 0.
func finite(x float64) float64 {
	if math.IsNaN(x) || x < 0 {
		return 0
	}
	return min(x, mostTop)
}

// column is some points drawn as one.
type column struct {
	reports float64 // NaN: nobody listened
	usual   float64 // NaN: not known
}

// columns joins the points so that there are at most so many columns, each of
// the same number of points. A column has the highest of their figures, since what is
// looked for in a chart is how bad it was, and the mean of what is usual.
func (c Chart) columns(most int) (columns []column, each int) {
	points := c.Reports[:min(len(c.Reports), maxPoints)]
	each = 1
	for _, n := range []int{2, 3, 5, 10, 15, 30, 60, 120, 240} {
		if len(points) <= each*most {
			break
		}
		each = n
	}
	if len(points) > each*most {
		each = (len(points) + most - 1) / most
	}
	for start := 0; start < len(points); start += each {
		end := min(start+each, len(points))
		columns = append(columns, column{highest(points[start:end]), mean(c.Usual, start, end)})
	}
	return columns, each
}

// highest is NaN if all are.
func highest(points []float64) float64 {
	top := math.NaN()
	for _, x := range points {
		if math.IsNaN(x) {
			continue
		}
		if x = finite(x); math.IsNaN(top) || x > top {
			top = x
		}
	}
	return top
}

// mean is that of what is known from start to end, NaN if nothing is.
func mean(list []float64, start, end int) float64 {
	var sum, n float64
	for i := start; i < min(end, len(list)); i++ {
		if !math.IsNaN(list[i]) {
			sum += finite(list[i])
			n++
		}
	}
	if n == 0 {
		return math.NaN()
	}
	return sum / n
}

// axis gives a round step of at least 1, and a round end at or above top.
func axis(top float64) (step, end float64) {
	const most = 5 // steps
	top = min(max(finite(top), leastTop), mostTop)
	step = 1
	for scale := 1.0; step*most < top; scale *= 10 {
		for _, n := range []float64{1, 2, 5} {
			if step = n * scale; step*most >= top {
				break
			}
		}
	}
	return step, math.Ceil(top/step) * step
}

// shown is a text as it can be drawn: bounded, without what steers a terminal
// or a parser.
func shown(s string) string {
	const most = 400 // runes
	kept := make([]rune, 0, min(len(s), most))
	for _, r := range s {
		if len(kept) == most {
			break
		}
		switch {
		case unicode.IsSpace(r):
			kept = append(kept, ' ')
		case unicode.IsControl(r), r == unicode.ReplacementChar, r == 0xFFFE, r == 0xFFFF, unicode.Is(unicode.Cf, r):
		default:
			kept = append(kept, r)
		}
	}
	return string(kept)
}
