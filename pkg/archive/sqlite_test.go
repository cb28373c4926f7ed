package archive_test

import (
	"bytes"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/archive"
	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// group is one entry of n reports over some services, told apart by a number.
func group(n, number, services int) live.Entry {
	e := live.Entry{Partition: 1, Epoch: "e", Position: "1", Reports: make([]outage.Logged, n)}
	for i := range e.Reports {
		r := &e.Reports[i]
		at := noon.Add(time.Duration(number) * 10 * time.Millisecond)
		r.ID = outage.NewID(at)
		copy(r.Reporter[:], r.ID[4:])
		copy(r.Origin[:], r.ID[2:])
		r.Service, r.Country = serviceNames[i%services], "NL"
		r.Source, r.CountryFrom, r.Problem, r.Network, r.Outcome = outage.SourceForm, outage.FromAddress, "login", 1136, outage.Counted
		r.ObservedAt, r.ReceivedAt = at, at
	}
	return e
}

var serviceNames = func() []string {
	names := make([]string, 500)
	for i := range names {
		names[i] = "service-" + outage.DeriveID(string(rune(i))).String()[:8]
	}
	return names
}()

func openSQLite(t testing.TB, path string) *archive.Archive {
	t.Helper()
	a, err := archive.OpenSQLite(t.Context(), path, quiet())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, a.Close()) })
	return a
}

func TestFilesThatAreTakenAwayMakeTheArchiveUnavailable(t *testing.T) {
	t.Parallel()
	for name, take := range map[string]func(path string) error{
		"the folder is deleted":    func(path string) error { return os.RemoveAll(filepath.Dir(path)) },
		"the database is replaced": func(path string) error { return errors.Join(os.Remove(path), os.WriteFile(path, nil, 0o600)) },
		"its log is deleted":       func(path string) error { return os.Remove(path + "-wal") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "data", "outcry.db")
			require.NoError(t, os.Mkdir(filepath.Dir(path), 0o700))
			a := openSQLite(t, path)
			require.NoError(t, a.Append(t.Context(), []live.Entry{group(1, 1, 1)}))
			require.NoError(t, a.Ping(t.Context()))
			require.NoError(t, take(path))
			require.ErrorIs(t, a.Ping(t.Context()), outage.ErrUnavailable)
			err := a.Append(t.Context(), []live.Entry{group(1, 2, 1)})
			require.ErrorIs(t, err, outage.ErrUnavailable, "or reports would be acknowledged and lost")
			require.ErrorContains(t, err, "outcry.db")
			require.ErrorContains(t, err, "restart Outcry")
		})
	}
}

func TestSQLiteFilesThatAreRefused(t *testing.T) {
	t.Parallel()
	execute := func(t *testing.T, path, statement string) {
		t.Helper()
		db, err := sql.Open("sqlite", path)
		require.NoError(t, err)
		_, err = db.ExecContext(t.Context(), statement)
		require.NoError(t, err)
		require.NoError(t, db.Close())
	}
	for name, test := range map[string]struct {
		prepare func(t *testing.T, path string)
		says    string
	}{
		"text": {func(t *testing.T, path string) {
			t.Helper()
			require.NoError(t, os.WriteFile(path, []byte("time,service,country,reports\n2017-11-03T08:00:00Z,whatsapp,NL,17\n"), 0o600))
		}, "not an Outcry archive, nor any SQLite database"},
		"another program's database": {func(t *testing.T, path string) {
			t.Helper()
			execute(t, path, "CREATE TABLE bookmarks (url TEXT)")
		}, "SQLite database of something else"},
		"the archive of a newer Outcry": {func(t *testing.T, path string) {
			t.Helper()
			a, err := archive.OpenSQLite(t.Context(), path, quiet())
			require.NoError(t, err)
			require.NoError(t, a.Close())
			execute(t, path, "INSERT INTO schema_version (version_id, is_applied) VALUES (999, 1)")
		}, "written by a newer Outcry"},
		"a directory": {func(t *testing.T, path string) {
			t.Helper()
			require.NoError(t, os.Mkdir(path, 0o700))
		}, "is a directory"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "archive.db")
			test.prepare(t, path)
			before, _ := os.ReadFile(path) //nolint:gosec // a test's own file; a directory reads as nothing
			_, err := archive.OpenSQLite(t.Context(), path, quiet())
			require.ErrorContains(t, err, test.says)
			require.ErrorContains(t, err, path)
			after, _ := os.ReadFile(path) //nolint:gosec // as above
			require.True(t, bytes.Equal(before, after), "it is left as it was")
		})
	}
}

func TestSQLiteFileIsItsOwnersAlone(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "odd name?#%20.db")
	a := openSQLite(t, path)
	require.NoError(t, a.Append(t.Context(), []live.Entry{group(1, 1, 1)}))
	for _, suffix := range []string{"", "-wal", "-shm"} {
		info, err := os.Stat(path + suffix)
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), suffix)
	}
}

func TestSQLiteLockedByAnotherIsUnavailable(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "archive.db")
	a := openSQLite(t, path)
	other, err := sql.Open("sqlite", path+"?_txlock=immediate")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, other.Close()) })
	holding, err := other.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	require.ErrorIs(t, a.Append(t.Context(), []live.Entry{group(1, 1, 1)}), outage.ErrUnavailable)
	require.NoError(t, a.Ping(t.Context()), "readers do not wait for a writer")
	require.NoError(t, holding.Rollback())
	require.NoError(t, a.Append(t.Context(), []live.Entry{group(1, 1, 1)}))
}

func TestSQLiteDestroyedKeyIsInNoFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "archive.db")
	a := openSQLite(t, path)
	key, err := a.DayKey(t.Context(), noon)
	require.NoError(t, err)
	inFiles := func() (found bool) {
		for _, suffix := range []string{"", "-wal"} {
			content, err := os.ReadFile(path + suffix)
			require.NoError(t, err)
			found = found || bytes.Contains(content, key)
		}
		return found
	}
	require.True(t, inFiles())
	_, err = a.DayKey(t.Context(), noon.Add(48*time.Hour))
	require.NoError(t, err)
	require.False(t, inFiles())
}
