package identity_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/ingest/identity"
	"github.com/outcryhq/outcry/pkg/outage"
)

func openFile(t *testing.T, dir string, c *clock) *identity.FileStore {
	t.Helper()
	file, err := identity.OpenFile(dir, c.now)
	require.NoError(t, err)
	return file
}

func TestFileKeepsTheKeysOfThreeDays(t *testing.T) {
	t.Parallel()
	dir, c := filepath.Join(t.TempDir(), "data"), &clock{at: noon}
	file := openFile(t, dir, c)
	key := func(day time.Time) []byte {
		t.Helper()
		key, err := file.DayKey(t.Context(), day)
		require.NoError(t, err)
		require.Len(t, key, 32)
		return key
	}
	today, tomorrow := key(noon), key(noon.AddDate(0, 0, 1))
	require.NotEqual(t, today, tomorrow)
	require.Equal(t, today, key(noon.Add(11*time.Hour)))

	file = openFile(t, dir, c)
	require.Equal(t, today, key(noon), "as it was before the start")

	c.set(noon.AddDate(0, 0, 1))
	require.Equal(t, tomorrow, key(c.now()))
	require.Equal(t, today, key(noon), "yesterday's is still good")

	c.set(noon.AddDate(0, 0, 2))
	key(c.now())
	text, err := os.ReadFile(filepath.Join(dir, "day-keys"))
	require.NoError(t, err)
	require.NotContains(t, string(text), "2026-05-04", "two days are over")
	require.Contains(t, string(text), "2026-05-05")

	c.set(noon)
	require.NotEqual(t, today, key(noon), "a destroyed key does not come back")
}

func TestFileIsTheOwnersAlone(t *testing.T) {
	t.Parallel()
	dir, c := t.TempDir(), &clock{at: noon}
	_, err := openFile(t, dir, c).DayKey(t.Context(), noon)
	require.NoError(t, err)
	path := filepath.Join(dir, "day-keys")
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	names, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, names, 1, "nothing is left behind")

	require.NoError(t, os.Chmod(path, 0o644)) //nolint:gosec // what is to be refused
	_, err = identity.OpenFile(dir, c.now)
	require.ErrorContains(t, err, "0644")
}

func TestFileThatWasReplacedHoldsNoKey(t *testing.T) {
	t.Parallel()
	dir, c := t.TempDir(), &clock{at: noon}
	file := openFile(t, dir, c)
	_, err := file.DayKey(t.Context(), noon)
	require.NoError(t, err)
	old, err := os.Open(filepath.Join(dir, "day-keys"))
	require.NoError(t, err)
	defer func() { require.NoError(t, old.Close()) }()
	_, err = file.DayKey(t.Context(), noon.AddDate(0, 0, 1))
	require.NoError(t, err)
	rest := make([]byte, 1024)
	n, err := old.Read(rest)
	require.NoError(t, err)
	require.Equal(t, make([]byte, n), rest[:n])
}

func TestWhatACrashLeftIsRemoved(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	left := filepath.Join(dir, "day-keys.tmp")
	require.NoError(t, os.WriteFile(left, []byte("2026-05-04 00"), 0o600))
	openFile(t, dir, &clock{at: noon})
	require.NoFileExists(t, left)
}

func TestDamagedFileIsRefused(t *testing.T) {
	t.Parallel()
	const key = "000102030405060708090a0b0c0d0e0f000102030405060708090a0b0c0d0e0f"
	for name, text := range map[string]string{
		"no key":      "2026-05-04\n",
		"no date":     "yesterday " + key + "\n",
		"short key":   "2026-05-04 " + key[2:] + "\n",
		"odd key":     "2026-05-04 " + key + "0\n",
		"not hex":     "2026-05-04 " + key[:62] + "zz\n",
		"second line": "2026-05-04 " + key + "\nx\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			require.NoError(t, os.WriteFile(filepath.Join(dir, "day-keys"), []byte(text), 0o600))
			_, err := identity.OpenFile(dir, (&clock{at: noon}).now)
			require.ErrorContains(t, err, "line")
			require.NotContains(t, err.Error(), key[2:20])
		})
	}
}

func TestFileRefusesOtherDays(t *testing.T) {
	t.Parallel()
	file := openFile(t, t.TempDir(), &clock{at: noon})
	for _, days := range []int{-2, 2, 400} {
		_, err := file.DayKey(t.Context(), noon.AddDate(0, 0, days))
		require.ErrorIs(t, err, outage.ErrInvalid)
	}
}

func TestFileThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := openFile(t, dir, &clock{at: noon})
	require.NoError(t, os.RemoveAll(dir))
	_, err := file.DayKey(t.Context(), noon)
	require.Error(t, err)
	_, err = identity.OpenFile("", time.Now)
	require.Error(t, err)
}
