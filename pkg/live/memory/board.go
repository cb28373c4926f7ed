package memory

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

const (
	keepCountMinutes = int64(live.KeepCounts / time.Minute)
	// keepFinal is how long outages that are final can still be read.
	keepFinal = 24 * time.Hour
	// farAhead is how many minutes the clocks of callers surely do not differ.
	farAhead = 60
	// forgetAtOnce bounds how many series one call forgets.
	forgetAtOnce = 256
)

// board is what readers see of one partition. The committer writes it, and
// holds mu for no longer than a group's counts take.
type board struct {
	mu       sync.RWMutex
	services map[string]*service
	changes  changes
	dirty    []*series
	outages  map[outage.ID]outage.Change
}

// service is the series of one service.
type service struct {
	sum       *series // of all its countries
	countries map[string]*series
}

// publish shows what a group has counted and written. All of it becomes visible at once.
func (b *board) publish(now time.Time, reports []counted, written []outage.Change) {
	b.mu.Lock()
	defer b.mu.Unlock()
	minute := minuteOf(now)
	for _, c := range reports {
		svc := b.service(c.report.Service)
		for _, s := range [...]*series{svc.sum, b.country(svc, c.report.Country)} {
			h := s.hour(floor(c.minute, 60))
			h.add(int(c.minute-60*h.number), 1)
			h.witness(c.report)
			b.touch(s, minute)
		}
	}
	b.order(minute - keepCountMinutes)
	for _, c := range written {
		b.put(c)
	}
	b.drop(now)
}

// touch notes that a series was heard of.
func (b *board) touch(s *series, minute int64) {
	s.last = max(s.last, minute)
	if !s.dirty {
		s.dirty = true
		b.dirty = append(b.dirty, s)
	}
}

// order gives the series that were touched their places among the changes.
func (b *board) order(before int64) {
	for i, s := range b.dirty {
		s.dirty = false
		s.trim(before)
		b.changes.push(s)
		b.dirty[i] = nil
	}
	b.dirty = b.dirty[:0]
	b.forgetSeries(before)
}

// service finds a service, or makes it.
func (b *board) service(slug string) *service {
	svc := b.services[slug]
	if svc == nil {
		slug = strings.Clone(slug)
		svc = &service{
			sum:       &series{name: outage.Series{Service: slug, Country: outage.AllCountries}},
			countries: map[string]*series{},
		}
		if b.services == nil {
			b.services = map[string]*service{}
		}
		b.services[slug] = svc
	}
	return svc
}

// country finds a service's series in a country, or makes it.
func (b *board) country(svc *service, country string) *series {
	s := svc.countries[country]
	if s == nil {
		s = &series{name: outage.Series{Service: svc.sum.name.Service, Country: strings.Clone(country)}}
		svc.countries[s.name.Country] = s
	}
	return s
}

// find returns a series, or nil.
func (b *board) find(name outage.Series) *series {
	svc := b.services[name.Service]
	switch {
	case svc == nil:
		return nil
	case name.Country == outage.AllCountries:
		return svc.sum
	}
	return svc.countries[name.Country]
}

// forget drops series that have not been heard of for live.KeepCounts, and
// outages that have long been final.
func (b *board) forget(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.forgetSeries(minuteOf(now) - keepCountMinutes)
	b.drop(now)
}

// forgetSeries looks at the series in the order of their changes, from the
// oldest to the first that is to be kept. One that was heard of under a clock
// that ran far ahead would hold up all behind it, so it takes its place anew, as
// heard of now.
func (b *board) forgetSeries(before int64) {
	now := before + keepCountMinutes
	for range forgetAtOnce {
		s := b.changes.oldest()
		if s == nil {
			return
		}
		if s.last > now+farAhead {
			s.last = now
			b.changes.push(s)
			continue
		}
		if s.last > before {
			return
		}
		b.changes.remove(s)
		svc := b.services[s.name.Service]
		if s == svc.sum {
			svc.sum = &series{name: s.name}
		} else {
			delete(svc.countries, s.name.Country)
		}
		if len(svc.countries) == 0 && svc.sum.seq == 0 {
			delete(b.services, s.name.Service)
		}
	}
}

// put replaces an outage by one that supersedes it.
func (b *board) put(c outage.Change) {
	if b.outages == nil {
		b.outages = map[outage.ID]outage.Change{}
	}
	b.outages[c.Outage.ID] = c
}

// drop forgets outages that have been final for a day.
func (b *board) drop(now time.Time) {
	for id, c := range b.outages {
		if outdated(c, now) {
			delete(b.outages, id)
		}
	}
}

// outdated says whether an outage has been final for so long that only the archive keeps it.
func outdated(c outage.Change, now time.Time) bool {
	return c.Outage.Final && c.Outage.ClosedAt != nil && now.Sub(*c.Outage.ClosedAt) > keepFinal
}

// all lists the outages, by id.
func (b *board) all() []outage.Change {
	b.mu.RLock()
	defer b.mu.RUnlock()
	list := make([]outage.Change, 0, len(b.outages))
	for _, c := range b.outages {
		list = append(list, clone(c))
	}
	slices.SortFunc(list, func(x, y outage.Change) int {
		return cmp.Compare(string(x.Outage.ID[:]), string(y.Outage.ID[:]))
	})
	return list
}
