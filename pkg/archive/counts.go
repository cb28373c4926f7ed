package archive

import (
	"context"
	"fmt"
	"time"

	"github.com/outcryhq/outcry/pkg/outage"
)

// table is where counts of a step are read from.
type table struct {
	name, column string
	unit         time.Duration
}

// tableFor gives the table for a step of 1, 5, 15 or 60 minutes, and how many
// of its units a step has.
func tableFor(step time.Duration) (table, int64, error) {
	switch step {
	case time.Minute, 5 * time.Minute:
		return table{"minutes", "minute", time.Minute}, int64(step / time.Minute), nil
	case 15 * time.Minute, time.Hour:
		return table{"quarters", "quarter", 15 * time.Minute}, int64(step / (15 * time.Minute)), nil
	}
	return table{}, 0, fmt.Errorf("%w: the step is 1m, 5m, 15m or 1h", outage.ErrInvalid)
}

// span turns [from, to) into whole steps: from the step that from lies in to
// the last that begins before to, in units of the table.
func (t table) span(from, to time.Time, perStep int64) (first, end int64) {
	unit := int64(t.unit / time.Second)
	step := unit * perStep
	first = floorDiv(from.Unix(), step) * perStep
	end = floorDiv(to.Unix(), step) * perStep
	if time.Unix(end*unit, 0).Before(to) {
		end += perStep
	}
	return first, end
}

// stepOf is the number of the step in which a unit lies, from 1970 on.
func (t table) stepOf(perStep int64) string {
	return fmt.Sprintf("c.%s / %d", t.column, perStep)
}

// Counts returns the distinct reporters per minute of a series, summed over
// steps of 1m, 5m, 15m or 1h, from the step that from lies in to the last that
// begins before to; only steps that are not zero. "*" sums the service's
// countries. Steps of 1m and 5m reach back 90 days.
func (a *Archive) Counts(ctx context.Context, series outage.Series, from, to time.Time, step time.Duration) ([]Bucket, error) {
	t, perStep, err := tableFor(step)
	if err != nil {
		return nil, err
	}
	first, end := t.span(from, to, perStep)
	where, args := "s.service = $3", []any{first, end, series.Service}
	if series.Country != outage.AllCountries {
		where, args = where+" AND s.country = $4", append(args, series.Country)
	}
	query := `SELECT ` + t.stepOf(perStep) + ` AS step, SUM(c.count) FROM series s JOIN ` + t.name + ` c ON c.series = s.id
		WHERE c.` + t.column + ` >= $1 AND c.` + t.column + ` < $2 AND ` + where + ` GROUP BY step ORDER BY step`
	buckets := []Bucket{}
	err = a.view(ctx, "read counts", func(tx *viewTx) error {
		return each(ctx, tx, query, args, func(r row) error {
			var number int64
			var b Bucket
			err := r.Scan(&number, &b.Count)
			b.Start = time.Unix(number*int64(step/time.Second), 0).UTC()
			buckets = append(buckets, b)
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	return buckets, nil
}

// CountryTotals returns what each country of a service heard in the minutes
// from that of from up to to, most first, without zeros. Within 90 days.
func (a *Archive) CountryTotals(ctx context.Context, service string, from, to time.Time) ([]SeriesTotal, error) {
	totals := []SeriesTotal{}
	err := a.view(ctx, "read totals", func(tx *viewTx) error {
		return each(ctx, tx, `SELECT s.country, SUM(m.count) AS total FROM series s JOIN minutes m ON m.series = s.id
			WHERE s.service = $1 AND m.minute >= $2 AND m.minute < $3 GROUP BY s.country ORDER BY total DESC, s.country`,
			[]any{service, minuteOf(from), ceilMinute(to)}, func(r row) error {
				total := SeriesTotal{Series: outage.Series{Service: service}}
				err := r.Scan(&total.Series.Country, &total.Count)
				totals = append(totals, total)
				return err
			})
	})
	if err != nil {
		return nil, err
	}
	return totals, nil
}
