package baseline

// shapeLean is how many reports of a service make its own shape count as much
// as that of the country.
const shapeLean = 500

// smoothing are the weights of the five hours around an hour.
var smoothing = [5]float64{1, 2, 3, 2, 1} //nolint:gochecknoglobals // a constant table

// country returns what is known of a country, and begins with nothing.
func (m *Model) country(code string) *country {
	c := m.countries[code]
	if c == nil {
		c = &country{code: code, zone: location(code)}
		m.countries[code] = c
	}
	return c
}

func (c *country) slot(hour int64) int { return localSlot(c.zone, hour) }

// shapeAt is g_h: the expected rate in a local hour of the week relative to the
// mean over the week, as of the last hour learned.
func (m *Model) shapeAt(svc *service, land *country, slot int) float64 {
	m.shapeCountry(land)
	if svc == nil {
		return land.shape.by[slot]
	}
	m.shapeService(svc)
	heard := svc.reports / m.weight(m.until)
	own := heard / (heard + shapeLean)
	return own*svc.shape[slot].value() + (1-own)*land.shape.by[slot]
}

// shapeCountry refreshes the shape of a country over all services.
func (m *Model) shapeCountry(land *country) {
	if land.shaped == m.version {
		return
	}
	land.shaped = m.version
	weight := m.weight(m.until)
	exposed := m.minutes(land, nil, nil, weight)
	shared := m.shared.byCode[land.code]
	var heard, flat week168
	for slot := range week {
		heard.add(slot, land.reports.by[slot]/weight)
		if shared != nil {
			heard.add(slot, shared.by[slot])
		}
	}
	addFlat(&flat, exposed, heard.sum)
	land.shape = relative(heard, flat)
}

// shapeService refreshes the shape of a service over its countries.
func (m *Model) shapeService(svc *service) {
	if svc.shaped == m.version {
		return
	}
	svc.shaped = m.version
	weight := m.weight(m.until)
	var heard, flat week168
	for i := range svc.series {
		// What a series has forgotten says nothing about the shape either.
		ser := &svc.series[i]
		addFlat(&flat, m.minutes(ser.land, svc, ser, weight), ser.total/weight)
		for slot, reports := range svc.each(ser) {
			heard.add(slot, reports)
		}
	}
	heard.scale(1 / weight)
	for slot, rate := range relative(heard, flat).by {
		svc.shape[slot] = pack(rate)
	}
}

// addFlat adds what would have been heard in each local hour of the week if
// the reports had come evenly while anyone listened.
func addFlat(flat *week168, exposed exposure, reports float64) {
	if exposed.sum > 0 {
		exposed.addTo(flat, reports/exposed.sum)
	}
}

// relative is the smoothed ratio of what was heard to an even week, of mean 1.
// Each hour of the week leans on that hour of all days, and this on 1: so a week
// that was heard in part has a shape where it was not heard.
func relative(heard, flat week168) week168 {
	var ratio, shape week168
	for hour := range day {
		var ofDay, flatDay float64
		for slot := hour; slot < week; slot += day {
			ofDay += heard.by[slot]
			flatDay += max(flat.by[slot], 0)
		}
		usual := (ofDay + Lean) / (flatDay + Lean)
		for slot := hour; slot < week; slot += day {
			ratio.by[slot] = (heard.by[slot] + Lean*usual) / (max(flat.by[slot], 0) + Lean)
		}
	}
	for slot := range week {
		var sum, of float64
		for i, w := range smoothing {
			sum += w * ratio.by[(slot+i-len(smoothing)/2+week)%week]
			of += w
		}
		shape.add(slot, sum/of)
	}
	shape.scale(week / shape.sum)
	return shape
}
