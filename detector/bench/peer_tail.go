package bench

import (
	"math"

	"github.com/outcryhq/outcry/detector/detect"
)

// tailWindows are the windows of Outcry's score: minutes, and the variance of the
// rate in them relative to its square (φ).
var tailWindows = [...]struct { //nolint:gochecknoglobals // a constant table
	minutes int
	spread  float64
}{{1, .15}, {2, .13}, {5, .12}, {15, .10}, {60, .10}}

const (
	// tailLeast is the least statistic that is told from 0, in nats: any threshold
	// is far above. It spares most of the tails.
	tailLeast = 5
	// tailDeviations is how many standard deviations above the mean a count has to
	// be, to have a tail beyond tailLeast: the normal distribution needs 2.99, and
	// the negative binomial is skewed to the right.
	tailDeviations = 2.5
	// tailFew is up to which count its own probability is quickly told.
	tailFew = 12
)

// tailScore is the negative binomial tail over several windows. H0 is rho times the
// plain baseline plus floor·√w reports in a window of w minutes.
type tailScore struct{ rho, floor float64 }

func (p tailScore) score(s *Series, out []float32) {
	sums := cumulate(s.Counts)
	scoredHours(s, sums, func(h hour) {
		var floors, inside, across [len(tailWindows)]float64
		for i, w := range tailWindows {
			floors[i] = p.floor * math.Sqrt(float64(w.minutes))
			inside[i] = 1 / (w.spread + 1/h.now.known)
			across[i] = 1 / (w.spread + 1/min(h.now.known, h.before.known))
		}
		for t := h.first; t < h.next; t++ {
			out[t] = 0
			if heard(sums, t, hourMinutes) == 0 {
				continue
			}
			var best float64
			for i, w := range tailWindows {
				y := heard(sums, t, w.minutes)
				if y == 0 {
					continue
				}
				size := inside[i]
				if t-h.first+1 < w.minutes {
					size = across[i]
				}
				mean := p.rho*h.expected(t, w.minutes) + floors[i]
				if mayMatter(float64(y), mean, size) {
					best = max(best, detect.Tail(int(y), mean, size))
				}
			}
			if best -= manyWindows(); best >= tailLeast {
				out[t] = float32(best)
			}
		}
	})
}

// manyWindows is what the best of several windows has to give back, in nats.
func manyWindows() float64 { return math.Log(float64(len(tailWindows))) }

// mayMatter says whether y can have a statistic of tailLeast. It is quick, and says
// yes where it does not know.
func mayMatter(y, mean, size float64) bool {
	above := y - mean
	if above <= 0 || above*above < tailDeviations*tailDeviations*(mean+mean*mean/size) {
		return false
	}
	if y > tailFew {
		return true
	}
	// P(Y ≥ y) is at least P(Y = y), and P(Y = 0) at least exp(−mean).
	x := mean / (mean + size)
	mass := 1.0
	for i := 0.0; i < y; i++ {
		mass *= x * (size + i) / (i + 1)
	}
	return mass < math.Exp(mean-tailLeast)/float64(len(tailWindows))
}
