package detector

import (
	"context"
	"time"

	"github.com/outcryhq/outcry/pkg/archive"
	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

// Live is what the detector needs of a live engine; see pkg/live for the contract.
type Live interface {
	Leases
	Lives
	Series
	Board
}

// Leases is how detectors divide the partitions among themselves.
type Leases interface {
	Join(ctx context.Context, owner string, ttl time.Duration) ([]string, error)
	Leave(ctx context.Context, owner string) error
	Acquire(ctx context.Context, partition int, owner string, ttl time.Duration) (live.Lease, bool, error)
	Renew(ctx context.Context, lease live.Lease, ttl time.Duration) error
	Release(ctx context.Context, lease live.Lease) error
}

// Series is what a detector looks at.
type Series interface {
	Changed(ctx context.Context, partition int, after uint64, limit int) (live.Changes, error)
	Counts(ctx context.Context, series []outage.Series, from, to time.Time) ([][]int, error)
	Evidence(ctx context.Context, series []outage.Series, from, to time.Time) ([]live.Evidence, error)
}

// Lives begins and ends the lives of partitions.
type Lives interface {
	Rebuild(ctx context.Context, now time.Time, lease live.Lease, snapshot live.Snapshot) (live.Lease, error)
	Discard(ctx context.Context, lease live.Lease) error
}

// Board is where a detector writes what it concludes, and finds what was concluded before it.
type Board interface {
	PutOutages(ctx context.Context, now time.Time, lease live.Lease, changes []outage.Change) error
	Outages(ctx context.Context, partitions ...int) ([]outage.Change, error)
	PutView(ctx context.Context, lease live.Lease, view live.View) error
	Views(ctx context.Context) ([]live.View, error)
}

// Archive is what the detector needs of the archive; see pkg/archive for the contract.
type Archive interface {
	History
	Baselines
	Retain(ctx context.Context, now time.Time, keepReports time.Duration) error
}

// History is what was heard before, and when Outcry was listening at all.
type History interface {
	Snapshot(ctx context.Context, now time.Time, partitions []int) (map[int]live.Snapshot, error)
	Hours(ctx context.Context, partitions []int, from, to time.Time, fn func(archive.HourCount) error) error
	Coverage(ctx context.Context, from, to time.Time) (archive.CoveredMinutes, error)
	Outages(ctx context.Context, filter archive.OutageFilter) (archive.OutagePage, error)
}

// Baselines keeps what was learned, as a blob a partition and format version.
// LoadBaseline of what was never saved, or was learned from another edition of
// the archive's counts than the present one, is outage.ErrNotFound.
type Baselines interface {
	Edition(ctx context.Context) (int64, error)
	SaveBaseline(ctx context.Context, partition, version int, edition int64, blob []byte) error
	LoadBaseline(ctx context.Context, partition, version int) ([]byte, error)
}

// Archiver moves a partition's log into the archive.
type Archiver interface {
	Drain(ctx context.Context, lease live.Lease) error
	// Forget drops the figures of a partition that is not owned any more.
	Forget(partition int)
	// Measure returns how many entries wait on the logs of all partitions, and
	// brings the figures about them up to date.
	Measure(ctx context.Context) (entries int64, err error)
}
