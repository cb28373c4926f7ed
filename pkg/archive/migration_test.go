package archive_test

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/archive"
	"github.com/outcryhq/outcry/pkg/outage"
	"github.com/outcryhq/outcry/pkg/servertest"
)

// TestOutagesOfAnEarlierOutcryAreFoundAfterTheMigration fills the tables as they
// were before there were remarks, and asks for what the migration adds.
func TestOutagesOfAnEarlierOutcryAreFoundAfterTheMigration(t *testing.T) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "archive.db")
		db, err := sql.Open("sqlite", path)
		require.NoError(t, err)
		_, err = db.ExecContext(t.Context(), "PRAGMA application_id = 1330992195") // "OUTC"
		require.NoError(t, err)
		migratesFrom4(t, db, goose.DialectSQLite3, "sqlite")
		foundAfterMigration(t, func(ctx context.Context) (*archive.Archive, error) { return archive.OpenSQLite(ctx, path, quiet()) })
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		url := servertest.Postgres(t).URL()
		db, err := sql.Open("pgx", url)
		require.NoError(t, err)
		migratesFrom4(t, db, goose.DialectPostgres, "postgres")
		foundAfterMigration(t, func(ctx context.Context) (*archive.Archive, error) { return archive.OpenPostgres(ctx, url, quiet()) })
	})
}

// migratesFrom4 brings a database to version 4, with two outages in it.
func migratesFrom4(t *testing.T, db *sql.DB, dialect goose.Dialect, folder string) {
	t.Helper()
	provider, err := goose.NewProvider(dialect, db, os.DirFS(filepath.Join("migrations", folder)),
		goose.WithTableName("schema_version"), goose.WithDisableGlobalRegistry(true))
	require.NoError(t, err)
	_, err = provider.UpTo(t.Context(), 4)
	require.NoError(t, err)
	insert := func(name, body string, endedAt any, state string, final bool, countries ...string) {
		id := outage.DeriveID(name)
		_, err := db.ExecContext(t.Context(), `INSERT INTO outages (id, partition, service, state, started_at, ended_at, closed_at, final, fence, revision, body)
			VALUES ($1, 1, 'whatsapp', $2, $3, $4, $4, $5, 1, 1, $6)`, id[:], state, noon.UnixMilli(), endedAt, final, body)
		require.NoError(t, err)
		for _, country := range countries {
			_, err := db.ExecContext(t.Context(), `INSERT INTO impacts (outage, country, started_at) VALUES ($1, $2, $3)`, id[:], country, noon.UnixMilli())
			require.NoError(t, err)
		}
	}
	insert("old", `{"id":"`+outage.DeriveID("old").String()+`","service":"whatsapp","state":"ended","final":true,"reports":120,"started_at":"2026-03-04T12:00:00Z","ended_at":"2026-03-04T14:00:00Z",
		"impacts":[{"country":"NL","started_at":"2026-03-04T13:00:00.25Z","ended_at":"2026-03-04T13:30:00Z","intervals":[{"started_at":"2026-03-04T12:10:00+00:00","ended_at":"2026-03-04T12:20:00Z"}]},
		{"country":"GB","started_at":"2026-03-04T12:05:00Z","ended_at":"2026-03-04T14:00:00Z"}]}`, noon.Add(2*time.Hour).UnixMilli(), "ended", true, "NL", "GB")
	insert("bare", `{"id":"`+outage.DeriveID("bare").String()+`","service":"whatsapp","state":"ongoing","started_at":"2026-03-04T12:00:00Z","ended_at":null,"impacts":null}`, nil, "ongoing", false)
	require.NoError(t, db.Close())
}

func foundAfterMigration(t *testing.T, opener func(context.Context) (*archive.Archive, error)) {
	t.Helper()
	a, err := opener(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, a.Close()) })
	for _, filter := range []archive.OutageFilter{
		{MinReports: 120}, {Country: "NL", MinReports: 120}, {Country: "GB", Service: "whatsapp", State: outage.Ended, MinDuration: 2 * time.Hour},
	} {
		page, err := a.Outages(t.Context(), filter)
		require.NoError(t, err)
		require.Len(t, page.Outages, 1)
		require.Equal(t, outage.DeriveID("old"), page.Outages[0].ID)
	}
	for country, minutes := range map[string]int{"": 120, "NL": 80, "GB": 115} {
		record, err := a.Record(t.Context(), "whatsapp", country, time.Time{}, 5)
		require.NoError(t, err)
		require.Equal(t, 1, record.Outages, country)
		require.Equal(t, minutes, record.Minutes, country)
	}
	page, err := a.Outages(t.Context(), archive.OutageFilter{State: outage.Ongoing})
	require.NoError(t, err)
	require.Len(t, page.Outages, 1)
}
