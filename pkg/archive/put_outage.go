package archive

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

const upsertOutage = `INSERT INTO outages (id, partition, service, state, started_at, ended_at, closed_at, final, fence, revision, reports, body)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
	ON CONFLICT (id) DO UPDATE SET partition = excluded.partition, service = excluded.service, state = excluded.state,
		started_at = excluded.started_at, ended_at = excluded.ended_at, closed_at = excluded.closed_at,
		final = excluded.final, fence = excluded.fence, revision = excluded.revision,
		reports = excluded.reports, body = excluded.body
	WHERE NOT outages.final AND (excluded.fence > outages.fence
		OR excluded.fence = outages.fence AND excluded.revision > outages.revision)`

// insertImpact repeats what a filter asks of the outage, so that one index answers it.
const insertImpact = `INSERT INTO impacts (outage, country, service, state, started_at, ended_at, reports, from_at, to_at)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING`

// putOutage replaces an outage by a change that supersedes it. A final outage stays as it is.
func putOutage(ctx context.Context, t *tx, change outage.Change) error {
	o := change.Outage
	body, err := json.Marshal(o)
	if err != nil {
		return fmt.Errorf("%w: outage %s: %w", outage.ErrInvalid, o.ID, err)
	}
	result, err := t.exec(ctx, upsertOutage, o.ID[:], live.Partition(o.Service), storable(o.Service), string(o.State),
		o.StartedAt.UnixMilli(), millisOrNull(o.EndedAt), millisOrNull(o.ClosedAt), o.Final,
		int64(change.Fence), int64(o.Revision), o.Reports, string(body)) //nolint:gosec // both count from one
	if err != nil {
		return err
	}
	replaced, err := result.RowsAffected()
	if err != nil || replaced == 0 {
		return err
	}
	if _, err := t.exec(ctx, `DELETE FROM impacts WHERE outage = $1`, o.ID[:]); err != nil {
		return err
	}
	for _, impact := range o.Impacts {
		from := impact.StartedAt
		if len(impact.Intervals) > 0 {
			from = impact.Intervals[0].StartedAt
		}
		_, err := t.exec(ctx, insertImpact, o.ID[:], storable(impact.Country), storable(o.Service), string(o.State),
			o.StartedAt.UnixMilli(), millisOrNull(o.EndedAt), o.Reports, from.UnixMilli(), millisOrNull(impact.EndedAt))
		if err != nil {
			return err
		}
	}
	if o.Final {
		return keepMinutes(ctx, t, &o)
	}
	return nil
}

func millisOrNull(t *time.Time) sql.NullInt64 {
	if t == nil {
		return sql.NullInt64{}
	}
	return sql.NullInt64{Int64: t.UnixMilli(), Valid: true}
}

// keepAround is how much of a series is kept before an outage and after it.
const keepAround = time.Hour

const copyMinutes = `INSERT INTO outage_minutes (outage, series, minute, count)
	SELECT $1, m.series, m.minute, m.count FROM series s JOIN minutes m ON m.series = s.id
	WHERE s.service = $2 AND (s.country = $3 OR $3 = '*') AND m.minute >= $4 AND m.minute < $5
	ON CONFLICT (outage, series, minute) DO UPDATE SET count = excluded.count`

// keepMinutes copies the minutes of an outage's countries beside it: all of
// the service's while the outage has one impact on all countries.
func keepMinutes(ctx context.Context, t *tx, o *outage.Outage) error {
	end := o.StartedAt
	if o.EndedAt != nil {
		end = *o.EndedAt
	}
	first, last := minuteOf(o.StartedAt.Add(-keepAround)), ceilMinute(end.Add(keepAround))
	for _, impact := range o.Impacts {
		_, err := t.exec(ctx, copyMinutes, o.ID[:], storable(o.Service), storable(impact.Country), first, last)
		if err != nil {
			return err
		}
	}
	return nil
}
