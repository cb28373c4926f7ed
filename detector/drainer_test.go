package detector_test

import (
	"context"
	"log/slog"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

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
