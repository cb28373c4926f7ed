package archiver_test

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/detector/archiver"
	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

func TestDrainMovesEverythingInOrder(t *testing.T) {
	t.Parallel()
	log, archive := &memoryLog{owner: 1}, &record{}
	for i := range 7 {
		log.add(entry(fmt.Sprint("a", i), fmt.Sprint("b", i)))
	}
	a, registry := newArchiver(t, log, archive, 3)
	require.NoError(t, a.Drain(t.Context(), live.Lease{Fence: 1}))
	require.Zero(t, log.len())
	var positions []string
	for _, entries := range archive.appended {
		for _, e := range entries {
			positions = append(positions, e.Position)
		}
	}
	require.Equal(t, []string{"1", "2", "3", "4", "5", "6", "7"}, positions)
	require.Len(t, archive.appended, 2, "three entries, and then up to six, as they are small")
	require.InDelta(t, 7, value(t, registry, "outcry_archiver_entries_total"), 0)
	require.InDelta(t, 14, value(t, registry, "outcry_archiver_reports_total"), 0)
	require.InDelta(t, 0, value(t, registry, "outcry_archiver_lag_seconds"), 0)
}

func TestDrainBoundsATransaction(t *testing.T) {
	t.Parallel()
	log, archive := &memoryLog{owner: 1}, &record{}
	large := live.Entry{Reports: make([]outage.Logged, 5000)}
	log.add(large, large, large, live.Entry{Reports: make([]outage.Logged, 20_000)})
	a, _ := newArchiver(t, log, archive, 0)
	require.NoError(t, a.Drain(t.Context(), live.Lease{Fence: 1}))
	require.Len(t, archive.appended, 4)
}

func TestDrainLeavesTheLogWhileTheArchiveIsAway(t *testing.T) {
	t.Parallel()
	log, archive := &memoryLog{owner: 1}, &record{err: outage.ErrUnavailable}
	log.add(entry("a"))
	a, registry := newArchiver(t, log, archive, 0)
	require.ErrorIs(t, a.Drain(t.Context(), live.Lease{Fence: 1}), outage.ErrUnavailable)
	require.Equal(t, 1, log.len())
	require.InDelta(t, 10, value(t, registry, "outcry_archiver_lag_seconds"), 0)
	require.InDelta(t, 1, value(t, registry, "outcry_archiver_failures_total"), 0)

	archive.err = nil
	require.NoError(t, a.Drain(t.Context(), live.Lease{Fence: 1}))
	require.Zero(t, log.len())
	require.InDelta(t, 0, value(t, registry, "outcry_archiver_lag_seconds"), 0)
}

func TestDrainDropsWhatCannotBeArchivedAndNothingElse(t *testing.T) {
	t.Parallel()
	log, archive := &memoryLog{owner: 1}, &record{}
	log.add(entry("a"), live.Entry{Damaged: errAway}, entry("b"), live.Entry{Damaged: errAway})
	a, registry := newArchiver(t, log, archive, 0)
	require.NoError(t, a.Drain(t.Context(), live.Lease{Fence: 1}))
	require.Zero(t, log.len())
	require.Len(t, archive.appended, 2)
	require.InDelta(t, 2, value(t, registry, "outcry_archiver_dropped_entries_total"), 0)
	require.InDelta(t, 2, value(t, registry, "outcry_archiver_entries_total"), 0)
}

func TestDrainOfALostPartitionTrimsNothing(t *testing.T) {
	t.Parallel()
	log, archive := &memoryLog{owner: 2}, &record{}
	log.add(entry("a"))
	a, _ := newArchiver(t, log, archive, 0)
	require.ErrorIs(t, a.Drain(t.Context(), live.Lease{Fence: 1}), outage.ErrFenced)
	require.Equal(t, 1, log.len())
}

func TestDrainDoesNotSpinOnALogThatDoesNotShrink(t *testing.T) {
	t.Parallel()
	log, archive := &memoryLog{owner: 1, stuck: true}, &record{}
	log.add(entry("a"))
	a, _ := newArchiver(t, log, archive, 1)
	require.ErrorIs(t, a.Drain(t.Context(), live.Lease{Fence: 1}), outage.ErrUnavailable)
	require.Len(t, archive.appended, 1)
}

func TestNewRefusesWhatIsMissing(t *testing.T) {
	t.Parallel()
	full := archiver.Config{
		Log: &memoryLog{}, Archive: &record{}, Now: time.Now, Logger: slog.New(slog.DiscardHandler), Registerer: prometheus.NewRegistry(),
	}
	for name, spoil := range map[string]func(*archiver.Config){
		"log":        func(c *archiver.Config) { c.Log = nil },
		"archive":    func(c *archiver.Config) { c.Archive = nil },
		"clock":      func(c *archiver.Config) { c.Now = nil },
		"logger":     func(c *archiver.Config) { c.Logger = nil },
		"registerer": func(c *archiver.Config) { c.Registerer = nil },
		"batch":      func(c *archiver.Config) { c.Batch = -1 },
	} {
		cfg := full
		spoil(&cfg)
		_, err := archiver.New(cfg)
		require.ErrorIs(t, err, outage.ErrInvalid, name)
	}
	_, err := archiver.New(full)
	require.NoError(t, err)
	_, err = archiver.New(full)
	require.Error(t, err, "the metrics are registered already")
}
