package detect

import "math"

const (
	// onsetWithin is how far back the beginning is looked for.
	onsetWithin minute = 60
	// endWithin is how far back the end is looked for.
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

// ending is the first minute after the trouble that lasted from start: the one
// that makes the counts up to last most likely, if they had a rate of their own
// before it and the tolerated one from it on.
func (d *Detector) ending(s *series, start, last minute, least float64) minute {
	start = max(start, last-endWithin+1)
	var (
		after   float64 // the log-likelihood of what follows
		best    = math.Inf(-1)
		at      = last
		reports float64
		minutes float64
	)
	for m := start; m <= last; m++ {
		if d.coverage.at(m) {
			reports, minutes = reports+float64(s.counts.get(m)), minutes+1
		}
	}
	for m := last; m > start; m-- {
		if !d.coverage.at(m) {
			continue
		}
		calm := d.cfg.Rho*max(d.rateAt(s, m).PerMinute, least) + max(d.cfg.Floor, leastRate)
		y := float64(s.counts.get(m))
		after += y*math.Log(calm) - calm
		reports, minutes = reports-y, minutes-1
		before := 0.0
		if reports > 0 && minutes > 0 {
			before = reports*math.Log(reports/minutes) - reports
		}
		if before+after > best {
			best, at = before+after, m
		}
	}
	return at
}
