package detect

import (
	"math"

	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

// nightAndDay is how much busier a service may be by day than in its quietest hours.
const nightAndDay = 40

// problem is a series that passes the bar.
type problem struct {
	series *series
	window window
	onset  minute
	bar    float64
	heard  live.Evidence
}

// evidence is all that the score of a problem at a minute can be computed again from.
func (d *Detector) evidence(p problem, end minute) outage.Evidence {
	w := p.window
	first := end - w.minutes + 1
	e := outage.Evidence{
		WindowMinutes: int(w.minutes), Reporters: w.reports,
		Expected: w.expected, Tolerated: w.tolerated, Dispersion: w.size,
		Score: w.score, Bar: p.bar,
		Origins: p.heard.Origins, Networks: p.heard.Networks, Sources: p.heard.Sources,
		Rho: d.cfg.Rho, Floor: d.cfg.floorOver(float64(w.minutes)),
		Spread: spreadOver(w.minutes), HistoryReports: w.known,
		Windows: len(windows), Correction: manyWindows,
		ListenedMinutes: d.coverage.count(max(first, p.series.fresh), end), LevelPerMinute: w.least,
		ObservedMinutes: d.observed(first),
	}
	if until := d.model.Until(); !until.IsZero() {
		e.BaselineUntil = &until
	}
	return e
}

// spreadOver is the spread in a window of so many minutes.
func spreadOver(minutes minute) float64 {
	for _, w := range windows {
		if w.minutes == minutes {
			return w.spread
		}
	}
	return 0
}

// passing lists those of a service's series that are not part of its outage and
// fulfil every condition of a problem.
func (d *Detector) passing(candidates []*series, bar float64, t *tick) []problem {
	var found []problem
	for _, s := range candidates {
		bar := bar
		if s.service.impact(s.country) >= 0 {
			bar = t.bar // what has ended comes back over the bar that it came over first
		}
		if s.watch == nil || s.watch.best.score < bar || s.service.suffers(s.country) {
			continue
		}
		p := problem{series: s, window: s.watch.best, bar: bar}
		if d.isNew(t.cur) {
			p.window = d.standing(s, t.cur)
			if p.window.score < bar {
				continue
			}
		}
		least := max(d.ownLevel(s, t.cur-p.window.minutes+1), d.newNormal(s, t.cur))
		p.onset = d.onset(s, t.cur, least)
		found = append(found, p)
	}
	return d.independent(found, t)
}

// independent keeps those whose reports come from enough distinct origins.
func (d *Detector) independent(found []problem, t *tick) []problem {
	if t.in.Evidence == nil {
		return found
	}
	d.ask(found, t)
	kept := found[:0]
	for _, p := range found {
		w := p.series.watch
		need := d.cfg.Origins
		if w.heard.Networks == 1 {
			need = d.cfg.OneNetwork
		}
		if w.asked && w.heard.Origins >= need {
			p.heard = w.heard
			kept = append(kept, p)
		}
	}
	return kept
}

// ask looks up the evidence of those that have changed since they were last
// asked about, with one call for each window's length.
func (d *Detector) ask(found []problem, t *tick) {
	for _, window := range windows {
		var names []outage.Series
		var of []*watch
		for _, p := range found {
			w := p.series.watch
			if p.window.minutes == window.minutes && (!w.asked || w.about != p.window) {
				w.asked, w.about = false, p.window
				names, of = append(names, p.series.name()), append(of, w)
			}
		}
		if len(names) == 0 {
			continue
		}
		heard, err := t.in.Evidence(names, (t.cur - window.minutes + 1).time(), t.cur.time())
		if err != nil {
			if t.err == nil {
				t.err = err
			}
			continue
		}
		for i := range min(len(of), len(heard)) {
			of[i].asked, of[i].heard = true, heard[i]
		}
	}
}

// observed is how many minutes have been listened to before a minute, as far
// as it matters.
func (d *Detector) observed(before minute) int {
	learned := minuteOf(d.model.Until())
	if before <= learned {
		return d.model.ObservedMinutes() - d.coverage.count(before, learned-1)
	}
	return d.model.ObservedMinutes() + d.coverage.count(max(learned, before-kept), before-1)
}

// isNew says that the installation has not yet listened for a day. Until then
// the baseline is a guess, and a busy service looks like an outage.
func (d *Detector) isNew(end minute) bool { return d.observed(end+1) < d.cfg.NewMinutes }

// standing is the strongest window of a series that stands at NewFactor times
// its own level and is unusual against that level, too. Its score is 0 if there
// is none.
func (d *Detector) standing(s *series, end minute) window {
	var best window
	for i, w := range windows {
		level := d.levelBefore(s, end-w.minutes+1, 3) // as if three more had been heard: little was listened to
		t := d.test(s, i, end, level)
		if float64(t.reports) < d.cfg.NewFactor*level*float64(w.minutes) {
			continue
		}
		t.judge(d.cfg.Widening)
		if t.score > best.score {
			best = t
		}
	}
	return best
}

// ownLevel is the rate at which a series stood an hour before a minute if the
// installation was new then, else 0: there is a baseline. The hour itself may
// already hold the first signs of what comes.
func (d *Detector) ownLevel(s *series, before minute) float64 {
	if d.observed(before) >= d.cfg.NewMinutes {
		return 0
	}
	if level := d.levelBefore(s, before-blindAround, 0); !math.IsInf(level, 1) {
		return level
	}
	return 0
}

// levelBefore is the reports a minute of a series before a minute: the mean
// since it was first heard, or that of the last hour if that is more, since days
// begin quietly. To both, some more reports are added. The silence that was
// listened to before the first report counts too, but with nightAndDay times as
// many added: it may have been a night. It is +Inf if there is nothing to tell from.
func (d *Detector) levelBefore(s *series, before minute, more float64) float64 {
	heard := before
	if !s.counts.empty() {
		heard = min(heard, max(s.counts.first, before-kept))
	}
	quiet := float64(d.coverage.count(before-kept, heard-1))
	since := float64(d.coverage.count(heard, before-1))
	if quiet+since == 0 {
		return math.Inf(1)
	}
	reports := float64(s.counts.sum(heard, before-1))
	level := (reports + nightAndDay*more) / (quiet + since)
	if since > 0 {
		level = min(level, (reports+more)/since)
	}
	hour := max(heard, before-60)
	if minutes := d.coverage.count(hour, before-1); minutes > 0 {
		level = max(level, (float64(s.counts.sum(hour, before-1))+more)/float64(minutes))
	}
	return level
}
