package servertest

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
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

// end sends the signal and waits until the process is gone. SIGKILL takes the
// processes of the server's connections with it: left alone they would answer
// for another moment.
func (p *postgresProcess) end(signal syscall.Signal) {
	var family []int
	if signal == syscall.SIGKILL {
		family = children(p.cmd.Process.Pid)
	}
	_ = p.cmd.Process.Signal(signal) // an error means that it has ended already
	limit := time.NewTimer(postgresStopLimit)
	defer limit.Stop()
	select {
	case <-p.exited:
	case <-limit.C:
		_ = p.cmd.Process.Kill()
		<-p.exited
	}
	for _, pid := range family {
		_ = syscall.Kill(pid, syscall.SIGKILL) // an error means that it has ended already
	}
	poll := time.NewTicker(postgresPoll)
	defer poll.Stop()
	for slices.ContainsFunc(family, alive) {
		<-poll.C
	}
}

// children lists the processes that a process has started, where Linux tells.
func children(pid int) []int {
	id := strconv.Itoa(pid)
	text, err := os.ReadFile("/proc/" + id + "/task/" + id + "/children")
	if err != nil {
		return nil
	}
	var pids []int
	for field := range strings.FieldsSeq(string(text)) {
		if child, err := strconv.Atoi(field); err == nil {
			pids = append(pids, child)
		}
	}
	return pids
}

// alive says that a process has not ended; one that only waits to be reaped has.
func alive(pid int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return false
	}
	_, rest, found := strings.Cut(string(stat), ") ") // the state follows the name
	return found && !strings.HasPrefix(rest, "Z") && !strings.HasPrefix(rest, "X")
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
