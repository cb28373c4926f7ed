package ingest_test

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

func TestReadyTellsWhetherReportsCanBeRecorded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var full atomic.Bool
		r := &recorder{answer: func(reports []outage.Report) []live.Result {
			results := counted(reports)
			for i := range results {
				if full.Load() {
					results[i] = live.Result{Err: outage.ErrUnavailable}
				}
			}
			return results
		}}
		p := run(t, r, nil)
		require.NoError(t, p.Ready(), "nothing speaks against it")

		full.Store(true)
		_, err := p.Submit(t.Context(), report())
		require.ErrorIs(t, err, outage.ErrUnavailable)
		require.ErrorIs(t, p.Ready(), outage.ErrUnavailable)

		full.Store(false)
		_, err = p.Submit(t.Context(), report())
		require.NoError(t, err)
		require.NoError(t, p.Ready(), "a report was recorded again")
	})
}

func TestReadyHearsSoonThatTheStoreTakesSomethingAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{answer: func(reports []outage.Report) []live.Result { return failing(reports, outage.ErrUnavailable) }}
		p := run(t, r, nil)
		time.Sleep(time.Second) //nolint:forbidigo // synctest: the bubble's clock
		r.setCover(outage.ErrUnavailable)
		_, err := p.Submit(t.Context(), report())
		require.ErrorIs(t, err, outage.ErrUnavailable)
		time.Sleep(2 * time.Minute) //nolint:forbidigo // as above
		require.ErrorIs(t, p.Ready(), outage.ErrUnavailable, "it takes nothing yet")

		_, err = p.Submit(t.Context(), report())
		require.ErrorIs(t, err, outage.ErrUnavailable)
		r.setCover(nil)
		require.ErrorIs(t, p.Ready(), outage.ErrUnavailable)
		time.Sleep(6 * time.Second) //nolint:forbidigo // as above
		require.NoError(t, p.Ready(), "the minute was noted again, and no report was needed")
	})
}

func TestReadyDoesNotTakeANoteForARebuild(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{answer: func(reports []outage.Report) []live.Result { return failing(reports, outage.ErrRebuilding) }}
		p := run(t, r, nil)
		_, err := p.Submit(t.Context(), report())
		require.ErrorIs(t, err, outage.ErrRebuilding)
		time.Sleep(20 * time.Second) //nolint:forbidigo // synctest: the bubble's clock
		require.ErrorIs(t, p.Ready(), outage.ErrRebuilding, "another partition took the notes")
	})
}

func TestReadyRecoversWithoutReports(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{answer: func(reports []outage.Report) []live.Result {
			return make([]live.Result, len(reports)-1) // one is left without an answer
		}}
		p := run(t, r, nil)
		_, err := p.Submit(t.Context(), report())
		require.ErrorIs(t, err, outage.ErrUnavailable)
		require.Error(t, p.Ready())
		time.Sleep(2 * time.Minute) //nolint:forbidigo // synctest: the bubble's clock
		require.NoError(t, p.Ready(), "the notes of the minutes since went well")
	})
}

func TestReadyHearsOfMinutesThatCannotBeNoted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := run(t, &recorder{cover: outage.ErrRebuilding}, nil)
		synctest.Wait()
		require.ErrorIs(t, p.Ready(), outage.ErrRebuilding)
	})
}
