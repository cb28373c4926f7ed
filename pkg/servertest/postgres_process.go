package servertest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// postgresStopLimit is how long an orderly shutdown may take before the
// process is killed.
const postgresStopLimit = 10 * time.Second

// postgresProcess is one life of a server.
type postgresProcess struct {
	cmd    *exec.Cmd
	exited chan struct{}
}

// end sends the signal and waits until the process is gone.
func (p *postgresProcess) end(signal syscall.Signal) {
	_ = p.cmd.Process.Signal(signal) // an error means that it has ended already
	limit := time.NewTimer(postgresStopLimit)
	defer limit.Stop()
	select {
	case <-p.exited:
	case <-limit.C:
		_ = p.cmd.Process.Kill()
		<-p.exited
	}
}

// leftover says of a server's last words that processes of an earlier life are
// still there.
func leftover(log string) bool {
	return strings.Contains(log, "shared memory block") || strings.Contains(log, "lock file \"postmaster.pid\"")
}

// readEnd returns the last part of a file, for a failure's message.
func readEnd(path string) string {
	const most = 4000
	text, err := os.ReadFile(path) //nolint:gosec // in our own directory
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-most):])
}

// postgresBinaries finds the directory of the newest PostgreSQL, as Debian
// lays it out or on the PATH, or skips (in CI: fails) the test.
func postgresBinaries(tb testing.TB) string {
	tb.Helper()
	newest, dir := 0, ""
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb") // the pattern is well-formed
	for _, path := range found {
		bin := filepath.Dir(path)
		version, err := strconv.Atoi(filepath.Base(filepath.Dir(bin)))
		if err == nil && version > newest {
			newest, dir = version, bin
		}
	}
	if dir != "" {
		return dir
	}
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path)
	}
	const message = "PostgreSQL is not installed (Debian: apt-get install postgresql); this test needs a real one"
	if os.Getenv("CI") == "true" {
		tb.Fatal(message)
	}
	tb.Skip(message)
	return ""
}
