package detect

import (
	"math"

	"github.com/outcryhq/outcry/pkg/outage"
)

const (
	// onsetWithin is how far back the beginning is looked for.
	onsetWithin minute = 60
	// endWithin is how far back the end is looked for, in minutes that were
	// listened to.
	endWithin minute = 180
	// leastRate keeps a rate from being impossible, in reports a minute.
	leastRate = 1e-4
)

// onset is the first minute of the change that ends with end: the one that
// maximises the log-likelihood ratio of a Poisson rate of its own, from there
// on, against the baseline. least is a rate that is usual at least.
func (d *Detector) onset(s *series, end minute, least float64) minute {
	from := max(end-onsetWithin+1, s.fresh)
	var (
		reports, usual, minutes float64
		byUsual                 float64 // Σ y·ln(usual rate)
		best                    float64
	)
	at := end
	for m := end; m >= from; m-- {
		if !d.coverage.at(m) {
			continue
		}
		rate := max(d.rateAt(s, m).PerMinute, least, leastRate)
		y := float64(s.counts.get(m))
		reports, usual, minutes = reports+y, usual+rate, minutes+1
		byUsual += y * math.Log(rate)
		if y == 0 || reports <= usual {
			continue // a change does not begin with silence
		}
		own := reports / minutes
		if ratio := reports*math.Log(own) - reports - byUsual + usual; ratio > best {
			best, at = ratio, m
		}
	}
	return at
}

// ending is the first minute after the trouble of an impact: the one that makes
// the counts up to last most likely, if they had a rate of their own before it
// and the tolerated one from it on. Of minutes in which nobody listened, or too few did, it is the
// first. If last is one, the trouble may have lasted until then.
func (d *Detector) ending(s *series, impact outage.Impact, last minute) minute {
	start := minuteOf(impact.StartedAt)
	least := d.ownLevel(s, start)
	var (
		after   float64 // the log-likelihood of what follows
		best    = math.Inf(-1)
		at      = last
		reports float64
		minutes float64
	)
	from := d.coverage.back(max(start, last-kept), last, endWithin)
	for m := from; m <= last; m++ {
		if d.coverage.whole(m) {
			reports, minutes = reports+float64(s.counts.get(m)), minutes+1
		}
	}
	if reports == 0 {
		return lastHeard(s, impact, last)
	}
	for m := last; m > from; m-- {
		covered := d.coverage.whole(m)
		if covered {
			calm := d.cfg.Rho*max(d.rateAt(s, m).PerMinute, least) + max(d.cfg.Floor, leastRate)
			y := float64(s.counts.get(m))
			after += y*math.Log(calm) - calm
			reports, minutes = reports-y, minutes-1
		}
		before := 0.0
		if reports > 0 && minutes > 0 {
			before = reports*math.Log(reports/minutes) - reports
		}
		if sum := before + after; sum > best || sum == best && !covered {
			best, at = sum, m
		}
	}
	return at
}

// lastHeard is the minute after the last report of an impact up to last. If its
// reports are no longer known, it is that after the last sign of them.
func lastHeard(s *series, impact outage.Impact, last minute) minute {
	start := minuteOf(impact.StartedAt)
	if heard := s.counts.between(start, last); len(heard) > 0 {
		return heard[len(heard)-1].at + 1
	}
	sign := max(minuteOf(impact.DetectedAt), minuteOf(impact.Peak.At)) + 1
	return max(min(sign, last), start+1)
}
