package countcsv

import (
	"time"

	"github.com/outcryhq/outcry/pkg/outage"
)

// Header is the first line.
const Header = "time,service,country,reports"

// Row is the distinct reporters of one series in the bucket that starts at Start.
type Row struct {
	Start   time.Time // UTC, a whole minute
	Series  outage.Series
	Reports int
}

// Spread returns the share of minute i (from 0) when the reports of a bucket are
// spread evenly over its minutes. Shares are whole, differ by at most one, and
// sum up to the reports.
func Spread(reports, minutes, i int) int {
	n, of, at := int64(reports), int64(minutes), int64(i)
	return int((at+1)*n/of - at*n/of)
}

// MostStep is the longest bucket.
const MostStep = 24 * time.Hour

// StepMinutes returns the minutes of a bucket: whole ones, from one to a day.
// Anything else is outage.ErrInvalid.
func StepMinutes(step time.Duration) (int, error) {
	if step < time.Minute || step > MostStep || step%time.Minute != 0 {
		return 0, invalid("a step of whole minutes from 1m to 24h, not %s", step)
	}
	return int(step / time.Minute), nil
}
