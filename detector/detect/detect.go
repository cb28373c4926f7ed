package detect

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/outcryhq/outcry/pkg/baseline"
	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

// Detector turns counts into outages. It is not safe for concurrent use.
type Detector struct {
	cfg      Config
	fewest   [len(windows)]int // reports that can pass a bar
	model    *baseline.Model
	learned  int // grows when the model changed
	services map[string]*service
	// awake are the services that a tick looks at: something changed there, or
	// something is not calm.
	awake    []*service
	latest   *series // of Set, which is called for one after the other
	coverage coverage
	first    minute // of anything set or observed; 0 for none yet
	swept    minute // when old counts were last forgotten
	live     int    // country series with counts
}

// Inputs is what a tick needs to know from outside.
type Inputs struct {
	// LiveSeries is the number of series heard in the last 49 hours in the
	// whole installation ("*" not counted). Detector.LiveSeries is used if that
	// is more.
	LiveSeries int
	// Elsewhere holds the scores of the spikes that the owners of other
	// partitions have published, in any order.
	Elsewhere []float64
	// Evidence counts the distinct origins, networks and sources of each of the
	// series in the hours that from and to touch. nil means that counts came
	// without origins: then that condition is taken as met.
	Evidence func(series []outage.Series, from, to time.Time) ([]live.Evidence, error)
}

// Result is what a tick found.
type Result struct {
	// Outages are those that changed, each with a greater revision than before.
	Outages []outage.Outage
	// Spikes are all current ones, strongest first.
	Spikes []outage.Spike
	// Evaluated is how many series were scored.
	Evaluated int
}

// New returns a detector for any number of services: those of one partition in
// a live system, all of them in a replay. A bad figure is outage.ErrInvalid.
func New(cfg Config) (*Detector, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	return &Detector{
		cfg: cfg, fewest: fewest(cfg), model: baseline.New(),
		services: map[string]*service{},
	}, nil
}

// Set sets the count of a country series in a minute; setting it again replaces
// it. "*" is derived, and ignored here. Minutes may come in any order.
func (d *Detector) Set(s outage.Series, at time.Time, count int) {
	if s.Country == outage.AllCountries {
		return
	}
	m := minuteOf(at)
	n := int32(min(max(count, 0), 1<<30))
	ser := d.latest
	if ser == nil || ser.country != s.Country || ser.service.name != s.Service {
		ser = d.service(s.Service).country(s.Country)
		d.latest = ser
	}
	silent := ser.counts.empty()
	old := ser.counts.set(m, n)
	if old == n {
		return
	}
	d.countLive(silent, ser)
	svc := ser.service
	svc.hear(m, n-old)
	d.wake(svc)
	svc.mark(ser)
	svc.mark(svc.all())
	if n > 0 {
		d.coverage.heard.put(m, true)
	}
	d.seen(m)
}

func (d *Detector) countLive(wasSilent bool, ser *series) {
	switch silent := ser.counts.empty(); {
	case wasSilent && !silent:
		d.live++
	case !wasSilent && silent:
		d.live--
	}
}

// Observe says whether anybody was listening in a minute. A minute of which
// nothing was said is unobserved unless a report was counted in it. Unobserved
// minutes are neither quiet nor learned.
func (d *Detector) Observe(at time.Time, covered bool) {
	m := minuteOf(at)
	d.coverage.said.put(m, covered)
	if covered {
		d.seen(m)
	}
}

// ObservePartly says whether sources that bring much were away in a minute in
// which others were listening. What is heard in it counts as in any other; but
// it is no calm minute, and not one after the end of an outage, and an hour
// that has many teaches nothing.
func (d *Detector) ObservePartly(at time.Time, partly bool) {
	d.coverage.partly.put(minuteOf(at), partly)
}

func (d *Detector) seen(m minute) {
	if d.first == 0 || m < d.first {
		d.first = m
	}
}

// Restore hands over the open and recent outages at take-over, before the first
// Tick. Counts of an open outage should be Set from its start on.
func (d *Detector) Restore(outages []outage.Outage) {
	for _, o := range outages {
		svc := d.service(o.Service)
		svc.restore(clone(o))
		d.wake(svc)
	}
}

// LiveSeries is the number of country series heard in the last 49 hours.
func (d *Detector) LiveSeries() int { return d.live }

// Tick looks at the series that changed and at those that are not calm. The
// running minute is taken as whole; at a minute's very end it is that minute.
// The error is that of Inputs.Evidence: the result is valid all the same, and
// what could not be decided is decided by a later tick.
func (d *Detector) Tick(now time.Time, in Inputs) (Result, error) {
	t := &tick{
		now: now.UTC().Truncate(time.Second),
		cur: minuteOf(now.Add(-time.Nanosecond)), last: minuteOf(now) - 1,
		live: max(in.LiveSeries, d.live), in: in,
	}
	t.bar = d.cfg.problemBar(t.live)
	d.learnDue(now)
	d.sweep(t.cur)
	for _, svc := range d.awake {
		if svc.awake = d.evaluate(svc, t); svc.awake {
			t.look = append(t.look, svc)
		}
	}
	slices.SortFunc(t.look, func(a, b *service) int { return cmp.Compare(a.name, b.name) })
	for _, svc := range t.look {
		d.finish(svc, t)
		d.widen(svc, t)
		d.settle(svc, t)
		svc.awake = !svc.calm()
	}
	d.awake = slices.DeleteFunc(d.awake, func(svc *service) bool { return !svc.awake })
	t.result.Spikes = d.spikes(t)
	if t.err != nil {
		return t.result, fmt.Errorf("evidence: %w", t.err)
	}
	return t.result, nil
}

// tick is one look.
type tick struct {
	now    time.Time // to the second
	cur    minute    // the running minute, taken as whole
	last   minute    // the last one that is complete
	live   int
	bar    float64 // of a problem
	in     Inputs
	look   []*service // that are not calm, by name
	result Result
	err    error // the first of Inputs.Evidence
	// gaps are the long ones of the time that is remembered, once searched for.
	gaps     []gap
	searched bool
}

// evaluate scores the series of a service that changed or are watched, and says
// whether there is more to do.
func (d *Detector) evaluate(svc *service, t *tick) bool {
	svc.addUp()
	svc.restless = slices.DeleteFunc(svc.restless, func(s *series) bool {
		if s.dirty || s.watch.at != t.cur {
			d.score(s, t)
		}
		return !s.restless()
	})
	if len(svc.restless) == 0 && cap(svc.restless) > heardKept {
		svc.restless = nil
	}
	return !svc.calm()
}

// score looks at a series, and watches it if it stands out.
func (d *Detector) score(s *series, t *tick) {
	t.result.Evaluated++
	// What a faster clock has counted ahead of this one waits for its minute.
	s.dirty = !s.counts.empty() && s.counts.last > t.cur
	need := d.cfg.Widening
	if s.service.suffers(s.country) {
		need = 0
	}
	best := d.strongest(s, t.cur, need)
	if best.score < need {
		s.watch = nil
		return
	}
	if s.watch == nil {
		s.watch = &watch{}
	}
	s.watch.at, s.watch.best = t.cur, best
}
