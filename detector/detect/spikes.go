package detect

import (
	"cmp"
	"slices"

	"github.com/outcryhq/outcry/pkg/outage"
)

// spikes lists the series that stand out now, strongest first.
func (d *Detector) spikes(t *tick) []outage.Spike {
	scores := slices.Clone(t.in.Elsewhere)
	for _, svc := range t.look {
		for _, s := range svc.series {
			if s.watch != nil {
				scores = append(scores, s.watch.best.score)
			}
		}
	}
	bar := d.cfg.possibleBar(t.live, scores)
	var spikes []outage.Spike
	for _, svc := range t.look {
		for _, s := range svc.series {
			if s.watch == nil {
				continue
			}
			problem := svc.suffers(s.country) || s.country == outage.AllCountries && svc.ongoing()
			if !problem && s.watch.best.score < bar {
				s.watch.since = 0
				continue
			}
			spikes = append(spikes, d.spike(s, problem, t))
		}
	}
	slices.SortStableFunc(spikes, func(a, b outage.Spike) int { return cmp.Compare(b.Score, a.Score) })
	return spikes
}

func (d *Detector) spike(s *series, problem bool, t *tick) outage.Spike {
	if s.watch.since == 0 {
		least := max(d.ownLevel(s, t.cur-onsetWithin+1), d.newNormal(s, t.cur))
		s.watch.since = d.onset(s, t.cur, least)
	}
	spike := outage.Spike{
		Series: s.name(), Status: outage.StatusPossible,
		Score: s.watch.best.score, Bar: t.bar, Since: s.watch.since.time(),
		Windows:           d.windowCounts(s, t.cur),
		BaselinePerMinute: d.rateAt(s, t.cur).PerMinute,
	}
	if s.service.ongoing() {
		spike.Bar = d.cfg.Widening
	}
	if problem {
		spike.Status = outage.StatusProblem
		spike.Since = s.service.outage.StartedAt
		if i := s.service.impact(s.country); i >= 0 {
			spike.Since = s.service.outage.Impacts[i].StartedAt
		}
	}
	return spike
}
