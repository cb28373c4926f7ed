package baseline

import (
	"time"

	"github.com/outcryhq/outcry/pkg/outage"
)

// Count is what one country series heard in an hour.
type Count struct {
	Series  outage.Series // never "*"
	Reports int           // distinct reporters, summed over the hour's minutes
}

// Hour is one UTC hour of the past, ready to be learned.
type Hour struct {
	Start   time.Time // a whole UTC hour
	Covered int       // minutes in which anyone was listening, 0 to 60
	Counts  []Count   // of the covered minutes; what is missing was silent
}
