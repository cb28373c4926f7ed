package detect

import (
	"time"

	"github.com/outcryhq/outcry/pkg/outage"
)

// total recomputes an outage's reports and peaks from the counts, and says
// whether any figure changed.
func (d *Detector) total(svc *service, t *tick) bool {
	o := svc.outage
	before, score := *o, svc.score
	svc.totals, svc.score = t.last, 0
	horizon := t.cur - kept
	sum := map[minute]int{}
	o.Reports = 0
	for i := range o.Impacts {
		impact := &o.Impacts[i]
		reports, peak := 0, outage.Peak{}
		for _, e := range impactCounts(svc, *impact, t.cur) {
			reports += int(e.n)
			sum[e.at] += int(e.n)
			if int(e.n) > peak.ReportsPerMinute {
				peak = outage.Peak{At: e.at.time(), ReportsPerMinute: int(e.n)}
			}
		}
		if minuteOf(firstStart(*impact)) < horizon {
			// Taken over with its first counts gone: they were counted before.
			reports = max(reports, impact.Reports)
			if peak.ReportsPerMinute < impact.Peak.ReportsPerMinute {
				peak = impact.Peak
			}
		}
		impact.Reports, impact.Peak = reports, peak
		o.Reports += reports
		svc.score += impact.Score
	}
	peak := outage.Peak{}
	if minuteOf(o.StartedAt) < horizon {
		peak = o.Peak
	}
	for at, n := range sum {
		if n > peak.ReportsPerMinute || n == peak.ReportsPerMinute && at.time().Before(peak.At) {
			peak = outage.Peak{At: at.time(), ReportsPerMinute: n}
		}
	}
	o.Peak = peak
	return o.Reports != before.Reports || o.Peak != before.Peak || svc.score != score
}

// impactCounts are the counts in all runs of an impact.
func impactCounts(svc *service, impact outage.Impact, cur minute) counts {
	s := svc.country(impact.Country)
	var all counts
	for _, run := range impact.Intervals {
		all = append(all, s.counts.between(minuteOf(run.StartedAt), minuteOf(run.EndedAt)-1)...)
	}
	last := cur
	if impact.EndedAt != nil {
		last = minuteOf(*impact.EndedAt) - 1
	}
	return append(all, s.counts.between(minuteOf(impact.StartedAt), last)...)
}

func firstStart(impact outage.Impact) time.Time {
	if len(impact.Intervals) > 0 {
		return impact.Intervals[0].StartedAt
	}
	return impact.StartedAt
}
