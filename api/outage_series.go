package api

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/outcryhq/outcry/api/spec"
	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
	"github.com/outcryhq/outcry/pkg/problem"
)

// besideOutage is how much of the time before and after an outage is answered with it.
const besideOutage = time.Hour

// GetOutageSeries implements spec.ServerInterface.
func (a *API) GetOutageSeries(c *gin.Context) {
	q := readQuery(c)
	id, err := outage.ParseID(c.Param("id"))
	if err != nil {
		q.fail("id", "expected an id such as 0199f2c5-0000-7000-8000-000000000000")
	}
	asFile := q.wantsCSV()
	if q.err != nil {
		problem.Write(c, q.err)
		return
	}
	found, err := a.outage(c.Request.Context(), id)
	if err != nil {
		problem.Write(c, err)
		return
	}
	series, err := a.outageSeries(c.Request.Context(), found)
	if err != nil {
		problem.Write(c, err)
		return
	}
	keep := keepLive
	if found.Final && series.To.Before(a.now().Add(-besideOutage)) {
		keep = keepHistory
	}
	if asFile {
		outageSeriesCSV(c, keep, series)
		return
	}
	respondJSON(c, keep, series)
}

// outageSeriesCSV answers with a file of the points of all countries, by country and time.
func outageSeriesCSV(c *gin.Context, keep time.Duration, series spec.OutageSeries) {
	file := newCSV("at", "country", "reports", "expected")
	for _, one := range series.Series {
		step := series.To.Sub(series.From) / time.Duration(max(len(one.Reports), 1))
		for i, n := range one.Reports {
			expected := ""
			if one.Expected[i] != nil {
				expected = strconv.FormatFloat(*one.Expected[i], 'f', -1, 64)
			}
			file.row(series.From.Add(time.Duration(i)*step).Format(time.RFC3339), one.Country, strconv.Itoa(n), expected)
		}
	}
	file.respond(c, keep, "outcry-outage-"+series.ID.String())
}

// outageSeries reads the reports of each country with an impact, from an hour
// before an outage to an hour after it, as far as that has passed.
func (a *API) outageSeries(ctx context.Context, o outage.Outage) (spec.OutageSeries, error) {
	now := a.now().UTC()
	asked := spanAround(o, now)
	answer := spec.OutageSeries{
		ID: o.ID, Service: o.Service, From: asked.from, To: asked.to,
		Step: spec.OutageSeriesStep(stepWord(asked.step)), Series: make([]spec.CountrySeries, len(o.Impacts)),
	}
	counts, err := a.countsBeside(ctx, o, asked)
	if err != nil {
		return spec.OutageSeries{}, err
	}
	for i, impact := range o.Impacts {
		s := outage.Series{Service: o.Service, Country: impact.Country}
		entry := spec.CountrySeries{Country: impact.Country, Reports: counts[i], Expected: make([]*float64, len(counts[i]))}
		for j, p := range a.points(s, asked, counts[i]) {
			entry.Expected[j] = p.Expected
		}
		answer.Series[i] = entry
	}
	return answer, nil
}

// spanAround has the shortest step with which the range is answered at once.
func spanAround(o outage.Outage, now time.Time) span {
	for _, step := range []time.Duration{time.Minute, 5 * time.Minute, quarter, time.Hour} {
		s := span{from: o.StartedAt.UTC().Add(-besideOutage).Truncate(step), step: step}
		s.to = earlier(o.StartedAt.Add(lasted(o, now)).UTC().Add(besideOutage), now).Truncate(step).Add(step)
		if s.points() <= maxPoints {
			return s
		}
	}
	// An outage of months: its beginning.
	s := span{from: o.StartedAt.UTC().Add(-besideOutage).Truncate(time.Hour), step: time.Hour}
	s.to = s.from.Add(maxPoints * time.Hour)
	return s
}

func stepWord(step time.Duration) string {
	if step == time.Hour {
		return "1h"
	}
	return fmt.Sprintf("%dm", int(step/time.Minute))
}

// countsBeside reads one list of counts for each impact: those that are kept
// with the outage once it is past, until then those of the series.
func (a *API) countsBeside(ctx context.Context, o outage.Outage, asked span) ([][]int, error) {
	if !o.Final || asked.to.After(a.liveSince()) {
		counts := make([][]int, len(o.Impacts))
		for i, impact := range o.Impacts {
			var err error
			if counts[i], err = a.counts(ctx, outage.Series{Service: o.Service, Country: impact.Country}, asked); err != nil {
				return nil, err
			}
		}
		return counts, nil
	}
	kept, err := a.archive.OutageMinutes(ctx, o.ID)
	if err != nil {
		return nil, fmt.Errorf("read the minutes of an outage: %w", err)
	}
	return sumKept(o, asked, kept), nil
}

func sumKept(o outage.Outage, asked span, kept []live.MinuteCount) [][]int {
	counts := make([][]int, len(o.Impacts))
	for i, impact := range o.Impacts {
		counts[i] = make([]int, asked.points())
		for _, m := range kept {
			there := impact.Country == outage.AllCountries || impact.Country == m.Series.Country
			if there && !m.Minute.Before(asked.from) && m.Minute.Before(asked.to) {
				counts[i][m.Minute.Sub(asked.from)/asked.step] += m.Count
			}
		}
	}
	return counts
}
