package web

import (
	"github.com/outcryhq/outcry/pkg/outage"
)

// How much of each list the front page shows, so that it stays small on the
// worst of days. The rest is a link away.
const (
	MaxOutages   = 6 // outages as cards
	MaxCountries = 4 // countries in a card, each with its own figures
	MaxNames     = 5 // countries that are only named, wherever countries are named
	MaxPossible  = 6
	MaxRecent    = 5
	MaxFound     = 6 // services that a search found
)

// Home is what the page "home" is rendered with.
type Home struct {
	Title string
	Now   Moment

	// Query is what was searched for, "" for nothing.
	Query     string
	Found     []Service
	MoreFound int

	// Headline says in a few words how things stand; Tone colours it.
	Headline string
	Tone     outage.Status
	// Notes say what limits the picture: a store that is away, or how little was heard.
	Notes []string
	// Heard says how much was heard in the last hour; "" when that is not known.
	Heard string

	Outages      []Outage
	MoreOutages  int
	Possible     []Possible
	MorePossible int
	Recent       []Ended
}

// Service is a service with its status, as a search finds it.
type Service struct {
	Slug, Name string
	Status     outage.Status
	// Where names the countries with trouble, "" for none.
	Where string
}

// Outage is a card: a service that fails now.
type Outage struct {
	ID         string
	Slug, Name string
	Since      Moment
	Reports    int
	// Usual is how many reports would have been usual, PeakUsual the same in a minute.
	Usual, PeakUsual string
	Peak             int
	PeakAt           Moment
	Countries        []Impact
	// More names further countries, "" for none.
	More string
	// Trend is nil when the counts could not be read.
	Trend *Trend
}

// Impact is a line of a card.
type Impact struct {
	Country string // its name
	Since   Moment
	Until   *Moment // set when it is over there
	Peak    int     // reports per minute
	Usual   string  // the same when nothing is wrong
}

// Possible is a series that is unusual, but not enough to call it an outage.
type Possible struct {
	Slug, Name string
	Where      string
	Since      Moment
	Reports    int // in the last Minutes minutes
	Minutes    int
	Usual      string
}

// Ended is an outage that is over.
type Ended struct {
	ID         string
	Slug, Name string
	Where      string
	From       Moment
	Lasted     string
	Peak       int
	Usual      string // reports per minute when nothing is wrong
}

// StatusText says the status in words.
func (s Service) StatusText() string {
	switch s.Status {
	case outage.StatusProblem:
		return "Problems reported"
	case outage.StatusPossible:
		return "Possible problem"
	case outage.StatusOK:
		return "No sign of trouble"
	case outage.StatusUnknown:
	}
	return "Too little heard to tell"
}
