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

// dispersion is the size r of the negative binomial: spread (φ) is how much the
// rate itself varies, and history the reports behind the estimate of it.
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
	// are made of, because it is older than those fields: both are as stored.
	Stored bool
}

// Explain computes the score that the evidence makes. Evidence that lacks what
// that takes is outage.ErrInvalid, and the text says what was expected.
func Explain(e outage.Evidence) (Explanation, error) {
	x := Explanation{Stored: e.Rho == 0 && e.Spread == 0 && e.HistoryReports == 0}
	switch {
	case e.WindowMinutes < 1 || e.Reporters < 1:
		return Explanation{}, fmt.Errorf("%w: expected evidence with window_minutes and reporters of 1 or more", outage.ErrInvalid)
	case x.Stored:
		x.Tolerated, x.Dispersion, x.Correction = e.Tolerated, e.Dispersion, manyWindows
	case e.Rho <= 0 || e.HistoryReports <= 0 || e.Windows < 1:
		return Explanation{}, fmt.Errorf("%w: expected evidence with rho, history_reports and windows above 0", outage.ErrInvalid)
	default:
		x.Tolerated = tolerated(e.Rho, e.Expected, e.Floor)
		x.Dispersion = dispersion(e.Spread, e.HistoryReports)
		x.Correction = math.Log(float64(e.Windows))
	}
	if !positive(x.Tolerated) || !positive(x.Dispersion) {
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

// agreement is how far, relatively, a figure may be from the stored one: their
// last digits differ from one processor to another.
const agreement = 1e-9

// Differences says of an impact that was explained what is stored otherwise
// than it comes out; nothing if all agrees.
func (x Explanation) Differences(impact outage.Impact) []string {
	e := impact.Evidence
	var found []string
	compare := func(name string, stored, computed float64) {
		if math.Abs(stored-computed) > agreement*max(math.Abs(stored), math.Abs(computed)) {
			found = append(found, fmt.Sprintf("%s is stored as %.10g and comes to %.10g", name, stored, computed))
		}
	}
	if !x.Stored {
		compare("tolerated", e.Tolerated, x.Tolerated)
		compare("dispersion", e.Dispersion, x.Dispersion)
		compare("correction", e.Correction, x.Correction)
	}
	compare("score", e.Score, x.Score)
	if x.Score < e.Bar*(1-agreement) {
		found = append(found, fmt.Sprintf("the score comes to %.10g, which is below the bar of %.10g", x.Score, e.Bar))
	}
	if impact.Score < e.Score*(1-agreement) {
		found = append(found, fmt.Sprintf("the highest score is stored as %.10g, below that of the evidence, %.10g", impact.Score, e.Score))
	}
	return found
}
