package outage

import "time"

// State is the state of an outage or an impact.
type State string

// The states.
const (
	Ongoing State = "ongoing"
	Ended   State = "ended"
)

// Status is what is known of a service or a series right now.
type Status string

// The statuses, mildest last.
const (
	StatusProblem  Status = "problem"
	StatusPossible Status = "possible"
	StatusOK       Status = "ok"
	StatusUnknown  Status = "unknown" // too little heard to tell
)

// Outage is one service's failure, from the moment that one of its series
// passed the upper bar until all of them had calmed down.
//
// StartedAt and EndedAt estimate what happened; DetectedAt and ClosedAt say
// when Outcry decided so. A larger Revision replaces a smaller one.
type Outage struct {
	ID         ID         `json:"id"`
	Service    string     `json:"service"`
	State      State      `json:"state"`
	StartedAt  time.Time  `json:"started_at"`
	DetectedAt time.Time  `json:"detected_at"`
	EndedAt    *time.Time `json:"ended_at"`
	ClosedAt   *time.Time `json:"closed_at"`
	Final      bool       `json:"final"` // nothing below changes any more
	Revision   uint64     `json:"revision"`
	Reports    int        `json:"reports"` // distinct reporters per minute, summed from start to end
	Peak       Peak       `json:"peak"`    // of the sum over the impacts
	Impacts    []Impact   `json:"impacts"` // by country code
	// Superseded holds the impact on all countries together, once single
	// countries stood out and took its place.
	Superseded *Impact `json:"superseded,omitempty"`
}

// Impact is an outage's part in one country, or in all of them ("*") while
// only their sum stands out. If it calmed down and came back, StartedAt,
// DetectedAt, EndedAt and ClosedAt are those of the last run.
type Impact struct {
	Country           string     `json:"country"`
	State             State      `json:"state"`
	StartedAt         time.Time  `json:"started_at"`
	DetectedAt        time.Time  `json:"detected_at"`
	EndedAt           *time.Time `json:"ended_at"`
	ClosedAt          *time.Time `json:"closed_at"` // of the last run; nil while ongoing
	Reports           int        `json:"reports"`   // summed over all runs
	Peak              Peak       `json:"peak"`
	BaselinePerMinute float64    `json:"baseline_per_minute"` // usual at the time of detection
	Score             float64    `json:"score"`               // highest so far, nats
	// Intervals are the earlier runs of an impact that calmed down and came
	// back within the same outage, oldest first.
	Intervals []Interval `json:"intervals,omitempty"`
	Evidence  Evidence   `json:"evidence"`
}

// Interval is one closed run of an impact.
type Interval struct {
	StartedAt time.Time `json:"started_at"`
	EndedAt   time.Time `json:"ended_at"`
}

// Peak is the busiest minute.
type Peak struct {
	At               time.Time `json:"at"`
	ReportsPerMinute int       `json:"reports_per_minute"`
}

// Evidence is what made the detector open an impact: the window that fired, at
// the moment it fired, with all that its score can be computed again from:
//
//	tolerated  M = rho·expected + floor
//	dispersion r = 1/(spread + 1/history_reports)
//	score      max(−ln P(NB(mean M, size r) ≥ reporters) − correction, 0)
//
// The fields from Rho on are zero, and left out, in outages that were stored
// before they were kept.
type Evidence struct {
	WindowMinutes int     `json:"window_minutes"`
	Reporters     int     `json:"reporters"`  // distinct reporters in the window
	Expected      float64 `json:"expected"`   // usual number in the window
	Tolerated     float64 `json:"tolerated"`  // ρ·expected + floor: the mean tested against
	Dispersion    float64 `json:"dispersion"` // size r of the negative binomial
	Score         float64 `json:"score"`      // nats
	Bar           float64 `json:"bar"`        // nats
	Origins       int     `json:"origins"`    // distinct, capped; 0 where counts came without
	Networks      int     `json:"networks"`
	Sources       int     `json:"sources"`

	Rho   float64 `json:"rho,omitempty"`   // ρ: how many times what is expected is harmless
	Floor float64 `json:"floor,omitempty"` // f·√window_minutes: what is harmless however little is expected, in reports
	// Spread (φ) is the variance of the rate in such a window, relative to its square.
	Spread float64 `json:"spread,omitempty"`
	// HistoryReports (f·C+κ) is the weight of the history behind the expected
	// number: weighted reports in this hour of the week, less where they are of few
	// weeks, and κ for what is pooled.
	HistoryReports float64 `json:"history_reports,omitempty"`
	Windows        int     `json:"windows,omitempty"`    // lengths of windows tested, of which this one was best
	Correction     float64 `json:"correction,omitempty"` // ln of that number, given back, nats

	// ListenedMinutes are the minutes of the window in which anybody listened:
	// those in which reports are expected.
	ListenedMinutes int `json:"listened_minutes,omitempty"`
	// LevelPerMinute is the rate that was expected at least because the series
	// itself had stood there, where the baseline knew too little; 0 for the baseline alone.
	LevelPerMinute float64 `json:"level_per_minute,omitempty"`
	// ObservedMinutes is for how long anybody had listened before the window, as
	// far as it was learned or is remembered.
	ObservedMinutes int `json:"observed_minutes,omitempty"`
	// BaselineUntil is the end of the last hour that the baseline had learned;
	// nil if it had learned none. The baseline is as old as the time from then
	// to the impact's DetectedAt.
	BaselineUntil *time.Time `json:"baseline_until,omitempty"`
}

// Spike is a series whose score is over the lower bar right now.
type Spike struct {
	Series
	Status            Status        `json:"status"` // possible or problem
	Score             float64       `json:"score"`
	Bar               float64       `json:"bar"` // of a problem, for this series now
	Since             time.Time     `json:"since"`
	Windows           []WindowCount `json:"windows"` // shortest first
	BaselinePerMinute float64       `json:"baseline_per_minute"`
}

// WindowCount is the distinct reporters in the last Minutes minutes.
type WindowCount struct {
	Minutes  int     `json:"minutes"`
	Reports  int     `json:"reports"`
	Expected float64 `json:"expected"`
}

// Change is an outage as its detector wrote it. Fence orders detectors: it
// grows with every change of a partition's owner. A change replaces an earlier
// one only if its (Fence, Revision) is greater.
type Change struct {
	Fence  uint64 `json:"fence"`
	Outage Outage `json:"outage"`
}

// Supersedes reports whether c replaces old.
func (c Change) Supersedes(old Change) bool {
	if c.Fence != old.Fence {
		return c.Fence > old.Fence
	}
	return c.Outage.Revision > old.Outage.Revision
}
