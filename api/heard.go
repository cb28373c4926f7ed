package api

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/outcryhq/outcry/pkg/outage"
)

// heard is what has been heard of the catalog's services.
type heard struct {
	// countries has those of each service within live.KeepCounts, by code; "*" is not one.
	countries map[string][]string
	// reports is how many there were in the last hour, and services about how many services.
	reports, services int
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
	for _, minutes := range counts {
		if n := total(minutes); n > 0 {
			h.reports += n
			h.services++
		}
	}
	return h, nil
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
