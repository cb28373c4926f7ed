package archive

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

const insertPosition = `INSERT INTO positions (partition, epoch, position, fence) VALUES ($1, $2, $3, $4)
	ON CONFLICT (partition) DO UPDATE SET epoch = excluded.epoch, position = excluded.position,
	fence = CASE WHEN excluded.fence > positions.fence THEN excluded.fence ELSE positions.fence END`

// Append writes log entries in one transaction: all of them, or none and an
// error. What the archive has already, it leaves: a report by its id, an
// outage by its (fence, revision). So entries may come again, in whole, in part
// and in other groups, and positions are not asked.
//
// Counts are added for the minute of the observation, for reports that were
// really inserted and whose outcome is outage.Counted. A final outage never changes.
func (a *Archive) Append(ctx context.Context, entries []live.Entry) error {
	if len(entries) == 0 {
		return nil
	}
	work, err := gather(entries)
	if err != nil {
		return fmt.Errorf("append to archive: %w", err)
	}
	var numbers map[outage.Series]int64
	err = a.update(ctx, "append to archive", func(ctx context.Context, t *tx) error {
		// Positions first: their rows are the locks by which two writers of
		// one partition take turns.
		for _, p := range work.positions {
			if _, err := t.exec(ctx, insertPosition, p.Partition, p.Epoch, p.Position, p.Fence); err != nil {
				return err
			}
		}
		numbers, err = a.number(ctx, t, work.series)
		if err != nil {
			return err
		}
		counted, err := a.appendReports(ctx, t, work.reports, numbers)
		if err != nil {
			return err
		}
		if err := addCoverage(ctx, t, work.heard(counted)); err != nil {
			return err
		}
		for _, change := range work.changes {
			if err := putOutage(ctx, t, change); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		a.known.add(numbers)
	}
	return err
}

// Position is the log entry of a partition that was appended last, and the
// greatest fence of a change that ever was.
type Position struct {
	Partition int
	Epoch     string
	Position  string
	Fence     uint64
}

// Positions returns those of every partition that was ever written, by partition.
func (a *Archive) Positions(ctx context.Context) ([]Position, error) {
	var positions []Position
	err := a.view(ctx, "read positions", func(t *viewTx) error {
		return each(ctx, t, `SELECT partition, epoch, position, fence FROM positions ORDER BY partition`, nil, func(r row) error {
			var p Position
			err := r.Scan(&p.Partition, &p.Epoch, &p.Position, &p.Fence)
			positions = append(positions, p)
			return err
		})
	})
	return positions, err
}

// batch is what a group of entries asks for, sorted by table.
type batch struct {
	positions []Position
	reports   []reportRow
	series    map[outage.Series]struct{}
	coverage  map[listening]int64
	changes   []outage.Change
}

// gather sorts entries by table, and leaves out reports that come twice.
func gather(entries []live.Entry) (batch, error) {
	work := batch{series: map[outage.Series]struct{}{}, coverage: map[listening]int64{}}
	positions := map[int]Position{}
	seen := map[outage.ID]struct{}{}
	for i := range entries {
		entry := &entries[i]
		if entry.Damaged != nil {
			return batch{}, fmt.Errorf("%w: entry %s was not decoded: %w", outage.ErrInvalid, entry.Position, entry.Damaged)
		}
		if entry.Partition < 0 || entry.Partition >= live.Partitions {
			return batch{}, fmt.Errorf("%w: there is no partition %d", outage.ErrInvalid, entry.Partition)
		}
		at := positions[entry.Partition]
		at.Partition, at.Epoch, at.Position = entry.Partition, entry.Epoch, entry.Position
		for _, change := range entry.Changes {
			at.Fence = max(at.Fence, change.Fence)
		}
		positions[entry.Partition] = at
		work.changes = append(work.changes, entry.Changes...)
		for _, c := range entry.Coverage {
			work.coverage[listeningAt(c.Source, c.Minute)] |= bitOf(c.Minute)
		}
		for j := range entry.Reports {
			report := &entry.Reports[j]
			if _, again := seen[report.ID]; again {
				continue
			}
			if !storableTime(report.ObservedAt) || !storableTime(report.ReceivedAt) {
				return batch{}, fmt.Errorf("%w: entry %s has a time before 1970 or after 4000", outage.ErrInvalid, entry.Position)
			}
			seen[report.ID] = struct{}{}
			work.reports = append(work.reports, reportRow{partition: entry.Partition, report: report})
			work.series[outage.Series{Service: report.Service, Country: report.Country}] = struct{}{}
		}
	}
	for _, p := range positions {
		work.positions = append(work.positions, p)
	}
	slices.SortFunc(work.positions, func(a, b Position) int { return cmp.Compare(a.Partition, b.Partition) })
	return work, nil
}

// heard is what the batch adds to the coverage: the minutes in which sources
// listened, and the reports that were counted of each. A batch that is tried
// again gives the same.
func (b *batch) heard(counted map[listening]int64) map[listening]heard {
	rows := make(map[listening]heard, len(b.coverage)+len(counted))
	for place, minutes := range b.coverage {
		rows[place] = heard{minutes: minutes, reports: counted[place]}
	}
	for place, reports := range counted {
		rows[place] = heard{minutes: b.coverage[place], reports: reports}
	}
	return rows
}

// storableTime says whether the number of a moment's minute fits the tables.
func storableTime(t time.Time) bool { return t.Year() >= 1970 && t.Year() <= 4000 }

// reportRow is a report on its way to the table.
type reportRow struct {
	partition int
	series    int64
	report    *outage.Logged
}

// values are those of reportColumns.
func (r *reportRow) values() []any {
	p := r.report
	return []any{
		p.ID[:], r.partition, r.series, storable(string(p.CountryFrom)), storable(string(p.Source)), storable(p.Ref),
		storable(p.Problem), p.Reporter[:], hashOrNull(p.Seat), hashOrNull(p.Origin), int64(p.Network), int64(p.Digest),
		storable(string(p.Outcome)), p.ObservedAt.UnixMilli(), p.ReceivedAt.UnixMilli(),
	}
}

// hashOrNull is nil, SQL's NULL, for no hash.
func hashOrNull(h outage.Hash) []byte {
	if h.IsZero() {
		return nil
	}
	return h[:]
}

// appendReports inserts what is new and adds it to the counts. It returns how
// many were counted, by hour and source.
func (a *Archive) appendReports(ctx context.Context, t *tx, rows []reportRow, numbers map[outage.Series]int64) (map[listening]int64, error) {
	for i := range rows {
		rows[i].series = numbers[outage.Series{Service: rows[i].report.Service, Country: rows[i].report.Country}]
	}
	inserted, err := a.dialect.insertReports(ctx, t, rows)
	if err != nil {
		return nil, err
	}
	minutes, counted := make(map[slot]int64), make(map[listening]int64)
	for i := range rows {
		if report := rows[i].report; inserted[i] && report.Outcome == outage.Counted {
			minutes[slot{rows[i].series, minuteOf(report.ObservedAt)}]++
			counted[listeningAt(report.Source, report.ObservedAt)]++
		}
	}
	if err := a.dialect.merge(ctx, t, addMinutes, sorted(minutes)); err != nil {
		return nil, err
	}
	return counted, a.dialect.merge(ctx, t, addQuarters, sorted(perQuarter(minutes)))
}
