package detector_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/detector"
	"github.com/outcryhq/outcry/pkg/archive"
	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

// usual is a history of ten reports a minute, of which the live state has
// nothing any more.
func usual(yield func(archive.CountRow, error) bool) {
	const days = 18
	start := begin().Add(-3 * 24 * time.Hour).Add(-days * 24 * time.Hour)
	for hour := range days * 24 {
		row := archive.CountRow{
			Start:  start.Add(time.Duration(hour) * time.Hour),
			Series: outage.Series{Service: service, Country: "NL"}, Reports: 600,
		}
		if !yield(row, nil) {
			return
		}
	}
}

func TestWhatTheArchiveKnowsIsUsual(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.engine = newEngine(t, w.log)
		_, err := w.archive.ImportCounts(t.Context(), archive.Import{Rows: usual, Step: time.Hour, Now: begin()})
		require.NoError(t, err)
		r := w.start(t, "a", nil)
		r.look(t)
		for range 60 {
			w.minute(t, 10, r)
			require.Empty(t, w.outages(t), "ten a minute are usual")
		}
		for range 5 {
			w.minute(t, 100, r)
		}
		found := w.outages(t)
		require.Len(t, found, 1, "a hundred are not")
		require.InDelta(t, 10, found[0].Outage.Impacts[0].BaselinePerMinute, 1)
	})
}

func TestArchivedOutagesAreNotUsual(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.engine = newEngine(t, w.log)
		start := begin().Add(-9 * 24 * time.Hour)
		trouble := start.Add(72 * time.Hour) // another hour of the week than now
		end := trouble.Add(20 * time.Hour)
		rows := func(yield func(archive.CountRow, error) bool) {
			for at := start; at.Before(start.Add(6 * 24 * time.Hour)); at = at.Add(time.Hour) {
				row := archive.CountRow{Start: at, Series: outage.Series{Service: service, Country: "NL"}, Reports: 600}
				if !at.Before(trouble) && at.Before(end) {
					row.Reports = 60_000
				}
				if !yield(row, nil) {
					return
				}
			}
		}
		_, err := w.archive.ImportCounts(t.Context(), archive.Import{Rows: rows, Step: time.Hour, Now: begin()})
		require.NoError(t, err)
		past := outage.Outage{
			ID: outage.DeriveIDAt(trouble, "past"), Service: service, State: outage.Ended, Final: true, Revision: 1,
			StartedAt: trouble, DetectedAt: trouble, EndedAt: &end, ClosedAt: &end,
		}
		require.NoError(t, w.archive.Append(t.Context(), []live.Entry{{
			Partition: live.Partition(service), Epoch: "before", Position: "1", Changes: []outage.Change{{Fence: 1, Outage: past}},
		}}))
		r := w.start(t, "a", nil)
		r.look(t)
		for range 60 {
			w.minute(t, 10, r)
		}
		for range 5 {
			w.minute(t, 100, r)
		}
		found := w.outages(t)
		require.Len(t, found, 1, "a hundred are not usual")
		require.InDelta(t, 10, found[0].Outage.Impacts[0].BaselinePerMinute, 0.7)
	})
}

// cleaner counts the deletions.
type cleaner struct {
	detector.Archive
	times atomic.Int64
}

func (c *cleaner) Retain(ctx context.Context, now time.Time, keepReports time.Duration) error {
	c.times.Add(1)
	return c.Archive.Retain(ctx, now, keepReports)
}

func TestOneDetectorCleansUpOnceADay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWorld(t)
		shelves := [2]*cleaner{{Archive: w.archive}, {Archive: w.archive}}
		var runners []*runner
		for i, shelf := range shelves {
			r := w.start(t, []string{"a", "b"}[i], func(cfg *detector.Config) { cfg.Archive = shelf })
			runners = append(runners, r)
			r.look(t)
		}
		eventually(t, takeOverWithin, shared(t, runners...))
		before := shelves[0].times.Load() + shelves[1].times.Load()
		require.Positive(t, before, "at the start, too")
		for range 3 {
			w.set(w.Now().Add(24 * time.Hour))
			elapse(time.Minute)
			require.Equal(t, live.Partitions, runners[0].share(t)+runners[1].share(t))
		}
		require.Equal(t, before+3, shelves[0].times.Load()+shelves[1].times.Load())
	})
}
