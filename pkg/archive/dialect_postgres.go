package archive

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"net"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/outcryhq/outcry/pkg/outage"
)

// postgresDialect sends many rows as arrays in one statement, one round trip.
type postgresDialect struct{}

const postgresInsertReports = `INSERT INTO reports (` + reportColumns + `)
	SELECT * FROM unnest($1::bytea[], $2::smallint[], $3::integer[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bytea[],
		$9::bytea[], $10::bytea[], $11::bigint[], $12::bigint[], $13::text[], $14::bigint[], $15::bigint[])
	ON CONFLICT DO NOTHING RETURNING id`

var postgresMerge = map[merging]string{ //nolint:gochecknoglobals // a constant table
	addMinutes: `INSERT INTO minutes (series, minute, count) SELECT * FROM unnest($1::integer[], $2::integer[], $3::integer[])
		ON CONFLICT (series, minute) DO UPDATE SET count = minutes.count + excluded.count`,
	addQuarters: `INSERT INTO quarters (series, quarter, count) SELECT * FROM unnest($1::integer[], $2::integer[], $3::integer[])
		ON CONFLICT (series, quarter) DO UPDATE SET count = quarters.count + excluded.count`,
	raiseMinutes: `INSERT INTO minutes (series, minute, count) SELECT * FROM unnest($1::integer[], $2::integer[], $3::integer[])
		ON CONFLICT (series, minute) DO UPDATE SET count = greatest(minutes.count, excluded.count)`,
	raiseQuarters: `INSERT INTO quarters (series, quarter, count) SELECT * FROM unnest($1::integer[], $2::integer[], $3::integer[])
		ON CONFLICT (series, quarter) DO UPDATE SET count = greatest(quarters.count, excluded.count)`,
}

func (postgresDialect) local() bool { return false }

func (postgresDialect) viewOptions() *sql.TxOptions {
	return &sql.TxOptions{ReadOnly: true, Isolation: sql.LevelRepeatableRead}
}

func (postgresDialect) insertReports(ctx context.Context, t *tx, rows []reportRow) ([]bool, error) {
	inserted := make([]bool, len(rows))
	if len(rows) == 0 {
		return inserted, nil
	}
	place := make(map[outage.ID]int, len(rows))
	for i := range rows {
		place[rows[i].report.ID] = i
	}
	err := each(ctx, t, postgresInsertReports, columnsOf(rows), func(r row) error {
		var raw sql.RawBytes
		if err := r.Scan(&raw); err != nil {
			return err
		}
		inserted[place[outage.ID(raw)]] = true
		return nil
	})
	return inserted, err
}

// columnsOf turns rows into one array a column, in the order of reportColumns.
func columnsOf(rows []reportRow) []any {
	n := len(rows)
	ids, reporters, seats, origins := make([][]byte, n), make([][]byte, n), make([][]byte, n), make([][]byte, n)
	partitions, series := make([]int16, n), make([]int32, n)
	from, source, ref, problem, outcome := make([]string, n), make([]string, n), make([]string, n), make([]string, n), make([]string, n)
	network, digest, observed, received := make([]int64, n), make([]int64, n), make([]int64, n), make([]int64, n)
	for i := range rows {
		r := rows[i].report
		ids[i], reporters[i], seats[i], origins[i] = r.ID[:], r.Reporter[:], hashOrNull(r.Seat), hashOrNull(r.Origin)
		partitions[i], series[i] = int16(rows[i].partition), int32(rows[i].series) //nolint:gosec // both were checked to be small
		from[i], source[i], outcome[i] = storable(string(r.CountryFrom)), storable(string(r.Source)), storable(string(r.Outcome))
		ref[i], problem[i] = storable(r.Ref), storable(r.Problem)
		network[i], digest[i] = int64(r.Network), int64(r.Digest)
		observed[i], received[i] = r.ObservedAt.UnixMilli(), r.ReceivedAt.UnixMilli()
	}
	return []any{
		ids, partitions, series, from, source, ref, problem, reporters,
		seats, origins, network, digest, outcome, observed, received,
	}
}

func (postgresDialect) merge(ctx context.Context, t *tx, how merging, counts []seriesCount) error {
	if len(counts) == 0 {
		return nil
	}
	series, at, count := make([]int64, len(counts)), make([]int64, len(counts)), make([]int64, len(counts))
	for i, c := range counts {
		series[i], at[i], count[i] = c.series, c.at, c.count
	}
	_, err := t.exec(ctx, postgresMerge[how], series, at, count)
	return err
}

func (postgresDialect) lockCounts(ctx context.Context, t *tx) error {
	_, err := t.exec(ctx, "LOCK TABLE minutes, quarters IN SHARE ROW EXCLUSIVE MODE")
	return err
}

func (postgresDialect) lockRemarks(ctx context.Context, t *tx) error {
	_, err := t.exec(ctx, "LOCK TABLE remarks IN SHARE ROW EXCLUSIVE MODE")
	return err
}

// passing goes by the class of the SQLSTATE: connection (08), rollback by a
// deadlock (40), out of resources, a full disk among them (53), not in the
// right state, a lock not granted (55), an operator's intervention, a timeout
// among them (57), a system error (58), and a server that has become read-only (25006).
func (postgresDialect) refs() string { return `ref COLLATE "C"` }

func (postgresDialect) passing(err error) bool {
	if answered, ok := errors.AsType[*pgconn.PgError](err); ok {
		if answered.Code == "25006" {
			return true
		}
		switch answered.Code[:min(2, len(answered.Code))] {
		case "08", "40", "53", "55", "57", "58":
			return true
		}
		return false
	}
	var unreached *pgconn.ConnectError
	var network net.Error
	return errors.As(err, &unreached) || errors.As(err, &network) || pgconn.SafeToRetry(err) || pgconn.Timeout(err) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed)
}

// destroyed does nothing: PostgreSQL drops the old row when it vacuums, and
// its own log and backups keep copies for as long as its operator decides.
func (postgresDialect) destroyed(context.Context, *sql.DB) error { return nil }
