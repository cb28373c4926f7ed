package archiver_test

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

func TestWhatALossOfTheLiveStateWouldLoseIsAMetric(t *testing.T) {
	t.Parallel()
	log, archive := &memoryLog{owner: 1}, &record{err: outage.ErrUnavailable}
	log.add(entry("a"), entry("b"))
	a, registry := newArchiver(t, log, archive, 0)
	requireMeasured := func(entries int64) {
		t.Helper()
		measured, err := a.Measure(t.Context())
		require.NoError(t, err)
		require.Equal(t, entries, measured)
		require.InDelta(t, entries, value(t, registry, "outcry_archiver_log_entries"), 0)
		require.InDelta(t, 100*entries, value(t, registry, "outcry_archiver_log_bytes"), 0)
	}
	requireMeasured(2)
	archive.err = nil
	require.NoError(t, a.Drain(t.Context(), live.Lease{Fence: 1}))
	requireMeasured(0)

	log.add(entry("c"))
	requireMeasured(1)
	log.away = true
	_, err := a.Measure(t.Context())
	require.ErrorIs(t, err, outage.ErrUnavailable)
	require.InDelta(t, 1, value(t, registry, "outcry_archiver_log_entries"), 0, "as last heard")
}

func TestNothingIsSaidOfAPartitionThatWasGivenBack(t *testing.T) {
	t.Parallel()
	a, registry := newArchiver(t, &memoryLog{owner: 1}, &record{}, 0)
	for _, p := range []int{3, 4} {
		require.NoError(t, a.Drain(t.Context(), live.Lease{Partition: p, Fence: 1}))
	}
	a.Forget(3)
	told, err := testutil.GatherAndCount(registry, "outcry_archiver_lag_seconds")
	require.NoError(t, err)
	require.Equal(t, 1, told)
}
