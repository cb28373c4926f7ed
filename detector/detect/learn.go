package detect

import (
	"fmt"
	"slices"
	"time"

	"github.com/outcryhq/outcry/pkg/baseline"
	"github.com/outcryhq/outcry/pkg/outage"
)

const (
	// learnAfter is how long after its end an hour is learned: by then an outage
	// that began in it is known.
	learnAfter = time.Hour
	// blindAround is how long before an outage's onset, and after its end, counts
	// are not learned.
	blindAround minute = 60
	// blindMost is how much of a week a service's outages keep from being learned:
	// what lasts for longer, or comes back every day, may be the new normal.
	blindMost minute = 24 * 60
	// blindWithin is that week.
	blindWithin minute = 7 * 24 * 60
)

// PartlyMost is how many minutes of an hour may lack a source that brings much;
// an hour with more of them is not learned, since its level is not the usual one.
const PartlyMost = 6

// LoadBaseline continues from what Snapshot gave. Call it before LearnHour and
// Tick. What cannot be read is outage.ErrInvalid, and the baseline is as before.
func (d *Detector) LoadBaseline(encoded []byte) error {
	model, err := baseline.Decode(encoded)
	if err != nil {
		return fmt.Errorf("load baseline: %w", err)
	}
	d.model = model
	d.learned++
	return nil
}

// Snapshot encodes the baseline; baseline.Version names the format.
func (d *Detector) Snapshot() []byte { return d.model.Encode() }

// LearnedUntil is the end of the last hour that was learned; zero for none.
// A detector that starts should be given the archive's hours from there (or
// from the last twelve weeks) through LearnHour, up to what Set will give.
func (d *Detector) LearnedUntil() time.Time { return d.model.Until() }

// LearnHour learns one archived hour. Hours come in order; those before
// LearnedUntil are ignored. Tick learns the hours after that from the counts.
// An hour that touches an outage that is known is left out for its service.
func (d *Detector) LearnHour(h baseline.Hour) error {
	if h.Start.Before(d.model.Until()) {
		return nil
	}
	first := minuteOf(h.Start)
	h.Counts = slices.DeleteFunc(slices.Clone(h.Counts), func(c baseline.Count) bool {
		svc := d.services[c.Series.Service]
		return svc != nil && svc.blindMinutes(first, first+59) > 0
	})
	h.Blind = slices.Clone(h.Blind)
	for name, svc := range d.services {
		if svc.blindMinutes(first, first+59) > 0 {
			h.Blind = append(h.Blind, baseline.Blind{Service: name, Minutes: h.Covered})
		}
	}
	d.learned++
	if err := d.model.Learn(h); err != nil {
		return fmt.Errorf("learn an archived hour: %w", err)
	}
	return nil
}

// Countries returns what this detector knows of the countries' habits, to be
// merged with what the others know (baseline.Countries.Merge).
func (d *Detector) Countries() baseline.Countries { return d.model.Countries(d.model.Until()) }

// ShareCountries sets what the other partitions know of the countries' habits.
func (d *Detector) ShareCountries(others baseline.Countries) {
	d.model.Share(others)
	d.learned++
}

// Expected is the sum of the baseline of all services at t, in reports a minute.
func (d *Detector) Expected(t time.Time) float64 {
	var sum float64
	for _, name := range d.model.Services() {
		sum += d.model.At(outage.Series{Service: name, Country: outage.AllCountries}, t).PerMinute
	}
	return sum
}

// learnDue learns the hours whose time has come.
func (d *Detector) learnDue(now time.Time) {
	if d.first == 0 {
		return
	}
	due := minuteOf(now.Add(-learnAfter)).hour() // the end of the last hour that may be learned
	start := minuteOf(d.model.Until())
	if start == 0 {
		start = d.first.hour()
	}
	// Hours of which not every minute is remembered teach nothing: their reports
	// would count as heard in fewer minutes than they were.
	start = max(start, d.coverage.oldest()+59).hour()
	for hour := start; hour+60 <= due; hour += 60 {
		// Hours are in order and whole here, which is all that Learn asks for.
		_ = d.model.Learn(d.hourCounts(hour))
		d.learned++
	}
}

// oldest is the first minute that is remembered.
func (c *coverage) oldest() minute {
	newest := max(c.said.newest, c.heard.newest)
	return minute(max(newest-len(c.said.words)+1, 0) * 64) //nolint:gosec // the number of a minute
}

// hourCounts gathers an hour from the counts.
func (d *Detector) hourCounts(hour minute) baseline.Hour {
	last := hour + 59
	h := baseline.Hour{Start: hour.time(), Covered: d.coverage.count(hour, last)}
	if d.coverage.parts(hour, last) > PartlyMost {
		return baseline.Hour{Start: h.Start}
	}
	for name, svc := range d.services {
		blind := svc.blindMinutes(hour, last)
		if blind > 0 {
			h.Blind = append(h.Blind, baseline.Blind{Service: name, Minutes: d.coveredBlind(svc, hour, last)})
		}
		for _, s := range svc.series[1:] {
			n := s.counts.sum(hour, last)
			if blind > 0 {
				n = s.seeing(hour, last)
			}
			if n > 0 {
				h.Counts = append(h.Counts, baseline.Count{Series: s.name(), Reports: n})
			}
		}
		svc.spans = slices.DeleteFunc(svc.spans, func(s span) bool {
			return !s.open && s.end+blindAround+blindWithin < hour
		})
	}
	return h
}

// seeing sums the counts of a series in the minutes that are not blind.
func (s *series) seeing(first, last minute) int {
	var sum int
	for _, e := range s.counts.between(first, last) {
		if !s.service.blindAt(e.at) {
			sum += int(e.n)
		}
	}
	return sum
}

func (d *Detector) coveredBlind(svc *service, first, last minute) int {
	var n int
	for m := first; m <= last; m++ {
		if svc.blindAt(m) && d.coverage.at(m) {
			n++
		}
	}
	return n
}

func (svc *service) blindMinutes(first, last minute) int {
	if len(svc.spans) == 0 {
		return 0
	}
	var n int
	for m := first; m <= last; m++ {
		if svc.blindAt(m) {
			n++
		}
	}
	return n
}

// blindAt says that a minute lies around an outage, and that not too much of the
// week before it did.
func (svc *service) blindAt(m minute) bool {
	var before minute
	around := false
	for _, s := range svc.spans {
		first, next := s.start-blindAround, m+1
		if !s.open {
			next = min(next, s.end+blindAround)
		}
		around = around || m >= first && m < next
		before += max(min(next, m)-max(first, m-blindWithin), 0)
	}
	return around && before < blindMost
}

// RememberOutages says when outages were, so that LearnHour and Tick do not learn
// what was counted around them: those of the time that LearnHour will give, and
// of the week before it. They do not come back; Restore is for those that may.
func (d *Detector) RememberOutages(outages []outage.Outage) {
	for i := range outages {
		d.service(outages[i].Service).remember(&outages[i])
	}
}

// remember notes when an outage was, for the learning to come.
func (svc *service) remember(o *outage.Outage) {
	s := span{id: o.ID, start: minuteOf(o.StartedAt), open: o.EndedAt == nil}
	if !s.open {
		s.end = minuteOf(*o.EndedAt)
	}
	i := slices.IndexFunc(svc.spans, func(old span) bool { return old.id == o.ID })
	if i < 0 {
		svc.spans = append(svc.spans, s)
		return
	}
	svc.spans[i] = s
}
