package web

import (
	"time"

	"github.com/outcryhq/outcry/pkg/outage"
)

// How much of each list the front page shows, so that it stays small on the
// worst of days. The rest is a link away.
const (
	MaxOutages   = 8 // outages as cards
	MaxCountries = 4 // countries in a card, each with its own figures
	MaxNames     = 5 // countries that are only named, wherever countries are named
	MaxPossible  = 6
	MaxRecent    = 6
	MaxFound     = 8 // services that a search found
	MaxListed    = 200
)

// Home is what the page "home" is rendered with.
type Home struct {
	Title Text
	Now   Moment

	// Query is what was searched for, "" for nothing.
	Query     string
	Found     []Service
	MoreFound int
	// Meant are services with a name like the query, if none was found.
	Meant []Service
	// Category is the slug of the category whose services are listed, "" for none.
	Category string
	Listed   []Service

	// Headline says in a few words how things stand; Tone colours it.
	Headline Text
	Tone     outage.Status
	// Notes say what limits the picture: a store that is away, or how little was heard.
	Notes []Text
	// Heard says how much was heard in the last hour; no key when that is not known.
	Heard Text

	// Scale is what all trends of the page are drawn on.
	Scale        Scale
	Outages      []Outage
	MoreOutages  int
	Possible     []Possible
	MorePossible int
	Recent       []Ended
	Categories   []Category
	Map          Map
}

// Service is a service with its status, as a search finds it.
type Service struct {
	Slug, Name string
	Status     outage.Status
	// Where are the countries with trouble.
	Where Countries
}

// Category is a kind of services.
type Category struct {
	Slug     string
	Services int
	Trouble  int // how many of them fail now
}

// Outage is a card: a service that fails now.
type Outage struct {
	ID         string
	Slug, Name string
	Since      Moment
	Reports    int
	// Usual is how many reports would have been usual, PeakUsual the same in a minute.
	Usual, PeakUsual Usual
	Peak             int
	PeakAt           Moment
	// Recent is the most reports in a minute of the last five; negative when the counts could not be read.
	Recent int
	// Where is set instead of Countries where there is only one.
	Where     Countries
	Countries []Impact
	// More are further countries.
	More Countries
	// Trend is nil when the counts could not be read.
	Trend *Trend
}

// Impact is a line of a card.
type Impact struct {
	Country string // its code
	Since   Moment
	Until   *Moment // set when it is over there
	Peak    int     // reports per minute
	Usual   Brief   // the same when nothing is wrong
}

// Possible is a series that is unusual, but not enough to call it an outage.
type Possible struct {
	Slug, Name string
	Where      Text
	Since      Moment
	Reports    int // in the last Minutes minutes
	Minutes    int
	Usual      Usual
}

// Ended is an outage that is over.
type Ended struct {
	ID         string
	Slug, Name string
	Where      Countries
	From       Moment
	Lasted     time.Duration
	Peak       int
	Usual      Usual // reports per minute when nothing is wrong
}

// StatusText says the status in words.
func (s Service) StatusText() Text { return StatusText(s.Status) }

// StatusText says a status in words.
func StatusText(status outage.Status) Text {
	switch status {
	case outage.StatusProblem:
		return Say("status.problem")
	case outage.StatusPossible:
		return Say("status.possible")
	case outage.StatusOK:
		return Say("status.ok")
	case outage.StatusUnknown:
	}
	return Say("status.unknown")
}
