package bench

import "math"

const (
	short   = 5  // minutes of the z-scores' counts
	quarter = 15 // minutes of the ratio's and EARS' counts

	ratioFewest = 20 // reports in a quarter below which a ratio says nothing
	ratioPrior  = 1  // report, against division by next to nothing

	earsSkipped   = 2 // quarters between the one that is tested and its baseline
	earsIntervals = 7 // quarters of the baseline

	// leastVariance is added to that of each z-score, for quiet series, where the
	// variance that was seen is next to nothing: one report more or less is nothing
	// special. It does better than a lower bound.
	leastVariance = 1
)

// scoreRatio divides the last quarter of an hour by its baseline.
func scoreRatio(s *Series, out []float32) {
	sums := cumulate(s.Counts)
	scoredHours(s, sums, func(h hour) {
		for t := h.first; t < h.next; t++ {
			out[t] = 0
			if y := heard(sums, t, quarter); y >= ratioFewest {
				out[t] = float32(float64(y) / (h.expected(t, quarter) + ratioPrior))
			}
		}
	})
}

// scoreEARS is C2. Quarters slide by the minute, so that none has to end first.
func scoreEARS(s *Series, out []float32) {
	sums := cumulate(s.Counts)
	const reach = (earsSkipped + earsIntervals) * quarter
	for t := s.Warmup; t < len(s.Counts); t++ {
		out[t] = 0
		y := heard(sums, t, quarter)
		if y == 0 || t < reach {
			continue
		}
		var sum, squares uint64
		for back := earsSkipped + 1; back <= earsSkipped+earsIntervals; back++ {
			n := uint64(heard(sums, t-back*quarter, quarter))
			sum += n
			squares += n * n
		}
		mean := float64(sum) / earsIntervals
		variance := (float64(squares) - mean*float64(sum)) / (earsIntervals - 1)
		out[t] = zScore(y, mean, variance+mean)
	}
}

// moments are the number of counts, their sum, and that of their squares.
type moments struct {
	n            float64
	sum, squares uint64
}

// of5 gathers the counts of five minutes that end with each of some minutes.
func of5(sums []uint32, first, next int) moments {
	m := moments{n: float64(next - first)}
	for t := first; t < next; t++ {
		y := uint64(heard(sums, t, short))
		m.sum += y
		m.squares += y * y
	}
	return m
}

func (m *moments) add(o moments) {
	m.n += o.n
	m.sum += o.sum
	m.squares += o.squares
}

// meanVariance needs at least one count.
func (m *moments) meanVariance() (mean, variance float64) {
	mean = float64(m.sum) / m.n
	return mean, max(float64(m.squares)/m.n-mean*mean, 0)
}

// scoreSeasonal compares five minutes with the same hour of the week.
func scoreSeasonal(s *Series, out []float32) {
	sums := cumulate(s.Counts)
	hours := make([]moments, (len(s.Counts)+hourMinutes-1)/hourMinutes)
	for h := range hours {
		first, next := h*hourMinutes, min((h+1)*hourMinutes, len(s.Counts))
		hours[h] = of5(sums, first, next)
		var past moments
		for k := 1; k <= baselineWeeks && h >= k*weekHours; k++ {
			past.add(hours[h-k*weekHours])
		}
		if first < s.Warmup {
			continue
		}
		if past.n == 0 {
			clear(out[first:next])
			continue
		}
		mean, variance := past.meanVariance()
		variance += mean
		for t := first; t < next; t++ {
			out[t] = zScore(heard(sums, t, short), mean, variance)
		}
	}
}

// scorePrometheus compares five minutes with all of the last week: avg_over_time
// and stddev_over_time include the present too.
func scorePrometheus(s *Series, out []float32) {
	sums := cumulate(s.Counts)
	week := of5(sums, max(s.Warmup-weekMinutes, 0), s.Warmup)
	for t := s.Warmup; t < len(s.Counts); t++ {
		y := heard(sums, t, short)
		week.add(moments{1, uint64(y), uint64(y) * uint64(y)})
		if old := t - weekMinutes; old >= 0 {
			gone := uint64(heard(sums, old, short))
			week.n--
			week.sum -= gone
			week.squares -= gone * gone
		}
		out[t] = 0
		if y > 0 {
			mean, variance := week.meanVariance()
			out[t] = zScore(y, mean, variance)
		}
	}
}

// zScore is in standard deviations. Where the variance was estimated from a few
// counts, the caller adds that of a Poisson count, which bounds it too.
func zScore(y uint32, mean, variance float64) float32 {
	return float32((float64(y) - mean) / math.Sqrt(variance+leastVariance))
}
