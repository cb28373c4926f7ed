package detector_test

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/detector"
	"github.com/outcryhq/outcry/detector/detect"
	"github.com/outcryhq/outcry/pkg/archive"
	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/live/memory"
	"github.com/outcryhq/outcry/pkg/outage"
)

// service is what fails in these tests.
const service = "whatsapp"

// begin is when their simulated time begins.
func begin() time.Time { return time.Date(2017, time.November, 3, 7, 0, 0, 0, time.UTC) }

// recorder is the live state as ingest uses it.
type recorder interface {
	Record(ctx context.Context, now time.Time, reports []outage.Report) []live.Result
	Cover(ctx context.Context, now time.Time, sources []outage.Source) error
	LogSize(ctx context.Context) (entries, bytes int64, err error)
}

// engine is a real live engine.
type engine interface {
	detector.Live
	recorder
}

// world is an installation: an archive, an engine, a simulated clock, and the
// detectors that a test starts.
type world struct {
	engine  engine
	archive *archive.Archive
	log     *ledger

	mu   sync.Mutex
	now  time.Time
	said int // reporters so far
}

// newWorld makes an installation without a past or a live engine.
func newWorld(t *testing.T) *world {
	t.Helper()
	a, err := archive.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "archive.db"), slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, a.Close()) })
	return &world{archive: a, now: begin(), log: &ledger{archive: a}}
}

// quiet lets the installation have listened to silence for two days.
func (w *world) quiet(t *testing.T) {
	t.Helper()
	silence := live.Entry{Epoch: "before", Position: "1"}
	for ago := time.Minute; ago <= live.KeepCounts; ago += time.Minute {
		silence.Coverage = append(silence.Coverage, live.Coverage{Source: outage.SourceForm, Minute: begin().Add(-ago)})
	}
	require.NoError(t, w.archive.Append(t.Context(), []live.Entry{silence}))
}

// newMemoryWorld is an installation on the memory engine that has been quiet.
func newMemoryWorld(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.quiet(t)
	w.engine = newEngine(t, w.log)
	return w
}

func newEngine(t *testing.T, committer memory.Committer) engine {
	t.Helper()
	e, err := memory.New(memory.Config{Committer: committer, Now: time.Now})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, e.Close()) })
	return e
}

// Now is the simulated clock.
func (w *world) Now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

// set sets the simulated clock.
func (w *world) set(t time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = t
}

// report has n new people, each somewhere else, report that the service fails in a country.
func (w *world) report(t *testing.T, country string, n int) {
	t.Helper()
	w.say(t, service, country, n)
}

// say has n new people, each somewhere else, be counted under a name.
func (w *world) say(t *testing.T, name, country string, n int) {
	t.Helper()
	now := w.Now()
	reports := make([]outage.Report, n)
	for i := range reports {
		w.said++
		id := outage.DeriveID("reporter", strconv.Itoa(w.said))
		var hash outage.Hash
		copy(hash[:], id[:])
		reports[i] = outage.Report{
			Identity: outage.Identity{ID: id, Reporter: hash},
			Service:  name, Country: country, CountryFrom: outage.FromAddress, Source: outage.SourceForm,
			Origin: hash, Network: uint32(w.said), //nolint:gosec // small
			ObservedAt: now, ReceivedAt: now,
		}
	}
	for _, result := range w.engine.Record(t.Context(), now, reports) {
		require.NoError(t, result.Err)
		require.Equal(t, outage.Counted, result.Receipt.Outcome)
	}
}

// minute lets n people report in this minute, has the detectors look at its
// end, and goes on to the next.
func (w *world) minute(t *testing.T, n int, runners ...*runner) {
	t.Helper()
	require.NoError(t, w.engine.Cover(t.Context(), w.Now(), []outage.Source{outage.SourceForm}))
	if n > 0 {
		w.report(t, "NL", n)
	}
	w.set(w.Now().Add(time.Minute))
	for _, r := range runners {
		r.look(t)
	}
}

// outages returns the outages of the live state.
func (w *world) outages(t *testing.T) []outage.Change {
	t.Helper()
	found, err := w.engine.Outages(t.Context(), live.Partition(service))
	require.NoError(t, err)
	return found
}

