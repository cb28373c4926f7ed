package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
	goredis "github.com/redis/go-redis/v9"

	"github.com/outcryhq/outcry/api"
	"github.com/outcryhq/outcry/detector"
	"github.com/outcryhq/outcry/ingest"
	"github.com/outcryhq/outcry/ingest/identity"
	"github.com/outcryhq/outcry/pkg/archive"
	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/live/memory"
	"github.com/outcryhq/outcry/pkg/live/redis"
	"github.com/outcryhq/outcry/pkg/outage"
)

const (
	// storeRetry is the pause between two tries to reach a store at the start.
	storeRetry = 500 * time.Millisecond
	// storeProbe bounds one such try, migrations included.
	storeProbe = 30 * time.Second
)

// engine is what the roles need of the live state, all together.
type engine interface {
	ingest.Recorder
	detector.Live
	api.Live
	Ping(ctx context.Context) error
	Close() error
}

// stores are the live state and the archive, embedded or shared.
type stores struct {
	live    engine
	log     drainable // nil if the engine has no log to drain
	archive *archive.Archive
	keys    identity.KeyStore
	redis   goredis.UniversalClient // nil if embedded
}

// drainable is a live log that a detector moves into the archive.
type drainable interface {
	ReadLog(ctx context.Context, partition, limit int) ([]live.Entry, error)
	TrimLog(ctx context.Context, lease live.Lease, upTo live.Entry) error
	LogSize(ctx context.Context) (entries, bytes int64, err error)
}

// openStores opens what the settings name; the data folder is locked already. What it opened is on the clean-ups,
// also if it fails.
func openStores(ctx context.Context, cfg config, now func() time.Time, logger *slog.Logger, closing *cleanups) (*stores, error) {
	if cfg.embedded() {
		return openEmbedded(ctx, cfg, now, logger, closing)
	}
	return openShared(ctx, cfg, logger, closing)
}

func openEmbedded(ctx context.Context, cfg config, now func() time.Time, logger *slog.Logger, closing *cleanups) (*stores, error) {
	record, err := archive.OpenSQLite(ctx, sqlitePath(cfg.DataDir), logger)
	if err != nil {
		return nil, fmt.Errorf("open the archive in %s: %w", cfg.DataDir, err)
	}
	closing.add("archive", record.Close)
	hot, err := memory.New(memory.Config{Committer: record, Now: time.Now}) //nolint:contextcheck // commits outlast the start; Close ends them
	if err != nil {
		return nil, fmt.Errorf("open the live state: %w", err)
	}
	closing.add("live state", hot.Close)
	keys, err := identity.OpenFile(cfg.DataDir, now)
	if err != nil {
		return nil, fmt.Errorf("open the keys in %s: %w", cfg.DataDir, err)
	}
	if keys.Fresh() {
		if err := warnOfLostKeys(ctx, record, now(), logger); err != nil {
			return nil, fmt.Errorf("read the archive in %s: %w", cfg.DataDir, err)
		}
	}
	return &stores{live: hot, archive: record, keys: keys}, nil
}

// warnOfLostKeys warns if there were reporters in the last hour, who had keys:
// with new ones nobody can tell that they have been counted. What was imported
// is no report. A new folder has no partition that was ever written, so that
// snapshots are read only where keys are really gone.
func warnOfLostKeys(ctx context.Context, record *archive.Archive, now time.Time, logger *slog.Logger) error {
	written, err := record.Positions(ctx)
	if err != nil {
		return err
	}
	since := now.Add(-live.DedupeFor)
	for _, position := range written {
		snapshots, err := record.Snapshot(ctx, now, []int{position.Partition})
		if err != nil {
			return err
		}
		for _, report := range snapshots[position.Partition].Reports {
			if report.ReceivedAt.After(since) {
				logger.Warn("the keys of the day are gone: for an hour, whoever has reported already may count twice")
				return nil
			}
		}
	}
	return nil
}

