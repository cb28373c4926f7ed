package api

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/outcryhq/outcry/api/chart"
	"github.com/outcryhq/outcry/api/web"
	"github.com/outcryhq/outcry/pkg/archive"
	"github.com/outcryhq/outcry/pkg/outage"
	"github.com/outcryhq/outcry/pkg/problem"
)

const (
	// longestFine is the longest chart of single minutes; a longer one is of quarters of an hour.
	longestFine = 14 * 24 * time.Hour
	// longestChart bounds what a chart shows of an outage: its first year.
	longestChart = 366 * 24 * time.Hour
	// maxTop is the highest scale that may be asked for, in reports a minute.
	maxTop = 10_000_000
	// fewReports is how many in a day are too few to make out anything.
	fewReports = 5
	// keepBadge is how long a badge may be kept.
	keepBadge = 30 * time.Second
	// cardZoom makes a chart's card as large as social networks want it: 1200 by 630.
	cardZoom = 2
)

// wish is how a picture is wanted.
type wish struct {
	country string // "" for all
	lang    string
	size    chart.Size
	top     int
}

// readWish reads a picture's parameters. A picture's language is part of its
// address: it is kept and linked to by others.
func (q *query) readWish() wish {
	w := wish{country: q.country(true), lang: oneOf(q, "lang", web.English, web.Indonesian), size: chart.Wide, top: q.top()}
	if oneOf(q, "size", "wide", "narrow") == "narrow" {
		w.size = chart.Narrow
	}
	if w.country == outage.AllCountries {
		w.country = ""
	}
	return w
}

// top reads the scale: the highest figure on the axis at least, 0 for that of the chart.
func (q *query) top() int {
	if !q.values.Has("top") {
		return 0
	}
	n, err := strconv.Atoi(q.values.Get("top"))
	if err != nil || n < 1 || n > maxTop {
		q.fail("top", "expected the end of the scale in reports a minute, a whole number from 1 to "+strconv.Itoa(maxTop))
	}
	return n
}

func (w wish) key(kind, of string) string {
	return fmt.Sprint(kind, " ", of, " ", w.country, " ", w.lang, " ", w.size.Width, " ", w.top)
}

// outageSVG and outagePNG answer with the chart of an outage.
func (a *API) outageSVG(c *gin.Context) { a.outagePicture(c, false) }

func (a *API) outagePNG(c *gin.Context) { a.outagePicture(c, true) }

func (a *API) outagePicture(c *gin.Context, pixels bool) {
	// The minute is for pages that go on: another address is another picture to a browser.
	known := []string{"country", "lang", "top", "minute", "size"}
	if pixels {
		known = []string{"country", "lang", "minute"} // drawn for cards, which are compared with none
	}
	q := queryOf(c, known...)
	want := q.readWish()
	s, err := a.outageOf(c, q)
	if err == nil && want.country != "" && !touches(s.Outage, want.country) {
		err = problem.New(outage.ErrNotFound, "this outage was not felt in that country")
	}
	if err != nil {
		problem.Write(c, err)
		return
	}
	keep := keepLive
	if s.Final {
		keep = keepHistory
	}
	kind := "outage.svg"
	if pixels {
		kind, want.size = "outage.png", chart.Card
	}
	// What is said of an outage afterwards changes the picture too.
	key := want.key(kind, s.ID.String()) + " " + strconv.FormatUint(s.Revision, 10) + " " + strconv.Itoa(len(s.remarks)) + " " + a.origin(c)
	source := a.host(c)
	body, err := a.pictures.get(c.Request.Context(), key, keep, func(ctx context.Context) ([]byte, error) {
		drawn, err := a.outageChart(ctx, s, want)
		if err != nil {
			return nil, err
		}
		drawn.Source = source
		if pixels {
			return a.draw(ctx, drawn, want.size)
		}
		return a.artist.SVG(drawn, want.size), nil
	})
	a.picture200(c, keep, pixels, body, err)
}

