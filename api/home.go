package api

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/outcryhq/outcry/api/web"
	"github.com/outcryhq/outcry/pkg/archive"
	"github.com/outcryhq/outcry/pkg/catalog"
	"github.com/outcryhq/outcry/pkg/outage"
	"github.com/outcryhq/outcry/pkg/place"
)

const (
	// recentFor is how long an outage that is over stays on the front page.
	recentFor = 7 * 24 * time.Hour
	// trendFor is how much of the past a card draws.
	trendFor = 2 * time.Hour
	// maxRanked bounds how many outages are compared for which is the worst now;
	// those with the highest peaks are.
	maxRanked = 40
)

// front is the front page without a search.
type front = web.Home

// home answers with the front page. It always does: a store that is away makes
// it say less, and say so.
func (a *API) home(c *gin.Context) {
	if code, ok := place.Normalize(c.Query("country")); ok {
		c.Redirect(http.StatusFound, "/countries/"+code) // what the list of countries chooses
		return
	}
	query, category := searched(c.Query("q")), c.Query("category")
	switch {
	case query != "":
		// What one person typed is not kept for others.
		page, _ := a.front.get(c.Request.Context()) // which never fails
		a.find(c.Request.Context(), &page, query)
		c.Header("Cache-Control", fmt.Sprintf("public, max-age=%d", int(keepLive.Seconds())))
		a.pages.Render(c, http.StatusOK, web.PageHome, page)
	case isSlug(category):
		a.show(c, web.PageHome, "", "category="+category, func(ctx context.Context, _ string) (any, error) {
			page, err := a.front.get(ctx)
			a.list(ctx, &page, category)
			return page, err
		})
	default:
		a.show(c, web.PageHome, "", "", func(ctx context.Context, _ string) (any, error) { return a.front.get(ctx) })
	}
}

// searched makes of what somebody typed something to look for.
func searched(text string) string {
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "")), " ")
	return clip(text)
}

// find adds what a search found to the page, best match first.
func (a *API) find(ctx context.Context, page *web.Home, query string) {
	found := a.search(query)
	page.Title, page.Query = web.Say("search.found", query), query
	now := a.picture(ctx)
	page.Found = a.entries(now, found[:min(len(found), web.MaxFound)])
	page.MoreFound = max(0, len(found)-web.MaxFound)
	if len(found) > 0 {
		return
	}
	var meant []catalog.Service
	for _, slug := range a.catalog.Nearest(query, suggestions) {
		if service, known := a.catalog.Service(slug); known {
			meant = append(meant, service)
		}
	}
	page.Meant = a.entries(now, meant)
}

// list adds the services of a category to the page.
func (a *API) list(ctx context.Context, page *web.Home, category string) {
	var listed []catalog.Service
	for _, service := range a.catalog.Services() {
		if service.Category == category {
			listed = append(listed, service)
		}
	}
	if len(listed) > 0 {
		page.Category = category
		page.Listed = a.entries(a.picture(ctx), listed[:min(len(listed), web.MaxListed)])
	}
}

func (a *API) entries(now picture, services []catalog.Service) []web.Service {
	entries := make([]web.Service, len(services))
	for i, s := range services {
		status, _ := now.statusOf(outage.Series{Service: s.Slug, Country: outage.AllCountries})
		entries[i] = web.Service{
			Slug: s.Slug, Name: s.Name, Status: status,
			Where: now.byService[s.Slug].countries(),
		}
	}
	return entries
}

// readFront never fails: what cannot be read is left out and said to be.
func (a *API) readFront(ctx context.Context) (front, error) {
	now := a.now()
	view := frontView{a: a, picture: a.picture(ctx)}
	page := web.Home{Now: view.asOf()}
	ongoing := view.ongoing()
	for _, o := range ongoing[:min(len(ongoing), maxRanked)] {
		page.Outages = append(page.Outages, view.card(o))
	}
	page.Scale = view.trends(ctx, page.Outages)
	page.Outages = page.Outages[:min(len(page.Outages), web.MaxOutages)]
	page.MoreOutages = len(ongoing) - len(page.Outages)
	page.Categories, page.Map = view.categories(ongoing), view.worldMap(ongoing)
	page.Possible, page.MorePossible = view.possible()
	recent, err := a.outages(ctx, outageQuery{OutageFilter: archive.OutageFilter{
		State: outage.Ended, Since: now.Add(-recentFor), Limit: web.MaxRecent,
	}})
	known := a.standings(ctx)
	for _, o := range recent.Outages {
		if known.of[o.ID].Counts() {
			page.Recent = append(page.Recent, view.ended(o))
		}
	}
	view.say(&page, err != nil || !recent.Complete)
	return page, nil //nolint:nilerr // the page says what is missing
}

