package archive

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"github.com/outcryhq/outcry/pkg/outage"
)

const (
	postgresConnections    = 10
	postgresConnectTimeout = 5 * time.Second
	// postgresStatementTimeout is used where the URL sets none.
	postgresStatementTimeout = "30s"
	// postgresMigrationLock keeps two processes from migrating at once: "OUTC".
	postgresMigrationLock = 0x4f555443
)

// OpenPostgres opens the archive in a PostgreSQL database, given as a URL or a
// keyword string of libpq, and makes the tables if there are none. The archive
// of a newer Outcry is refused. A broken connection is replaced at the next call.
func OpenPostgres(ctx context.Context, url string, logger *slog.Logger) (*Archive, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		// The text of a parse error masks the password.
		return nil, fmt.Errorf("open archive: %w: database URL: %w", outage.ErrInvalid, err)
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = postgresConnectTimeout
	}
	if _, set := config.RuntimeParams["statement_timeout"]; !set {
		config.RuntimeParams["statement_timeout"] = postgresStatementTimeout
	}
	if _, set := config.RuntimeParams["application_name"]; !set {
		config.RuntimeParams["application_name"] = "outcry"
	}
	db := stdlib.OpenDB(*config)
	db.SetMaxOpenConns(postgresConnections)
	db.SetMaxIdleConns(postgresConnections)
	db.SetConnMaxIdleTime(5 * time.Minute)
	a := &Archive{write: db, read: db, dialect: postgresDialect{}, logger: logger}
	if err := a.preparePostgres(ctx); err != nil {
		return nil, errors.Join(a.wrap("open archive", err), db.Close())
	}
	return a, nil
}

// preparePostgres migrates under a lock, so that processes that start together take turns.
func (a *Archive) preparePostgres(ctx context.Context) error {
	conn, err := a.write.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }() // gives it back to the pool
	if _, err := conn.ExecContext(ctx, "SELECT pg_advisory_lock($1)", postgresMigrationLock); err != nil {
		return err
	}
	err = migrate(ctx, a.write, goose.DialectPostgres, "postgres", a.logger)
	unlock := context.WithoutCancel(ctx)
	if _, unlockErr := conn.ExecContext(unlock, "SELECT pg_advisory_unlock($1)", postgresMigrationLock); err == nil {
		err = unlockErr
	}
	return err
}
