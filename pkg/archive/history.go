package archive

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/outcryhq/outcry/pkg/outage"
)

// readAtOnce is how much time one query of a long reading covers: what bounds
// its memory, and how long it holds a state of the archive open.
const readAtOnce = 24 * time.Hour

// Hours calls fn for what each country series of the partitions heard in each
// UTC hour of [from, to), by time, then service and country, without zeros. It
// reads a day at a time; an error of fn ends it and is returned.
func (a *Archive) Hours(ctx context.Context, partitions []int, from, to time.Time, fn func(HourCount) error) error {
	in, err := partitionsClause("s.partition", partitions)
	if err != nil {
		return fmt.Errorf("read hours: %w", err)
	}
	return a.readSteps(ctx, "read hours", steps{from: from, to: to, step: time.Hour, where: in}, func(start time.Time, series outage.Series, count int) error {
		return fn(HourCount{Series: series, Hour: start, Count: count})
	})
}

// ExportCounts calls fn for the recorded counts of [from, to) in steps of 1m,
// 5m, 15m or 1h, by time, then service and country, without zeros: the rows
// that ImportCounts reads. A zero from is the beginning, a zero to the end.
func (a *Archive) ExportCounts(ctx context.Context, from, to time.Time, step time.Duration, fn func(CountRow) error) error {
	return a.readSteps(ctx, "export counts", steps{from: from, to: to, step: step, where: "TRUE"}, func(start time.Time, series outage.Series, count int) error {
		return fn(CountRow{Start: start, Series: series, Reports: count})
	})
}

// steps says which counts are to be read.
type steps struct {
	from, to time.Time // zero: no limit
	step     time.Duration
	where    string // a condition on s, the series
}

type stepFunc func(start time.Time, series outage.Series, count int) error

func (a *Archive) readSteps(ctx context.Context, operation string, s steps, fn stepFunc) error {
	t, perStep, err := tableFor(s.step)
	if err != nil {
		return fmt.Errorf("%s: %w", operation, err)
	}
	first, end, err := a.extent(ctx, t)
	if err != nil {
		return a.wrap(operation, err)
	}
	first -= ((first % perStep) + perStep) % perStep // whole steps
	if !s.from.IsZero() {
		from, _ := t.span(s.from, s.from, perStep)
		first = max(first, from)
	}
	if !s.to.IsZero() {
		_, to := t.span(s.to, s.to, perStep)
		end = min(end, to)
	}
	query := stepsQuery(t, perStep, s.where)
	for atOnce := int64(readAtOnce / t.unit); first < end; first += atOnce {
		read, err := a.readStepsOnce(ctx, query, first, min(first+atOnce, end))
		if err != nil {
			return a.wrap(operation, err)
		}
		for _, r := range read {
			if err := fn(time.Unix(r.step*int64(s.step/time.Second), 0).UTC(), r.series, r.count); err != nil {
				return err
			}
		}
	}
	return nil
}

// stepCount is one row of a long reading.
type stepCount struct {
	step   int64
	series outage.Series
	count  int
}

// stepsQuery reads the steps from unit $1 to before unit $2 of a table.
func stepsQuery(t table, perStep int64, where string) string {
	return `SELECT ` + t.stepOf(perStep) + ` AS step, s.service, s.country, SUM(c.count)
		FROM series s JOIN ` + t.name + ` c ON c.series = s.id
		WHERE c.` + t.column + ` >= $1 AND c.` + t.column + ` < $2 AND ` + where + `
		GROUP BY step, s.service, s.country ORDER BY step, s.service, s.country`
}

func (a *Archive) readStepsOnce(ctx context.Context, query string, first, end int64) ([]stepCount, error) {
	var counts []stepCount
	err := each(ctx, a.read, query, []any{first, end}, func(r row) error {
		var c stepCount
		err := r.Scan(&c.step, &c.series.Service, &c.series.Country, &c.count)
		counts = append(counts, c)
		return err
	})
	return counts, err
}

// extent is the first unit of a table and the one after its last, one short
// search a series; 0 and 0 for an empty table.
func (a *Archive) extent(ctx context.Context, t table) (first, end int64, err error) {
	column := "c." + t.column
	of := func(aggregate string) string {
		return aggregate + "((SELECT " + aggregate + "(" + column + ") FROM " + t.name + " c WHERE c.series = s.id))"
	}
	var low, high sql.NullInt64
	err = a.read.QueryRowContext(ctx, "SELECT "+of("min")+", "+of("max")+" FROM series s").Scan(&low, &high)
	if err != nil || !low.Valid {
		return 0, 0, err
	}
	return low.Int64, high.Int64 + 1, nil
}
