package archive

import (
	"context"
	"fmt"
	"time"

	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

const (
	// keepMinutesFor is how long counts are kept by the minute.
	keepMinutesFor = 90 * 24 * time.Hour
	// MinKeepReports is the least time for which single reports are kept: it
	// covers what a rebuild of the live state needs, and a weekend's outage of the archive.
	MinKeepReports = 3 * 24 * time.Hour
	// retainChunk is about how many rows one transaction deletes, so that
	// others get their turn in between.
	retainChunk = 5000
	// minutesSettleAfter is how long after an outage's end its minutes are
	// copied for the last time: an hour is kept, and reports may be late.
	minutesSettleAfter = keepAround + 2*live.LateAfter
)

// Retain deletes what has been kept long enough: reports after keepReports (at
// least MinKeepReports), minutes after 90 days, keys of the day after two days.
// Before that it completes the minutes that are kept with final outages.
// Quarters, coverage and outages stay for good. It works in short transactions
// and may be interrupted and called again at any time.
func (a *Archive) Retain(ctx context.Context, now time.Time, keepReports time.Duration) error {
	if keepReports < MinKeepReports {
		return fmt.Errorf("retain: %w: reports are kept for at least %s", outage.ErrInvalid, MinKeepReports)
	}
	if err := a.settleMinutes(ctx, now); err != nil {
		return err
	}
	if err := a.deleteReports(ctx, now.Add(-keepReports)); err != nil {
		return err
	}
	if err := a.deleteMinutes(ctx, oldestMinute(now)); err != nil {
		return err
	}
	return a.destroyKeys(ctx, dayOf(now))
}

// settleMinutes copies the minutes of final outages once more when the hour
// after them has passed.
func (a *Archive) settleMinutes(ctx context.Context, now time.Time) error {
	due, err := a.outagesDue(ctx, now.Add(-minutesSettleAfter))
	if err != nil {
		return a.wrap("keep minutes of outages", err)
	}
	for _, o := range due {
		err := a.update(ctx, "keep minutes of outages", func(ctx context.Context, t *tx) error {
			if err := keepMinutes(ctx, t, &o); err != nil {
				return err
			}
			_, err := t.exec(ctx, `UPDATE outages SET minutes_kept = TRUE WHERE id = $1`, o.ID[:])
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (a *Archive) outagesDue(ctx context.Context, endedBefore time.Time) ([]outage.Outage, error) {
	var due []outage.Outage
	err := each(ctx, a.read, `SELECT body FROM outages WHERE final AND NOT minutes_kept AND (ended_at < $1 OR ended_at IS NULL)`,
		[]any{endedBefore.UnixMilli()}, func(r row) error {
			var body []byte
			if err := r.Scan(&body); err != nil {
				return err
			}
			o, err := decodeOutage(body)
			due = append(due, o)
			return err
		})
	return due, err
}

func (a *Archive) deleteReports(ctx context.Context, before time.Time) error {
	for partition := range live.Partitions {
		for deleted := int64(retainChunk); deleted == retainChunk; {
			err := a.update(ctx, "delete reports", func(ctx context.Context, t *tx) error {
				result, err := t.exec(ctx, `DELETE FROM reports WHERE id IN
					(SELECT id FROM reports WHERE partition = $1 AND received_at < $2 LIMIT $3)`, partition, before.UnixMilli(), retainChunk)
				if err != nil {
					return err
				}
				deleted, err = result.RowsAffected()
				return err
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// deleteMinutes goes through the series one by one: the table is ordered by
// series, and needs no second order for this.
func (a *Archive) deleteMinutes(ctx context.Context, before int64) error {
	var oldest []slot
	err := each(ctx, a.read, `SELECT id, first FROM
		(SELECT s.id, (SELECT min(minute) FROM minutes m WHERE m.series = s.id) AS first FROM series s) t WHERE first < $1`,
		[]any{before}, func(r row) error {
			var s slot
			err := r.Scan(&s.series, &s.at)
			oldest = append(oldest, s)
			return err
		})
	if err != nil {
		return a.wrap("delete minutes", err)
	}
	for len(oldest) > 0 {
		err := a.update(ctx, "delete minutes", func(ctx context.Context, t *tx) (err error) {
			oldest, err = deleteOldest(ctx, t, oldest, before)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// deleteOldest deletes about a chunk of minutes, and returns what is left to do.
func deleteOldest(ctx context.Context, t *tx, oldest []slot, before int64) ([]slot, error) {
	for deleted := int64(0); len(oldest) > 0 && deleted < retainChunk; {
		upTo := min(oldest[0].at+retainChunk, before)
		result, err := t.exec(ctx, `DELETE FROM minutes WHERE series = $1 AND minute < $2`, oldest[0].series, upTo)
		if err != nil {
			return nil, err
		}
		n, err := result.RowsAffected()
		if err != nil {
			return nil, err
		}
		deleted += n
		if oldest[0].at = upTo; upTo == before {
			oldest = oldest[1:]
		}
	}
	return oldest, nil
}
