package baseline

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/outcryhq/outcry/pkg/outage"
)

const (
	// settled is how many minutes must have been listened to before a count can
	// be unusual: until then everything is news, and learned as it is.
	settled = week * 60
	// comparableAfter is how many minutes must have been listened to before a level
	// can have risen.
	comparableAfter = 24 * 60
	// newNormal is how many hours in a row beyond the expected range make a
	// changed level the normal one.
	newNormal = 6
	// dayOverMean is how many times its mean the busiest hours of a day may be:
	// before the model is settled, less is no changed level, but an hour of the
	// week that was never heard before.
	dayOverMean = 6
	// keepOfPast is what remains of the past then: new hours weigh eight times as
	// much. With four, a level that tripled was half learned after two days.
	keepOfPast = 0.125
	// leastFalling is the reports an hour below which silence is no change.
	leastFalling = 5.0
	// hourlySpread is the variance of an hour's rate relative to its square.
	hourlySpread = 0.10
	// forgetBelow is the recency-weighted reports below which a series is dropped.
	forgetBelow = 0.05
)

// Count is what one country series heard in an hour.
type Count struct {
	Series  outage.Series // never "*"
	Reports int           // distinct reporters, summed over the hour's minutes
}

// Blind is the part of an hour that is left out for one service, because it
// had an outage around that time.
type Blind struct {
	Service string
	Minutes int // of the covered ones
}

// Hour is one UTC hour of the past, ready to be learned.
type Hour struct {
	Start   time.Time // a whole UTC hour
	Covered int       // minutes in which anyone was listening, 0 to 60
	Counts  []Count   // of the covered minutes that are not blind; what is missing was silent
	Blind   []Blind
}

// Learn adds one hour. Hours come in order: an hour before Until is an error,
// as is a number of minutes beyond 60.
func (m *Model) Learn(h Hour) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	hour := hourOf(h.Start)
	switch {
	case !hourTime(hour).Equal(h.Start):
		return fmt.Errorf("learn an hour: %w: %s is not a whole hour", outage.ErrInvalid, h.Start)
	case hour < m.until:
		return fmt.Errorf("learn an hour: %w: %s has been learned", outage.ErrInvalid, h.Start)
	case h.Covered < 0 || h.Covered > 60:
		return fmt.Errorf("learn an hour: %w: %d minutes in an hour", outage.ErrInvalid, h.Covered)
	}
	m.skip(hour)
	if h.Covered > 0 {
		m.learn(hour, h)
	} else {
		m.cover(hour, 0, 0)
	}
	m.version++
	if hour-m.ref >= week {
		m.tidy(hour)
	}
	return nil
}

func (m *Model) learn(hour int64, h Hour) {
	weight := m.weight(hour)
	blind := make(map[string]int, len(h.Blind))
	for _, b := range h.Blind {
		blind[b.Service] = min(max(b.Minutes, 0), h.Covered)
	}
	// What was usual is asked of the model before this hour becomes part of it.
	lessons := m.lessons(h, blind, weight)
	for i, l := range lessons {
		lessons[i].Reports = m.tame(l, hour)
	}
	m.cover(hour, h.Covered, weight)
	for name, minutes := range blind {
		m.service(name).leaveOut(hour, minutes, weight)
	}
	for _, l := range lessons {
		m.add(l.Series, hour, weight*float64(l.Reports))
	}
}

// lessons lists the series that were heard, and those whose silence may say
// something, by name.
func (m *Model) lessons(h Hour, blind map[string]int, weight float64) []lesson {
	var lessons []lesson
	heard := make(map[outage.Series]bool, len(h.Counts))
	for _, c := range h.Counts {
		if c.Series.Country != outage.AllCountries && c.Reports > 0 {
			heard[c.Series] = true
			lessons = append(lessons, lesson{c, h.Covered - blind[c.Series.Service]})
		}
	}
	for name, svc := range m.services {
		for i := range svc.series {
			ser := &svc.series[i]
			s := outage.Series{Service: name, Country: ser.land.code}
			busy := ser.total/weight*60 > leastFalling/2*m.minutes(ser.land, svc, ser, weight).sum
			if !heard[s] && (busy || ser.run != 0) {
				lessons = append(lessons, lesson{Count{Series: s}, h.Covered - blind[name]})
			}
		}
	}
	slices.SortFunc(lessons, func(a, b lesson) int {
		return cmp.Or(cmp.Compare(a.Series.Service, b.Series.Service), cmp.Compare(a.Series.Country, b.Series.Country))
	})
	return lessons
}

