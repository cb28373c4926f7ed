package baseline

import "slices"

// tidy makes the hour the one that weighs one, and drops what has faded.
func (m *Model) tidy(hour int64) {
	by := 1 / m.weight(hour)
	m.ref = hour
	m.covered.scale(by)
	for name, svc := range m.services {
		for code, ser := range svc.series {
			ser.scale(by)
			if ser.total < forgetBelow {
				delete(svc.series, code)
			}
		}
		svc.order = slices.DeleteFunc(svc.order, func(code string) bool { return svc.series[code] == nil })
		svc.blind = svc.blind.faded(by)
		if len(svc.series) == 0 && svc.blind == nil {
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

// derive recomputes from the series what services and countries have in common.
func (m *Model) derive() {
	m.version++
	m.total = 0
	for _, land := range m.countries {
		land.reports = week168{}
	}
	for _, name := range sortedKeys(m.services) {
		svc := m.services[name]
		svc.reports = week168{}
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
