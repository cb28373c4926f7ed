package servertest

import (
	"context"
	"database/sql"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver by which databases are created
)

const (
	// postgresStartLimit is how long the server may take until it answers,
	// recovery after a crash included.
	postgresStartLimit = 60 * time.Second
	postgresPoll       = 20 * time.Millisecond
	// postgresPortAttempts is how often a start is tried on another port.
	postgresPortAttempts = 5
)

// PostgresServer is a PostgreSQL of one test. Its directory and port stay the
// same over Stop, Kill and Restart.
type PostgresServer struct {
	tb        testing.TB
	binaries  string // the directory with initdb and postgres
	as        *syscall.SysProcAttr
	dir       string
	port      int
	settings  []string // given after our own, such as "fsync=on"
	databases atomic.Int64

	mu      sync.Mutex
	process *postgresProcess // nil while down
}

// Postgres starts a PostgreSQL on a free port of 127.0.0.1, with its data in a
// directory of its own, and stops it when the test ends. As PostgreSQL refuses
// to run as root, root's tests run it as the user postgres, or else nobody.
//
// It does not sync to the disk unless the settings ("fsync=on") say so: what
// was committed outlives Kill, but would not outlive the machine.
//
// Where PostgreSQL is not installed the test is skipped, and fails in CI.
func Postgres(tb testing.TB, settings ...string) *PostgresServer {
	tb.Helper()
	s := &PostgresServer{tb: tb, settings: settings, binaries: postgresBinaries(tb), as: &syscall.SysProcAttr{}}
	dir, err := os.MkdirTemp("", "outcry-postgres-") // not TempDir: its parents are closed to other users
	if err != nil {
		tb.Fatalf("make a directory for PostgreSQL: %v", err)
	}
	s.dir = dir
	tb.Cleanup(func() { _ = os.RemoveAll(dir) })
	tb.Cleanup(s.Stop)
	if os.Getuid() == 0 {
		if err := s.becomeAnother(); err != nil {
			tb.Fatalf("run PostgreSQL as another user: %v", err)
		}
	}
	if output, err := s.command("initdb", "-D", s.data(), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "-N").CombinedOutput(); err != nil {
		tb.Fatalf("initdb: %v\n%s", err, output)
	}
	for attempt := 1; ; attempt++ {
		s.port = freePort(tb)
		err := s.start()
		if err == nil {
			return s
		}
		if attempt == postgresPortAttempts {
			tb.Fatalf("start PostgreSQL: %v", err)
		}
	}
}

// Addr returns "127.0.0.1:<port>".
func (s *PostgresServer) Addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)) }

// URL returns the address of the database "postgres", for its superuser.
func (s *PostgresServer) URL() string { return s.url("postgres") }

func (s *PostgresServer) url(database string) string {
	u := url.URL{Scheme: "postgres", User: url.User("postgres"), Host: s.Addr(), Path: database, RawQuery: "sslmode=disable"}
	return u.String()
}

// Database creates an empty database and returns its URL.
func (s *PostgresServer) Database(tb testing.TB) string {
	tb.Helper()
	name := "test_" + strconv.FormatInt(s.databases.Add(1), 10)
	db, err := sql.Open("pgx", s.URL())
	if err != nil {
		tb.Fatalf("create a database: %v", err)
	}
	defer func() { _ = db.Close() }()
	// template0 can be copied by several tests at once.
	if _, err := db.ExecContext(context.Background(), "CREATE DATABASE "+name+" TEMPLATE template0"); err != nil {
		tb.Fatalf("create a database: %v", err)
	}
	return s.url(name)
}

// PID returns the postmaster's process id, 0 while the server is down.
func (s *PostgresServer) PID() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process == nil {
		return 0
	}
	return s.process.cmd.Process.Pid
}

// Stop ends the server in good order and breaks its connections (SIGINT, a
// "fast shutdown"). Stopping a server that is down does nothing.
func (s *PostgresServer) Stop() { s.end(syscall.SIGINT) }

// Kill ends the server as a crash would (SIGKILL). It recovers at Restart.
func (s *PostgresServer) Kill() { s.end(syscall.SIGKILL) }

// Restart starts the server again on the same port and data, stopping it first
// if it runs. It returns when the server answers.
func (s *PostgresServer) Restart() {
	s.tb.Helper()
	s.Stop()
	if err := s.start(); err != nil {
		// Restart may be called from another goroutine than the test's own,
		// where FailNow is not allowed.
		s.tb.Errorf("restart PostgreSQL: %v", err)
	}
}

func (s *PostgresServer) end(signal syscall.Signal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process == nil {
		return
	}
	s.process.end(signal)
	s.process = nil
}

// becomeAnother makes the commands run as another user, who owns the directory.
func (s *PostgresServer) becomeAnother() error {
	other, err := user.Lookup("postgres")
	if err != nil {
		if other, err = user.Lookup("nobody"); err != nil {
			return err
		}
	}
	uid, err := strconv.ParseUint(other.Uid, 10, 32)
	if err != nil {
		return err
	}
	gid, err := strconv.ParseUint(other.Gid, 10, 32)
	if err != nil {
		return err
	}
	s.as.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return os.Chown(s.dir, int(uid), int(gid)) //nolint:gosec // 32 bits
}

func (s *PostgresServer) data() string { return filepath.Join(s.dir, "data") }

func (s *PostgresServer) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(s.binaries, name), args...) //nolint:gosec // the installed PostgreSQL
	cmd.Dir, cmd.SysProcAttr = s.dir, s.as
	return cmd
}

// start launches the server and waits until it answers. After a Kill the
// processes of its last life need a moment to notice; until then a new one
// ends at once and is tried again.
func (s *PostgresServer) start() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), postgresStartLimit)
	defer cancel()
	poll := time.NewTicker(postgresPoll)
	defer poll.Stop()
	log := filepath.Join(s.dir, "log")
	for {
		process, err := s.launch(log)
		if err != nil {
			return err
		}
		for running := true; running; {
			if s.answers(ctx) {
				s.process = process
				return nil
			}
			select {
			case <-process.exited:
				running = false
			case <-poll.C:
			case <-ctx.Done():
				process.end(syscall.SIGKILL)
				return fmt.Errorf("not ready after %s:\n%s", postgresStartLimit, readEnd(log))
			}
		}
		if !leftover(readEnd(log)) {
			return fmt.Errorf("it ended at once:\n%s", readEnd(log))
		}
		<-poll.C
	}
}

func (s *PostgresServer) launch(log string) (*postgresProcess, error) {
	output, err := os.Create(log) //nolint:gosec // in our own directory
	if err != nil {
		return nil, err
	}
	defer func() { _ = output.Close() }() // the server has its own
	args := []string{"-D", s.data(), "-p", strconv.Itoa(s.port), "-k", s.dir, "-h", "127.0.0.1"}
	for _, setting := range append([]string{"fsync=off", "full_page_writes=off", "max_connections=200", "shared_buffers=32MB"}, s.settings...) {
		args = append(args, "-c", setting)
	}
	cmd := s.command("postgres", args...)
	cmd.Stdout, cmd.Stderr = output, output
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &postgresProcess{cmd: cmd, exited: make(chan struct{})}
	go func() {
		defer close(p.exited)
		_ = cmd.Wait() // the exit status says nothing: tests kill servers on purpose
	}()
	return p, nil
}

// answers makes one attempt to connect.
func (s *PostgresServer) answers(ctx context.Context) bool {
	db, err := sql.Open("pgx", s.URL())
	if err != nil {
		return false
	}
	defer func() { _ = db.Close() }()
	return db.PingContext(ctx) == nil
}
