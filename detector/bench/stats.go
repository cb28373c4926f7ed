package bench

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// Share is a part of a number of things.
//
//nolint:recvcheck // it is counted in place and read as a value
type Share struct{ Part, Of int }

// Value is the share, NaN of nothing.
func (s Share) Value() float64 { return float64(s.Part) / float64(s.Of) }

// Interval is the 95 % interval of Wilson (1927).
func (s Share) Interval() (low, high float64) {
	const z = 1.959964
	if s.Of == 0 {
		return 0, 1
	}
	n, p := float64(s.Of), s.Value()
	centre := (p + z*z/(2*n)) / (1 + z*z/n)
	half := z / (1 + z*z/n) * math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	return max(centre-half, 0), min(centre+half, 1)
}

func (s Share) String() string {
	if s.Of == 0 {
		return "–"
	}
	low, high := s.Interval()
	return fmt.Sprintf("%s (%s–%s)", decimals(s.Value()), decimals(low), decimals(high))
}

// Rate is a number of events in a time.
type Rate struct {
	Events int
	Years  float64
}

// Value is events a year.
func (r Rate) Value() float64 { return float64(r.Events) / r.Years }

// plus adds what happened in another time.
func (r Rate) plus(events int, years float64) Rate { return Rate{r.Events + events, r.Years + years} }

// Interval is the exact 95 % interval of a Poisson rate (Garwood 1936), by
// bisection on the Poisson distribution.
func (r Rate) Interval() (low, high float64) {
	const tail = 0.025
	if r.Events > 0 {
		low = bisect(func(mean float64) bool { return 1-poissonUpTo(r.Events-1, mean) > tail }, float64(r.Events))
	}
	high = bisect(func(mean float64) bool { return poissonUpTo(r.Events, mean) < tail }, 3*float64(r.Events)+20)
	return low / r.Years, high / r.Years
}

func (r Rate) String() string {
	low, high := r.Interval()
	return fmt.Sprintf("%s (%s–%s)", thousandths(r.Value()), thousandths(low), thousandths(high))
}

// bisect finds where a condition begins to hold between 0 and high.
func bisect(holds func(float64) bool, high float64) float64 {
	low := 0.0
	for range 60 {
		if mid := (low + high) / 2; holds(mid) {
			high = mid
		} else {
			low = mid
		}
	}
	return high
}

// poissonUpTo is P(X ≤ n).
func poissonUpTo(n int, mean float64) float64 {
	sum, term := 0.0, math.Exp(-mean)
	for k := 0; k <= n; k++ {
		sum += term
		term *= mean / float64(k+1)
	}
	return sum
}

// quantile is that of the values that are numbers; those that are +Inf count. NaN of none.
func quantile(values []float64, q float64) float64 {
	kept := slices.DeleteFunc(slices.Clone(values), math.IsNaN)
	if len(kept) == 0 {
		return math.NaN()
	}
	slices.Sort(kept)
	return kept[int(math.Ceil(q*float64(len(kept))))-1]
}

// minutesText writes whole minutes, or – for none in time.
func minutesText(m float64) string {
	if math.IsNaN(m) || math.IsInf(m, 0) {
		return "–"
	}
	return fmt.Sprintf("%.0f", m)
}

// decimals writes a share without the leading zero, as the tables do.
func decimals(v float64) string { return strings.TrimPrefix(fmt.Sprintf("%.3f", v), "0") }

func thousandths(v float64) string { return strings.TrimPrefix(fmt.Sprintf("%.4f", v), "0") }