func sqlitePath(dataDir string) string { return filepath.Join(dataDir, "outcry.db") }

// errInUse is what lockDataDir says of a folder that another process holds.
var errInUse = errors.New("is in use by another Outcry process")

// lockDataDir makes the folder and holds it for this process alone. The lock
// is the kernel's: it ends with the process, however that ends.
func lockDataDir(dir string, closing *cleanups) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make the data folder: %w", err)
	}
	lock := flock.New(filepath.Join(dir, "lock"), flock.SetPermissions(0o600))
	locked, err := lock.TryLock()
	if err != nil {
		return fmt.Errorf("lock the data folder %s: %w", dir, err)
	}
	if !locked {
		return fmt.Errorf("the data folder %s %w; stop that one, or give this one another --data-dir", dir, errInUse)
	}
	closing.add("data folder", lock.Unlock)
	return nil
}

func openShared(ctx context.Context, cfg config, logger *slog.Logger, closing *cleanups) (*stores, error) {
	client, err := redis.NewClient(cfg.RedisURL)
	if err != nil {
		return nil, fmt.Errorf("%w: --redis-url: %w", errUsage, err)
	}
	closing.add("redis", client.Close)
	hot, err := redis.New(redis.Config{Client: client, MaxLogBytes: int64(cfg.MaxLogBytes), Logger: logger})
	if err != nil {
		return nil, err
	}
	closing.add("live state", hot.Close)
	w := wait{atMost: cfg.WaitForStores, logger: logger}
	if err := w.until(ctx, "Redis", hot.Ping); err != nil {
		return nil, err
	}
	warnings, err := hot.Check(ctx)
	if err != nil {
		return nil, err
	}
	for _, warning := range warnings {
		logger.Warn("redis can lose acknowledged reports", "because", warning)
	}

	var record *archive.Archive
	err = w.until(ctx, "PostgreSQL", func(ctx context.Context) error {
		record, err = archive.OpenPostgres(ctx, cfg.DatabaseURL, logger)
		return err
	})
	if err != nil {
		return nil, err
	}
	closing.add("archive", record.Close)
	return &stores{live: hot, log: hot, archive: record, keys: record, redis: client}, nil
}

// wait is the patience with stores at the start: containers start in any order.
type wait struct {
	atMost time.Duration
	logger *slog.Logger
}

// until calls open until it succeeds. An error that waiting cannot mend ends it
// at once.
func (w wait) until(ctx context.Context, store string, open func(context.Context) error) error {
	deadline := time.Now().Add(w.atMost)
	for first := true; ; first = false {
		probe, cancel := context.WithTimeout(ctx, storeProbe)
		err := open(probe)
		cancel()
		if err == nil {
			return nil
		}
		if !errors.Is(err, outage.ErrUnavailable) || time.Now().After(deadline) || ctx.Err() != nil {
			return fmt.Errorf("cannot use %s: %w", store, err)
		}
		if first {
			w.logger.Warn("waiting for a store", "store", store, "error", err, "at_most", w.atMost.String())
		}
		select {
		case <-ctx.Done():
		case <-time.After(storeRetry):
		}
	}
}

// openArchive opens the archive alone, for import and export.
func openArchive(ctx context.Context, cfg config, logger *slog.Logger, closing *cleanups) (*archive.Archive, error) {
	var record *archive.Archive
	var err error
	if cfg.DatabaseURL != "" {
		record, err = archive.OpenPostgres(ctx, cfg.DatabaseURL, logger)
	} else {
		if err = lockDataDir(cfg.DataDir, closing); err != nil {
			return nil, err
		}
		record, err = archive.OpenSQLite(ctx, sqlitePath(cfg.DataDir), logger)
	}
	if err != nil {
		return nil, fmt.Errorf("open the archive: %w", err)
	}
	closing.add("archive", record.Close)
	return record, nil
}
