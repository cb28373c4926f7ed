package archive

import (
	"context"
	"database/sql"
	"errors"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// sqliteDialect writes row by row: a call is a function call there, and rows
// joined into one statement were not faster.
type sqliteDialect struct{}

const sqliteInsertReport = `INSERT INTO reports (` + reportColumns + `)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
	ON CONFLICT DO NOTHING`

var sqliteMerge = map[merging]string{ //nolint:gochecknoglobals // a constant table
	addMinutes: `INSERT INTO minutes (series, minute, count) VALUES ($1, $2, $3)
		ON CONFLICT (series, minute) DO UPDATE SET count = count + excluded.count`,
	addQuarters: `INSERT INTO quarters (series, quarter, count) VALUES ($1, $2, $3)
		ON CONFLICT (series, quarter) DO UPDATE SET count = count + excluded.count`,
	raiseMinutes: `INSERT INTO minutes (series, minute, count) VALUES ($1, $2, $3)
		ON CONFLICT (series, minute) DO UPDATE SET count = max(count, excluded.count)`,
	raiseQuarters: `INSERT INTO quarters (series, quarter, count) VALUES ($1, $2, $3)
		ON CONFLICT (series, quarter) DO UPDATE SET count = max(count, excluded.count)`,
}

// sqliteHot lists the statements that are prepared once.
func sqliteHot() []string {
	hot := []string{sqliteInsertReport, insertPosition, insertCoverage}
	for _, query := range sqliteMerge {
		hot = append(hot, query)
	}
	return hot
}

func (sqliteDialect) local() bool { return true }

func (sqliteDialect) viewOptions() *sql.TxOptions { return &sql.TxOptions{ReadOnly: true} }

func (sqliteDialect) insertReports(ctx context.Context, t *tx, rows []reportRow) ([]bool, error) {
	inserted := make([]bool, len(rows))
	for i := range rows {
		result, err := t.exec(ctx, sqliteInsertReport, rows[i].values()...)
		if err != nil {
			return nil, err
		}
		n, err := result.RowsAffected()
		if err != nil {
			return nil, err
		}
		inserted[i] = n == 1
	}
	return inserted, nil
}

func (sqliteDialect) merge(ctx context.Context, t *tx, how merging, counts []seriesCount) error {
	for _, c := range counts {
		if _, err := t.exec(ctx, sqliteMerge[how], c.series, c.at, c.count); err != nil {
			return err
		}
	}
	return nil
}

// lockCounts does nothing: a writing transaction is alone anyway.
func (sqliteDialect) lockCounts(context.Context, *tx) error { return nil }

func (sqliteDialect) refs() string { return "ref" }

// lockRemarks does nothing, for the same reason.
func (sqliteDialect) lockRemarks(context.Context, *tx) error { return nil }

func (sqliteDialect) passing(err error) bool {
	var failed *sqlite.Error
	if !errors.As(err, &failed) {
		return false
	}
	switch failed.Code() & 0xff { // the rest of the code says more precisely what
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_NOMEM,
		sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_INTERRUPT:
		return true
	}
	return false
}

// destroyed empties the write-ahead log. secure_delete has overwritten the
// deleted row with zeros, but pages from before the deletion stay in the log
// until it is reset. Readers under way can put that off until the next call.
func (sqliteDialect) destroyed(ctx context.Context, db *sql.DB) error {
	_, err := db.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)")
	return err
}
