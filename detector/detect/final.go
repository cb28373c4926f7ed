package detect

import (
	"slices"
	"time"

	"github.com/outcryhq/outcry/pkg/outage"
)

const (
	// finalAfter is how long after its closing an outage may come back, and how
	// long its totals may still change.
	finalAfter = 15 * time.Minute
	// unobservedMost is how many minutes in a row an outage may be unobserved. What
	// is heard after more of them is not known to belong to it.
	unobservedMost minute = 180
)

// finish makes an outage final when its time is over, or when it was unobserved
// for too long. Then an ongoing one is closed by what was known before. It is
// asked before anything may join the outage.
func (d *Detector) finish(svc *service, t *tick) {
	o := svc.outage
	if o == nil {
		return
	}
	unobserved, long := d.unobserved(minuteOf(o.StartedAt), t)
	switch {
	case long && o.State == outage.Ongoing:
		for i := range o.Impacts {
			if o.Impacts[i].State == outage.Ongoing {
				d.end(svc, &o.Impacts[i], unobserved.from, t)
			}
		}
		d.close(svc, t)
	case !long && (o.State == outage.Ongoing || t.now.Before(o.ClosedAt.Add(finalAfter))):
		return
	}
	o.Final = true
	d.changed(svc, t)
	svc.outage = nil
}

// unobserved is the first long gap after a minute, if there is one. It is asked
// of the coverage and not remembered, so that a take-over changes nothing.
func (d *Detector) unobserved(after minute, t *tick) (gap, bool) {
	if !t.searched {
		t.gaps, t.searched = d.coverage.gaps(t.cur-kept+1, t.cur, unobservedMost), true
	}
	i := slices.IndexFunc(t.gaps, func(g gap) bool { return g.next > after })
	if i < 0 {
		return gap{}, false
	}
	return t.gaps[i], true
}
