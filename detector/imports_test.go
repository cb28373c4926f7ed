package detector_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/detector"
	"github.com/outcryhq/outcry/pkg/archive"
	"github.com/outcryhq/outcry/pkg/baseline"
	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

// imported is the country that the service is imported for: a report a minute.
var imported = outage.Series{Service: service, Country: "GB"} //nolint:gochecknoglobals // constant

// importTwoWeeks imports two weeks up to the last full hour.
func (w *world) importTwoWeeks(t *testing.T) {
	t.Helper()
	until := w.Now().Truncate(time.Hour)
	_, err := w.archive.ImportCounts(t.Context(), archive.Import{
		Now: w.Now(), Step: time.Hour,
		Rows: func(yield func(archive.CountRow, error) bool) {
			for at := until.Add(-14 * 24 * time.Hour); at.Before(until); at = at.Add(time.Hour) {
				if !yield(archive.CountRow{Start: at, Series: imported, Reports: 60}, nil) {
					return
				}
			}
		},
	})
	require.NoError(t, err)
}

// takenIn says whether what was imported is part of the live window and usual.
func (w *world) takenIn(t *testing.T) bool {
	t.Helper()
	until := w.Now().Truncate(time.Hour)
	counts, err := w.engine.Counts(t.Context(), []outage.Series{imported}, until.Add(-48*time.Hour), until)
	require.NoError(t, err)
	sum := 0
	for _, count := range counts[0] {
		sum += count
	}
	blob, err := w.archive.LoadBaseline(t.Context(), live.Partition(service), baseline.Version)
	if sum != 48*60 || err != nil {
		return false
	}
	model, err := baseline.Decode(blob)
	require.NoError(t, err)
	usually, ok := model.PerMinute(imported, w.Now())
	return ok && usually > 0.9 && usually < 1.1
}

// learnAnHour lets the detectors listen to silence until they have learned and
// saved an hour of it.
func (w *world) learnAnHour(t *testing.T, runners ...*runner) {
	t.Helper()
	for range 130 {
		w.minute(t, 0, runners...)
	}
	eventually(t, takeOverWithin, func() bool {
		_, err := w.archive.LoadBaseline(t.Context(), live.Partition(service), baseline.Version)
		return err == nil
	})
}

func TestAnImportIsTakenInByDetectorsThatRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWorld(t)
		runners := []*runner{w.start(t, "a", nil), w.start(t, "b", nil)}
		eventually(t, takeOverWithin, shared(t, runners...))
		w.learnAnHour(t, runners...)
		opened := w.fail(t, runners...)
		w.minute(t, 12, runners...)

		w.importTwoWeeks(t)
		for minutes := 0; !w.takenIn(t); minutes++ {
			require.Less(t, minutes, 6)
			eventually(t, takeOverWithin, shared(t, runners...))
			w.minute(t, 12, runners...)
			elapse(5 * time.Second)
		}
		taken := runners[0].metric(t, "outcry_detector_takeovers_total") + runners[1].metric(t, "outcry_detector_takeovers_total")
		for range 5 { // and are left alone from then on
			w.minute(t, 12, runners...)
			elapse(5 * time.Second)
		}
		require.InDelta(t, taken, runners[0].metric(t, "outcry_detector_takeovers_total")+runners[1].metric(t, "outcry_detector_takeovers_total"), 0)
		require.Equal(t, opened.ID, w.recover(t, runners...).ID)
		w.log.requireOneOutage(t, opened.ID)
	})
}

func TestAnImportIsTakenInByADetectorThatStartsLater(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWorld(t)
		first := w.start(t, "first", nil)
		first.look(t)
		w.learnAnHour(t, first)
		require.NoError(t, first.stop())

		w.importTwoWeeks(t)
		r := w.start(t, "second", nil) // on a live state that still has its epochs
		r.look(t)
		for minutes := 0; !w.takenIn(t); minutes++ {
			require.Less(t, minutes, 6)
			w.minute(t, 0, r)
			elapse(5 * time.Second)
		}
	})
}

func TestAnImportIsTakenInAfterAFailure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWorld(t)
		line := newWire(w.engine)
		r := w.start(t, "a", func(cfg *detector.Config) { cfg.Live = line })
		r.look(t)
		w.learnAnHour(t, r)
		line.fail("Discard", errCut) // of one partition, and of a Rebuild the first attempt
		line.fail("Rebuild", errCut)
		w.importTwoWeeks(t)
		for minutes := 0; !w.takenIn(t) || line.pending(); minutes++ {
			require.Less(t, minutes, 10)
			w.minute(t, 0, r)
			elapse(5 * time.Second)
		}
		require.Positive(t, r.metric(t, "outcry_detector_failures_total"))
	})
}
