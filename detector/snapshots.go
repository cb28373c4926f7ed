package detector

import (
	"context"
	"fmt"
	"time"

	"github.com/outcryhq/outcry/pkg/live"
)

const (
	// readArchiveWithin bounds one read of the archive on the way to a rebuild.
	readArchiveWithin = time.Minute
	// askArchiveAgain is how long the workers of one batch leave an archive alone that failed.
	askArchiveAgain = 500 * time.Millisecond
)

// snapshots reads from the archive what the partitions of one acquisition are
// rebuilt from: all of them in one call, since at an embedded start there are
// 64 and 64 passes over the tables would take 64 times as long. Whichever
// worker comes first reads for all; the others wait for it.
type snapshots struct {
	archive History
	now     func() time.Time

	turn     chan struct{} // holds one token: whoever has it may touch what follows
	wanted   map[int]struct{}
	read     map[int]live.Snapshot
	failed   error
	failedAt time.Time // the real clock
}

func newSnapshots(archive History, now func() time.Time, leases []live.Lease) *snapshots {
	s := &snapshots{archive: archive, now: now, turn: make(chan struct{}, 1), wanted: map[int]struct{}{}}
	s.turn <- struct{}{}
	for _, lease := range leases {
		if lease.Epoch == "" {
			s.wanted[lease.Partition] = struct{}{}
		}
	}
	return s
}

// take returns the partition's snapshot. It is handed out once: a rebuild that
// failed takes a fresh one.
func (s *snapshots) take(ctx context.Context, partition int) (live.Snapshot, error) {
	select {
	case <-ctx.Done():
		return live.Snapshot{}, fmt.Errorf("wait for the snapshot: %w", ctx.Err())
	case <-s.turn:
	}
	defer func() { s.turn <- struct{}{} }()
	s.wanted[partition] = struct{}{}
	if _, ok := s.read[partition]; !ok {
		if err := s.readWanted(ctx); err != nil {
			return live.Snapshot{}, err
		}
	}
	snapshot := s.read[partition]
	delete(s.read, partition)
	delete(s.wanted, partition)
	return snapshot, nil
}

func (s *snapshots) readWanted(ctx context.Context) error {
	if s.failed != nil && time.Since(s.failedAt) < askArchiveAgain {
		return s.failed
	}
	partitions := make([]int, 0, len(s.wanted))
	for p := range s.wanted {
		partitions = append(partitions, p)
	}
	ctx, cancel := context.WithTimeout(ctx, readArchiveWithin)
	defer cancel()
	read, err := s.archive.Snapshot(ctx, s.now(), partitions)
	if err != nil {
		err = fmt.Errorf("read snapshot: %w", err)
		s.failed, s.failedAt = err, time.Now()
		return err
	}
	s.read, s.failed = read, nil
	return nil
}
