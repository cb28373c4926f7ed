package api

import (
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/outcryhq/outcry/api/web"
	"github.com/outcryhq/outcry/pkg/outage"
)

// embedPolicy allows any site to frame the page, and the page nothing but our
// own style and pictures.
const embedPolicy = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors *"

// mountOutages adds the pages of single outages, and what belongs to them.
func (a *API) mountOutages(router gin.IRouter) {
	router.GET("/outages/:id", a.outagePage)
	router.GET("/outages/:id/embed", a.outageEmbed)
	// Programs ask for the rest, and drawing costs more than most answers.
	open := router.Group("/", readableAnywhere)
	if a.reads != nil {
		open.Use(limitReads(*a.reads))
	}
	a.mountPictures(open)
	a.mountFeeds(open)
}

// outagePage answers with the permanent page of an outage.
func (a *API) outagePage(c *gin.Context) {
	s, err := a.outageOf(c, &query{})
	if err != nil {
		a.pages.Error(c, err)
		return
	}
	lang := a.pages.Language(c)
	t := a.teller(lang)
	page := a.describeOutage(c, t, s)
	page.Lang = lang
	before, away := a.previous(c.Request.Context(), s.Outage)
	page.BeforeAway = away
	if away {
		page.Notes = append(page.Notes, t.T("outage.away.before"))
	}
	for _, o := range before {
		page.Before = append(page.Before, web.Before{ID: o.ID.String(), Text: t.T("outage.before.row",
			t.when(o.StartedAt), end(o, t.now).Sub(o.StartedAt), o.Peak.ReportsPerMinute)})
	}
	a.cite(&page, t, s)
	keep := keepLive
	if s.Final {
		keep = keepRemarks
	}
	c.Header("Cache-Control", fmt.Sprintf("public, max-age=%d", int(keep.Seconds())))
	a.pages.Render(c, http.StatusOK, web.PageOutage, page)
}

// outageEmbed answers with the page that other sites may frame.
func (a *API) outageEmbed(c *gin.Context) {
	s, err := a.outageOf(c, &query{})
	if err != nil {
		a.pages.Error(c, err)
		return
	}
	lang := a.pages.Language(c)
	page := a.describeOutage(c, a.teller(lang), s)
	page.Lang = lang
	keep := keepBadge
	if s.Final {
		keep = keepRemarks
	}
	c.Header("Cache-Control", fmt.Sprintf("public, max-age=%d", int(keep.Seconds())))
	c.Header("Content-Security-Policy", embedPolicy)
	c.Writer.Header().Del("X-Frame-Options")
	c.Writer.Header().Del("Cross-Origin-Opener-Policy")
	a.pages.Render(c, http.StatusOK, web.PageEmbed, page)
}

// describeOutage says what is known of an outage, without what was before it.
func (a *API) describeOutage(c *gin.Context, t teller, s story) web.OutagePage {
	page := web.OutagePage{
		Title: t.title(s), Base: a.origin(c), ID: s.ID.String(), Slug: s.Service, Name: t.name(s.Service),
		State: s.State, Final: s.Final, Counts: s.standing.Counts(),
		Sentence: t.sentence(s), Period: t.period(s.Outage), Lasted: end(s.Outage, t.now).Sub(s.StartedAt),
		Reports: s.Reports, Peak: s.Peak.ReportsPerMinute, PeakAt: web.Moment{At: s.Peak.At, Now: s.StartedAt}, Usual: web.Usual(usualPerMinute(s.Outage)),
	}
	if _, err := a.present.get(c.Request.Context()); err != nil && !s.Final {
		page.Notes = append(page.Notes, t.T("outage.away.live"))
	}
	if s.remarksAway {
		page.Notes = append(page.Notes, t.T("outage.away.remarks"))
	}
	if !s.Final {
		page.Minute = t.now.Unix() / int64(time.Minute/time.Second)
	}
	page.Rows = t.rows(s)
	page.Banners = t.banners(s)
	for _, r := range s.remarks {
		switch r.Kind {
		case outage.Acknowledgement:
			page.Company = append(page.Company, t.acknowledgement(s, r))
		case outage.Note:
			page.Remarks = append(page.Remarks, web.Remark{
				Head: t.T("outage.note", t.when(r.At)), Texts: strings.Split(r.Text, "\n"), Link: r.Link,
			})
		case outage.Retraction, outage.Merge: // banners
		}
	}
	return page
}

