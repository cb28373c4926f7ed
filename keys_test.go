package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
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
	keys := filepath.Join(dir, "day-keys")
	counts := "time,service,country,reports\n" + time.Now().UTC().Add(-10*time.Minute).Format("2006-01-02T15:04:00Z") + ",whatsapp,NL,3\n"
	status, _, stderr := outcry(counts, "import", "--data-dir", dir, "-")
	require.Equal(t, exitOK, status, stderr)
	require.NotContains(t, start(), warning, "a first start has none to lose, whatever was imported")
	require.NoError(t, os.Remove(keys))
	require.NotContains(t, start(), warning, "nobody has reported yet")

	server := startOutcry(t, freeAddress(t), "--data-dir", dir)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.url+"/v1/reports", strings.NewReader(`{"service":"whatsapp","country":"NL"}`))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusAccepted, resp.StatusCode)
	require.Equal(t, exitOK, server.stop())
	require.NotContains(t, start(), warning, "they are still there")
	require.NoError(t, os.Truncate(keys, 0))
	require.Contains(t, start(), warning)
	require.NoError(t, os.Remove(keys))
	require.Contains(t, start(), warning)
}
