package detect

import (
	"slices"
	"strings"
	"unique"

	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

const (
	// heardMost is how much is heard at most before it is added up.
	heardMost = 512
	// heardKept is how much room is kept for what will be heard, and for who is heard.
	heardKept = 8
	// ratesKept is how long a baseline that nobody asks for is remembered.
	ratesKept minute = 180
)

// service is what is known of one service.
type service struct {
	name   string
	series []*series // by country; "*" is the first
	// restless are those that the next tick looks at, in no order: it need not look
	// through the others, which lie far apart in memory.
	restless []*series
	// heard is what has not been added to the counts of "*" yet.
	heard []minuteCount
	awake bool // is one of the detector's
	// outage is the one that is open, or closed and not yet final; nil for none.
	outage *outage.Outage
	totals minute  // the last minute that is in the outage's totals
	score  float64 // the sum of the impacts' scores at that time
	spans  []span  // of outages whose surroundings may still have to be learned
}

// series is what is known of one country of a service, or of their sum.
type series struct {
	service *service
	country string
	counts  counts
	rates   *[2]hourRate // of two hours; nil while nobody asked
	normal  *normal      // what was last found; nil while the series never stood out
	watch   *watch       // nil while calm
	fresh   minute       // what came before belongs to an outage that is over
	dirty   bool         // counts changed since the last look
}

// watch is what is remembered of a series that is not calm.
type watch struct {
	at    minute // of the last look
	best  window
	since minute // of being possible; 0 if it is not
	heard live.Evidence
	asked bool // heard is that of
	about window
}

// span is when an outage was, as far as learning is concerned.
type span struct {
	id         outage.ID
	start, end minute
	open       bool
}

func (d *Detector) service(name string) *service {
	svc := d.services[name]
	if svc == nil {
		svc = &service{name: strings.Clone(name)}
		svc.series = []*series{{service: svc, country: outage.AllCountries}}
		d.services[svc.name] = svc
	}
	return svc
}

// wake has the next tick look at a service.
func (d *Detector) wake(svc *service) {
	if !svc.awake {
		svc.awake = true
		d.awake = append(d.awake, svc)
	}
}

// hear notes by how much the count of a minute has changed. It is added to the
// sum of all countries before that is looked at: one by one, the counts of two
// days that a take-over brings would each move those after them.
func (svc *service) hear(at minute, more int32) {
	svc.heard = append(svc.heard, minuteCount{at, more})
	if len(svc.heard) >= heardMost {
		svc.addUp()
	}
}

func (svc *service) addUp() {
	svc.series[0].counts.add(svc.heard)
	svc.heard = svc.heard[:0]
	if cap(svc.heard) > heardKept {
		svc.heard = nil
	}
}

func (svc *service) all() *series { return svc.series[0] }

// country returns a country's series; there is one from then on.
func (svc *service) country(code string) *series {
	i, found := svc.find(code)
	if !found {
		s := &series{service: svc, country: unique.Make(code).Value()} // one text for all services
		if len(svc.series) == cap(svc.series) {                        // twice the size would waste a quarter
			svc.series = append(slices.Grow([]*series(nil), len(svc.series)+1), svc.series...)
		}
		svc.series = slices.Insert(svc.series, i, s)
	}
	return svc.series[i]
}

func (svc *service) find(code string) (int, bool) {
	return slices.BinarySearchFunc(svc.series, code, func(s *series, code string) int {
		return strings.Compare(s.country, code)
	})
}

func (s *series) name() outage.Series {
	return outage.Series{Service: s.service.name, Country: s.country}
}

// ongoing says that there is an outage now.
func (svc *service) ongoing() bool {
	return svc.outage != nil && svc.outage.State == outage.Ongoing
}

// suffers says that a country has an ongoing impact.
func (svc *service) suffers(code string) bool {
	i := svc.impact(code)
	return i >= 0 && svc.outage.Impacts[i].State == outage.Ongoing
}

// impact is the index of a country's impact in the outage, or -1.
func (svc *service) impact(code string) int {
	if svc.outage == nil {
		return -1
	}
	return slices.IndexFunc(svc.outage.Impacts, func(i outage.Impact) bool { return i.Country == code })
}

// calm says that there is nothing left to look at before something changes.
func (svc *service) calm() bool { return svc.outage == nil && len(svc.restless) == 0 }

// restless says that a series has changed, or is watched.
func (s *series) restless() bool { return s.dirty || s.watch != nil }

// mark has the next tick look at a series.
func (svc *service) mark(s *series) {
	if !s.restless() {
		svc.restless = append(svc.restless, s)
	}
	s.dirty = true
}

// sweep forgets counts that are older than anything needs, once an hour.
func (d *Detector) sweep(cur minute) {
	if cur-d.swept < 60 {
		return
	}
	d.swept = cur
	for name, svc := range d.services {
		before := cur - kept
		if svc.outage != nil {
			before = min(before, minuteOf(svc.outage.StartedAt)-onsetWithin)
		}
		svc.addUp()
		for _, s := range svc.series {
			silent := s.counts.empty()
			s.counts.prune(before)
			if s.rates != nil && s.rates[0].hour < cur-ratesKept && s.rates[1].hour < cur-ratesKept {
				s.rates = nil
			}
			if s.country != outage.AllCountries {
				d.countLive(silent, s)
			}
		}
		svc.series = slices.DeleteFunc(svc.series, func(s *series) bool {
			return s.country != outage.AllCountries && s.counts.empty() && s.fresh < before &&
				!s.restless() && svc.outage == nil
		})
		if len(svc.series) == 1 && len(svc.spans) == 0 && svc.calm() {
			delete(d.services, name)
			svc.awake = false
		}
	}
	d.awake = slices.DeleteFunc(d.awake, func(svc *service) bool { return !svc.awake })
	d.latest = nil
}
