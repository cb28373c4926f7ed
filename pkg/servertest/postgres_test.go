package servertest_test

import (
	"database/sql"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/servertest"
)

func TestPostgresKeepsItsDataAndPortOverAKill(t *testing.T) {
	t.Parallel()
	server := servertest.Postgres(t)
	db, err := sql.Open("pgx", server.Database(t))
	require.NoError(t, err)
	t.Cleanup(func() { _ = db.Close() })
	_, err = db.ExecContext(t.Context(), "CREATE TABLE kept AS SELECT 7 AS n")
	require.NoError(t, err)
	before := server.PID()

	server.Kill()
	require.Zero(t, server.PID())
	require.Error(t, db.PingContext(t.Context()))

	server.Restart()
	require.NotEqual(t, before, server.PID())
	var n int
	require.NoError(t, db.QueryRowContext(t.Context(), "SELECT n FROM kept").Scan(&n))
	require.Equal(t, 7, n)
}

func TestPostgresDatabasesAreApart(t *testing.T) {
	t.Parallel()
	server := servertest.Postgres(t)
	require.NotEqual(t, server.Database(t), server.Database(t))
}
