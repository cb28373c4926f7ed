package livetest

import (
	"context"
	"testing"
	"time"

	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

// Engine is the whole contract of package live. Callers declare the few methods
// that they need.
type Engine interface {
	Record(ctx context.Context, now time.Time, reports []outage.Report) []live.Result
	Cover(ctx context.Context, now time.Time, sources []outage.Source) error

	Counts(ctx context.Context, series []outage.Series, from, to time.Time) ([][]int, error)
	Evidence(ctx context.Context, series []outage.Series, from, to time.Time) ([]live.Evidence, error)
	Changed(ctx context.Context, partition int, after uint64, limit int) (live.Changes, error)
	ServiceSeries(ctx context.Context, services []string) ([]outage.Series, error)

	Acquire(ctx context.Context, partition int, owner string, ttl time.Duration) (live.Lease, bool, error)
	Renew(ctx context.Context, lease live.Lease, ttl time.Duration) error
	Release(ctx context.Context, lease live.Lease) error
	Join(ctx context.Context, owner string, ttl time.Duration) ([]string, error)
	Leave(ctx context.Context, owner string) error

	Rebuild(ctx context.Context, now time.Time, lease live.Lease, snapshot live.Snapshot) (live.Lease, error)
	Discard(ctx context.Context, lease live.Lease) error
	PutOutages(ctx context.Context, now time.Time, lease live.Lease, changes []outage.Change) error
	Outages(ctx context.Context, partitions ...int) ([]outage.Change, error)
	PutView(ctx context.Context, lease live.Lease, view live.View) error
	Views(ctx context.Context) ([]live.View, error)

	ReadLog(ctx context.Context, partition, limit int) ([]live.Entry, error)
	TrimLog(ctx context.Context, lease live.Lease, upTo live.Entry) error
	LogSize(ctx context.Context) (entries, bytes int64, err error)

	Ping(ctx context.Context) error
	Close() error
}

// Bundle is one engine under test, with what the suite needs beside the contract.
type Bundle struct {
	// Engine is fresh: no partition has an epoch, nothing is recorded. The
	// suite does not close it; open registers that with t.Cleanup.
	Engine Engine
	// Drain returns the entries logged since the last call, each partition's
	// in order. It is for engines that hand entries to the archive; where it
	// is nil the suite reads them with ReadLog, and tests ReadLog and TrimLog.
	Drain func() []live.Entry
	// Wipe loses the live state, epochs, leases and fences included, as a
	// restart or a lost store would, and returns the engine to go on with.
	Wipe func(t *testing.T) Engine
	// FailCommits makes the next n writes fail as if the store were away. It
	// is nil where that cannot be injected; those subtests are then left out.
	FailCommits func(n int)
}

// Run runs the suite. open is called once a subtest, with that subtest's t,
// and must return an engine that shares nothing with any other.
func Run(t *testing.T, open func(t *testing.T) Bundle) {
	t.Helper()
	for _, group := range groups() {
		t.Run(group.name, func(t *testing.T) {
			t.Parallel()
			for _, c := range group.cases {
				t.Run(c.name, func(t *testing.T) {
					t.Parallel()
					w := newWorld(t, open(t))
					if c.needs == nil || c.needs(w) {
						c.run(t, w)
					}
				})
			}
		})
	}
}

// group is the cases of one promise.
type group struct {
	name  string
	cases []scenario
}

// scenario is one subtest on an engine of its own.
type scenario struct {
	name string
	run  func(t *testing.T, w *world)
	// needs says whether the bundle offers what the scenario is about; nil means always.
	needs func(w *world) bool
}

func groups() []group {
	return []group{
		{"record", recordScenarios()},
		{"dedupe", dedupeScenarios()},
		{"identity", identityScenarios()},
		{"series", seriesScenarios()},
		{"log", logScenarios()},
		{"owner", ownerScenarios()},
		{"rebuild", rebuildScenarios()},
		{"model", modelScenarios()},
	}
}

func injectsFailures(w *world) bool { return w.bundle.FailCommits != nil }

func keepsLog(w *world) bool { return w.bundle.Drain == nil }
