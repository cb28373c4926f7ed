package api

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/outcryhq/outcry/api/spec"
	"github.com/outcryhq/outcry/pkg/catalog"
	"github.com/outcryhq/outcry/pkg/outage"
	"github.com/outcryhq/outcry/pkg/place"
	"github.com/outcryhq/outcry/pkg/problem"
)

// ListCountries implements spec.ServerInterface.
func (a *API) ListCountries(c *gin.Context) {
	if q := readQuery(c); q.err != nil {
		problem.Write(c, q.err)
		return
	}
	now := a.picture(c.Request.Context())
	if now.err != nil {
		problem.Write(c, now.err)
		return
	}
	list := spec.CountryList{Countries: []spec.CountryNow{}}
	there := a.there(now)
	for code, services := range there {
		list.Countries = append(list.Countries, countryNow(now, code, services))
	}
	slices.SortFunc(list.Countries, func(a, b spec.CountryNow) int { return cmp.Compare(a.Country, b.Country) })
	respondJSON(c, keepLive, list)
}

// there lists the services that were heard of in each country, or are in trouble there, by slug.
func (a *API) there(now picture) map[string][]string {
	found := map[string][]string{}
	for _, service := range a.catalog.Services() {
		for _, code := range now.countriesOf(service.Slug) {
			found[code] = append(found[code], service.Slug)
		}
	}
	return found
}

// countriesOf lists the countries in which a service was heard of or is in trouble, by code.
func (p picture) countriesOf(service string) []string {
	codes := slices.Concat(p.heard.countries[service], p.byService[service].countries())
	slices.Sort(codes)
	return slices.Compact(codes)
}

func countryNow(now picture, code string, services []string) spec.CountryNow {
	entry := spec.CountryNow{
		Country: code, Name: place.Name(code), Status: outage.StatusUnknown, Problem: []string{}, Possible: []string{},
	}
	for _, slug := range services {
		status, _ := now.statusOf(outage.Series{Service: slug, Country: code})
		entry.Status = worse(entry.Status, status)
		switch status {
		case outage.StatusProblem:
			entry.Problem = append(entry.Problem, slug)
		case outage.StatusPossible:
			entry.Possible = append(entry.Possible, slug)
		case outage.StatusOK, outage.StatusUnknown:
		}
	}
	return entry
}

// GetCountry implements spec.ServerInterface.
func (a *API) GetCountry(c *gin.Context) {
	q := readQuery(c)
	code, ok := place.Normalize(c.Param("country"))
	if !ok {
		q.fail("country", "expected an ISO 3166-1 alpha-2 code such as ID, or ZZ for unknown")
	}
	if q.err != nil {
		problem.Write(c, q.err)
		return
	}
	detail := a.country(c.Request.Context(), code)
	if record, err := a.record(c.Request.Context(), "", code, time.Time{}); err == nil {
		detail.Record = &record
	}
	respondJSON(c, keepLive, detail)
}

// country says what is known of a country now: every service that was heard of
// there, worst first. Its record is not read.
func (a *API) country(ctx context.Context, code string) spec.CountryDetail {
	now := a.picture(ctx)
	detail := spec.CountryDetail{
		Country: code, Name: place.Name(code), Status: outage.StatusUnknown, Services: []spec.ServiceThere{},
	}
	for _, service := range a.catalog.Services() {
		if slices.Contains(now.countriesOf(service.Slug), code) {
			entry := serviceThere(now, service, code)
			detail.Status = worse(detail.Status, entry.Status)
			detail.Services = append(detail.Services, entry)
		}
	}
	slices.SortStableFunc(detail.Services, func(a, b spec.ServiceThere) int {
		if a.Status == b.Status {
			return 0
		}
		if worse(a.Status, b.Status) == a.Status {
			return -1
		}
		return 1
	})
	return detail
}

func serviceThere(now picture, service catalog.Service, code string) spec.ServiceThere {
	entry := spec.ServiceThere{Service: service.Slug, Name: service.Name}
	entry.Status, entry.UnknownBecause = now.statusOf(outage.Series{Service: service.Slug, Country: code})
	trouble := now.byService[service.Slug]
	if impact := trouble.impact(code); impact != nil && impact.State == outage.Ongoing {
		entry.OutageID = &trouble.ongoing.ID
	}
	return entry
}
