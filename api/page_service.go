package api

import (
	"cmp"
	"context"
	"log/slog"
	"math"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/outcryhq/outcry/api/spec"
	"github.com/outcryhq/outcry/api/web"
	"github.com/outcryhq/outcry/pkg/catalog"
	"github.com/outcryhq/outcry/pkg/outage"
	"github.com/outcryhq/outcry/pkg/place"
)

// maxCompared bounds how many countries of a service are compared.
const maxCompared = 80

// servicePage answers with the page of a service, in all countries or in one.
func (a *API) servicePage(c *gin.Context) {
	service, err := a.service(serviceParam(c))
	if err != nil {
		a.pages.Error(c, err)
		return
	}
	country, here := outage.AllCountries, ""
	if code, ok := place.Normalize(c.Query("country")); ok {
		country, here = code, "country="+code
	}
	// A browser says in a report's Origin that it was ours, which a stricter policy forbids.
	c.Header("Referrer-Policy", "same-origin")
	origin := a.origin(c)
	a.show(c, web.PageService, service.Slug, here, func(ctx context.Context, lang string) (any, error) {
		page := a.describeService(ctx, service, country)
		page.Origin, page.Lang = origin, lang
		return page, nil
	})
}

// describeService says of a service what is known. What cannot be read is left out.
func (a *API) describeService(ctx context.Context, service catalog.Service, country string) web.ServicePage {
	v := frontView{a: a, picture: a.picture(ctx)}
	series := outage.Series{Service: service.Slug, Country: country}
	page := web.ServicePage{
		Now: v.asOf(), Slug: service.Slug, Name: service.Name, Category: service.Category,
		Home: service.Home, StatusPage: service.Status, Country: country,
	}
	status, why := v.statusOf(series)
	page.Status, page.Headline = status, serviceHeadline(service.Name, country, status, why)
	page.Title = page.Headline
	if note := v.note(v.doubts()); note.Key != "" {
		page.Notes = append(page.Notes, note)
	} else if note := certainty(status, why); note.Key != "" {
		page.Notes = append(page.Notes, note)
	}
	page.Ongoing = v.goingOn(series)
	page.Votes = v.saidLately(ctx, series)
	page.Hours = v.lastDay(ctx, series)
	if country == outage.AllCountries {
		v.compare(ctx, &page)
	}
	for _, kind := range a.catalog.Problems(service.Slug) {
		page.Problems = append(page.Problems, web.Kind{Slug: kind.Slug, Label: kind.Label})
	}
	page.Past = v.past(ctx, service.Slug, country)
	return page
}

// serviceHeadline says no more than is known.
func serviceHeadline(name, country string, status outage.Status, why doubt) web.Text {
	key := "service.unknown"
	switch {
	case status == outage.StatusProblem:
		key = "service.problem"
	case status == outage.StatusPossible:
		key = "service.possible"
	case status == outage.StatusOK:
		key = "service.ok"
	case why == doubtUnheard || why == doubtSparse:
		key = "service.few"
	}
	if country == outage.AllCountries {
		return web.Say(key, name)
	}
	return web.Say(key+"_in", name, web.Within(country))
}

// certainty explains how sure a status is.
func certainty(status outage.Status, why doubt) web.Text {
	switch {
	case status == outage.StatusProblem:
		return web.Say("service.problem.note")
	case status == outage.StatusPossible:
		return web.Say("service.possible.note")
	case status == outage.StatusOK:
		return web.Say("service.ok.note")
	case why == doubtUnheard:
		return web.Say("service.unheard.note")
	case why == doubtSparse:
		return web.Say("service.sparse.note")
	}
	return web.Text{}
}

// goingOn is the outage of the service, as far as it is felt in the country.
func (v frontView) goingOn(s outage.Series) *web.Ongoing {
	trouble := v.byService[s.Service]
	o := trouble.ongoing
	if o == nil {
		return nil
	}
	now := &web.Ongoing{
		ID: o.ID.String(), Since: v.moment(o.StartedAt), Peak: o.Peak.ReportsPerMinute, PeakAt: v.moment(o.Peak.At),
		Usual: web.Usual(usualPerMinute(*o)), Reports: o.Reports,
	}
	if s.Country == outage.AllCountries {
		return now
	}
	impact := trouble.impact(s.Country)
	if impact == nil || impact.State != outage.Ongoing {
		return nil
	}
	now.Since, now.Peak, now.PeakAt = v.moment(impact.StartedAt), impact.Peak.ReportsPerMinute, v.moment(impact.Peak.At)
	now.Usual, now.Reports = web.Usual(impact.BaselinePerMinute), impact.Reports
	return now
}

