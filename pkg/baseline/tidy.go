package baseline

import "slices"

// tidy makes the hour the one that weighs one, and drops what has faded.
func (m *Model) tidy(hour int64) {
	by := 1 / m.weight(hour)
	m.ref = hour
	if forgotten := len(m.covered) - remembered; forgotten > 0 {
		m.covered = slices.Clone(m.covered[forgotten:])
	}
	for name, svc := range m.services {
		svc.fade(by)
		svc.forgetBlind(m.start())
		if len(svc.series) == 0 && len(svc.blind) == 0 {
			delete(m.services, name)
		}
	}
	m.derive()
}

// fade scales what was heard, and drops the series of which little is left.
func (s *service) fade(by float64) {
	left, sums := s.series[:0], s.sums[:0] // what is written has been read before
	for _, ser := range s.series {
		if ser.total *= by; ser.total < forgetBelow {
			s.setForgot(ser.land, nil)
			continue
		}
		of := s.sumsOf(&ser)
		ser.first = uint32(len(sums)) //nolint:gosec // no more than before
		for _, x := range of {
			sums = append(sums, pack(x.value()*by))
		}
		s.setForgot(ser.land, s.forgot[ser.land].faded(by))
		left = append(left, ser)
	}
	clear(s.series[len(left):])
	s.series, s.sums = left, sums
	if cap(s.sums) > len(s.sums)+len(s.sums)/8 {
		s.series, s.sums = slices.Clone(s.series), slices.Clone(s.sums)
	}
}

// faded is a week of minutes that count for less now; nil if for nothing.
func (w *week168) faded(by float64) *week168 {
	if w == nil {
		return nil
	}
	w.scale(by)
	if w.sum < 1 {
		return nil
	}
	return w
}

// derive recomputes from the series what services and countries have in common,
// and from the coverage what zones have.
func (m *Model) derive() {
	m.version++
	m.rederive()
	m.total = 0
	for _, land := range m.countries {
		land.reports = week168{}
	}
	for _, name := range sortedKeys(m.services) {
		svc := m.services[name]
		svc.reports = 0
		svc.weighBlind(m.ref)
		for i := range svc.series {
			ser := &svc.series[i]
			ser.total = 0
			for slot, reports := range svc.each(ser) {
				ser.total += reports
				ser.land.reports.add(slot, reports)
			}
			svc.reports += ser.total
			m.total += ser.total
		}
	}
}
