package baseline

import (
	"maps"
	"slices"
	"time"
)

// Countries is what is known of the countries' habits over all services: the
// recency-weighted reports by local hour of the week. It lets the owners of
// partitions learn from one another. The zero value is empty.
type Countries struct {
	byCode map[string]*week168
}

// Merge adds what other knows.
func (c *Countries) Merge(other Countries) {
	for _, code := range slices.Sorted(maps.Keys(other.byCode)) {
		if c.byCode == nil {
			c.byCode = map[string]*week168{}
		}
		sum := c.byCode[code]
		if sum == nil {
			sum = &week168{}
			c.byCode[code] = sum
		}
		for slot, reports := range other.byCode[code].by {
			sum.add(slot, reports)
		}
	}
}

func (c *Countries) total(code string) float64 {
	if sum := c.byCode[code]; sum != nil {
		return sum.sum
	}
	return 0
}

func (c *Countries) all() float64 {
	var all float64
	for _, code := range slices.Sorted(maps.Keys(c.byCode)) {
		all += c.byCode[code].sum
	}
	return all
}

// Countries returns what this model has learned itself, as of now.
func (m *Model) Countries(now time.Time) Countries {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := Countries{byCode: map[string]*week168{}}
	for code, land := range m.countries {
		if land.reports.sum == 0 {
			continue
		}
		sum := land.reports
		sum.scale(1 / m.weight(hourOf(now)))
		out.byCode[code] = &sum
	}
	return out
}

// Share sets what other models know; it replaces what was shared before.
func (m *Model) Share(others Countries) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.shared, m.sharedAll = others, others.all()
	m.version++
}
