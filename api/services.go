package api

import (
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

// suggestions is how many services are named when one is not known.
const suggestions = 5

// picture is what is known of the present, as far as the live state can be read.
// Without it every status is unknown, which is the truth.
type picture struct {
	present
	heard     heard
	listened  listened
	err       error
	listenErr error // what listened lacks
	blind     bool  // not even what is in trouble is known
	now       time.Time
	baselines Baselines
}

func (a *API) picture(ctx context.Context) picture {
	p := picture{now: a.now(), baselines: a.baselines}
	if p.present, p.err = a.present.get(ctx); p.err != nil {
		p.blind = true
		return p
	}
	// Without it what is quiet is unknown; what is in trouble still shows.
	p.heard, p.err = a.heard.get(ctx)
	p.listened, p.listenErr = a.listened.get(ctx)
	return p
}

// ListServices implements spec.ServerInterface.
func (a *API) ListServices(c *gin.Context) {
	q := readQuery(c)
	text, country, limit := q.text("q"), q.country(false), q.limit()
	status := oneOf(q, "status", "", outage.StatusProblem, outage.StatusPossible, outage.StatusOK, outage.StatusUnknown)
	services := q.restOf(a.search(text))
	if q.err != nil {
		problem.Write(c, q.err)
		return
	}
	if country == "" {
		country = outage.AllCountries
	}
	now := a.picture(c.Request.Context())
	list := spec.ServiceList{Services: []spec.Service{}, AsOf: a.lastSeen().asOf(), Complete: now.complete()}
	for _, service := range services {
		s := outage.Series{Service: service.Slug, Country: country}
		found, why := now.statusOf(s)
		if status != "" && found != status {
			continue
		}
		if len(list.Services) == limit {
			list.NextCursor = encodeCursor("services", list.Services[limit-1].Service)
			break
		}
		entry := describe(now, service, now.byService[service.Slug].countries())
		entry.Status, entry.UnknownBecause = found, why
		list.Services = append(list.Services, entry)
	}
	respondJSON(c, keepLive, list)
}

// restOf returns the services behind the cursor.
func (q *query) restOf(services []catalog.Service) []catalog.Service {
	after := q.cursor("services", 1)
	if after == nil {
		return services
	}
	at := slices.IndexFunc(services, func(s catalog.Service) bool { return s.Slug == after[0] })
	if at < 0 {
		q.badCursor()
	}
	return services[at+1:]
}

// search returns the services that fit the text, best first; without a text
// all of them, by name.
func (a *API) search(text string) []catalog.Service {
	services := a.catalog.Services()
	if text == "" {
		return services
	}
	return a.catalog.Search(text, len(services))
}

func describe(p picture, service catalog.Service, countries []string) spec.Service {
	entry := spec.Service{
		Service: service.Slug, Name: service.Name, Category: service.Category,
		HomeCountries: append([]string{}, service.Countries...),
		Countries:     make([]spec.CountryStatus, 0, len(countries)),
	}
	entry.Status, entry.UnknownBecause = p.statusOf(outage.Series{Service: service.Slug, Country: outage.AllCountries})
	if ongoing := p.byService[service.Slug].ongoing; ongoing != nil {
		entry.OutageID = &ongoing.ID
	}
	for _, code := range countries {
		status, why := p.statusOf(outage.Series{Service: service.Slug, Country: code})
		entry.Countries = append(entry.Countries, spec.CountryStatus{
			Country: code, Name: place.Name(code), Status: status, UnknownBecause: why,
		})
	}
	return entry
}

// GetService implements spec.ServerInterface.
func (a *API) GetService(c *gin.Context) {
	q := readQuery(c)
	service, err := a.service(c.Param("service"))
	switch {
	case q.err != nil:
		problem.Write(c, q.err)
		return
	case err != nil:
		problem.Write(c, err)
		return
	}
	now := a.picture(c.Request.Context())
	countries := slices.Concat(now.heard.countries[service.Slug], now.byService[service.Slug].countries())
	slices.Sort(countries)
	found := describe(now, service, slices.Compact(countries))
	detail := spec.ServiceDetail{
		AsOf: a.lastSeen().asOf(), Complete: now.complete(),
		Service: found.Service, Name: found.Name, Category: found.Category, HomeCountries: found.HomeCountries,
		Status: found.Status, UnknownBecause: found.UnknownBecause, OutageID: found.OutageID, Countries: found.Countries,
		Problems: []spec.ProblemKind{}, Outage: a.publishedNow(c.Request.Context(), now.byService[service.Slug].ongoing),
	}
	if said, err := a.votes(c.Request.Context(), outage.Series{Service: service.Slug, Country: outage.AllCountries}); err == nil {
		detail.Votes = &said
	}
	for _, kind := range a.catalog.Problems(service.Slug) {
		detail.Problems = append(detail.Problems, spec.ProblemKind{Problem: kind.Slug, Name: kind.Label})
	}
	respondJSON(c, keepLive, detail)
}

// service finds a service, or says which ones have a similar name.
func (a *API) service(slug string) (catalog.Service, error) {
	if service, ok := a.catalog.Service(slug); ok {
		return service, nil
	}
	p := problem.New(outage.ErrNotFound, "there is no such service")
	p.Field, p.Suggestions = "service", a.catalog.Nearest(clip(slug), suggestions)
	return catalog.Service{}, p
}
