package detect

import (
	"slices"
	"strings"
	"time"

	"github.com/outcryhq/outcry/pkg/outage"
)

// widen opens an outage for the series of a service that pass the bar, or adds
// them to the one that there is. Once one country has a problem the bar of the
// others is lower, so it looks until no more is found.
func (d *Detector) widen(svc *service, t *tick) {
	for {
		bar := t.bar
		if svc.ongoing() {
			bar = d.cfg.Widening
		}
		found := d.passing(svc.series[1:], bar, t)
		if len(found) == 0 && !svc.ongoing() && svc.onlySum() {
			// No single country stands out: perhaps all of them together do.
			found = d.passing(svc.series[:1], bar, t)
		}
		if len(found) == 0 {
			return
		}
		if svc.outage == nil {
			svc.begin(found, t)
		}
		for _, p := range found {
			d.join(svc, p, t)
		}
		d.changed(svc, t)
	}
}

// onlySum says that no country has been part of the outage, if there is one.
func (svc *service) onlySum() bool {
	return svc.outage == nil || !slices.ContainsFunc(svc.outage.Impacts, func(i outage.Impact) bool {
		return i.Country != outage.AllCountries
	})
}

// begin makes an outage without impacts. Its id derives from its beginning, so
// that two detectors that open the same one agree.
func (svc *service) begin(found []problem, t *tick) {
	start := found[0].onset
	for _, p := range found {
		start = min(start, p.onset)
	}
	at := start.time()
	svc.outage = &outage.Outage{
		ID:      outage.DeriveIDAt(at, "outage", svc.name, at.Format(time.RFC3339)),
		Service: svc.name, StartedAt: at, DetectedAt: t.now,
	}
}

// join makes a problem part of the outage: as a new impact, or as one more run
// of an impact that had ended.
func (d *Detector) join(svc *service, p problem, t *tick) {
	o := svc.outage
	o.State, o.EndedAt, o.ClosedAt = outage.Ongoing, nil, nil
	run := outage.Impact{
		Country: p.series.country, State: outage.Ongoing,
		StartedAt: p.onset.time(), DetectedAt: t.now,
		BaselinePerMinute: d.rateAt(p.series, t.cur).PerMinute,
		Score:             p.window.score, Evidence: d.evidence(p, t.cur),
	}
	if sum := svc.impact(outage.AllCountries); sum >= 0 && run.Country != outage.AllCountries {
		old := o.Impacts[sum]
		if old.State == outage.Ongoing {
			old.State, old.EndedAt, old.ClosedAt = outage.Ended, &run.DetectedAt, &run.DetectedAt
		}
		o.Superseded, o.Peak = &old, outage.Peak{}
		o.Impacts = slices.Delete(o.Impacts, sum, sum+1)
	}
	i, found := slices.BinarySearchFunc(o.Impacts, run.Country, func(i outage.Impact, code string) int {
		return strings.Compare(i.Country, code)
	})
	if !found {
		o.Impacts = slices.Insert(o.Impacts, i, run)
	} else {
		old := o.Impacts[i]
		run.Intervals = append(slices.Clone(old.Intervals), outage.Interval{StartedAt: old.StartedAt, EndedAt: *old.EndedAt})
		run.Score = max(run.Score, old.Score)
		run.Reports, run.Peak = old.Reports, old.Peak
		o.Impacts[i] = run
	}
	if run.StartedAt.Before(o.StartedAt) {
		o.StartedAt = run.StartedAt
	}
	svc.remember(o)
}

// settle ends the impacts that have calmed down, and closes the outage when all
// have.
func (d *Detector) settle(svc *service, t *tick) {
	if !svc.ongoing() {
		return
	}
	o := svc.outage
	minute := svc.totals != t.last // a new one
	ended, going := false, false
	for i := range o.Impacts {
		impact := &o.Impacts[i]
		if impact.State != outage.Ongoing {
			continue
		}
		s := svc.country(impact.Country)
		if s.watch != nil {
			impact.Score = max(impact.Score, s.watch.best.score)
		}
		if minute && !ahead(*impact, t) && d.hasCalmed(s, *impact, t.last) {
			d.end(svc, impact, t.last, t)
			ended = true
		} else {
			going = true
		}
	}
	if !going && d.sumHasCalmed(svc, t) {
		d.close(svc, t)
		ended = true
	}
	if ended || minute && d.total(svc, t) {
		d.changed(svc, t)
	}
}

// ahead says that an impact was seen at a time that is yet to come, by a clock
// that was ahead of this one. Until then nothing is known of its end.
func ahead(impact outage.Impact, t *tick) bool {
	return impact.DetectedAt.After(t.now) || minuteOf(impact.Peak.At) > t.cur
}

// end ends an impact by what is known up to a minute.
func (d *Detector) end(svc *service, impact *outage.Impact, last minute, t *tick) {
	s := svc.country(impact.Country)
	at := d.ending(s, *impact, last)
	if peak := minuteOf(impact.Peak.At); s.counts.get(peak) < impact.Peak.ReportsPerMinute {
		at = max(at, peak+1) // the counts of that time are out of view
	}
	svc.endAt(impact, at, t)
	d.refresh(s, t)
}

// refresh makes a series forget what came before the calm in which it was closed.
func (d *Detector) refresh(s *series, t *tick) {
	s.fresh = freshAfter(t.now)
	s.service.mark(s)
	if s.watch != nil {
		s.watch.best, s.watch.since = d.strongest(s, t.cur, d.cfg.Widening), 0
	}
}

func (d *Detector) close(svc *service, t *tick) {
	o := svc.outage
	var end time.Time
	for _, impact := range o.Impacts {
		if impact.EndedAt.After(end) {
			end = *impact.EndedAt
		}
	}
	closed := t.now
	o.State, o.EndedAt, o.ClosedAt = outage.Ended, &end, &closed
	d.refresh(svc.all(), t)
	svc.remember(o)
}

// freshAfter is the first minute that says something about a new problem after
// one was closed: what came before the calm belongs to the old one.
func freshAfter(closed time.Time) minute { return minuteOf(closed) - calmWindow }

// restore takes over what another detector knew.
func (svc *service) restore(o *outage.Outage) {
	before := svc.outage
	svc.outage = o
	svc.remember(o)
	for _, impact := range o.Impacts {
		if impact.ClosedAt != nil {
			s := svc.country(impact.Country)
			s.fresh = max(s.fresh, freshAfter(*impact.ClosedAt))
		}
		svc.mark(svc.country(impact.Country))
	}
	if o.ClosedAt != nil {
		svc.all().fresh = max(svc.all().fresh, freshAfter(*o.ClosedAt))
	}
	if o.Final {
		svc.outage = before
	}
}

// changed brings the totals up to date and gives the outage its next revision.
// However much changes in one tick, that is one revision.
func (d *Detector) changed(svc *service, t *tick) {
	o := svc.outage
	d.total(svc, t)
	said := t.result.Outages
	if n := len(said); n > 0 && said[n-1].ID == o.ID {
		said[n-1] = *clone(*o)
		return
	}
	o.Revision++
	t.result.Outages = append(said, *clone(*o))
}

// clone copies what a later tick would change in place.
func clone(o outage.Outage) *outage.Outage {
	o.Impacts = slices.Clone(o.Impacts)
	return &o
}
