package archive

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"log/slog"

	"github.com/pressly/goose/v3"

	"github.com/outcryhq/outcry/pkg/outage"
)

// migrations hold the schema of each database, forward only.
//
//go:embed migrations/*/*.sql
var migrations embed.FS

const versionTable = "schema_version"

// migrate brings the schema to this binary's version. A database that a newer
// Outcry has migrated is refused: its tables may mean something else.
func migrate(ctx context.Context, db *sql.DB, dialect goose.Dialect, folder string, logger *slog.Logger) error {
	provider, err := newProvider(db, dialect, folder, logger)
	if err != nil {
		return err
	}
	current, target, err := provider.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("read schema version: %w", err)
	}
	if current > target {
		return fmt.Errorf("the archive has schema version %d, this Outcry knows versions up to %d: "+
			"it was written by a newer Outcry, start that one", current, target)
	}
	if current == target {
		return nil
	}
	// A migration and its version are one transaction. Another process may have
	// been faster with one of them: then ours failed, and the rest is to be done.
	for reached := current; reached < target; {
		_, err := provider.Up(ctx)
		if err == nil {
			break
		}
		now, _, again := provider.GetVersions(ctx)
		if again != nil || now <= reached {
			return fmt.Errorf("migrate from schema version %d to %d: %w", reached, target, err)
		}
		reached = now
	}
	logger.InfoContext(ctx, "archive migrated", "from_version", current, "to_version", target)
	return nil
}

// sameVersion fails unless the schema is of this binary's version. It changes nothing.
func sameVersion(ctx context.Context, db *sql.DB, dialect goose.Dialect, folder string, logger *slog.Logger) error {
	provider, err := newProvider(db, dialect, folder, logger)
	if err != nil {
		return err
	}
	current, target, err := provider.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("read schema version: %w", err)
	}
	if current != target {
		return fmt.Errorf("%w: the Outcry that is running there has schema version %d, this one has %d: "+
			"use that one's command, or restart it as this version first", outage.ErrInvalid, current, target)
	}
	return nil
}

func newProvider(db *sql.DB, dialect goose.Dialect, folder string, logger *slog.Logger) (*goose.Provider, error) {
	files, err := fs.Sub(migrations, "migrations/"+folder)
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	provider, err := goose.NewProvider(dialect, db, files,
		goose.WithTableName(versionTable), goose.WithDisableGlobalRegistry(true), goose.WithSlog(logger))
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	return provider, nil
}
