package api

import (
	"cmp"
	"context"
	"slices"

	"github.com/gin-gonic/gin"

	"github.com/outcryhq/outcry/api/web"
	"github.com/outcryhq/outcry/pkg/outage"
	"github.com/outcryhq/outcry/pkg/place"
	"github.com/outcryhq/outcry/pkg/problem"
)

// countryPage answers with the page of a country.
func (a *API) countryPage(c *gin.Context) {
	code, ok := place.Normalize(c.Param("country"))
	if !ok || code == outage.UnknownCountry {
		a.pages.Error(c, problem.New(outage.ErrNotFound, "there is no such country"))
		return
	}
	a.show(c, web.PageCountry, code, "", func(ctx context.Context, _ string) (any, error) {
		return a.describeCountry(ctx, code), nil
	})
}

// describeCountry says of a country what is known. What cannot be read is left out.
func (a *API) describeCountry(ctx context.Context, code string) web.CountryPage {
	v := frontView{a: a, picture: a.picture(ctx)}
	page := web.CountryPage{Now: v.asOf(), Country: code, Tone: outage.StatusUnknown}
	for _, service := range a.catalog.Services() {
		row := web.ServiceRow{Slug: service.Slug, Name: service.Name}
		row.Status, _ = v.statusOf(outage.Series{Service: service.Slug, Country: code})
		heard := slices.Contains(v.countriesOf(service.Slug), code)
		switch {
		case row.Status == outage.StatusProblem:
			v.trouble(&row, code)
			page.Down = append(page.Down, row)
		case row.Status == outage.StatusPossible:
			page.Possible = append(page.Possible, row)
		case slices.Contains(service.Countries, code):
			page.Home = append(page.Home, row)
		case heard:
			page.Calm = append(page.Calm, row)
		}
	}
	slices.SortStableFunc(page.Down, func(a, b web.ServiceRow) int { return cmp.Compare(b.Peak, a.Peak) })
	v.sayOf(&page)
	page.Past = v.past(ctx, "", code)
	return page
}

// trouble adds the outage's part in the country.
func (v frontView) trouble(row *web.ServiceRow, code string) {
	here := v.byService[row.Slug]
	impact := here.impact(code)
	if impact == nil {
		return
	}
	since := v.moment(impact.StartedAt)
	row.Since, row.Peak, row.Usual = &since, impact.Peak.ReportsPerMinute, web.Usual(impact.BaselinePerMinute)
	row.OutageID = here.ongoing.ID.String()
}

// sayOf puts into words how things stand in a country.
func (v frontView) sayOf(page *web.CountryPage) {
	country := web.Within(page.Country)
	why := v.doubts()
	switch {
	case len(page.Down) == 1:
		page.Headline, page.Tone = web.Say("there.one_down", page.Down[0].Name, country), outage.StatusProblem
	case len(page.Down) > 1:
		page.Headline, page.Tone = web.Say("there.many_down", len(page.Down), country), outage.StatusProblem
	case len(page.Possible) > 0:
		page.Headline, page.Tone = web.Say("there.possible", country), outage.StatusPossible
	case why != "":
		page.Headline = web.Say("there.unknown", country)
	case !page.Heard():
		page.Headline = web.Say("there.few", country)
	default:
		page.Headline, page.Tone = web.Say("there.ok", country), outage.StatusOK
	}
	if note := v.note(why); note.Key != "" {
		page.Notes = append(page.Notes, note)
	}
	page.Title = page.Headline
}