// draw makes a PNG, which costs as much as a thousand other answers: one at a
// time, so that those who ask for many leave the rest of the machine to reports.
func (a *API) draw(ctx context.Context, c chart.Chart, size chart.Size) ([]byte, error) {
	select {
	case a.drawing <- struct{}{}:
		defer func() { <-a.drawing }()
		return a.artist.PNG(c, size, cardZoom)
	case <-ctx.Done():
		return nil, fmt.Errorf("%w: too many pictures are being drawn", outage.ErrUnavailable)
	}
}

// picture200 answers with a picture that may be looked at by itself.
func (a *API) picture200(c *gin.Context, keep time.Duration, pixels bool, body []byte, err error) {
	if err != nil {
		problem.Write(c, err)
		return
	}
	if pixels {
		respond(c, keep, "image/png", body)
		return
	}
	c.Header("Content-Security-Policy", chart.Policy()+"; frame-ancestors 'none'")
	respond(c, keep, "image/svg+xml", body)
}

// outageOf finds the outage that the address names.
func (a *API) outageOf(c *gin.Context, q *query) (story, error) {
	id, err := outage.ParseID(c.Param("id"))
	if err != nil {
		return story{}, problem.New(outage.ErrNotFound, "there is no outage with this id")
	}
	if q.err != nil {
		return story{}, q.err
	}
	return a.tell(c.Request.Context(), id)
}

// outageChart is the chart of an outage: the reports of the countries that it was felt
// in, or of one, from an hour before it to an hour after, beside what was usual
// when it was detected.
func (a *API) outageChart(ctx context.Context, s story, want wish) (chart.Chart, error) {
	t := a.teller(want.lang)
	impacts := s.Impacts
	title := t.name(s.Service)
	if want.country != "" {
		impacts = slices.DeleteFunc(slices.Clone(impacts), func(i outage.Impact) bool { return i.Country != want.country })
		title += ", " + t.Country(want.country)
	}
	asked := chartSpan(s.Outage, t.now)
	counts, err := a.outageCounts(ctx, s.Outage, want.country, asked)
	if err != nil {
		return chart.Chart{}, err
	}
	drawn := chart.Chart{
		Title: title, Subtitle: t.period(s.Outage), Description: t.sentence(s),
		From: asked.from, Step: asked.step, Top: float64(want.top), Words: t.words(),
		Reports: a.perMinute(ctx, asked, counts),
	}
	if s.standing.Retracted {
		drawn.Subtitle = t.T("outage.retracted_title", drawn.Subtitle)
	}
	if s.Final && s.Reports > 0 && total(counts) == 0 {
		drawn.Note = t.T("chart.not_kept")
	}
	var usual float64
	for _, impact := range impacts {
		usual += impact.BaselinePerMinute
	}
	for range counts {
		drawn.Usual = append(drawn.Usual, usual)
	}
	for _, run := range troubledTimes(impacts, t.now) {
		drawn.Shaded = append(drawn.Shaded, chart.Span{From: run.StartedAt, To: run.EndedAt})
	}
	return drawn, nil
}

// chartSpan is the time that an outage's chart shows. The minute that is still
// running is part of it only while the outage lasts: it may be all that there is yet.
func chartSpan(o outage.Outage, now time.Time) span {
	s := span{from: o.StartedAt.UTC().Add(-besideOutage), to: end(o, now).UTC().Add(besideOutage), step: time.Minute}
	if s.to.Sub(s.from) > longestChart {
		s.to = s.from.Add(longestChart)
	}
	if s.to.Sub(s.from) > longestFine || !o.Final && s.from.Before(now.Add(-minutesFor)) {
		s.step = quarter
	}
	s.from = s.from.Truncate(s.step)
	now = now.UTC()
	if o.State == outage.Ongoing && s.step == time.Minute {
		now = now.Add(time.Minute)
	}
	s.to = later(earlier(s.to, now).Truncate(s.step), s.from.Add(s.step))
	return s
}

