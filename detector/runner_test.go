package detector_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

func TestOneDetectorNoticesAnOutageAndItsEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWorld(t)
		require.ErrorIs(t, w.start(t, "alone", nil).Ready(), outage.ErrUnavailable)
	})
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWorld(t)
		r := w.start(t, "alone", nil)
		began := time.Now()
		r.look(t)
		require.Less(t, time.Since(began), time.Second)
		require.NoError(t, r.Ready())
		require.Equal(t, live.Partitions, r.share(t))

		opened := w.fail(t, r)
		require.InDelta(t, 1, r.metric(t, "outcry_detector_open_outages"), 0)
		require.WithinDuration(t, begin(), opened.StartedAt, 5*time.Minute)
		views, err := w.engine.Views(t.Context())
		require.NoError(t, err)
		require.Len(t, views, live.Partitions)

		for range 20 {
			w.minute(t, 12, r)
		}
		closed := w.recover(t, r)
		require.Equal(t, opened.ID, closed.ID)
		require.Zero(t, r.metric(t, "outcry_detector_open_outages"))
		w.log.requireOneOutage(t, opened.ID)
		require.Positive(t, r.metric(t, "outcry_detector_evaluations_total"))
		require.NoError(t, r.stop())
	})
}

func TestCounterVotesAreNoComplaints(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWorld(t)
		r := w.start(t, "alone", nil)
		r.look(t)
		for range 30 {
			w.say(t, outage.WorksFor(service), "NL", 50)
			w.minute(t, 0, r)
		}
		found, err := w.engine.Outages(t.Context())
		require.NoError(t, err)
		require.Empty(t, found)
		views, err := w.engine.Views(t.Context())
		require.NoError(t, err)
		for _, view := range views {
			require.Empty(t, view.Spikes)
			require.Zero(t, view.LiveSeries)
		}
		require.NoError(t, r.stop())
	})
}
