package archive

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

const (
	// sqliteReaders bounds the connections that read. Each has a cache of its own.
	sqliteReaders = 4
	// sqliteApplication marks the file as an Outcry archive: "OUTC".
	sqliteApplication = 0x4f555443
)

// OpenSQLite opens the archive in a file, and makes it (readable by its owner
// alone) if there is none. A file that is not an Outcry archive, or that of a
// newer Outcry, is refused and left as it is.
//
// Writing happens on one connection, in the order of the calls, with a full
// sync at each commit; readers have their own connections and never wait for it.
// Once the files are deleted or replaced, writing and Ping fail with
// outage.ErrUnavailable.
func OpenSQLite(ctx context.Context, path string, logger *slog.Logger) (*Archive, error) {
	a, err := openSQLite(ctx, path, os.O_RDWR|os.O_CREATE, (*Archive).prepareSQLite, logger)
	return a, openingError(path, err)
}

// OpenSQLiteBeside opens the archive of an Outcry that is running, for single
// remarks and for reading: the file must be there and have this binary's
// schema, and nothing is made or migrated. SQLite keeps the two processes
// apart, each transaction waits its turn. The live state and the keys, which
// only the running process may touch, are not opened.
func OpenSQLiteBeside(ctx context.Context, path string, logger *slog.Logger) (*Archive, error) {
	a, err := openSQLite(ctx, path, os.O_RDWR, (*Archive).besideSQLite, logger)
	return a, openingError(path, err)
}

func openingError(path string, err error) error {
	if err == nil {
		return nil
	}
	var failed *sqlite.Error
	if errors.As(err, &failed) && failed.Code()&0xff == sqlite3.SQLITE_NOTADB {
		err = errors.New("the file is not an Outcry archive, nor any SQLite database")
	}
	return fmt.Errorf("open archive %s: %w", path, err)
}

// openSQLite opens a file with the flags of os.OpenFile and prepares it.
func openSQLite(ctx context.Context, path string, flags int, prepare func(*Archive, context.Context) error, logger *slog.Logger) (*Archive, error) {
	file, err := os.OpenFile(path, flags, 0o600) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, err
	}
	if err := file.Close(); err != nil {
		return nil, err
	}
	if err := checkSQLite(ctx, path); err != nil {
		return nil, err
	}
	write, err := sql.Open("sqlite", sqliteURL(path, false))
	if err != nil {
		return nil, err
	}
	write.SetMaxOpenConns(1)
	read, err := sql.Open("sqlite", sqliteURL(path, true))
	if err != nil {
		_ = write.Close()
		return nil, err
	}
	read.SetMaxOpenConns(sqliteReaders)
	read.SetMaxIdleConns(sqliteReaders)
	a := &Archive{write: write, read: read, dialect: sqliteDialect{}, logger: logger}
	if err := prepare(a, ctx); err != nil {
		_ = a.Close() // the error above is the one that matters
		return nil, err
	}
	if a.files, err = presenceOf(path); err != nil {
		_ = a.Close() // likewise
		return nil, err
	}
	return a, nil
}

// checkSQLite looks whose file it is, on a connection that changes nothing.
func checkSQLite(ctx context.Context, path string) error {
	query := url.Values{"_pragma": {"busy_timeout(5000)", "query_only(ON)"}}
	db, err := sql.Open("sqlite", sqliteFile(path, query))
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }() // nothing was written
	var application, tables int
	err = db.QueryRowContext(ctx, "SELECT application_id, (SELECT count(*) FROM sqlite_master) FROM pragma_application_id").
		Scan(&application, &tables)
	if err != nil {
		return err
	}
	if application != sqliteApplication && (application != 0 || tables > 0) {
		return errors.New("the file is a SQLite database of something else")
	}
	return nil
}

// prepareSQLite marks the file, migrates it and prepares the hot statements.
func (a *Archive) prepareSQLite(ctx context.Context) error {
	var application int
	if err := a.write.QueryRowContext(ctx, "PRAGMA application_id").Scan(&application); err != nil {
		return a.wrap("read file header", err)
	}
	if application != sqliteApplication {
		if _, err := a.write.ExecContext(ctx, fmt.Sprintf("PRAGMA application_id = %d", sqliteApplication)); err != nil {
			return a.wrap("mark file", err)
		}
	}
	if err := migrate(ctx, a.write, goose.DialectSQLite3, "sqlite", a.logger); err != nil {
		return a.wrap("prepare schema", err)
	}
	a.prepared = make(map[string]*sql.Stmt)
	for _, query := range sqliteHot() {
		stmt, err := a.write.PrepareContext(ctx, query) //nolint:sqlclosecheck // Close closes them
		if err != nil {
			return a.wrap("prepare statements", err)
		}
		a.prepared[query] = stmt
	}
	return nil
}

// besideSQLite checks that the schema is this binary's.
func (a *Archive) besideSQLite(ctx context.Context) error {
	return a.wrap("check schema", sameVersion(ctx, a.read, goose.DialectSQLite3, "sqlite", a.logger))
}

// sqliteURL gives the file with the settings of a connection. secure_delete
// overwrites what is deleted with zeros, so that a destroyed key or a removed
// reference cannot be read out of a free page.
func sqliteURL(path string, reader bool) string {
	pragmas := []string{
		"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(FULL)", "secure_delete(ON)",
		"temp_store(FILE)", "wal_autocheckpoint(4000)", "journal_size_limit(67108864)",
	}
	query := url.Values{}
	if reader {
		pragmas = append(pragmas, "cache_size(-4096)", "query_only(ON)")
	} else {
		pragmas = append(pragmas, "cache_size(-16384)")
		query.Set("_txlock", "immediate")
	}
	query["_pragma"] = pragmas
	return sqliteFile(path, query)
}

// sqliteFile is a URI, as a path may have a question mark in it.
func sqliteFile(path string, query url.Values) string {
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + query.Encode()
}
