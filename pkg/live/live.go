package live

import (
	"hash/fnv"
	"strconv"
	"strings"
	"time"

	"github.com/outcryhq/outcry/pkg/outage"
)

const (
	// Partitions is how many parts the live state has. A partition is the unit
	// of atomicity, of work and of ownership.
	Partitions = 64
	// DedupeFor is how long a reporter counts once per service, and how long a
	// report's id is remembered.
	DedupeFor = time.Hour
	// LateAfter is the age beyond which an observation is logged but not counted.
	LateAfter = 15 * time.Minute
	// FutureLimit is how far ahead an observation may lie; within it, it is
	// taken as now. Further ahead it is refused with outage.ErrFuture.
	FutureLimit = time.Minute
	// KeepCounts is how long counts can be read at least.
	KeepCounts = 49 * time.Hour
	// EvidenceCap bounds what is kept per series and hour: origins, networks
	// and sources together.
	EvidenceCap = 64
	// MaxBatch is the most reports that an engine handles in one atomic step.
	// Record splits larger batches.
	MaxBatch = 1024
)

// Partition returns the partition of a service: FNV-1a (32 bits) modulo Partitions.
func Partition(service string) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(service))
	return int(h.Sum32() % Partitions)
}

// Result is what became of one report: a receipt, or why there is none.
type Result struct {
	Receipt outage.Receipt
	// Replayed says that the id had been recorded before, and that this is the first receipt.
	Replayed bool
	// Err is nil or wraps outage.ErrConflict, ErrFuture, ErrInvalid (permanent)
	// or ErrRebuilding, ErrUnavailable (retryable: nothing was recorded, or,
	// if the connection broke, recording again under the same id is safe).
	Err error
}

// Entry is one step on the log from the live state to the archive.
type Entry struct {
	Partition int
	// Epoch names the life of the partition that wrote the entry; Position is
	// its place in that life's log. Positions of one epoch compare as the
	// engine's log orders them.
	Epoch    string
	Position string
	Reports  []outage.Logged
	Changes  []outage.Change
	Coverage []Coverage
	// Damaged, if set, says why the entry could not be decoded: then only
	// Partition, Epoch and Position are known. ReadLog gives such an entry as
	// one among others, so that it can be set aside and does not block the log.
	Damaged error
}

// Coverage says that a source was listening during a minute.
type Coverage struct {
	Source outage.Source
	Minute time.Time
}

// Change is a series that changed, with the partition's sequence number.
type Change struct {
	Series outage.Series
	Seq    uint64
}

// Changes is the answer to "what changed since": the changed series by rising
// sequence number, and where to ask from next. Next is smaller than what was
// asked from if the partition has been rebuilt since; then the answer holds all.
type Changes struct {
	Changed []Change
	Next    uint64
	More    bool // the limit was reached: ask again from Next
}

// Evidence is the distinct origins, networks and sources of a series over some
// hours. Origins are hashed under the key of the day, so those of different
// days cannot be told apart or together: the day with the most counts. All are
// capped by EvidenceCap a series-hour.
type Evidence struct {
	Origins, Networks, Sources int
}

// Lease is the ownership of a partition by one detector. Every write that
// takes a lease fails with outage.ErrFenced once another owner has acquired it
// or it has run out.
type Lease struct {
	Partition int
	Owner     string
	Fence     uint64
	// Epoch is the partition's life, as NewEpoch names it; "" means that it must be rebuilt.
	Epoch string
}

// View is what a partition's owner publishes for the API. It expires by itself
// soon after the owner stops.
type View struct {
	At         time.Time      `json:"at"`
	LiveSeries int            `json:"live_series"` // series heard in the last 49 hours
	Spikes     []outage.Spike `json:"spikes"`      // strongest first
}

// MinuteCount is the count of one series and minute.
type MinuteCount struct {
	Series outage.Series
	Minute time.Time
	Count  int
}

// Snapshot is what a partition is rebuilt from. Country series only: engines
// derive "*" as the exact sum.
type Snapshot struct {
	// Reports are those received in the current and the previous clock hour, any
	// outcome, oldest first: markers, receipts and seats are made of those of
	// the last hour (DedupeFor), evidence of all.
	Reports []outage.Logged
	// Counts are those of the last KeepCounts. They are set, not added.
	Counts  []MinuteCount
	Outages []outage.Change
	// Fence is the highest fence in the archive; the rebuilt partition's is greater.
	Fence uint64
	// Edition is that of the archive's counts, which grows with imports. The
	// rebuilt partition's epoch names it.
	Edition int64
}

// NewEpoch names the life of a partition that is rebuilt now, from an edition of
// the archive's counts.
func NewEpoch(now time.Time, edition int64) string {
	return outage.NewID(now).String() + "." + strconv.FormatInt(edition, 10)
}

// EditionOf returns the edition of the archive's counts that an epoch was
// rebuilt from, 0 if it does not say: those of earlier builds do not.
func EditionOf(epoch string) int64 {
	_, text, _ := strings.Cut(epoch, ".")
	edition, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0
	}
	return edition
}
