package detect

import "github.com/outcryhq/outcry/pkg/outage"

// total brings an outage's reports and peaks up to date from the counts, and
// says whether any figure changed. Counts never fall: where they tell less than
// was known, some of them are out of view, forgotten or ahead of the clock, and
// the figure stays.
func (d *Detector) total(svc *service, t *tick) bool {
	o := svc.outage
	before, score := *o, svc.score
	svc.totals, svc.score = t.last, 0
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
		impact.Reports = max(reports, impact.Reports)
		impact.Peak = higher(peak, impact.Peak)
		o.Reports += impact.Reports
		o.Peak = higher(o.Peak, impact.Peak)
		svc.score += impact.Score
	}
	for at, n := range sum {
		o.Peak = higher(o.Peak, outage.Peak{At: at.time(), ReportsPerMinute: n})
	}
	return o.Reports != before.Reports || o.Peak != before.Peak || svc.score != score
}

// higher is the higher of two peaks, the earlier one of equals.
func higher(a, b outage.Peak) outage.Peak {
	if b.ReportsPerMinute > a.ReportsPerMinute || b.ReportsPerMinute == a.ReportsPerMinute && b.At.Before(a.At) {
		return b
	}
	return a
}

// endAt ends an impact, and takes out of the figures what was counted from then
// on, unless they are of counts that are out of view.
func (svc *service) endAt(impact *outage.Impact, at minute, t *tick) {
	seen := 0
	for _, e := range impactCounts(svc, *impact, t.cur) {
		seen += int(e.n)
	}
	if seen >= impact.Reports {
		impact.Reports = 0
	}
	for _, peak := range []*outage.Peak{&impact.Peak, &svc.outage.Peak} {
		if minuteOf(peak.At) >= at {
			*peak = outage.Peak{}
		}
	}
	ended, closed := at.time(), t.now
	impact.State, impact.EndedAt, impact.ClosedAt = outage.Ended, &ended, &closed
}

// impactCounts are the counts in all runs of an impact.
func impactCounts(svc *service, impact outage.Impact, cur minute) []minuteCount {
	s := svc.country(impact.Country)
	var all []minuteCount
	for _, run := range impact.Intervals {
		all = append(all, s.counts.between(minuteOf(run.StartedAt), minuteOf(run.EndedAt)-1)...)
	}
	last := cur
	if impact.EndedAt != nil {
		last = minuteOf(*impact.EndedAt) - 1
	}
	return append(all, s.counts.between(minuteOf(impact.StartedAt), last)...)
}
