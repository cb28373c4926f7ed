package main

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestABodyThatIsTooLargeIsToldOneLimit(t *testing.T) {
	t.Parallel()
	server := startOutcry(t, freeAddress(t), "--data-dir", t.TempDir())
	large := strings.Repeat(" ", 100<<10)
	for name, body := range map[string]io.Reader{
		"announced":       strings.NewReader(large),
		"in chunks":       io.LimitReader(strings.NewReader(large), 1<<20), // of a length that nobody knows
		"a little larger": strings.NewReader(large[:20<<10]),
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.url+"/v1/reports", body)
		require.NoError(t, err)
		request.Header.Set("Content-Type", "application/json")
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err, name)
		text, err := io.ReadAll(response.Body)
		require.NoError(t, err, name)
		require.NoError(t, response.Body.Close())
		require.Equal(t, http.StatusRequestEntityTooLarge, response.StatusCode, name)
		require.Contains(t, string(text), "at most 16384 bytes", name)
	}
	require.Equal(t, exitOK, server.stop())
}