// lesson is a count and the minutes in which it was heard.
type lesson struct {
	Count
	minutes int
}

// tame returns the count that may be learned: at most what was to be expected,
// unless the level has changed for good.
func (m *Model) tame(l lesson, hour int64) int {
	svc := m.services[l.Series.Service]
	if svc == nil || l.minutes == 0 {
		return l.Reports
	}
	if m.observed < comparableAfter {
		return l.Reports
	}
	land, ser := m.country(l.Series.Country), svc.of(l.Series.Country)
	rate := m.at(svc, land, ser, hour).plain()
	low, high := expectedRange(rate, l.minutes)
	if m.observed < settled {
		low = 0 // nights are not known yet
	}
	if ser == nil {
		return m.news(l.Reports, high)
	}
	if m.observed < settled {
		weight := m.weight(hour)
		mean := (ser.total/weight + levelLean) / m.minutes(land, svc, ser, weight).sum
		high = max(high, int(dayOverMean*mean*float64(l.minutes)))
	}
	switch {
	case l.Reports > high:
		ser.run = max(ser.run, 0) + 1
	case l.Reports < low:
		ser.run = min(ser.run, 0) - 1
	default:
		ser.run = 0
	}
	switch {
	case -newNormal < ser.run && ser.run < newNormal:
		return m.news(l.Reports, high)
	case ser.run%newNormal == 0:
		m.forget(svc, ser, m.weight(hour))
		if ser.run == newNormal {
			m.untame(svc, ser, l, hour)
		}
	}
	return l.Reports
}

// news is the count that is learned of one that may be unusual.
func (m *Model) news(reports, high int) int {
	if m.observed < settled {
		return reports
	}
	return min(reports, high)
}

// untame makes up for what was held back while a changed level was not normal
// yet: those hours are taken to have heard what this one did. Else each would be
// taken for a quiet one in the weeks to come.
func (m *Model) untame(svc *service, ser *series, l lesson, hour int64) {
	weight := m.weight(hour)
	minutes := m.minutes(ser.land, svc, ser, weight)
	for before := hour - newNormal + 1; before < hour; before++ {
		slot := ser.land.slot(before)
		heard := weight * float64(l.Reports) / float64(l.minutes) * min(minutes.at(slot), float64(l.minutes))
		if missing := heard - svc.at(ser, slot); missing > 0 {
			m.add(l.Series, before, missing)
		}
	}
}

// expectedRange is the central 99 % of a negative binomial's counts, by the
// Cornish-Fisher expansion to the third moment. The upper end is at least 1.
func expectedRange(rate Rate, minutes int) (low, high int) {
	const z = 2.576 // of the 99.5 % quantile
	mean := rate.PerMinute * float64(minutes)
	overSize := hourlySpread + 1/rate.Reports // 1/r
	sd := math.Sqrt(mean * (1 + mean*overSize))
	skewed := (z*z - 1) / 6 * (1 + 2*mean*overSize)
	if mean >= leastFalling {
		low = max(int(mean-z*sd+skewed), 0)
	}
	return low, max(int(mean+z*sd+skewed), 1)
}

// forget takes most of a series' past away, so that the present weighs more.
func (m *Model) forget(svc *service, ser *series, weight float64) {
	minutes := m.minutes(ser.land, svc, ser, weight)
	var gone week168
	for slot := range week {
		gone.add(slot, (1-keepOfPast)*weight*minutes.at(slot))
	}
	if forgot := svc.forgot[ser.land]; forgot != nil {
		gone.addAll(forgot)
	}
	svc.setForgot(ser.land, &gone)
	for slot, heard := range svc.each(ser) {
		grown := svc.add(ser, slot, (keepOfPast-1)*heard)
		svc.reports += grown
		ser.land.reports.add(slot, grown)
		m.total += grown
	}
}

// add adds reports of full weight.
func (m *Model) add(s outage.Series, hour int64, reports float64) {
	if reports == 0 {
		return
	}
	svc, land := m.service(s.Service), m.country(s.Country)
	slot := land.slot(hour)
	// Sums are of what the series keep, which is rounded: so they can be derived.
	reports = svc.add(svc.country(land), slot, reports)
	svc.reports += reports
	land.reports.add(slot, reports)
	m.total += reports
}

func (m *Model) service(name string) *service {
	svc := m.services[name]
	if svc == nil {
		svc = &service{}
		m.services[name] = svc
	}
	return svc
}
