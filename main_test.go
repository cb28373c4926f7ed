package main

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"
)

// actAs is the variable that makes this test binary act as a program, so that
// tests can start, kill and measure real processes without a second build.
const actAs = "TEST_ACT_AS"

func TestMain(m *testing.M) {
	switch os.Getenv(actAs) {
	case "outcry":
		os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	case "bare-gin":
		os.Exit(bareGin(os.Args[1]))
	case "bare-read":
		os.Exit(bareRead(os.Args[1], os.Args[2]))
	}
	os.Exit(m.Run())
}

// bareGin is what POST /v1/reports is measured against: it binds the same JSON
// and answers 202.
func bareGin(address string) int {
	gin.SetMode(gin.ReleaseMode)
	router := gin.New()
	router.POST("/v1/reports", func(c *gin.Context) {
		var body struct {
			Service string `json:"service" binding:"required"`
			Problem string `json:"problem"`
			Country string `json:"country"`
		}
		if err := c.ShouldBindJSON(&body); err != nil {
			c.AbortWithStatus(http.StatusBadRequest)
			return
		}
		c.JSON(http.StatusAccepted, gin.H{"service": body.Service, "country": body.Country, "counted": true})
	})
	server := &http.Server{Addr: address, Handler: router, ReadHeaderTimeout: time.Second}
	if err := server.ListenAndServe(); err != nil {
		return exitFailed
	}
	return exitOK
}

// process is a program that a test started.
type process struct {
	tb   testing.TB
	cmd  *exec.Cmd
	url  string
	done chan error
	logs *strings.Builder
}

// freeAddress is a loopback address on which nothing listens right now.
func freeAddress(tb testing.TB) string {
	tb.Helper()
	var lc net.ListenConfig
	l, err := lc.Listen(tb.Context(), "tcp", "127.0.0.1:0")
	require.NoError(tb, err)
	require.NoError(tb, l.Close())
	return l.Addr().String()
}

// startProcess starts this test binary as another program.
func startProcess(tb testing.TB, as, address string, args ...string) *process {
	tb.Helper()
	self, err := os.Executable()
	require.NoError(tb, err)
	p := &process{tb: tb, url: "http://" + address, done: make(chan error, 1), logs: &strings.Builder{}}
	p.cmd = exec.Command(self, args...) //nolint:gosec // this very binary
	p.cmd.Env = append(os.Environ(), actAs+"="+as, "GIN_MODE=release")
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	stderr, err := p.cmd.StderrPipe()
	require.NoError(tb, err)
	require.NoError(tb, p.cmd.Start())
	go func() {
		lines := bufio.NewScanner(stderr)
		for lines.Scan() {
			p.logs.WriteString(lines.Text() + "\n")
		}
		p.done <- p.cmd.Wait()
	}()
	tb.Cleanup(p.kill)
	return p
}

// startOutcry starts a server and waits until it is ready.
func startOutcry(tb testing.TB, address string, args ...string) *process {
	tb.Helper()
	p := startProcess(tb, "outcry", address, append([]string{"--listen", address, "--limit-reads", "0"}, args...)...) // tests ask again and again
	p.waitReady("/readyz")
	return p
}

// waitReady waits until the path answers 200.
func (p *process) waitReady(path string) {
	p.tb.Helper()
	ctx, cancel := context.WithTimeout(p.tb.Context(), time.Minute)
	defer cancel()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url+path, nil)
		require.NoError(p.tb, err)
		resp, err := http.DefaultClient.Do(req)
		if err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return
			}
		}
		select {
		case err := <-p.done:
			p.done <- err
			require.FailNow(p.tb, "the process ended before it was ready", "%v\n%s", err, p.logs)
		case <-ctx.Done():
			require.FailNow(p.tb, "the process was not ready within a minute")
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// kill ends the process as a power cut would: SIGKILL, nothing flushed.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	p.done <- <-p.done
}

// stop asks the process to end and returns its exit status.
func (p *process) stop() int {
	p.tb.Helper()
	require.NoError(p.tb, p.cmd.Process.Signal(syscall.SIGTERM))
	select {
	case err := <-p.done:
		p.done <- err
	case <-time.After(30 * time.Second):
		require.FailNow(p.tb, "the process did not stop within 30 seconds")
	}
	return p.cmd.ProcessState.ExitCode()
}