// fail makes the service fail until an outage is open, for a quarter of an hour at most, and returns it.
func (w *world) fail(t *testing.T, runners ...*runner) outage.Outage {
	t.Helper()
	for range 15 {
		w.minute(t, 12, runners...)
		if found := w.outages(t); len(found) > 0 {
			require.Equal(t, outage.Ongoing, found[0].Outage.State)
			return found[0].Outage
		}
	}
	require.Fail(t, "no outage was noticed")
	return outage.Outage{}
}

// recover lets the service be quiet until the outage is over, for an hour at
// most, and returns it.
func (w *world) recover(t *testing.T, runners ...*runner) outage.Outage {
	t.Helper()
	for range 60 {
		w.minute(t, 0, runners...)
		if found := w.outages(t); found[0].Outage.State == outage.Ended {
			return found[0].Outage
		}
	}
	require.Fail(t, "the outage was not closed")
	return outage.Outage{}
}

// ledger passes entries on to the archive and keeps the outage changes that it committed.
type ledger struct {
	archive *archive.Archive
	away    atomic.Bool

	mu      sync.Mutex
	changes []outage.Change
	seen    map[string]bool
}

// Append implements memory.Committer.
func (l *ledger) Append(ctx context.Context, entries []live.Entry) error {
	if l.away.Load() {
		return errAway
	}
	if err := l.archive.Append(ctx, entries); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range entries {
		key := fmt.Sprint(e.Partition, e.Epoch, e.Position)
		if l.seen[key] {
			continue // drained twice
		}
		if l.seen == nil {
			l.seen = map[string]bool{}
		}
		l.seen[key] = true
		l.changes = append(l.changes, e.Changes...)
	}
	return nil
}

// requireOneOutage asserts that one outage was ever announced, and that each
// announcement superseded the one before.
func (l *ledger) requireOneOutage(t *testing.T, id outage.ID) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	require.NotEmpty(t, l.changes)
	for i, change := range l.changes {
		require.Equal(t, id, change.Outage.ID, "a second outage was announced")
		if i > 0 {
			before := l.changes[i-1]
			require.Greater(t, change.Outage.Revision, before.Outage.Revision)
			require.GreaterOrEqual(t, change.Fence, before.Fence)
			require.Equal(t, before.Outage.DetectedAt, change.Outage.DetectedAt)
		}
	}
}

// runner is a detector that runs.
type runner struct {
	*detector.Runner
	registry *prometheus.Registry
	stop     func() error // ends Run and returns its error; may be called twice
	ended    <-chan error // what Run returned, unless stop has taken it
}

// start runs a detector. edit may change its configuration.
func (w *world) start(t *testing.T, owner string, edit func(*detector.Config)) *runner {
	t.Helper()
	registry := prometheus.NewRegistry()
	cfg := detector.Config{
		Live: w.engine, Archive: w.archive, Detect: detect.DefaultConfig(), Now: w.Now,
		Owner: owner, Logger: slog.New(slog.DiscardHandler), Registerer: registry,
	}
	if edit != nil {
		edit(&cfg)
	}
	r, err := detector.New(cfg)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- r.Run(ctx)
		close(ended)
	}()
	stop := sync.OnceValue(func() error {
		cancel()
		return <-ended
	})
	t.Cleanup(func() { _ = stop() })
	return &runner{Runner: r, registry: registry, stop: stop, ended: ended}
}

// patience is how long anything may take in the end.
const patience = time.Minute

// look waits until the detector has looked at everything that is its own.
func (r *runner) look(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	require.NoError(t, r.WaitFor(ctx, time.Time{}))
}

// metric returns a figure, summed over its labels.
func (r *runner) metric(t *testing.T, name string) float64 {
	t.Helper()
	families, err := r.registry.Gather()
	require.NoError(t, err)
	for _, family := range families {
		if family.GetName() == name {
			sum := 0.0
			for _, m := range family.GetMetric() {
				sum += m.GetGauge().GetValue() + m.GetCounter().GetValue()
			}
			return sum
		}
	}
	require.Fail(t, "no such metric", name)
	return 0
}

// share returns how many partitions the detector owns.
func (r *runner) share(t *testing.T) int {
	t.Helper()
	return int(r.metric(t, "outcry_detector_owned_partitions"))
}