// outageCounts sums the reports of an outage's countries, or of one.
func (a *API) outageCounts(ctx context.Context, o outage.Outage, country string, asked span) ([]int, error) {
	lists, err := a.countsBeside(ctx, o, asked)
	if err != nil {
		return nil, err
	}
	sums := make([]int, asked.points())
	for i, impact := range o.Impacts {
		if country != "" && impact.Country != country {
			continue
		}
		for j, n := range lists[i][:min(len(lists[i]), len(sums))] {
			sums[j] += n
		}
	}
	return sums, nil
}

// perMinute makes counts of each step the reports a minute, NaN where nobody
// listened. Where that is not known, zero is zero.
func (a *API) perMinute(ctx context.Context, asked span, counts []int) []float64 {
	covered, err := a.archive.Coverage(ctx, asked.from, asked.to)
	known := err == nil && anyCovered(covered, asked)
	settled := a.now().Add(-latelyWithin) // the notes of it may take minutes
	perMinute := make([]float64, len(counts))
	for i, n := range counts {
		at := asked.from.Add(time.Duration(i) * asked.step)
		if n == 0 && known && at.Add(asked.step).Before(settled) && !anyCovered(covered, span{at, at.Add(asked.step), asked.step}) {
			perMinute[i] = math.NaN()
			continue
		}
		perMinute[i] = float64(n) / asked.step.Minutes()
	}
	return perMinute
}

func anyCovered(covered archive.CoveredMinutes, s span) bool {
	for at := s.from; at.Before(s.to); at = at.Add(time.Minute) {
		if covered.At(at) {
			return true
		}
	}
	return false
}

// serviceSVG answers with a service's last day beside what is usual.
func (a *API) serviceSVG(c *gin.Context) {
	q := queryOf(c, "country", "lang", "top", "size")
	want := q.readWish()
	service, err := a.service(serviceParam(c))
	switch {
	case q.err != nil:
		problem.Write(c, q.err)
		return
	case err != nil:
		problem.Write(c, err)
		return
	}
	source := a.host(c)
	body, err := a.pictures.get(c.Request.Context(), want.key("service.svg", service.Slug)+" "+source, keepBadge, func(ctx context.Context) ([]byte, error) {
		drawn, err := a.dayChart(ctx, outage.Series{Service: service.Slug, Country: want.country}, want)
		drawn.Source = source
		return a.artist.SVG(drawn, want.size), err
	})
	a.picture200(c, keepBadge, false, body, err)
}

// serviceParam is the service that the address names.
func serviceParam(c *gin.Context) string { return c.Param("service") }

// dayChart is the chart of a series' last day.
func (a *API) dayChart(ctx context.Context, series outage.Series, want wish) (chart.Chart, error) {
	t := a.teller(want.lang)
	title := t.name(series.Service)
	if series.Country == "" {
		series.Country = outage.AllCountries
	} else {
		title += ", " + t.Country(series.Country)
	}
	const step = 5 * time.Minute
	to := t.now.UTC().Truncate(step)
	asked := span{from: to.Add(-defaultRange), to: to, step: step}
	counts, err := a.counts(ctx, series, asked)
	if err != nil {
		return chart.Chart{}, err
	}
	drawn := chart.Chart{
		Title: title, Subtitle: t.T("chart.last_day"), From: asked.from, Step: step, Top: float64(want.top),
		Words: t.words(), Reports: a.perMinute(ctx, asked, counts),
	}
	for _, p := range a.points(series, asked, counts) {
		usual := math.NaN()
		if p.Expected != nil {
			usual = *p.Expected / step.Minutes()
		}
		drawn.Usual = append(drawn.Usual, usual)
	}
	now := a.picture(ctx)
	for _, o := range now.outages {
		if o.Service == series.Service && (series.Country == outage.AllCountries || touches(o, series.Country)) {
			drawn.Shaded = append(drawn.Shaded, shadeOf(o, series.Country, t.now)...)
		}
	}
	status, _ := now.statusOf(series)
	if status == outage.StatusUnknown && total(counts) < fewReports {
		drawn.Note = t.T("chart.too_few")
	}
	drawn.Description = t.T("chart.day", title, total(counts), t.text(web.StatusText(status)))
	return drawn, nil
}

