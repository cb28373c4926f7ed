package archive_test

import (
	"database/sql"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/archive"
	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
	"github.com/outcryhq/outcry/pkg/servertest"
)

func TestPostgresThatDiesAndComesBack(t *testing.T) {
	t.Parallel()
	server := servertest.Postgres(t)
	a, err := archive.OpenPostgres(t.Context(), server.Database(t), quiet())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, a.Close()) })
	require.NoError(t, a.Append(t.Context(), []live.Entry{group(3, 1, 1)}))
	for _, end := range []func(){server.Kill, server.Stop} {
		end()
		require.ErrorIs(t, a.Ping(t.Context()), outage.ErrUnavailable)
		require.ErrorIs(t, a.Append(t.Context(), []live.Entry{group(3, 2, 1)}), outage.ErrUnavailable)
		_, err = a.Outages(t.Context(), archive.OutageFilter{})
		require.ErrorIs(t, err, outage.ErrUnavailable)
		server.Restart()
		require.NoError(t, a.Ping(t.Context()))
		require.NoError(t, a.Append(t.Context(), []live.Entry{group(3, 3, 1)}))
	}
	got, err := a.Counts(t.Context(), outage.Series{Service: serviceNames[0], Country: "*"}, noon, noon.Add(time.Hour), time.Hour)
	require.NoError(t, err)
	require.Equal(t, []archive.Bucket{{Start: noon, Count: 9}}, got)
}

func TestPostgresThatIsRefused(t *testing.T) {
	t.Parallel()
	server := servertest.Postgres(t)

	url := server.Database(t)
	a, err := archive.OpenPostgres(t.Context(), url, quiet())
	require.NoError(t, err)
	require.NoError(t, a.Close())
	db, err := sql.Open("pgx", url)
	require.NoError(t, err)
	_, err = db.ExecContext(t.Context(), "INSERT INTO schema_version (version_id, is_applied) VALUES (999, true)")
	require.NoError(t, err)
	require.NoError(t, db.Close())
	_, err = archive.OpenPostgres(t.Context(), url, quiet())
	require.ErrorContains(t, err, "written by a newer Outcry")

	_, err = archive.OpenPostgres(t.Context(), "postgres://user:hunter2@host:notaport/db", quiet())
	require.ErrorIs(t, err, outage.ErrInvalid)
	require.NotContains(t, err.Error(), "hunter2")

	server.Stop()
	_, err = archive.OpenPostgres(t.Context(), url, quiet())
	require.ErrorIs(t, err, outage.ErrUnavailable)
}
