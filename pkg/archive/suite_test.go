package archive_test

import (
	"context"
	"log/slog"
	"path/filepath"
	"testing"

	"github.com/outcryhq/outcry/pkg/archive"
	"github.com/outcryhq/outcry/pkg/archive/archivetest"
	"github.com/outcryhq/outcry/pkg/servertest"
)

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func TestSQLite(t *testing.T) {
	t.Parallel()
	archivetest.Run(t, func(tb testing.TB) archivetest.Opener {
		tb.Helper()
		path := filepath.Join(tb.TempDir(), "archive.db")
		return func(ctx context.Context) (*archive.Archive, error) { return archive.OpenSQLite(ctx, path, quiet()) }
	})
}

func TestPostgres(t *testing.T) {
	t.Parallel()
	server := servertest.Postgres(t)
	archivetest.Run(t, func(tb testing.TB) archivetest.Opener {
		tb.Helper()
		url := server.Database(tb)
		return func(ctx context.Context) (*archive.Archive, error) { return archive.OpenPostgres(ctx, url, quiet()) }
	})
}
