package detector_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/outcryhq/outcry/detector"
	"github.com/outcryhq/outcry/pkg/archive"
	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

// wire is the connection between one detector and the live engine. It can be
// cut, after which nothing gets through, and single calls can be made to fail.
type wire struct {
	engine detector.Live
	down   atomic.Bool

	mu     sync.Mutex
	before map[string]error // what the next call of a method answers instead of getting through
	after  map[string]error // what it answers although it got through
}

func newWire(e detector.Live) *wire {
	return &wire{engine: e, before: map[string]error{}, after: map[string]error{}}
}

var errCut = fmt.Errorf("%w: the connection is cut", outage.ErrUnavailable)

// fail makes the method's next call fail without effect.
func (w *wire) fail(method string, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.before[method] = err
}

// lose makes the method's next call take effect and its answer be lost.
func (w *wire) lose(method string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.after[method] = errCut
}

// pending says whether a planned failure has not happened yet.
func (w *wire) pending() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.before)+len(w.after) > 0
}

func (w *wire) call(method string, through func() error) error {
	if w.down.Load() {
		return errCut
	}
	w.mu.Lock()
	before, after := w.before[method], w.after[method]
	delete(w.before, method)
	delete(w.after, method)
	w.mu.Unlock()
	if before != nil {
		return before
	}
	if err := through(); err != nil {
		return err
	}
	return after
}

// through is call for methods that answer with something.
func through[T any](w *wire, method string, fn func() (T, error)) (T, error) {
	var answer T
	err := w.call(method, func() (err error) { answer, err = fn(); return err })
	return answer, err
}

func (w *wire) Join(ctx context.Context, owner string, ttl time.Duration) ([]string, error) {
	return through(w, "Join", func() ([]string, error) { return w.engine.Join(ctx, owner, ttl) })
}

func (w *wire) Leave(ctx context.Context, owner string) error {
	return w.call("Leave", func() error { return w.engine.Leave(ctx, owner) })
}

func (w *wire) Acquire(ctx context.Context, partition int, owner string, ttl time.Duration) (live.Lease, bool, error) {
	var got bool
	lease, err := through(w, "Acquire", func() (lease live.Lease, err error) {
		lease, got, err = w.engine.Acquire(ctx, partition, owner, ttl)
		return lease, err
	})
	return lease, got && err == nil, err
}

func (w *wire) Renew(ctx context.Context, lease live.Lease, ttl time.Duration) error {
	return w.call("Renew", func() error { return w.engine.Renew(ctx, lease, ttl) })
}

func (w *wire) Release(ctx context.Context, lease live.Lease) error {
	return w.call("Release", func() error { return w.engine.Release(ctx, lease) })
}

func (w *wire) Changed(ctx context.Context, partition int, after uint64, limit int) (live.Changes, error) {
	return through(w, "Changed", func() (live.Changes, error) { return w.engine.Changed(ctx, partition, after, limit) })
}

func (w *wire) Counts(ctx context.Context, series []outage.Series, from, to time.Time) ([][]int, error) {
	return through(w, "Counts", func() ([][]int, error) { return w.engine.Counts(ctx, series, from, to) })
}

func (w *wire) Evidence(ctx context.Context, series []outage.Series, from, to time.Time) ([]live.Evidence, error) {
	return through(w, "Evidence", func() ([]live.Evidence, error) { return w.engine.Evidence(ctx, series, from, to) })
}

func (w *wire) Rebuild(ctx context.Context, now time.Time, lease live.Lease, s live.Snapshot) (live.Lease, error) {
	return through(w, "Rebuild", func() (live.Lease, error) { return w.engine.Rebuild(ctx, now, lease, s) })
}

func (w *wire) Discard(ctx context.Context, lease live.Lease) error {
	return w.call("Discard", func() error { return w.engine.Discard(ctx, lease) })
}

func (w *wire) PutOutages(ctx context.Context, now time.Time, lease live.Lease, changes []outage.Change) error {
	return w.call("PutOutages", func() error { return w.engine.PutOutages(ctx, now, lease, changes) })
}

func (w *wire) Outages(ctx context.Context, partitions ...int) ([]outage.Change, error) {
	return through(w, "Outages", func() ([]outage.Change, error) { return w.engine.Outages(ctx, partitions...) })
}

func (w *wire) PutView(ctx context.Context, lease live.Lease, view live.View) error {
	return w.call("PutView", func() error { return w.engine.PutView(ctx, lease, view) })
}

func (w *wire) Views(ctx context.Context) ([]live.View, error) {
	return through(w, "Views", func() ([]live.View, error) { return w.engine.Views(ctx) })
}

// library is an archive that can be away.
type library struct {
	detector.Archive
	away atomic.Bool
}

var errAway = fmt.Errorf("%w: the archive is away", outage.ErrUnavailable)

func (l *library) Snapshot(ctx context.Context, now time.Time, partitions []int) (map[int]live.Snapshot, error) {
	if l.away.Load() {
		return nil, errAway
	}
	return l.Archive.Snapshot(ctx, now, partitions)
}

func (l *library) Coverage(ctx context.Context, from, to time.Time) (archive.CoveredMinutes, error) {
	if l.away.Load() {
		return archive.CoveredMinutes{}, errAway
	}
	return l.Archive.Coverage(ctx, from, to)
}

func (l *library) LoadBaseline(ctx context.Context, partition, version int) ([]byte, error) {
	if l.away.Load() {
		return nil, errAway
	}
	return l.Archive.LoadBaseline(ctx, partition, version)
}

func (l *library) SaveBaseline(ctx context.Context, partition, version int, edition int64, blob []byte) error {
	if l.away.Load() {
		return errAway
	}
	return l.Archive.SaveBaseline(ctx, partition, version, edition, blob)
}
