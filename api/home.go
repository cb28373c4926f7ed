package api

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/outcryhq/outcry/api/web"
	"github.com/outcryhq/outcry/pkg/archive"
	"github.com/outcryhq/outcry/pkg/catalog"
	"github.com/outcryhq/outcry/pkg/outage"
)

const (
	// recentFor is how long an outage that is over stays on the front page.
	recentFor = 7 * 24 * time.Hour
	// trendFor is how much of the past a card draws.
	trendFor = 2 * time.Hour
)

// front is the front page without a search.
type front = web.Home

// home answers with the front page. It always does: a store that is away makes
// it say less, and say so.
func (a *API) home(c *gin.Context) {
	page, err := a.front.get(c.Request.Context())
	if err != nil {
		a.pages.Error(c, err)
		return
	}
	if query := searched(c.Query("q")); query != "" {
		a.find(c.Request.Context(), &page, query)
	}
	c.Header("Cache-Control", fmt.Sprintf("public, max-age=%d", int(keepLive.Seconds())))
	a.pages.Render(c, http.StatusOK, web.PageHome, page)
}

// searched makes of what somebody typed something to look for.
func searched(text string) string {
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "")), " ")
	return clip(text)
}

// find adds what a search found to the page, best match first.
func (a *API) find(ctx context.Context, page *web.Home, query string) {
	found := a.search(query)
	page.Title, page.Query = "Search: "+query, query
	page.Found = a.entries(a.picture(ctx), found[:min(len(found), web.MaxFound)])
	page.MoreFound = max(0, len(found)-web.MaxFound)
}

func (a *API) entries(now picture, services []catalog.Service) []web.Service {
	entries := make([]web.Service, len(services))
	for i, s := range services {
		status, _ := now.statusOf(outage.Series{Service: s.Slug, Country: outage.AllCountries})
		entries[i] = web.Service{
			Slug: s.Slug, Name: s.Name, Status: status,
			Where: names(byName(now.byService[s.Slug].countries())),
		}
	}
	return entries
}

// readFront never fails: what cannot be read is left out and said to be.
func (a *API) readFront(ctx context.Context) (front, error) {
	now := a.now()
	view := frontView{a: a, picture: a.picture(ctx)}
	page := web.Home{Now: view.moment(now)}
	for _, o := range view.outages {
		if o.State != outage.Ongoing {
			continue
		}
		if len(page.Outages) < web.MaxOutages {
			page.Outages = append(page.Outages, view.card(o))
		} else {
			page.MoreOutages++
		}
	}
	view.trends(ctx, page.Outages)
	page.Possible, page.MorePossible = view.possible()
	recent, err := a.outages(ctx, outageQuery{OutageFilter: archive.OutageFilter{
		State: outage.Ended, Since: now.Add(-recentFor), Limit: web.MaxRecent,
	}})
	for _, o := range recent.Outages {
		page.Recent = append(page.Recent, view.ended(o))
	}
	view.say(&page, err != nil || !recent.Complete)
	return page, nil //nolint:nilerr // the page says what is missing
}

// say puts into words how things stand, and how sure that is.
func (v frontView) say(page *web.Home, historyAway bool) {
	quiet, why := false, v.doubts()
	switch {
	case v.blind:
		page.Headline, page.Tone = "We cannot tell right now", outage.StatusUnknown
	case len(page.Outages) > 0:
		page.Headline, page.Tone = failing(page.Outages, page.MoreOutages), outage.StatusProblem
	case len(page.Possible) > 0:
		page.Headline, page.Tone = suspected(page.Possible, page.MorePossible), outage.StatusPossible
	case why == doubtNew:
		page.Headline, page.Tone = "We cannot tell yet", outage.StatusUnknown
	case why != "":
		page.Headline, page.Tone = "We cannot tell right now", outage.StatusUnknown
	default:
		page.Headline, page.Tone, quiet = "Nothing abnormal right now", outage.StatusOK, true
	}
	if note := v.note(why); note != "" {
		page.Notes = append(page.Notes, note)
	}
	if !v.blind && v.err == nil {
		page.Heard = fmt.Sprintf("%s about %s in the last hour%s.",
			plural(v.heard.reports, "report"), plural(v.heard.services, "service"), v.usually())
		if quiet && v.heard.reports == 0 {
			page.Headline, page.Tone = "Nothing heard", outage.StatusUnknown
			page.Notes = append(page.Notes, "Nobody has reported anything in the last hour. That can mean that all is well, or that nobody has told us.")
			page.Heard = ""
		}
	}
	if historyAway {
		page.Notes = append(page.Notes, "The archive cannot be reached, so outages that are over may be missing.")
	}
	page.Title = page.Headline
}

// note explains a doubt, "" if there is none.
func (v frontView) note(why doubt) string {
	switch why {
	case doubtBlind:
		return "The live counts cannot be reached. This is our trouble and says nothing about any service."
	case doubtUnwatched:
		return "Not every service is being watched at the moment. What is missing here may fail all the same."
	case doubtDeaf:
		return "No source of reports is listening at the moment. What is missing here may fail all the same."
	case doubtUnsure:
		return "Whether anybody is listening for reports, and since when, cannot be told at the moment. What is missing here may fail all the same."
	case doubtNew:
		return fmt.Sprintf("Outcry has listened here for %s so far. Until it has for a day it does not know what is usual, and what is missing here may fail all the same.",
			web.Span(time.Duration(v.listened.minutes)*time.Minute))
	case doubtUnheard, doubtSparse:
	}
	return ""
}

// usually says what is usual beside the reports of the last hour.
func (v frontView) usually() string {
	if v.heard.usual == nil {
		return ""
	}
	return ", usually " + usual(*v.heard.usual)
}

func failing(cards []web.Outage, more int) string {
	switch n := len(cards) + more; n {
	case 1:
		return cards[0].Name + " is failing right now"
	case 2:
		return cards[0].Name + " and " + cards[1].Name + " are failing right now"
	default:
		return fmt.Sprintf("%d services are failing right now", n)
	}
}

func suspected(rows []web.Possible, more int) string {
	if len(rows)+more == 1 {
		return "Possible problem with " + rows[0].Name
	}
	return fmt.Sprintf("Possible problems with %d services", len(rows)+more)
}

// trends draws the cards' last hours. Without counts they are left out.
func (v frontView) trends(ctx context.Context, cards []web.Outage) {
	if len(cards) == 0 {
		return
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
		return
	}
	for i := range cards {
		cards[i].Trend = web.NewTrend(counts[i], v.now.Sub(running))
	}
}
