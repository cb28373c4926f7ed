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
		for code, ser := range svc.series {
			ser.scale(by)
			if ser.total < forgetBelow {
				delete(svc.series, code)
			}
		}
		svc.order = slices.DeleteFunc(svc.order, func(code string) bool { return svc.series[code] == nil })
		svc.forgetBlind(m.start())
		if len(svc.series) == 0 && len(svc.blind) == 0 {
			delete(m.services, name)
		}
	}
	m.derive()
}

func (s *series) scale(by float64) {
	for i := range s.hours {
		s.hours[i].reports *= float32(by)
	}
	s.forgot = s.forgot.faded(by)
	s.total *= by
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
		svc.reports = week168{}
		svc.weighBlind(m.ref)
		for _, code := range svc.order {
			ser, land := svc.series[code], m.country(code)
			ser.total = 0
			for _, h := range ser.hours {
				reports := float64(h.reports)
				ser.total += reports
				svc.reports.add(int(h.hour), reports)
				land.reports.add(int(h.hour), reports)
				m.total += reports
			}
		}
	}
}
