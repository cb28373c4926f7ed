package memory

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

const (
	// queueTasks is how many tasks may wait for the committer. Callers wait for
	// room when it is full, as long as their contexts allow.
	queueTasks = 1024
	// groupReports is about how many reports are committed together: a group
	// takes no further task once it has so many.
	groupReports = 4 * live.MaxBatch
)

// Committer makes log entries durable. Append returns once all of them are, or
// an error if none is. Callers and Close wait for it, so it must end in bounded
// time by itself. *archive.Archive is one.
type Committer interface {
	Append(ctx context.Context, entries []live.Entry) error
}

// Config says what an Engine needs.
type Config struct {
	// Committer is where entries are committed before they are acknowledged.
	// nil means that reports are counted only: nothing is kept beyond memory.
	Committer Committer
	// Now is the clock of leases, views and memberships. It is required.
	Now func() time.Time
}

// Engine is the live state of this process. Its methods may be called from any
// goroutine.
type Engine struct {
	committer Committer
	boards    [live.Partitions]board
	owners    *owners

	gate    sync.RWMutex // held for writing only to close the queue
	closed  bool
	queue   chan task
	stopped chan struct{} // closed when the committer has returned

	failing atomic.Bool // the last commit failed
}

// New starts an engine in which every partition is to be rebuilt. Close ends it.
func New(cfg Config) (*Engine, error) {
	if cfg.Now == nil {
		return nil, errors.New("memory engine: Config.Now is required")
	}
	e := &Engine{
		committer: cfg.Committer,
		owners:    newOwners(cfg.Now),
		queue:     make(chan task, queueTasks),
		stopped:   make(chan struct{}),
	}
	go func() {
		defer close(e.stopped)
		newGroup(e).run(e.queue)
	}()
	return e, nil
}

// Close commits what waits in the queue, and ends the engine. Later calls that
// would write fail with outage.ErrUnavailable; what was published can still be
// read. It may be called more than once; each call returns when all is done.
func (e *Engine) Close() error {
	e.gate.Lock()
	if !e.closed {
		e.closed = true
		close(e.queue)
	}
	e.gate.Unlock()
	<-e.stopped
	return nil
}

// ReadLog returns nothing: entries are committed before they are acknowledged.
func (e *Engine) ReadLog(context.Context, int, int) ([]live.Entry, error) { return nil, nil }

// TrimLog checks the lease and has nothing else to do.
func (e *Engine) TrimLog(_ context.Context, lease live.Lease, _ live.Entry) error {
	return e.owners.check(lease)
}

// LogSize is zero: no entry ever waits.
func (e *Engine) LogSize(context.Context) (entries, bytes int64, err error) { return 0, 0, nil }

var errClosed = fmt.Errorf("%w: the live state is closed", outage.ErrUnavailable)
