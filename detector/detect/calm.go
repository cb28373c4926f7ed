package detect

import (
	"math"

	"github.com/outcryhq/outcry/pkg/outage"
)

const (
	// calmFor is how many minutes in a row have to be calm, and calmWithin in how
	// many they are, with those in between that say nothing.
	calmFor    minute = 10
	calmWithin minute = 30
	// calmWindow is the longer of the two windows that have to be calm.
	calmWindow minute = 15
	// calmPeak is the window in which a calm series is below a quarter of its peak.
	calmPeak minute = 5
	// calmShare is that quarter.
	calmShare = 0.25
	// weakPeak is the most that a weak outage has heard in calmPeak minutes: there
	// a lull of a quarter of an hour is nothing rare, and each would end an outage
	// that begins again half an hour later.
	weakPeak = 10
)

// calmScore is the score, in nats, below which a window is calm: P > 5 %.
var calmScore = -math.Log(0.05) //nolint:gochecknoglobals // a constant

// calmWindows are the indices of the windows of calmPeak and calmWindow minutes,
// weakWindows those that a weak outage is asked for: the hour as well.
var (
	calmWindows = [...]int{2, 3}    //nolint:gochecknoglobals // a constant table
	weakWindows = [...]int{2, 3, 4} //nolint:gochecknoglobals // a constant table
)

// hasCalmed says that each of the last minutes was calm. It is asked of the
// counts and not remembered, so that a take-over changes nothing.
func (d *Detector) hasCalmed(s *series, impact outage.Impact, last minute) bool {
	start := minuteOf(impact.StartedAt)
	normal := d.newNormal(s, last)
	least := max(d.ownLevel(s, start), normal)
	peak := float64(s.counts.most(calmPeak, start, last))
	checked := calmWindows[:]
	if peak <= weakPeak {
		checked = weakWindows[:]
	}
	if last-start >= blindMost || normal > 0 {
		peak = math.Inf(1) // what has lasted so long need not fall: it may be normal by now
	}
	calm := minute(0)
	for m := last; calm < calmFor; m-- {
		switch {
		case m <= last-calmWithin, !d.coverage.at(m):
			return false
		case !d.coverage.whole(m):
			continue // it says nothing
		case !d.calmAt(s, m, checked, peak, least):
			return false
		}
		calm++
	}
	return true
}

func (d *Detector) calmAt(s *series, m minute, checked []int, peak, least float64) bool {
	for _, i := range checked {
		t := d.test(s, i, m, least)
		if float64(t.reports) > t.tolerated && tail(t.reports, t.tolerated, t.size) >= calmScore {
			return false
		}
		// A busy series may always be above a quarter of a modest peak: what is
		// tolerated is calm too.
		if t.minutes == calmPeak && float64(t.reports) >= max(calmShare*peak, t.tolerated) {
			return false
		}
	}
	return true
}

// sumHasCalmed says that the sum over all countries does not stand out without
// what is over, so that the outage may be closed.
func (d *Detector) sumHasCalmed(svc *service, t *tick) bool {
	all := svc.all()
	fresh := all.fresh
	defer func() { all.fresh = fresh }()
	all.fresh = max(fresh, t.last-calmWindow+1)
	least := max(d.ownLevel(all, minuteOf(svc.outage.StartedAt)), d.newNormal(all, t.last))
	return d.best(all, t.last, d.cfg.Widening, least).score < d.cfg.Widening
}
