package web

import (
	"time"

	"github.com/outcryhq/outcry/pkg/outage"
)

// How much of each list the page of a service or a country shows.
const (
	MaxByCountry = 12
	MaxPast      = 10
)

// ServicePage is what the page "service" is rendered with: one service, in all
// countries or in one.
type ServicePage struct {
	Title      Text
	Now        Moment
	Slug, Name string
	Category   string
	// Home and StatusPage are the service's own addresses, "" for none.
	Home, StatusPage string
	Country          string // "*" for all together
	Lang             string

	Status   outage.Status
	Headline Text
	// Notes say how sure that is, and what could not be read.
	Notes []Text
	// Votes is nil when the counts could not be read.
	Votes *Votes
	// Ongoing is nil for none.
	Ongoing *Ongoing
	// Hours are the last 24, oldest first; none when the counts could not be read.
	Hours []Hour

	ByCountry []CountryRow
	// Elsewhere are further countries.
	Elsewhere Countries
	// Highest is the scale of the bars of ByCountry, in reports in the last hour.
	Highest int

	Problems []Kind
	Past     *Past // nil when the archive is away
	// Origin begins absolute addresses of this installation.
	Origin string
}

// One reports whether the page is of one country.
func (p ServicePage) One() bool { return p.Country != outage.AllCountries }

// Kind is a kind of problem.
type Kind struct {
	Slug, Label string
}

// Votes is what people said in the last hour.
type Votes struct {
	Fails, Works int
	// Usual is how many usually say that it fails; nil while that is not known.
	Usual *Usual
}

// Ongoing is the outage that goes on.
type Ongoing struct {
	ID      string
	Since   Moment
	Peak    int
	PeakAt  Moment
	Usual   Usual // reports a minute
	Reports int
}

// Hour is what was reported in an hour.
type Hour struct {
	From    Moment
	Reports int
	Usual   *Usual // nil while that is not known
}

// CountryRow is a service in a country.
type CountryRow struct {
	Country string
	Status  outage.Status
	Reports int    // in the last hour
	Usual   *Usual // nil while that is not known
	// Length and UsualLength are how long the bars are, of 100.
	Length, UsualLength int
}

// StatusText says the status in words.
func (r CountryRow) StatusText() Text { return StatusText(r.Status) }

// Past is the record of a service, a country, or both.
type Past struct {
	Outages int
	Lasted  time.Duration // in all, without counting twice
	Median  time.Duration
	Latest  []PastOutage
}

// PastOutage is an outage that is over.
type PastOutage struct {
	ID         string
	Slug, Name string
	From       Moment
	Lasted     time.Duration
	Reports    int
}

// CountryPage is what the page "country" is rendered with.
type CountryPage struct {
	Title   Text
	Now     Moment
	Country string // its code

	Tone     outage.Status
	Headline Text
	Notes    []Text
	Down     []ServiceRow
	Possible []ServiceRow
	// Home are services at home there, Calm others of which something was heard there.
	Home, Calm []ServiceRow
	Past       *Past // nil when the archive is away
}

// Heard reports whether enough is heard of any service there to say that it is calm.
func (p CountryPage) Heard() bool {
	for _, rows := range [][]ServiceRow{p.Home, p.Calm} {
		for _, row := range rows {
			if row.Status == outage.StatusOK {
				return true
			}
		}
	}
	return false
}

// ServiceRow is a service in a country.
type ServiceRow struct {
	Slug, Name string
	Status     outage.Status
	Since      *Moment // of the outage there
	Peak       int     // reports a minute
	Usual      Usual
	OutageID   string
}

// StatusText says the status in words.
func (r ServiceRow) StatusText() Text { return StatusText(r.Status) }

// HowPage is what the page "how" is rendered with.
type HowPage struct {
	Title Text
	Now   Moment
	// Origin begins absolute addresses of this installation, Services is how many it knows.
	Origin   string
	Services int
}
