package browser_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// site is a running installation with a quiet past of two days.
type site struct {
	url string
}

// program is the path of the program under test, built once.
var program = sync.OnceValues(func() (string, error) { //nolint:gochecknoglobals // built once for all tests
	dir, err := os.MkdirTemp("", "outcry-browser-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "outcry")
	build := exec.Command("go", append(append([]string{"build"}, buildFlags...), "-o", path, "../..")...) //nolint:gosec // fixed
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build: %w: %s", err, out)
	}
	// Looking at a file that is so new keeps the result of the test from being
	// taken for that of another program.
	_, err = os.Stat(path)
	return path, err
})

func TestMain(m *testing.M) {
	m.Run()
	if path, err := program(); err == nil {
		_ = os.RemoveAll(filepath.Dir(path))
	}
}

// newSite starts the program, which knows what is usual for WhatsApp in the Netherlands.
func newSite(t *testing.T) *site {
	t.Helper()
	path, err := program()
	require.NoError(t, err)
	dir := t.TempDir()
	history := bytes.NewBufferString("time,service,country,reports\n")
	hour := time.Now().UTC().Truncate(time.Hour)
	for back := 48; back > 0; back-- {
		fmt.Fprintf(history, "%s,whatsapp,NL,1\n", hour.Add(-time.Duration(back)*time.Hour).Format(time.RFC3339))
	}
	load := exec.Command(path, "import", "--data-dir", dir, "-") //nolint:gosec // the program under test
	load.Stdin = history
	out, err := load.CombinedOutput()
	require.NoError(t, err, "%s", out)

	var listen net.ListenConfig
	free, err := listen.Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := free.Addr().String()
	require.NoError(t, free.Close())
	serve := exec.Command(path, "--data-dir", dir, "--listen", address, "--trusted-proxies", "1") //nolint:gosec // likewise
	serve.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	logs := &bytes.Buffer{}
	serve.Stderr = logs
	require.NoError(t, serve.Start())
	t.Cleanup(func() {
		_ = serve.Process.Signal(syscall.SIGTERM)
		_ = serve.Wait()
		if t.Failed() {
			t.Log(logs.String())
		}
	})
	s := &site{url: "http://" + address}
	require.Eventually(t, func() bool {
		resp, err := http.Get(s.url + "/readyz")
		return err == nil && resp.Body.Close() == nil && resp.StatusCode == http.StatusOK
	}, time.Minute, 20*time.Millisecond)
	return s
}

// crowd lets n people of the Netherlands say that WhatsApp fails, from the given one on.
func (s *site) crowd(t *testing.T, from, n int) {
	t.Helper()
	for i := range n {
		s.say(t, fmt.Sprintf("84.%d.0.1", from+i), "service=whatsapp&country=NL")
	}
}

// say sends one form-encoded report, as the client of a proxy.
func (s *site) say(t *testing.T, address, form string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/v1/reports", strings.NewReader(form))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("X-Forwarded-For", address)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusAccepted, resp.StatusCode, "%s", body)
}

// outage waits until an outage is ongoing and returns its id.
func (s *site) outage(t *testing.T) string {
	t.Helper()
	var id string
	require.Eventually(t, func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/v1/outages?state=ongoing", nil)
		if err != nil {
			return false
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return false
		}
		defer func() { _ = resp.Body.Close() }()
		var list struct {
			Outages []struct {
				ID string `json:"id"`
			} `json:"outages"`
		}
		if json.NewDecoder(resp.Body).Decode(&list) != nil || len(list.Outages) == 0 {
			return false
		}
		id = list.Outages[0].ID
		return true
	}, time.Minute, 100*time.Millisecond)
	return id
}
