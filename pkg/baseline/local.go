package baseline

import (
	"math"
	"slices"
	"time"
)

// remembered is how many hours of coverage are kept. What was heard before weighs
// less than a five-hundredth.
const remembered = 60 * week

// local is the exposure by local hour of the week, for all countries whose clocks
// have gone alike in the time that is remembered. It derives from Model.covered, so
// that an hour that a clock change skips or repeats has the minutes it had.
type local struct {
	shifts  []shift
	covered week168 // weighted minutes
}

// shift is by how many hours of the week a local clock is ahead of UTC's from an
// hour on.
type shift struct {
	from int64 // hours since 1970
	by   int   // 0 to 167
}

// shiftsOf lists the shifts of a zone from an hour to before another.
func shiftsOf(zone *time.Location, from, to int64) []shift {
	var shifts []shift
	for hour := from; hour < to; {
		by := (localSlot(zone, hour) - utcSlot(hour) + week) % week
		if len(shifts) == 0 || shifts[len(shifts)-1].by != by {
			shifts = append(shifts, shift{hour, by})
		}
		_, end := hourTime(hour).In(zone).ZoneBounds()
		if end.IsZero() {
			break
		}
		hour = max(hourOf(end.Add(time.Hour-time.Second)), hour+1) // the first that begins no earlier
	}
	return shifts
}

// slot is the local hour of the week of a UTC hour.
func (l *local) slot(hour int64) int { return l.shifted(hour, utcSlot(hour)) }

// shifted is that, for an hour whose hour of the week in UTC is known.
func (l *local) shifted(hour int64, slot int) int {
	i := len(l.shifts) - 1
	for i > 0 && l.shifts[i].from > hour {
		i--
	}
	if slot += l.shifts[i].by; slot >= week { // cheaper than a division
		slot -= week
	}
	return slot
}

// local returns the exposure by a country's clock. Countries share it, since
// there are far fewer ways for clocks to go than there are countries.
func (m *Model) local(land *country) *local {
	if land.local != nil {
		return land.local
	}
	shifts := shiftsOf(land.zone, m.start(), m.until+2*week)
	i := slices.IndexFunc(m.locals, func(l *local) bool { return slices.Equal(l.shifts, shifts) })
	if i < 0 {
		i = len(m.locals)
		m.locals = append(m.locals, m.newLocal(shifts))
	}
	land.local = m.locals[i]
	return land.local
}

// start is the first hour that is remembered.
func (m *Model) start() int64 { return m.until - int64(len(m.covered)) }

func (m *Model) newLocal(shifts []shift) *local {
	l := &local{shifts: shifts}
	m.eachCovered(func(hour int64, minutes float64) { l.covered.add(l.slot(hour), minutes) })
	return l
}

// eachCovered gives the hours that were listened to, with weighted minutes, by time.
func (m *Model) eachCovered(give func(hour int64, minutes float64)) {
	start := m.start()
	hourly := math.Pow(weekly, -1.0/week)
	weight := math.Pow(weekly, -float64(start-m.ref)/week)
	for i, minutes := range m.covered {
		if minutes > 0 {
			give(start+int64(i), weight*float64(minutes))
		}
		weight *= hourly
	}
}

// rederive derives again what derives from the coverage. Clocks that went alike so
// far may part by now.
func (m *Model) rederive() {
	m.locals, m.listening = nil, 0
	for _, land := range m.countries {
		land.local = nil
	}
	m.eachCovered(func(hour int64, minutes float64) {
		m.listening += minutes
		m.listened = hour
	})
}

// cover notes in how many minutes of an hour anyone listened.
func (m *Model) cover(hour int64, minutes int, weight float64) {
	m.covered = append(m.covered, uint8(minutes)) //nolint:gosec // at most 60
	m.until = hour + 1
	if minutes == 0 {
		return
	}
	m.listened = hour
	m.observed += minutes
	m.listening += weight * float64(minutes)
	for _, l := range m.locals {
		l.covered.add(l.slot(hour), weight*float64(minutes))
	}
}

