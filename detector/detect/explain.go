package detect

import (
	"fmt"
	"math"

	"github.com/outcryhq/outcry/pkg/outage"
)

// The formulae of a score. The detector scores with them, and Explain repeats
// the score from them.

// floorOver is the absolute part of what is tolerated in so many minutes, in reports.
func (c Config) floorOver(minutes float64) float64 { return c.Floor * math.Sqrt(minutes) }

// tolerated is the mean M that is tested against: ρ times what is expected, and
// the floor.
func tolerated(rho, expected, floor float64) float64 { return rho*expected + floor }

// dispersion is the size r of the negative binomial: φ is how much the rate
// itself varies, and history the reports behind the estimate of it.
func dispersion(spread, history float64) float64 { return 1 / (spread + 1/history) }

// Explanation repeats how an impact's score came about, step by step.
type Explanation struct {
	Tolerated  float64 // M = ρ·expected + floor, in reports
	Dispersion float64 // r = 1/(φ + 1/history)
	X          float64 // M/(M+r): where the incomplete beta function is taken
	Surprise   float64 // −ln P(NB(mean M, size r) ≥ reporters) = −ln I_X(reporters, r), nats
	Correction float64 // ln of the number of windows, nats
	Score      float64 // Surprise less Correction, at least 0, nats
	// Stored says that the evidence does not tell what Tolerated and Dispersion
	// are made of, as in outages of before that was kept: they are as stored.
	Stored bool
}

// Explain computes the score that the evidence makes. Evidence that lacks what
// that takes is outage.ErrInvalid, and the text names it.
func Explain(e outage.Evidence) (Explanation, error) {
	x := Explanation{Correction: e.Correction}
	if e.Rho == 0 && e.Spread == 0 && e.HistoryReports == 0 {
		x.Stored, x.Correction = true, manyWindows
		x.Tolerated, x.Dispersion = e.Tolerated, e.Dispersion
	} else {
		if e.Rho <= 0 || e.HistoryReports <= 0 {
			return Explanation{}, fmt.Errorf("%w: expected evidence with a rho and history_reports above 0", outage.ErrInvalid)
		}
		x.Tolerated = tolerated(e.Rho, e.Expected, e.Floor)
		x.Dispersion = dispersion(e.Spread, e.HistoryReports)
	}
	switch {
	case e.WindowMinutes < 1 || e.Reporters < 1:
		return Explanation{}, fmt.Errorf("%w: expected evidence with window_minutes and reporters of 1 or more", outage.ErrInvalid)
	case !positive(x.Tolerated) || !positive(x.Dispersion):
		return Explanation{}, fmt.Errorf("%w: expected evidence in which tolerated and dispersion are finite and above 0", outage.ErrInvalid)
	}
	x.X = x.Tolerated / (x.Tolerated + x.Dispersion)
	x.Surprise = tail(e.Reporters, x.Tolerated, x.Dispersion)
	if float64(e.Reporters) > x.Tolerated { // what is tolerated has no score
		x.Score = max(x.Surprise-x.Correction, 0)
	}
	return x, nil
}

func positive(x float64) bool { return x > 0 && !math.IsInf(x, 1) }
