package redis

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"sync/atomic"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

const (
	// DefaultPrefix begins every key of an installation.
	DefaultPrefix = "outcry"
	// homePartition carries what belongs to no partition: the detectors that
	// are there, and the sources' coverage.
	homePartition = 0
	// keepFor is how long what the last two days need is kept: an hour of
	// grace lets the hour that KeepCounts begins in end first.
	keepFor = live.KeepCounts + 2*time.Hour
	// rotateRecent is how long a half of what is recent takes new entries. Past
	// DedupeFor, it is a grace for callers' clocks that differ.
	rotateRecent = live.DedupeFor + 10*time.Minute
	// keepRecent is how long a half is kept when nothing more is recorded: it
	// has taken entries for rotateRecent, and the last is good for DedupeFor.
	keepRecent = 4 * time.Hour
	// keepLogFor is how long a log without an owner survives. It is long
	// enough for any repair of the archive, and as long as reports are kept there.
	keepLogFor = 30 * 24 * time.Hour
)

// Config is what an [Engine] needs.
type Config struct {
	// URL names the server or the cluster; see [NewClient].
	URL string
	// Client, if set, is used in place of URL. Its owner closes it.
	Client goredis.UniversalClient
	// Prefix begins every key; "" means DefaultPrefix. Engines with different
	// prefixes share a server without meeting.
	Prefix string
	// MaxLogBytes is how large the logs of all partitions together may grow
	// before Record refuses with outage.ErrUnavailable; 0 means without limit.
	MaxLogBytes int64
	// Logger takes what an operator should know. It is required.
	Logger *slog.Logger
}

// Engine is the live state in Redis. It is safe for concurrent use.
type Engine struct {
	client     goredis.UniversalClient
	ownsClient bool
	closed     atomic.Bool
	keys       *keys
	scripts    *scripts
	logs       *logGauge
	batches    *batchPool
	logger     *slog.Logger
}

var validPrefix = regexp.MustCompile(`^[a-zA-Z0-9_.:/-]{1,100}$`)

// New returns an engine. It connects with the first call. An error wraps
// outage.ErrInvalid and names the field.
func New(config Config) (*Engine, error) {
	if config.Prefix == "" {
		config.Prefix = DefaultPrefix
	}
	switch {
	case config.Logger == nil:
		return nil, fmt.Errorf("%w: redis: a logger is required", outage.ErrInvalid)
	case config.MaxLogBytes < 0:
		return nil, fmt.Errorf("%w: redis: the log's limit must not be negative", outage.ErrInvalid)
	case !validPrefix.MatchString(config.Prefix):
		return nil, fmt.Errorf("%w: redis: a key prefix is 1 to 100 letters, digits or _.:/-", outage.ErrInvalid)
	}
	e := &Engine{client: config.Client, logger: config.Logger, logs: newLogGauge(config.MaxLogBytes)}
	if e.client == nil {
		client, err := NewClient(config.URL)
		if err != nil {
			return nil, err
		}
		e.client, e.ownsClient = client, true
	}
	e.keys = newKeys(config.Prefix)
	e.scripts = newScripts()
	e.batches = newBatchPool(e.keys, e.scripts.record)
	return e, nil
}

// Ping asks every master for an answer. An error wraps outage.ErrUnavailable.
func (e *Engine) Ping(ctx context.Context) error {
	if err := e.open(); err != nil {
		return err
	}
	err := e.eachMaster(ctx, func(ctx context.Context, master goredis.Cmdable) error {
		return master.Ping(ctx).Err()
	})
	return wrap("ping redis", err)
}

// Close ends the engine; calls after it fail with outage.ErrUnavailable. It
// closes the client unless that was handed in. It may be called twice.
func (e *Engine) Close() error {
	if e.closed.Swap(true) || !e.ownsClient {
		return nil
	}
	if err := e.client.Close(); err != nil {
		return fmt.Errorf("close redis: %w", err)
	}
	return nil
}

// open refuses once the engine has been closed.
func (e *Engine) open() error {
	if e.closed.Load() {
		return fmt.Errorf("redis: %w: %w", outage.ErrUnavailable, errClosed)
	}
	return nil
}

var errClosed = errors.New("the engine is closed")

// eachMaster calls fn for every master of a cluster, or for the one server.
func (e *Engine) eachMaster(ctx context.Context, fn func(context.Context, goredis.Cmdable) error) error {
	if cluster, ok := e.client.(*goredis.ClusterClient); ok {
		//nolint:wrapcheck // the callers wrap it, whichever kind of client gave it
		return cluster.ForEachMaster(ctx, func(ctx context.Context, master *goredis.Client) error {
			return fn(ctx, master)
		})
	}
	return fn(ctx, e.client)
}