// shadeOf are the times of an outage in a country, or in all.
func shadeOf(o outage.Outage, country string, now time.Time) []chart.Span {
	impacts := o.Impacts
	if country != outage.AllCountries {
		impacts = slices.DeleteFunc(slices.Clone(impacts), func(i outage.Impact) bool { return i.Country != country })
	}
	var spans []chart.Span
	for _, run := range troubledTimes(impacts, now) {
		spans = append(spans, chart.Span{From: run.StartedAt, To: run.EndedAt})
	}
	return spans
}

// words are those of a chart.
func (t teller) words() chart.Words {
	return chart.Words{
		PerMinute: t.T("chart.per_minute"), Usual: t.T("chart.usual"), Outage: t.T("chart.outage"), Unheard: t.T("chart.unheard"),
		Busiest: func(n int) string { return t.T("chart.busiest", n) },
		Mean:    func(n int) string { return t.T("chart.mean", n) },
		Clock:   func(at time.Time) string { return strings.TrimSuffix(t.Clock(at), " UTC") },
		Number:  t.Num, Date: t.Date,
	}
}

// outageBadge and serviceBadge answer with a small sign for other pages.
func (a *API) outageBadge(c *gin.Context) {
	q := queryOf(c, "lang")
	lang := oneOf(q, "lang", web.English, web.Indonesian)
	s, err := a.outageOf(c, q)
	if err != nil {
		problem.Write(c, err)
		return
	}
	t := a.teller(lang)
	message, tone := t.T("badge.over", web.Day(s.StartedAt)), chart.Neutral
	switch {
	case s.standing.Retracted:
		message = t.T("badge.retracted")
	case s.State == outage.Ongoing:
		message, tone = t.T("badge.since", web.Moment{At: s.StartedAt, Now: t.now}), chart.Bad
	}
	a.picture200(c, keepBadge, false, a.artist.Badge(t.name(s.Service), message, tone), nil)
}

func (a *API) serviceBadge(c *gin.Context) {
	q := queryOf(c, "lang", "country")
	lang, country := oneOf(q, "lang", web.English, web.Indonesian), q.country(true)
	service, err := a.service(serviceParam(c))
	if q.err != nil {
		err = q.err
	}
	if err != nil {
		problem.Write(c, err)
		return
	}
	t := a.teller(lang)
	subject := service.Name
	if country == "" {
		country = outage.AllCountries
	} else if country != outage.AllCountries {
		subject += ", " + t.Country(country)
	}
	status, _ := a.picture(c.Request.Context()).statusOf(outage.Series{Service: service.Slug, Country: country})
	message, tone := t.T("badge.unknown"), chart.Neutral
	switch status {
	case outage.StatusProblem:
		message, tone = t.T("badge.problem"), chart.Bad
	case outage.StatusPossible:
		message, tone = t.T("badge.possible"), chart.Warning
	case outage.StatusOK:
		message, tone = t.T("badge.ok"), chart.Good
	case outage.StatusUnknown:
	}
	a.picture200(c, keepBadge, false, a.artist.Badge(subject, message, tone), nil)
}

// mountPictures adds the charts and badges.
func (a *API) mountPictures(router gin.IRouter) {
	for path, answer := range map[string]gin.HandlerFunc{
		"/outages/:id/chart.svg":       a.outageSVG,
		"/outages/:id/chart.png":       a.outagePNG,
		"/outages/:id/badge.svg":       a.outageBadge,
		"/services/:service/chart.svg": a.serviceSVG,
		"/services/:service/badge.svg": a.serviceBadge,
	} {
		router.GET(path, answer)
	}
}

// host is how a picture says where it is from.
func (a *API) host(c *gin.Context) string {
	_, host, _ := strings.Cut(a.origin(c), "://")
	return host
}
