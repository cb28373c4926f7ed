package bench

import "math"

const (
	// minuteSpread is the variance of the rate in a minute relative to its square.
	minuteSpread = .15

	// mostEvidence bounds what an outage adds up to, in nats, below what a float64
	// can hold.
	mostEvidence = 600

	cusumFactor = 3 // the rise that the CUSUM is tuned to
)

// mixtureTimes are the rates of the mixture, as multiples of its H0: with 3 times the
// baseline + .05, they are 6 to 300 times the baseline + .1 to 5 reports a minute.
var mixtureTimes = [...]float64{2, 4, 10, 33, 100} //nolint:gochecknoglobals // a constant table

// ratio is the likelihood ratio of a minute in which y reports were heard, in logs:
// silence + y·report. Both hypotheses have the same size, so this is exact.
type ratio struct{ silence, report float64 }

// ratioOf is that of a negative binomial count of one mean against another.
func ratioOf(mean, null, size float64) ratio {
	silence := size * (math.Log1p(null/size) - math.Log1p(mean/size))
	return ratio{silence, math.Log(mean/null) + silence/size}
}

// atRest says that whatever was is over: the minute is not above H0 and the hour
// that ends with it is not above its baseline. There the sequential methods start
// afresh, since the evidence of an outage would otherwise outlast it by days.
func (h *hour) atRest(sums []uint32, t int, null float64) bool {
	return float64(heard(sums, t, 1)) <= null &&
		float64(heard(sums, t, hourMinutes)) <= h.expected(t, hourMinutes)
}

// shiryaevRoberts is a mixture of e-detectors: each adds up the likelihood ratios of
// its own rate against H0 since every possible onset. H0 is rho times the baseline
// plus floor reports a minute.
type shiryaevRoberts struct{ rho, floor float64 }

func (p shiryaevRoberts) score(s *Series, out []float32) {
	sums := cumulate(s.Counts)
	var r [len(mixtureTimes)]float64
	most := math.Exp(mostEvidence)
	scoredHours(s, sums, func(h hour) {
		null := p.rho*h.now.rate + p.floor
		size := 1 / (minuteSpread + 1/h.now.known)
		var ratios [len(mixtureTimes)]ratio
		var silence [len(mixtureTimes)]float64
		for i, times := range mixtureTimes {
			ratios[i] = ratioOf(times*null, null, size)
			silence[i] = math.Exp(ratios[i].silence)
		}
		for t := h.first; t < h.next; t++ {
			out[t] = 0
			if h.atRest(sums, t, null) {
				clear(r[:])
				continue
			}
			y := float64(s.Counts[t])
			var sum float64
			for i := range r {
				times := silence[i]
				if y > 0 {
					times = math.Exp(min(ratios[i].silence+y*ratios[i].report, mostEvidence/2))
				}
				r[i] = min((1+r[i])*times, most)
				sum += r[i]
			}
			if mean := sum / float64(len(r)); mean > 1 {
				out[t] = float32(math.Log(mean))
			}
		}
	})
}

// cusum adds up the likelihood ratios since the likeliest onset, of a threefold rise
// against rho times the baseline plus floor reports a minute.
type cusum struct{ rho, floor float64 }

func (p cusum) score(s *Series, out []float32) {
	sums := cumulate(s.Counts)
	var sum float64
	scoredHours(s, sums, func(h hour) {
		null := p.rho*h.now.rate + p.floor
		r := ratioOf(cusumFactor*null, null, 1/(minuteSpread+1/h.now.known))
		for t := h.first; t < h.next; t++ {
			sum = max(sum+r.silence+float64(s.Counts[t])*r.report, 0)
			if h.atRest(sums, t, null) {
				sum = 0
			}
			out[t] = float32(sum)
		}
	})
}
