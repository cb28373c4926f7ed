package api

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/outcryhq/outcry/api/spec"
	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
	"github.com/outcryhq/outcry/pkg/problem"
)

const (
	// maxPoints is the most points of one series.
	maxPoints = 2000
	// defaultRange is how far back a series goes when nothing is said.
	defaultRange = 24 * time.Hour
	// minutesFor is how long the archive has single minutes. What is older it
	// has by quarters of an hour.
	minutesFor = 90 * 24 * time.Hour
	quarter    = 15 * time.Minute
)

// span is a series' range of time: from inclusive, to exclusive, both on a step.
type span struct {
	from, to time.Time
	step     time.Duration
}

func (s span) points() int { return int(s.to.Sub(s.from) / s.step) }

// GetSeries implements spec.ServerInterface.
func (a *API) GetSeries(c *gin.Context) {
	q := readQuery(c)
	country := q.country(true)
	if country == "" {
		country = outage.AllCountries
	}
	word := oneOf[spec.SeriesStep](q, "step", "5m", "1m", "15m", "1h")
	asFile, most := q.wantsCSV(), maxPoints
	if asFile {
		most = maxCSVPoints
	}
	asked := q.span(a.now(), steps(word), most)
	service, err := a.service(c.Param("service"))
	switch {
	case q.err != nil:
		problem.Write(c, q.err)
		return
	case err != nil:
		problem.Write(c, err)
		return
	}
	series := outage.Series{Service: service.Slug, Country: country}
	counts, asOf, complete, err := a.seriesCounts(c.Request.Context(), series, asked)
	if err != nil {
		problem.Write(c, err)
		return
	}
	keep := keepLive
	if asked.to.Before(a.liveSince()) {
		keep = keepHistory
	}
	shown := spec.Series{
		AsOf: asOf, Complete: complete,
		Service: series.Service, Country: series.Country, Step: word,
		From: asked.from, To: asked.to, Points: a.points(series, asked, counts),
	}
	if asFile {
		seriesCSV(c, keep, shown)
		return
	}
	respondJSON(c, keep, shown)
}

// steps reads a word that oneOf has checked.
func steps(word spec.SeriesStep) time.Duration {
	step, err := time.ParseDuration(string(word))
	if err != nil {
		return time.Minute // refused already
	}
	return step
}

// span reads the range: by default the last day, up to the last whole bucket. Of the
// future there is nothing: the running bucket is the last that is answered.
func (q *query) span(now time.Time, step time.Duration, most int) span {
	s := span{from: q.time("from").Truncate(step), to: q.time("to").Truncate(step), step: step}
	if !q.values.Has("to") {
		s.to = now.UTC().Truncate(step)
	} else if end := q.time("to"); end.After(s.to) {
		s.to = s.to.Add(step)
	}
	if running := now.UTC().Truncate(step).Add(step); s.to.After(running) {
		s.to = running
	}
	if !q.values.Has("from") {
		s.from = s.to.Add(-defaultRange)
	}
	switch {
	case q.err != nil:
	case !s.from.Before(s.to):
		q.fail("from", "expected a time before to, which is at most the end of the running step: "+s.to.Format(time.RFC3339))
	case s.to.Sub(s.from) > time.Duration(most)*step:
		q.fail("step", fmt.Sprintf("the range has %d points and at most %d are answered; expected a longer step or a shorter range",
			s.points(), most))
	case step < quarter && s.from.Before(now.Add(-minutesFor)):
		q.fail("step", "counts of more than 90 days ago are kept by quarters of an hour; expected 15m or 1h")
	}
	return s
}

// liveSince is from when on the live state has every count. It is a whole hour,
// so that every step begins there.
func (a *API) liveSince() time.Time {
	return a.now().UTC().Truncate(time.Hour).Add(-live.KeepCounts + time.Hour)
}

// counts reads a series: from the live state what it has, and what is older
// from the archive. When the live state is away the archive answers alone; it
// is a few seconds behind.
func (a *API) counts(ctx context.Context, s outage.Series, asked span) ([]int, error) {
	counts, _, err := a.joinCounts(ctx, s, asked)
	return counts, err
}

// joinCounts is counts, and says whether the archive had to answer alone.
func (a *API) joinCounts(ctx context.Context, s outage.Series, asked span) (sums []int, alone bool, err error) {
	sums = make([]int, asked.points())
	border := a.liveSince()
	if asked.to.After(border) {
		recent := span{from: later(asked.from, border), to: asked.to, step: time.Minute}
		minutes, err := a.live.Counts(ctx, []outage.Series{s}, recent.from, recent.to)
		if err != nil {
			return sums, true, a.archived(ctx, s, asked, sums)
		}
		for i, n := range minutes[0] {
			at := recent.from.Add(time.Duration(i) * time.Minute)
			sums[at.Sub(asked.from)/asked.step] += n
		}
	}
	if asked.from.Before(border) {
		old := span{from: asked.from, to: earlier(asked.to, border), step: asked.step}
		return sums, false, a.archived(ctx, s, old, sums)
	}
	return sums, false, nil
}

// archived adds what the archive has of a span to the first of the sums.
func (a *API) archived(ctx context.Context, s outage.Series, old span, sums []int) error {
	buckets, err := a.archive.Counts(ctx, s, old.from, old.to, old.step)
	if err != nil {
		return fmt.Errorf("read counts from the archive: %w", err)
	}
	for _, bucket := range buckets {
		sums[bucket.Start.Sub(old.from)/old.step] += bucket.Count
	}
	return nil
}

func (a *API) points(s outage.Series, asked span, counts []int) []spec.Point {
	points := make([]spec.Point, len(counts))
	var hour time.Time // what is usual changes by the hour only
	var expected *float64
	for i, n := range counts {
		at := asked.from.Add(time.Duration(i) * asked.step)
		if start := at.Truncate(time.Hour); !start.Equal(hour) {
			hour, expected = start, a.expected(s, start, asked.step)
		}
		points[i] = spec.Point{At: at, Reports: n, Expected: expected}
	}
	return points
}

// expected is the usual number of reports in a step of the hour, to four
// significant digits; nil while nothing is known.
func (a *API) expected(s outage.Series, hour time.Time, step time.Duration) *float64 {
	rate, ok := a.baselines.PerMinute(s, hour)
	if !ok || math.IsNaN(rate) || math.IsInf(rate, 0) {
		return nil
	}
	sum, err := strconv.ParseFloat(strconv.FormatFloat(rate*step.Minutes(), 'g', 4, 64), 64)
	if err != nil {
		return nil
	}
	return &sum
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
