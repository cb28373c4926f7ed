package detect

import (
	"time"

	"github.com/outcryhq/outcry/pkg/baseline"
	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

// Config holds the detector's figures. DefaultConfig gives those of docs.
type Config struct {
	Rho   float64
	Floor float64
}

// DefaultConfig returns the figures of the design.
func DefaultConfig() Config { return Config{Rho: 1.5, Floor: 0.2} }

// Detector turns counts into outages. It has no clock, does no I/O and starts
// no goroutine. It is not safe for concurrent use.
type Detector struct{}

// Inputs is what a tick needs to know from outside.
type Inputs struct {
	// LiveSeries is the number of series heard in the last 49 hours in the
	// whole installation ("*" not counted). At least Detector.LiveSeries is used.
	LiveSeries int
	// Elsewhere holds the scores of the spikes that the owners of other
	// partitions have published, in any order.
	Elsewhere []float64
	// Evidence counts the distinct origins, networks and sources of each of the
	// series in the hours that from and to touch. nil means that counts came
	// without origins: then that condition is taken as met.
	Evidence func(series []outage.Series, from, to time.Time) ([]live.Evidence, error)
}

// Result is what a tick found.
type Result struct {
	// Outages are those that changed, with a greater revision than before.
	Outages []outage.Outage
	// Spikes are all current ones, strongest first.
	Spikes []outage.Spike
	// Evaluated is how many series were scored.
	Evaluated int
}

// New returns a detector for any number of services: those of one partition
// in a live system, all of them in a replay.
func New(Config) (*Detector, error) { return &Detector{}, nil }

// Set sets the count of a country series' minute; setting it again replaces
// it. "*" is derived and ignored here. Minutes may come in any order.
func (d *Detector) Set(s outage.Series, minute time.Time, count int) {}

// Observe says whether anybody was listening in a minute. A minute of which
// nothing was said is unobserved unless a report was counted in it.
func (d *Detector) Observe(minute time.Time, covered bool) {}

// Restore hands over the open and recent outages at take-over, before the first
// Tick. Counts of an open outage should be Set from its start on.
func (d *Detector) Restore(outages []outage.Outage) {}

// LoadBaseline continues from what Snapshot gave. Call it before LearnHour and Tick.
func (d *Detector) LoadBaseline(encoded []byte) error { return nil }

// Snapshot encodes the baseline; baseline.Version names the format.
func (d *Detector) Snapshot() []byte { return nil }

// LearnedUntil is the end of the last hour that was learned; zero for none.
// A detector that starts should be given the archive's hours from there (or
// from the last twelve weeks) through LearnHour, up to what Set will give.
func (d *Detector) LearnedUntil() time.Time { return time.Time{} }

// LearnHour learns one archived hour; hours must come in order, those before
// LearnedUntil are ignored. Tick learns the hours after that from the counts.
func (d *Detector) LearnHour(h baseline.Hour) {}

// Countries returns what this detector knows of the countries' habits, to be
// merged with that of the others (baseline.Countries.Merge).
func (d *Detector) Countries() baseline.Countries { return baseline.Countries{} }

// ShareCountries sets what the other partitions know of the countries' habits.
func (d *Detector) ShareCountries(others baseline.Countries) {}

// Tick looks at the series that changed and at those that were not calm. The
// running minute is taken as whole; at a minute's very end it is that minute.
// The error is that of Inputs.Evidence: the result is valid all the same, and
// what could not be decided is decided by a later tick.
func (d *Detector) Tick(now time.Time, in Inputs) (Result, error) { return Result{}, nil }

// LiveSeries is the number of country series heard in the last 49 hours.
func (d *Detector) LiveSeries() int { return 0 }

// Recent lists the series that a tick looks at although nothing changed.
func (d *Detector) Recent() []outage.Series { return nil }