// skip takes the hours before one that were not learned for silent ones of our
// own. After so many that nothing is remembered, all begins anew: reports would be
// left without the minutes in which they were heard.
func (m *Model) skip(hour int64) {
	if m.until == 0 || hour-m.listened >= remembered {
		m.ref, m.until, m.listened = hour, hour, hour
		m.covered, m.observed = nil, 0
		clear(m.services)
		m.derive()
	}
	if missed := hour - m.until; missed > 0 {
		m.covered = append(m.covered, make([]uint8, missed)...)
		m.until = hour
		m.version++
	}
	// Sums are rounded as they fade: in a gap as often as in silent hours.
	for hour-m.ref > week {
		m.tidy(m.ref + week)
	}
}

// blindHour is an hour of which some minutes are left out for a service.
type blindHour struct {
	weighted float64
	hour     int32 // since 1970, UTC
	minutes  uint8
	slot     uint8 // the hour of the week in UTC
}

func newBlindHour(hour int64, minutes int) blindHour {
	return blindHour{hour: int32(hour), minutes: uint8(minutes), slot: uint8(utcSlot(hour))} //nolint:gosec // bounded by Learn and Decode
}

func (l *local) slotOf(b blindHour) int { return l.shifted(int64(b.hour), int(b.slot)) }

func (s *service) leaveOut(hour int64, minutes int, weight float64) {
	if minutes <= 0 {
		return
	}
	b := newBlindHour(hour, minutes)
	b.weighted = weight * float64(minutes)
	s.blind = append(s.blind, b)
	s.blinded += b.weighted
}

// forgetBlind drops the hours before one.
func (s *service) forgetBlind(before int64) {
	s.blind = slices.DeleteFunc(s.blind, func(b blindHour) bool { return int64(b.hour) < before })
}

// weighBlind gives the blind hours the weights that they have by ref.
func (s *service) weighBlind(ref int64) {
	s.blinded = 0
	for i := range s.blind {
		b := &s.blind[i]
		b.weighted = float64(b.minutes) * math.Pow(weekly, -float64(int64(b.hour)-ref)/week)
		s.blinded += b.weighted
	}
}

// exposure is the weighted minutes in which a series was listened to.
type exposure struct {
	local  *local
	blind  []blindHour
	forgot *week168 // nil for none
	scale  float64
	sum    float64 // of the whole week, scaled
}

// minutes returns the exposure of a series in a country; ser is nil for one that
// was never heard, and svc for a service of which nothing is known.
func (m *Model) minutes(land *country, svc *service, ser *series, weight float64) exposure {
	e := exposure{local: m.local(land), scale: 1 / weight, sum: m.listening}
	if svc != nil {
		e.blind = svc.blind
		e.sum -= svc.blinded
	}
	if ser != nil && len(svc.forgot) > 0 {
		if e.forgot = svc.forgot[land]; e.forgot != nil {
			e.sum -= e.forgot.sum
		}
	}
	e.sum = max(e.sum*e.scale, 0)
	return e
}

// at is the exposure in one local hour of the week.
func (e exposure) at(slot int) float64 {
	minutes := e.local.covered.by[slot]
	for _, b := range e.blind {
		if e.local.slotOf(b) == slot {
			minutes -= b.weighted
		}
	}
	if e.forgot != nil {
		minutes -= e.forgot.by[slot]
	}
	return max(minutes*e.scale, 0)
}

// addTo adds a multiple of the exposure to each hour of a week. It may come out
// below zero by what is lost in rounding.
func (e exposure) addTo(sum *week168, by float64) {
	by *= e.scale
	for slot, minutes := range e.local.covered.by {
		sum.by[slot] += by * minutes
	}
	for _, b := range e.blind {
		sum.by[e.local.slotOf(b)] -= by * b.weighted
	}
	if e.forgot == nil {
		return
	}
	for slot, minutes := range e.forgot.by {
		sum.by[slot] -= by * minutes
	}
}
