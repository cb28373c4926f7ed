package api

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/outcryhq/outcry/pkg/catalog"
	"github.com/outcryhq/outcry/pkg/outage"
)

// heard is what has been heard of the catalog's services.
type heard struct {
	// countries has those of each service within live.KeepCounts, by code; "*" is not one.
	countries map[string][]string
	// reports is how many there were in the last hour, and services about how many services.
	reports, services int
	// latest is the last minute of that hour in which there was a report, zero for none.
	latest time.Time
	// usual is how many reports are usual in an hour; nil while that is not known.
	usual *float64
}

func (a *API) readHeard(ctx context.Context) (heard, error) {
	services := a.catalog.Services()
	slugs := make([]string, len(services))
	for i, service := range services {
		slugs[i] = service.Slug
	}
	series, err := a.live.ServiceSeries(ctx, slugs)
	if err != nil {
		return heard{}, fmt.Errorf("list series heard of: %w", err)
	}
	h := heard{countries: map[string][]string{}}
	var sums []outage.Series
	for _, s := range series {
		if s.Country == outage.AllCountries {
			sums = append(sums, s)
		} else {
			h.countries[s.Service] = append(h.countries[s.Service], s.Country)
		}
	}
	for _, countries := range h.countries {
		slices.Sort(countries)
	}
	now := a.now()
	counts, err := a.live.Counts(ctx, sums, now.Add(-time.Hour), now.Add(time.Minute))
	if err != nil {
		return heard{}, fmt.Errorf("count the last hour: %w", err)
	}
	h.usual = a.usualHour(services, now)
	for _, minutes := range counts {
		for i, n := range minutes {
			if n > 0 {
				h.latest = later(h.latest, now.Add(time.Duration(i)*time.Minute-time.Hour).Truncate(time.Minute))
			}
		}
		if n := total(minutes); n > 0 {
			h.reports += n
			h.services++
		}
	}
	return h, nil
}

// usualHour is the number of reports that are usual in an hour like this one over
// all services; nil while it is not known of each.
func (a *API) usualHour(services []catalog.Service, now time.Time) *float64 {
	var sum float64
	for _, service := range services {
		rate, ok := a.baselines.PerMinute(outage.Series{Service: service.Slug, Country: outage.AllCountries}, now)
		if !ok || math.IsNaN(rate) || math.IsInf(rate, 0) {
			return nil
		}
		sum += rate * time.Hour.Minutes()
	}
	return &sum
}

func total(counts []int) int {
	sum := 0
	for _, n := range counts {
		sum += n
	}
	return sum
}

func (h heard) has(s outage.Series) bool {
	countries := h.countries[s.Service]
	if s.Country == outage.AllCountries {
		return len(countries) > 0
	}
	_, found := slices.BinarySearch(countries, s.Country)
	return found
}
