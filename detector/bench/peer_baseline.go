package bench

import "math"

const (
	hourMinutes = 60
	weekHours   = 7 * 24
	weekMinutes = weekHours * hourMinutes

	baselineWeeks = 4  // how far back the plain baseline looks
	baselinePrior = 20 // reports that the level is worth against the hour's own (κ)
	levelPrior    = 2  // reports that the mean rate of all series is worth
	levelRate     = .02
	hourSpread    = .10 // variance of an hour's rate relative to its square
	clipAt        = 3   // standard deviations at which an hour's count is clipped
	clipLeast     = 3   // reports an hour that are never clipped
)

// expectation is what the plain baseline says of an hour.
type expectation struct {
	rate  float64 // reports a minute
	known float64 // reports that the rate rests on, those of the prior included
}

// plainBaseline is the seasonal baseline that the peers share: what is expected in
// each hour of a series, from the hours before it only.
//
// The rate in an hour of the week is λ = (C + κ) / (E + κ/ℓ). C is what the same
// hour and the ones next to it heard in the four weeks before, E their minutes,
// κ = 20 the weight of the level ℓ = (ΣC + 2) / (ΣE + 2/.02) of the last four
// weeks as a whole. The shape that a quiet series is drawn to is flat.
//
// It learns everything it hears, outages included. From the second week on, an
// hour counts for at most 3 standard deviations above what was expected of it.
func plainBaseline(s *Series, sums []uint32) []expectation {
	hours := (len(s.Counts) + hourMinutes - 1) / hourMinutes
	expected := make([]expectation, hours)
	learned := make([]float64, hours)
	var total float64 // of the last four weeks
	for h := range expected {
		if old := h - 1 - baselineWeeks*weekHours; old >= 0 {
			total -= learned[old]
		}
		if h > 0 {
			total += learned[h-1]
		}
		spell := float64(min(h, baselineWeeks*weekHours) * hourMinutes)
		level := (total + levelPrior) / (spell + levelPrior/levelRate)
		reports, minutes := around(learned, h)
		e := expectation{
			rate:  (reports + baselinePrior) / (minutes + baselinePrior/level),
			known: reports + baselinePrior,
		}
		expected[h] = e
		learned[h] = float64(heard(sums, min((h+1)*hourMinutes, len(s.Counts))-1, hourMinutes))
		if minutes > 0 {
			learned[h] = min(learned[h], e.clip())
		}
	}
	return expected
}

// around sums the hour of the week of h and its neighbours over the weeks before.
func around(learned []float64, h int) (reports, minutes float64) {
	for k := 1; k <= baselineWeeks; k++ {
		same := h - k*weekHours
		for i := max(same-1, 0); i <= same+1; i++ {
			reports += learned[i]
			minutes += hourMinutes
		}
	}
	return reports, minutes
}

// clip is the most that one hour may teach.
func (e expectation) clip() float64 {
	mean := hourMinutes * e.rate
	return max(mean+clipAt*math.Sqrt(mean+mean*mean*(hourSpread+1/e.known)), clipLeast)
}

// cumulate returns the sums of all counts before each minute, and of all. They may
// wrap around, which the difference of two does not mind.
func cumulate(counts []uint16) []uint32 {
	sums := make([]uint32, len(counts)+1)
	var sum uint32
	for t, n := range counts {
		sum += uint32(n)
		sums[t+1] = sum
	}
	return sums
}

// heard is the number of reports in the minutes that end with t.
func heard(sums []uint32, t, minutes int) uint32 {
	return sums[t+1] - sums[max(t+1-minutes, 0)]
}

// hour is an hour of a series with what is expected in it and in the one before.
type hour struct {
	first, next int // minutes: the first of the hour, and the first that is no longer in it
	now, before expectation
}

// scoredHours calls visit for each hour that is scored, in order.
func scoredHours(s *Series, sums []uint32, visit func(hour)) {
	expected := plainBaseline(s, sums)
	for h := s.Warmup / hourMinutes; h < len(expected); h++ {
		first := h * hourMinutes
		visit(hour{
			first: first, next: min(first+hourMinutes, len(s.Counts)),
			now: expected[h], before: expected[max(h-1, 0)],
		})
	}
}

// expected is the baseline of so many minutes (an hour at most) that end with t.
func (h *hour) expected(t, minutes int) float64 {
	in := min(t-h.first+1, minutes)
	return float64(in)*h.now.rate + float64(minutes-in)*h.before.rate
}
