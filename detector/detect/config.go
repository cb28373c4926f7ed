package detect

import (
	"fmt"

	"github.com/outcryhq/outcry/pkg/outage"
)

// Config holds the detector's figures. Bars are in nats.
type Config struct {
	// Rho and Floor make the rate that is tolerated: Rho times the baseline,
	// plus Floor·√w reports in a window of w minutes.
	Rho   float64
	Floor float64
	// Possible is the lower bar, Problem the upper one, Widening that of the
	// other countries of a service with a problem.
	Possible float64
	Problem  float64
	Widening float64
	// FalseOutages is how many false outages a day the whole installation may
	// open: the upper bar rises with the number of live series.
	FalseOutages float64
	// FalseShare is the share of spikes that may be false when many stand out.
	FalseShare float64
	// Origins is how many distinct origins a problem needs, OneNetwork how many
	// if all whose network is known are in the same: whoever rents there has many.
	Origins, OneNetwork int
	// NewMinutes is how long an installation must have listened before a
	// problem need not stand at NewFactor times the series' own level.
	NewMinutes int
	NewFactor  float64
}

// DefaultConfig returns the figures of the design.
func DefaultConfig() Config {
	return Config{
		Rho: 1.5, Floor: 0.2,
		Possible: 11.3, Problem: 14.5, Widening: 9.6,
		FalseOutages: 1, FalseShare: 0.05,
		Origins: 4, OneNetwork: 16, NewMinutes: 24 * 60, NewFactor: 5,
	}
}

func (c Config) validate() error {
	for _, bound := range []struct {
		name      string
		value, lo float64
	}{
		{"rho", c.Rho, 1},
		{"floor", c.Floor, 0},
		{"widening", c.Widening, 1},
		{"possible", c.Possible, c.Widening},
		{"problem", c.Problem, c.Possible},
		{"false outages", c.FalseOutages, 1e-9},
		{"false share", c.FalseShare, 1e-9},
		{"origins", float64(c.Origins), 0},
		{"origins of one network", float64(c.OneNetwork), 0},
		{"new minutes", float64(c.NewMinutes), 0},
		{"new factor", c.NewFactor, 1},
	} {
		// Written so that NaN fails too.
		if !(bound.value >= bound.lo) {
			return fmt.Errorf("detector: %w: %s is %g, expected at least %g", outage.ErrInvalid, bound.name, bound.value, bound.lo)
		}
	}
	return nil
}
