package archive

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

// Snapshot reads what the live state of the partitions is rebuilt from: the
// reports received in the current and the previous clock hour, oldest first,
// the counts of live.KeepCounts, the outages that are open or final for less
// than a day, the greatest fence and the edition of the counts. Every partition asked for has one.
func (a *Archive) Snapshot(ctx context.Context, now time.Time, partitions []int) (map[int]live.Snapshot, error) {
	in, err := partitionsClause("partition", partitions)
	if err != nil {
		return nil, fmt.Errorf("read snapshot: %w", err)
	}
	s := snapshotReader{now: now, in: in, parts: make(map[int]*live.Snapshot, len(partitions))}
	for _, p := range partitions {
		s.parts[p] = &live.Snapshot{}
	}
	err = a.view(ctx, "read snapshot", func(t *viewTx) error {
		edition, err := readEdition(ctx, t)
		if err != nil {
			return err
		}
		for _, part := range s.parts {
			part.Edition = edition
		}
		for _, read := range []func(context.Context, *viewTx) error{s.readReports, s.readCounts, s.readOutages, s.readFences} {
			if err := read(ctx, t); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	snapshots := make(map[int]live.Snapshot, len(s.parts))
	for p, part := range s.parts {
		snapshots[p] = *part
	}
	return snapshots, nil
}

type snapshotReader struct {
	now   time.Time
	in    string // a condition on the column partition
	parts map[int]*live.Snapshot
}

func (s *snapshotReader) readReports(ctx context.Context, t *viewTx) error {
	since := s.now.Truncate(time.Hour).Add(-time.Hour - live.FutureLimit)
	query := `SELECT r.partition, r.id, s.service, s.country, r.country_from, r.source, r.ref, r.problem, r.reporter, r.seat,
			r.origin, r.network, r.digest, r.outcome, r.observed_at, r.received_at
		FROM (SELECT * FROM reports WHERE ` + s.in + ` AND received_at >= $1) r JOIN series s ON s.id = r.series
		ORDER BY r.partition, r.received_at, r.id`
	return each(ctx, t, query, []any{since.UnixMilli()}, func(r row) error {
		var partition int
		var report outage.Logged
		var id, reporter, seat, origin sql.RawBytes
		var observed, received int64
		err := r.Scan(&partition, &id, &report.Service, &report.Country, &report.CountryFrom, &report.Source, &report.Ref,
			&report.Problem, &reporter, &seat, &origin, &report.Network, &report.Digest, &report.Outcome, &observed, &received)
		if err != nil {
			return err
		}
		copy(report.ID[:], id)
		copy(report.Reporter[:], reporter)
		copy(report.Seat[:], seat)
		copy(report.Origin[:], origin)
		report.ObservedAt, report.ReceivedAt = time.UnixMilli(observed).UTC(), time.UnixMilli(received).UTC()
		s.parts[partition].Reports = append(s.parts[partition].Reports, report)
		return nil
	})
}

func (s *snapshotReader) readCounts(ctx context.Context, t *viewTx) error {
	query := `SELECT s.partition, s.service, s.country, m.minute, m.count
		FROM (SELECT * FROM series WHERE ` + s.in + `) s JOIN minutes m ON m.series = s.id WHERE m.minute >= $1`
	return each(ctx, t, query, []any{minuteOf(s.now.Add(-live.KeepCounts))}, func(r row) error {
		var partition int
		var minute int64
		var c live.MinuteCount
		if err := r.Scan(&partition, &c.Series.Service, &c.Series.Country, &minute, &c.Count); err != nil {
			return err
		}
		c.Minute = timeOfMinute(minute)
		s.parts[partition].Counts = append(s.parts[partition].Counts, c)
		return nil
	})
}

// finalFor is how long a final outage stays part of snapshots.
const finalFor = 24 * time.Hour

func (s *snapshotReader) readOutages(ctx context.Context, t *viewTx) error {
	query := `SELECT partition, fence, body FROM outages WHERE ` + s.in + ` AND (NOT final OR closed_at >= $1) ORDER BY started_at, id`
	return each(ctx, t, query, []any{s.now.Add(-finalFor).UnixMilli()}, func(r row) error {
		var partition int
		var change outage.Change
		var body []byte
		if err := r.Scan(&partition, &change.Fence, &body); err != nil {
			return err
		}
		var err error
		change.Outage, err = decodeOutage(body)
		s.parts[partition].Outages = append(s.parts[partition].Outages, change)
		return err
	})
}

func (s *snapshotReader) readFences(ctx context.Context, t *viewTx) error {
	return each(ctx, t, `SELECT partition, fence FROM positions WHERE `+s.in, nil, func(r row) error {
		var partition int
		var fence uint64
		if err := r.Scan(&partition, &fence); err != nil {
			return err
		}
		s.parts[partition].Fence = fence
		return nil
	})
}
