package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestKeysThatAreGoneAreToldOf(t *testing.T) {
	t.Parallel()
	const warning = "the keys of the day are gone"
	dir := emptyArchive(t)
	start := func() string {
		t.Helper()
		server := startOutcry(t, freeAddress(t), "--data-dir", dir)
		require.Equal(t, exitOK, server.stop())
		return server.logs.String()
	}
	require.NotContains(t, start(), warning, "a first start has none to lose")

	counts := "time,service,country,reports\n" + time.Now().UTC().Add(-10*time.Minute).Format("2006-01-02T15:04:00Z") + ",whatsapp,NL,3\n"
	status, _, stderr := outcry(counts, "import", "--data-dir", dir, "-")
	require.Equal(t, exitOK, status, stderr)
	require.NotContains(t, start(), warning, "they are still there")
	require.NoError(t, os.Truncate(filepath.Join(dir, "day-keys"), 0))
	require.Contains(t, start(), warning)
	require.NoError(t, os.Remove(filepath.Join(dir, "day-keys")))
	require.Contains(t, start(), warning)
}
