package archive

import (
	"time"

	"github.com/outcryhq/outcry/pkg/outage"
)

// OutageFilter selects outages, newest first by (started_at, id). Zero fields select all.
type OutageFilter struct {
	Service string
	Country string // outages with an impact there
	State   outage.State
	Since   time.Time // those that had not ended before Since
	Until   time.Time // those that started before Until
	Limit   int       // 1 to 200; 0 means 50
	Cursor  string    // NextCursor of the page before
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
