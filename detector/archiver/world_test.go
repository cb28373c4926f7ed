package archiver_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/detector/archiver"
	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// memoryLog is a log in memory with the fencing of a real one.
type memoryLog struct {
	mu      sync.Mutex
	next    int
	owner   uint64 // the fence that may trim
	entries []live.Entry
	stuck   bool // trimming does nothing
	away    bool // it cannot be measured
}

func (l *memoryLog) add(entries ...live.Entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range entries {
		l.next++
		e.Epoch, e.Position = "e1", strconv.Itoa(l.next)
		l.entries = append(l.entries, e)
	}
}

func (l *memoryLog) ReadLog(_ context.Context, _ int, limit int) ([]live.Entry, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]live.Entry{}, l.entries[:min(limit, len(l.entries))]...), nil
}

func (l *memoryLog) TrimLog(_ context.Context, lease live.Lease, upTo live.Entry) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if lease.Fence != l.owner {
		return outage.ErrFenced
	}
	for i, e := range l.entries {
		if e.Position == upTo.Position && !l.stuck {
			l.entries = l.entries[i+1:]
			break
		}
	}
	return nil
}

func (l *memoryLog) LogSize(context.Context) (entries, bytes int64, err error) {
	if l.away {
		return 0, 0, outage.ErrUnavailable
	}
	n := int64(l.len())
	return n, 100 * n, nil
}

func (l *memoryLog) len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.entries)
}

// record is an archive that remembers what it was given.
type record struct {
	mu       sync.Mutex
	appended [][]live.Entry
	err      error
}

func (r *record) Append(_ context.Context, entries []live.Entry) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err != nil {
		return r.err
	}
	for _, e := range entries {
		if e.Damaged != nil {
			return fmt.Errorf("%w: %w", outage.ErrInvalid, e.Damaged)
		}
	}
	r.appended = append(r.appended, entries)
	return nil
}

func newArchiver(t *testing.T, log archiver.Log, archive archiver.Archive, batch int) (*archiver.Archiver, *prometheus.Registry) {
	t.Helper()
	registry := prometheus.NewRegistry()
	a, err := archiver.New(archiver.Config{
		Log: log, Archive: archive, Now: func() time.Time { return noon.Add(10 * time.Second) },
		Logger: slog.New(slog.DiscardHandler), Registerer: registry, Batch: batch,
	})
	require.NoError(t, err)
	return a, registry
}

// value reads a metric that has one series.
func value(t *testing.T, registry *prometheus.Registry, name string) float64 {
	t.Helper()
	families, err := registry.Gather()
	require.NoError(t, err)
	for _, family := range families {
		if family.GetName() == name {
			require.Len(t, family.GetMetric(), 1)
			m := family.GetMetric()[0]
			return m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
	}
	require.Fail(t, "no such metric", name)
	return 0
}

func report(name string) outage.Logged {
	id := outage.DeriveID(name)
	r := outage.Logged{Outcome: outage.Counted}
	r.ID, r.Service, r.Country, r.Source, r.CountryFrom = id, "whatsapp", "NL", outage.SourceForm, outage.FromAddress
	copy(r.Reporter[:], id[:])
	r.ObservedAt, r.ReceivedAt = noon, noon
	return r
}

func entry(names ...string) live.Entry {
	e := live.Entry{Partition: live.Partition("whatsapp")}
	for _, name := range names {
		e.Reports = append(e.Reports, report(name))
	}
	return e
}

// errAway stands for any damage.
var errAway = errors.New("connection reset")
