package archiver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

const (
	// defaultBatch is how many entries a first read asks for. Entries hold up to
	// live.MaxBatch reports, but mostly a few: then the next reads ask for more.
	defaultBatch = 64
	// mostBatch is how many entries a read asks for at most.
	mostBatch = 2048
	// mostReports is about how many reports one transaction of the archive takes.
	mostReports = 8192
	// commitWithin bounds a transaction that several partitions share.
	commitWithin = 30 * time.Second
)

// Log is the live log; see pkg/live.
type Log interface {
	ReadLog(ctx context.Context, partition int, limit int) ([]live.Entry, error)
	TrimLog(ctx context.Context, lease live.Lease, upTo live.Entry) error
	LogSize(ctx context.Context) (entries, bytes int64, err error)
}

// Archive is where the log goes; see pkg/archive.
type Archive interface {
	Append(ctx context.Context, entries []live.Entry) error
}

// Config is what New needs. Everything but Batch and Linger is required.
type Config struct {
	Log        Log
	Archive    Archive
	Now        func() time.Time
	Logger     *slog.Logger
	Registerer prometheus.Registerer
	// Batch is how many entries a first read asks for; 0 means 64.
	Batch int
	// Linger is how long a transaction waits for the entries of other
	// partitions, so that they share it; 0 means that each has its own.
	Linger time.Duration
}

// Archiver drains partitions. Different partitions may be drained at once.
type Archiver struct {
	cfg     Config
	metrics *metrics
	shared  *together
}

// New checks the configuration and registers the metrics.
func New(cfg Config) (*Archiver, error) {
	switch {
	case cfg.Log == nil, cfg.Archive == nil, cfg.Now == nil, cfg.Logger == nil, cfg.Registerer == nil:
		return nil, fmt.Errorf("archiver: %w: log, archive, clock, logger and registerer are required", outage.ErrInvalid)
	case cfg.Batch < 0, cfg.Linger < 0:
		return nil, fmt.Errorf("archiver: %w: a batch has at least one entry, and nobody waits for less than no time", outage.ErrInvalid)
	case cfg.Batch == 0:
		cfg.Batch = defaultBatch
	}
	m, err := newMetrics(cfg.Registerer)
	if err != nil {
		return nil, fmt.Errorf("archiver: %w", err)
	}
	return &Archiver{cfg: cfg, metrics: m, shared: &together{archive: cfg.Archive, linger: cfg.Linger}}, nil
}

// Drain moves the log of the lease's partition into the archive until a read
// has shown its end. What is written meanwhile is left for the next call: it would be
// many small transactions now, and is a large one then. It fails with outage.ErrUnavailable when a store is away and with
// outage.ErrFenced when the lease is lost; what was moved until then stays moved.
func (a *Archiver) Drain(ctx context.Context, lease live.Lease) error {
	err := a.drain(ctx, lease)
	if err != nil {
		a.metrics.failures.Inc()
		if errors.Is(err, outage.ErrFenced) {
			a.metrics.forget(lease.Partition)
		}
		return fmt.Errorf("drain partition %d: %w", lease.Partition, err)
	}
	a.metrics.lag(lease.Partition, 0)
	return nil
}

func (a *Archiver) drain(ctx context.Context, lease live.Lease) error {
	var trimmed live.Entry
	for limit := a.cfg.Batch; ; {
		entries, err := a.cfg.Log.ReadLog(ctx, lease.Partition, limit)
		if err != nil || len(entries) == 0 {
			return err
		}
		if first := entries[0]; trimmed.Position != "" && first.Epoch == trimmed.Epoch && first.Position == trimmed.Position {
			return fmt.Errorf("trim log: %w: entry %s is still there", outage.ErrUnavailable, first.Position)
		}
		trimmed = entries[0]
		a.metrics.lag(lease.Partition, age(entries, a.cfg.Now()))
		for rest := entries; len(rest) > 0; {
			n := group(rest)
			if err := a.move(ctx, lease, rest[:n]); err != nil {
				return err
			}
			rest = rest[n:]
		}
		if len(entries) < limit {
			return nil
		}
		if group(entries) == len(entries) { // they were small
			limit = max(limit, min(2*limit, mostBatch))
		} else {
			limit = a.cfg.Batch
		}
	}
}

// group is how many entries, at least one, go into one transaction.
func group(entries []live.Entry) int {
	reports := 0
	for i := range entries {
		reports += len(entries[i].Reports)
		if i > 0 && reports > mostReports {
			return i
		}
	}
	return len(entries)
}

// move commits entries to the archive, then trims them from the log.
func (a *Archiver) move(ctx context.Context, lease live.Lease, entries []live.Entry) error {
	err := a.shared.append(ctx, entries)
	if errors.Is(err, outage.ErrInvalid) {
		err = a.moveSingly(ctx, entries)
	} else if err == nil {
		a.metrics.moved(entries...)
	}
	if err != nil {
		return err
	}
	return a.cfg.Log.TrimLog(ctx, lease, entries[len(entries)-1])
}

// moveSingly commits the entries one by one, to find out which of them is invalid.
func (a *Archiver) moveSingly(ctx context.Context, entries []live.Entry) error {
	for i := range entries {
		err := a.cfg.Archive.Append(ctx, entries[i:i+1])
		switch {
		case err == nil:
			a.metrics.moved(entries[i])
		case errors.Is(err, outage.ErrInvalid):
			a.metrics.dropped.Inc()
			a.cfg.Logger.ErrorContext(ctx, "dropped a log entry that cannot be archived",
				"partition", entries[i].Partition, "epoch", entries[i].Epoch, "position", entries[i].Position,
				"reports", len(entries[i].Reports), "error", err)
		default:
			return err
		}
	}
	return nil
}

// age is how long ago the oldest report of the entries was received.
func age(entries []live.Entry, now time.Time) time.Duration {
	var oldest time.Duration
	for i := range entries {
		for j := range entries[i].Reports {
			oldest = max(oldest, now.Sub(entries[i].Reports[j].ReceivedAt))
		}
	}
	return oldest
}