// rows are the impacts, the superseded one last.
func (t teller) rows(s story) []web.OutageRow {
	impacts := byWeight(s.Impacts)
	if s.Superseded != nil {
		impacts = append(impacts, *s.Superseded)
	}
	top := 0
	for _, impact := range s.Impacts {
		top = max(top, impact.Peak.ReportsPerMinute)
	}
	rows := make([]web.OutageRow, len(impacts))
	for i, impact := range impacts {
		row := web.OutageRow{
			Country: impact.Country, Reports: impact.Reports, Peak: impact.Peak.ReportsPerMinute,
			PeakAt: t.Short(web.Moment{At: impact.Peak.At, Now: s.StartedAt}), Usual: web.Brief(impact.BaselinePerMinute),
			Evidence: t.evidence(s.Outage, impact),
		}
		if len(s.Impacts) > 1 && i < len(s.Impacts) && impact.Country != outage.AllCountries {
			// All on the scale of the largest, so that they can be compared.
			row.Chart = template.URL(fmt.Sprintf("/outages/%s/chart.svg?country=%s&lang=%s&top=%d", s.ID, impact.Country, t.Tag(), max(top, 1))) //nolint:gosec // codes and numbers
		}
		times := runs(impact, t.now)
		for j, run := range times {
			row.Runs = append(row.Runs, t.run(run, j == len(times)-1 && impact.EndedAt == nil && i < len(s.Impacts), s.StartedAt))
		}
		rows[i] = row
	}
	return rows
}

// banners say that an outage was retracted or merged, and why.
func (t teller) banners(s story) []web.Banner {
	var banners []web.Banner
	for _, r := range s.remarks {
		switch r.Kind {
		case outage.Retraction:
			banners = append(banners, web.Banner{
				Title: t.T("outage.retracted"), Text: t.T("outage.retracted.note"), Reason: t.T("outage.reason", t.when(r.At), r.Text),
			})
		case outage.Merge:
			banner := web.Banner{
				Title: t.T("outage.merged"), Text: t.T("outage.merged.note"), Reason: t.T("outage.reason", t.when(r.At), r.Text),
			}
			if r.Into != nil {
				banner.Link, banner.LinkText = "/outages/"+r.Into.String(), t.T("outage.merged.link")
			}
			banners = append(banners, banner)
		case outage.Note, outage.Acknowledgement:
		}
	}
	return banners
}

// acknowledgement is the service's own word, with how long after the first reports it came.
func (t teller) acknowledgement(s story, r outage.Remark) web.Remark {
	said := r.At
	if r.Said != nil {
		said = *r.Said
	}
	head := t.T("outage.acknowledged", t.when(said))
	if r.By == outage.ByFeed {
		head = t.T("outage.published", t.when(said)) // nobody has read what it is about
	}
	remark := web.Remark{Head: head, Texts: strings.Split(r.Text, "\n"), Link: r.Link}
	if after := said.Sub(s.StartedAt); after >= 0 {
		remark.After = t.T("outage.acknowledged.after", after)
	} else {
		remark.After = t.T("outage.acknowledged.before", -after)
	}
	return remark
}

// cite adds how to cite, embed and index the page.
func (a *API) cite(page *web.OutagePage, t teller, s story) {
	retrieved := t.now.UTC().Truncate(time.Minute)
	revision := strconv.FormatUint(s.Revision, 10)
	page.Cite.Plain = t.T("outage.cite.plain", page.Title, page.Period, revision, t.when(retrieved), page.Self())
	page.Cite.BibTeX = bibTeX(*page, s, revision, retrieved)
	page.Cite.CSL = cslJSON(*page, s, revision, retrieved)
	attribute := template.HTMLEscapeString
	page.Frame = `<iframe src="` + attribute(page.Self()) + `/embed" title="` + attribute(page.Title) + `" width="100%" height="520" loading="lazy" style="border:0"></iframe>`
	page.BadgeCode = `<a href="` + attribute(page.Self()) + `"><img src="` + attribute(page.Self()) + `/badge.svg" alt="` + attribute(page.Title) + `" height="20"></a>`
	page.Structured = structured(*page, t, s)
}

// structured is the page in the words of schema.org.
func structured(page web.OutagePage, t teller, s story) map[string]any {
	places := []map[string]any{}
	for _, impact := range s.Impacts {
		if impact.Country != outage.AllCountries && impact.Country != outage.UnknownCountry {
			places = append(places, map[string]any{"@type": "Country", "name": t.Country(impact.Country), "identifier": impact.Country})
		}
	}
	until := ".."
	if s.EndedAt != nil {
		until = s.EndedAt.UTC().Format(time.RFC3339)
	}
	about := map[string]any{
		"@context": "https://schema.org", "@type": "Report", "@id": page.Self(), "url": page.Self(), "identifier": page.ID,
		"headline": page.Title, "description": page.Sentence, "inLanguage": t.Tag(), "version": strconv.FormatUint(s.Revision, 10),
		"datePublished": s.DetectedAt.UTC().Format(time.RFC3339), "dateModified": s.changed().Format(time.RFC3339),
		"temporalCoverage": s.StartedAt.UTC().Format(time.RFC3339) + "/" + until,
		"about":            map[string]any{"@type": "Service", "name": page.Name},
		"image":            page.Card(), "isAccessibleForFree": true,
		"publisher": map[string]any{"@type": "Organization", "name": "Outcry", "url": page.Base + "/"},
		"encoding":  map[string]any{"@type": "MediaObject", "encodingFormat": "application/json", "contentUrl": page.Base + "/v1/outages/" + page.ID},
	}
	if len(places) > 0 {
		about["spatialCoverage"] = slices.Clip(places)
	}
	return about
}
