package archive

import (
	"context"
	"time"

	"github.com/outcryhq/outcry/pkg/outage"
)

// Plan is how PostgreSQL answers a list of outages, and how long it took.
func (a *Archive) Plan(ctx context.Context, filter OutageFilter) (query string, lines []string, err error) {
	query, args, _, err := outagesQuery(filter)
	if err != nil {
		return "", nil, err
	}
	lines, err = a.explain(ctx, query, args)
	return query, lines, err
}

// PlanSQLite is Plan for SQLite, without times.
func (a *Archive) PlanSQLite(ctx context.Context, filter OutageFilter) (lines []string, err error) {
	query, args, _, err := outagesQuery(filter)
	if err != nil {
		return nil, err
	}
	err = each(ctx, a.read, "EXPLAIN QUERY PLAN "+query, args, func(r row) error {
		var id, parent, unused int
		var line string
		err := r.Scan(&id, &parent, &unused, &line)
		lines = append(lines, line)
		return err
	})
	return lines, err
}

// PlanRecord is Plan for the sums of a record.
func (a *Archive) PlanRecord(ctx context.Context, service, country string, since time.Time) (query string, lines []string, err error) {
	of := spansOf(service, country, since)
	lines, err = a.explain(ctx, of.total(), of.args)
	return of.total(), lines, err
}

func (a *Archive) explain(ctx context.Context, query string, args []any) (lines []string, err error) {
	err = each(ctx, a.read, "EXPLAIN (ANALYZE, BUFFERS) "+query, args, func(r row) error {
		var line string
		err := r.Scan(&line)
		lines = append(lines, line)
		return err
	})
	return lines, err
}

// CursorBehind continues a list behind an outage.
func CursorBehind(o outage.Outage) string {
	return position{startedAt: o.StartedAt.UnixMilli(), id: o.ID}.cursor()
}
