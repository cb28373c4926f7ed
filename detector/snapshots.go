package detector

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
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
//
// What waits on a partition's log belongs to its past as much as what is
// archived, so the logs are drained first. Nothing is added meanwhile:
// partitions that have to be rebuilt do not record.
type snapshots struct {
	archive History
	drainer Archiver // nil where the engine has no log to drain
	now     func() time.Time

	turn     chan struct{} // holds one token: whoever has it may touch what follows
	wanted   map[int]live.Lease
	read     map[int]live.Snapshot
	failed   error
	failedAt time.Time // the real clock
}

func (r *Runner) newSnapshots(leases []live.Lease) *snapshots {
	s := &snapshots{
		archive: r.archive, drainer: r.cfg.Archiver, now: r.cfg.Now,
		turn: make(chan struct{}, 1), wanted: map[int]live.Lease{},
	}
	s.turn <- struct{}{}
	for _, lease := range leases {
		if lease.Epoch == "" {
			s.wanted[lease.Partition] = lease
		}
	}
	return s
}

// take returns the snapshot of the lease's partition. It is handed out once: a
// rebuild that failed takes a fresh one.
func (s *snapshots) take(ctx context.Context, lease live.Lease) (live.Snapshot, error) {
	partition := lease.Partition
	select {
	case <-ctx.Done():
		return live.Snapshot{}, fmt.Errorf("wait for the snapshot: %w", ctx.Err())
	case <-s.turn:
	}
	defer func() { s.turn <- struct{}{} }()
	s.wanted[partition] = lease
	if _, ok := s.read[partition]; !ok {
		if err := s.readWanted(ctx, partition); err != nil {
			return live.Snapshot{}, err
		}
	}
	snapshot := s.read[partition]
	delete(s.read, partition)
	delete(s.wanted, partition)
	return snapshot, nil
}

// readWanted reads the snapshots of all that are wanted, on behalf of one.
func (s *snapshots) readWanted(ctx context.Context, onBehalf int) error {
	if s.failed != nil && time.Since(s.failedAt) < askArchiveAgain {
		return s.failed
	}
	partitions, err := s.drainWanted(ctx, onBehalf)
	if errors.Is(err, outage.ErrFenced) {
		return err // that of the one alone
	}
	var read map[int]live.Snapshot
	if err == nil {
		attempt, cancel := context.WithTimeout(ctx, readArchiveWithin)
		read, err = s.archive.Snapshot(attempt, s.now(), partitions)
		cancel()
	}
	if err != nil {
		err = fmt.Errorf("read snapshot: %w", err)
		s.failed, s.failedAt = err, time.Now()
		return err
	}
	s.read, s.failed = read, nil
	return nil
}

// drainWanted empties the logs of the wanted partitions and returns those that
// can be read then. A partition that was lost meanwhile is left out: its own
// worker finds that out.
func (s *snapshots) drainWanted(ctx context.Context, onBehalf int) ([]int, error) {
	partitions := make([]int, 0, len(s.wanted))
	for p, lease := range s.wanted {
		if s.drainer != nil {
			err := s.drainer.Drain(ctx, lease)
			if errors.Is(err, outage.ErrFenced) && p != onBehalf {
				delete(s.wanted, p)
				continue
			}
			if err != nil {
				return nil, fmt.Errorf("drain the log: %w", err)
			}
		}
		partitions = append(partitions, p)
	}
	return partitions, nil
}