// saidLately counts what people said in the last hour; nil if that cannot be read.
func (v frontView) saidLately(ctx context.Context, s outage.Series) *web.Votes {
	votes, err := v.a.votes(ctx, s)
	if err != nil {
		v.a.logger.Warn("votes could not be read", slog.Any("error", err))
		return nil
	}
	return &web.Votes{Fails: votes.Fails, Works: votes.Works, Usual: v.usualIn(s, v.now, time.Hour)}
}

// usualIn is how many reports are usual in a time; nil while that is not known.
func (v frontView) usualIn(s outage.Series, at time.Time, d time.Duration) *web.Usual {
	rate, known := v.baselines.PerMinute(s, at)
	if !known || math.IsNaN(rate) || math.IsInf(rate, 0) {
		return nil
	}
	usual := web.Usual(rate * d.Minutes())
	return &usual
}

// lastDay counts the last 24 hours; the last one is still running.
func (v frontView) lastDay(ctx context.Context, s outage.Series) []web.Hour {
	to := v.now.UTC().Truncate(time.Hour).Add(time.Hour)
	asked := span{from: to.Add(-defaultRange), to: to, step: time.Hour}
	counts, err := v.a.counts(ctx, s, asked)
	if err != nil {
		v.a.logger.Warn("the last day could not be read", slog.Any("error", err))
		return nil
	}
	hours := make([]web.Hour, len(counts))
	for i, n := range counts {
		at := asked.from.Add(time.Duration(i) * time.Hour)
		hours[i] = web.Hour{From: v.moment(at), Reports: n, Usual: v.usualIn(s, at, time.Hour)}
	}
	return hours
}

// compare lists the countries of a service with their last hour, on one scale.
func (v frontView) compare(ctx context.Context, page *web.ServicePage) {
	codes := v.countriesOf(page.Slug)
	codes = codes[:min(len(codes), maxCompared)]
	series := make([]outage.Series, len(codes))
	for i, code := range codes {
		series[i] = outage.Series{Service: page.Slug, Country: code}
	}
	end := v.now.Add(time.Minute)
	counts, err := v.a.live.Counts(ctx, series, end.Add(-votesFor), end)
	if err != nil {
		v.a.logger.Warn("countries could not be compared", slog.Any("error", err))
		return
	}
	for i, code := range codes {
		row := web.CountryRow{Country: code, Reports: total(counts[i]), Usual: v.usualIn(series[i], v.now, votesFor)}
		row.Status, _ = v.statusOf(series[i])
		page.Highest = max(page.Highest, row.Reports)
		page.ByCountry = append(page.ByCountry, row)
	}
	page.Highest = web.NewScale(page.Highest).Top
	slices.SortStableFunc(page.ByCountry, func(a, b web.CountryRow) int { return cmp.Compare(b.Reports, a.Reports) })
	for i := range page.ByCountry {
		row := &page.ByCountry[i]
		row.Length = row.Reports * 100 / page.Highest
		if row.Usual != nil {
			row.UsualLength = min(int(float64(*row.Usual)*100/float64(page.Highest)), 100)
		}
		if i >= web.MaxByCountry {
			page.Elsewhere = append(page.Elsewhere, row.Country)
		}
	}
	page.ByCountry = page.ByCountry[:min(len(page.ByCountry), web.MaxByCountry)]
}

// past reads the record of a service, a country or both; nil if it cannot be read.
func (v frontView) past(ctx context.Context, service, country string) *web.Past {
	if country == outage.AllCountries {
		country = ""
	}
	record, err := v.a.record(ctx, service, country, time.Time{})
	if err != nil {
		v.a.logger.Warn("a record could not be read", slog.Any("error", err))
		return nil
	}
	past := &web.Past{Outages: record.Outages, Lasted: minutesLong(float64(record.Minutes))}
	if record.MedianMinutes != nil {
		past.Median = minutesLong(*record.MedianMinutes)
	}
	for _, o := range record.Latest[:min(len(record.Latest), web.MaxPast)] {
		past.Latest = append(past.Latest, v.pastOutage(o))
	}
	return past
}

func (v frontView) pastOutage(o spec.PastOutage) web.PastOutage {
	return web.PastOutage{
		ID: o.ID.String(), Slug: o.Service, Name: v.name(o.Service), From: v.moment(o.StartedAt),
		Lasted: minutesLong(o.Minutes), Reports: o.Reports,
	}
}

func minutesLong(minutes float64) time.Duration { return time.Duration(minutes * float64(time.Minute)) }
