package archive

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
)

// Archive is the record of one installation. Its methods may be called from
// many goroutines.
type Archive struct {
	// write and read are the same pool for PostgreSQL. For SQLite write holds
	// the one connection that may write, and read those that may not.
	write, read *sql.DB
	dialect     dialect
	// prepared holds the statements of the hot path; it never changes after opening.
	prepared map[string]*sql.Stmt
	known    seriesNumbers
	logger   *slog.Logger
	files    *presence // nil for PostgreSQL
}

// Ping checks that the archive answers, and that its files are still in their
// place. The error wraps outage.ErrUnavailable.
func (a *Archive) Ping(ctx context.Context) error {
	var one int
	if err := a.read.QueryRowContext(ctx, "SELECT 1").Scan(&one); err != nil {
		return a.wrap("ping archive", err)
	}
	return a.wrap("ping archive", a.files.check())
}

// Close ends the connections. What is called afterwards fails with
// outage.ErrUnavailable. Closing again does nothing.
func (a *Archive) Close() error {
	for _, stmt := range a.prepared {
		_ = stmt.Close() // closing the pool would do the same
	}
	err := a.write.Close()
	if a.read != a.write {
		if readErr := a.read.Close(); err == nil {
			err = readErr
		}
	}
	if err != nil {
		return fmt.Errorf("close archive: %w", err)
	}
	return nil
}

// tx is a transaction that uses the prepared statements where there is one.
type tx struct {
	*sql.Tx
	prepared map[string]*sql.Stmt // those of the archive
	bound    map[string]*sql.Stmt // those of them that this transaction has used
}

func (t *tx) exec(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if stmt, ok := t.bound[query]; ok {
		return stmt.ExecContext(ctx, args...)
	}
	if stmt, ok := t.prepared[query]; ok {
		t.bound[query] = t.StmtContext(ctx, stmt)
		return t.bound[query].ExecContext(ctx, args...)
	}
	return t.ExecContext(ctx, query, args...)
}

// update runs one writing transaction. It is committed if do returns nil, and
// leaves nothing behind otherwise. do must use the context it is given.
func (a *Archive) update(ctx context.Context, operation string, do func(context.Context, *tx) error) error {
	return a.wrap(operation, a.transact(ctx, do))
}

func (a *Archive) transact(ctx context.Context, do func(context.Context, *tx) error) error {
	conn, err := a.write.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }() // gives it back to the pool
	inner := ctx
	if a.dialect.local() {
		// Waiting for the turn ends with ctx. The transaction itself is short
		// and local; to watch ctx would cost a goroutine a statement.
		inner = context.WithoutCancel(ctx)
	}
	begun, err := conn.BeginTx(inner, nil)
	if err != nil {
		return err
	}
	if err := do(inner, &tx{Tx: begun, prepared: a.prepared, bound: map[string]*sql.Stmt{}}); err != nil {
		_ = begun.Rollback() // the error of do is the one that matters
		return err
	}
	if err := begun.Commit(); err != nil {
		return err
	}
	return a.files.check() // or what was committed is in a file that nobody will find
}

// view runs do on one consistent state of the archive.
func (a *Archive) view(ctx context.Context, operation string, do func(*viewTx) error) error {
	return a.wrap(operation, a.look(ctx, do))
}

func (a *Archive) look(ctx context.Context, do func(*viewTx) error) error {
	begun, err := a.read.BeginTx(ctx, a.dialect.viewOptions())
	if err != nil {
		return err
	}
	defer func() { _ = begun.Rollback() }() // nothing was written
	return do(begun)
}

// viewTx is a transaction that reads.
type viewTx = sql.Tx

// row is one row of a result.
type row interface{ Scan(into ...any) error }

// querier is what a pool and a transaction have in common.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// each calls scan for every row of a query.
func each(ctx context.Context, q querier, query string, args []any, scan func(row) error) error {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // rows.Err has the error that matters
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