// say puts into words how things stand, and how sure that is.
func (v frontView) say(page *web.Home, historyAway bool) {
	quiet, why := false, v.doubts()
	switch {
	case v.blind:
		page.Headline, page.Tone = web.Say("home.blind"), outage.StatusUnknown
	case len(page.Outages) > 0:
		page.Headline, page.Tone = failing(page.Outages, page.MoreOutages), outage.StatusProblem
	case len(page.Possible) > 0:
		page.Headline, page.Tone = suspected(page.Possible, page.MorePossible), outage.StatusPossible
	case why == doubtNew:
		page.Headline, page.Tone = web.Say("home.new"), outage.StatusUnknown
	case why != "":
		page.Headline, page.Tone = web.Say("home.blind"), outage.StatusUnknown
	default:
		page.Headline, page.Tone, quiet = web.Say("home.quiet"), outage.StatusOK, true
	}
	if note := v.note(why); note.Key != "" {
		page.Notes = append(page.Notes, note)
	}
	if !v.blind && v.err == nil {
		page.Heard = v.lately()
		if quiet && v.heard.reports == 0 {
			page.Headline, page.Tone = web.Say("home.silent"), outage.StatusUnknown
			page.Notes = append(page.Notes, web.Say("home.silent.note"))
			page.Heard = web.Text{}
		}
	}
	if historyAway {
		page.Notes = append(page.Notes, web.Say("home.history_away"))
	}
	page.Title = page.Headline
}

// note explains a doubt; the zero Text if there is none.
func (p picture) note(why doubt) web.Text {
	switch why {
	case doubtBlind:
		return web.Say("doubt.blind")
	case doubtUnwatched:
		return web.Say("doubt.unwatched")
	case doubtDeaf:
		return web.Say("doubt.deaf")
	case doubtUnsure:
		return web.Say("doubt.unsure")
	case doubtNew:
		return web.Say("doubt.new", time.Duration(p.listened.minutes)*time.Minute)
	case doubtUnheard, doubtSparse:
	}
	return web.Text{}
}

// lately says how much was heard in the last hour, and what is usual.
func (v frontView) lately() web.Text {
	reports, services := web.Say("home.reports", v.heard.reports), web.Say("home.services", v.heard.services)
	if v.heard.usual == nil {
		return web.Say("home.heard", reports, services)
	}
	return web.Say("home.heard_usual", reports, services, web.Usual(*v.heard.usual))
}

func failing(cards []web.Outage, more int) web.Text {
	switch n := len(cards) + more; n {
	case 1:
		return web.Say("home.one_down", cards[0].Name)
	case 2:
		return web.Say("home.two_down", cards[0].Name, cards[1].Name)
	default:
		return web.Say("home.many_down", n)
	}
}

func suspected(rows []web.Possible, more int) web.Text {
	if len(rows)+more == 1 {
		return web.Say("home.one_possible", rows[0].Name)
	}
	return web.Say("home.many_possible", len(rows)+more)
}

// trends draws the cards' last hours, all on one scale, and puts what is worst
// first. Without counts the trends are left out.
func (v frontView) trends(ctx context.Context, cards []web.Outage) web.Scale {
	if len(cards) == 0 {
		return web.Scale{}
	}
	series := make([]outage.Series, len(cards))
	for i, card := range cards {
		series[i] = outage.Series{Service: card.Slug, Country: outage.AllCountries}
	}
	running := v.now.UTC().Truncate(time.Minute) // what begins now is where people look
	end := running.Add(time.Minute)
	counts, err := v.a.live.Counts(ctx, series, end.Add(-trendFor), end)
	if err != nil {
		v.a.logger.Warn("trends could not be read", slog.Any("error", err))
		slices.SortStableFunc(cards, func(a, b web.Outage) int { return cmp.Compare(b.Peak, a.Peak) })
		return web.Scale{}
	}
	highest := 0
	for _, minutes := range counts {
		highest = max(highest, slices.Max(minutes))
	}
	scale := web.NewScale(highest)
	for i := range cards {
		usual := -1.0
		if rate, known := v.baselines.PerMinute(series[i], v.now); known {
			usual = rate
		}
		cards[i].Trend = web.NewTrend(counts[i], v.now.Sub(running), scale, usual)
		cards[i].Recent = ofLate(counts[i])
	}
	slices.SortStableFunc(cards, func(a, b web.Outage) int {
		return cmp.Or(cmp.Compare(b.Recent, a.Recent), cmp.Compare(b.Peak, a.Peak))
	})
	return scale
}

// ofLate is the most reports in one of the last five minutes or the running one.
func ofLate(counts []int) int { return slices.Max(counts[max(len(counts)-6, 0):]) }
