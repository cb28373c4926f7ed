package archive

import (
	"time"

	"github.com/outcryhq/outcry/pkg/outage"
)

// OutageFilter selects outages, newest first by (started_at, id). Zero fields
// select all. Retracted and merged outages are selected like all others.
type OutageFilter struct {
	Service     string
	Services    []string // of any of these, those of a category; nil: of all
	Country     string   // outages with an impact there; all else is asked of the whole outage
	State       outage.State
	Since       time.Time     // those that had not ended before Since
	Until       time.Time     // those that started before Until
	MinReports  int           // those with so many reports at least
	MinDuration time.Duration // those that lasted so long at least
	// Now is up to when ongoing outages have lasted, for MinDuration. While it
	// is zero, those that have not ended have no duration and are left out.
	Now    time.Time
	Limit  int    // 1 to 200; 0 means 50
	Cursor string // NextCursor of the page before
}

// Record is what is known of the past: outages that have ended, without those
// that were retracted or merged into another.
type Record struct {
	Outages       int             // how many there were
	Minutes       int             // during which at least one of them lasted
	MedianMinutes float64         // how long they lasted; 0 for none
	Latest        []outage.Outage // newest first
}

// OutagePage is one page of outages. NextCursor is "" on the last.
type OutagePage struct {
	Outages    []outage.Outage
	NextCursor string
}

// Bucket is the distinct reporters per minute summed over a bucket of time.
type Bucket struct {
	Start time.Time
	Count int
}

// SeriesTotal is a sum over some time.
type SeriesTotal struct {
	Series outage.Series
	Count  int
}

// HourCount is what one country series heard in one UTC hour.
type HourCount struct {
	Series outage.Series
	Hour   time.Time
	Count  int
}

// CountRow is one row of recorded counts, as in the replay CSV: distinct
// reporters in the bucket that starts at Start.
type CountRow struct {
	Start   time.Time
	Series  outage.Series // never "*"
	Reports int
}
