package archive_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/archive"
	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

func TestSQLiteIsOpenedBesideARunningProcess(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "archive.db")
	_, err := archive.OpenSQLiteBeside(t.Context(), path, quiet())
	require.ErrorIs(t, err, os.ErrNotExist)
	require.NoFileExists(t, path)

	running := openSQLite(t, path)
	o := outage.Outage{ID: outage.DeriveID("o"), Service: "whatsapp", State: outage.Ongoing, StartedAt: noon, DetectedAt: noon, Revision: 1}
	change := live.Entry{Partition: live.Partition("whatsapp"), Epoch: "e", Position: "1", Changes: []outage.Change{{Fence: 1, Outage: o}}}
	require.NoError(t, running.Append(t.Context(), []live.Entry{change}))
	var writing sync.WaitGroup
	writing.Go(func() {
		for i := range 50 {
			require.NoError(t, running.Append(t.Context(), []live.Entry{group(20, i, 5)}))
		}
	})
	for _, text := range []string{"first", "second", "third"} {
		beside, err := archive.OpenSQLiteBeside(t.Context(), path, quiet())
		require.NoError(t, err)
		require.NoError(t, beside.AddRemark(t.Context(), o.ID, outage.Remark{Kind: outage.Note, Text: text, At: noon, By: outage.ByOperator}))
		require.NoError(t, beside.Close())
	}
	writing.Wait()
	remarks, err := running.Remarks(t.Context(), o.ID)
	require.NoError(t, err)
	require.Len(t, remarks[o.ID], 3)
	require.NoError(t, running.Ping(t.Context()), "its files are where they were")
	got, err := running.Counts(t.Context(), outage.Series{Service: serviceNames[0], Country: "*"}, noon, noon.Add(time.Hour), time.Hour)
	require.NoError(t, err)
	require.Equal(t, []archive.Bucket{{Start: noon, Count: 200}}, got)
}

func TestSQLiteOfAnotherVersionIsNotTouchedBesideItsProcess(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "archive.db")
	openSQLite(t, path)
	db, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	versions := func() (last int) {
		require.NoError(t, db.QueryRowContext(t.Context(), "SELECT max(version_id) FROM schema_version").Scan(&last))
		return last
	}
	current := versions()
	for name, statement := range map[string]string{
		"older": "DELETE FROM schema_version WHERE version_id = (SELECT max(version_id) FROM schema_version)",
		"newer": "INSERT INTO schema_version (version_id, is_applied) VALUES (999, 1)",
	} {
		_, err = db.ExecContext(t.Context(), statement)
		require.NoError(t, err)
		before := versions()
		require.NotEqual(t, current, before)
		_, err = archive.OpenSQLiteBeside(t.Context(), path, quiet())
		require.ErrorIs(t, err, outage.ErrInvalid, name)
		require.ErrorContains(t, err, "use that one's command", name)
		require.Equal(t, before, versions(), name)
	}
}
