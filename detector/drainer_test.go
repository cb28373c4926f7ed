package detector_test

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/detector"
	"github.com/outcryhq/outcry/detector/archiver"
	"github.com/outcryhq/outcry/pkg/live"
)

// logWire is the live log at the end of a wire.
type logWire struct {
	log  archiver.Log
	wire *wire
}

func (l logWire) ReadLog(ctx context.Context, partition, limit int) ([]live.Entry, error) {
	return through(l.wire, "ReadLog", func() ([]live.Entry, error) { return l.log.ReadLog(ctx, partition, limit) })
}

func (l logWire) TrimLog(ctx context.Context, lease live.Lease, upTo live.Entry) error {
	return l.wire.call("TrimLog", func() error { return l.log.TrimLog(ctx, lease, upTo) })
}

func (l logWire) LogSize(ctx context.Context) (entries, bytes int64, err error) {
	err = l.wire.call("LogSize", func() error { entries, bytes, err = l.log.LogSize(ctx); return err })
	return entries, bytes, err
}

// newArchiver drains the log at the end of the wire into the world's archive.
func (w *world) newArchiver(t *testing.T, log archiver.Log, line *wire) *archiver.Archiver {
	t.Helper()
	a, err := archiver.New(archiver.Config{
		Log: logWire{log: log, wire: line}, Archive: w.log, Now: w.Now,
		Logger: slog.New(slog.DiscardHandler), Registerer: prometheus.NewRegistry(),
	})
	require.NoError(t, err)
	return a
}

// emptied is an archiver of an engine that logs nothing, which notes what it is asked.
type emptied struct {
	backlog  atomic.Int64 // entries that it says are waiting
	measured atomic.Int64

	mu   sync.Mutex
	told map[int]bool // partitions of which figures are told
}

func (e *emptied) Drain(_ context.Context, lease live.Lease) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.told == nil {
		e.told = map[int]bool{}
	}
	e.told[lease.Partition] = true
	return nil
}

func (e *emptied) Forget(partition int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.told, partition)
}

func (e *emptied) Measure(context.Context) (int64, error) {
	e.measured.Add(1)
	return e.backlog.Load(), nil
}

func (e *emptied) toldOf() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.told)
}

func TestTheLogIsMeasuredAndItsFiguresAreTheOwners(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWorld(t)
		log := &emptied{}
		a := w.start(t, "a", func(cfg *detector.Config) { cfg.Archiver = log })
		a.look(t)
		eventually(t, takeOverWithin, func() bool { return log.toldOf() == live.Partitions })
		before := log.measured.Load()
		elapse(time.Minute)
		require.GreaterOrEqual(t, log.measured.Load()-before, int64(12), "every few seconds")

		b := w.start(t, "b", nil)
		eventually(t, takeOverWithin, shared(t, a, b))
		require.Equal(t, a.share(t), log.toldOf(), "nothing is said of what was given back")
		require.NoError(t, a.stop())
		require.Zero(t, log.toldOf())
		require.NoError(t, b.stop())
	})
}
