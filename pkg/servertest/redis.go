package servertest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const (
	// redisStartLimit is how long a redis-server may take until it accepts
	// connections, its append-only file loaded.
	redisStartLimit = 30 * time.Second
	// redisStopLimit is how long an orderly shutdown may take before the
	// process is killed.
	redisStopLimit = 10 * time.Second
	// redisPortAttempts is how often a start is tried on another port, in case
	// somebody took the free one between its discovery and its use.
	redisPortAttempts = 5
	// redisTail is how many lines of a server's output are kept for a failure's message.
	redisTail = 40
)

// RedisServer is a redis-server process of one test. Its directory and port
// stay the same over Stop, Kill and Restart.
type RedisServer struct {
	tb     testing.TB
	binary string
	dir    string
	port   int
	config []string

	mu      sync.Mutex
	process *redisProcess // nil while down
}

// Redis starts a redis-server on a free port of 127.0.0.1, with its data in a
// directory of the test, and stops it when the test ends. Each config line is
// one of redis.conf, such as "maxmemory 10mb"; they come after the defaults,
// which are those that Outcry ships with: appendonly yes, appendfsync always,
// maxmemory-policy noeviction.
//
// Where redis-server is not installed the test is skipped, and fails in CI.
func Redis(tb testing.TB, config ...string) *RedisServer {
	tb.Helper()
	server := newRedis(tb, config)
	for attempt := 1; ; attempt++ {
		server.port = freePort(tb)
		err := server.start()
		if err == nil {
			return server
		}
		if attempt == redisPortAttempts {
			tb.Fatalf("start redis-server: %v", err)
		}
	}
}

// newRedis prepares a server without starting it, and promises to stop it.
func newRedis(tb testing.TB, config []string) *RedisServer {
	tb.Helper()
	server := &RedisServer{tb: tb, binary: redisBinary(tb), dir: tb.TempDir(), config: config}
	tb.Cleanup(server.Stop)
	return server
}

// redisBinary finds redis-server, or skips (in CI: fails) the test.
func redisBinary(tb testing.TB) string {
	tb.Helper()
	path, err := exec.LookPath("redis-server")
	if err == nil {
		return path
	}
	const message = "redis-server is not installed (Debian: apt-get install redis-server); this test needs a real one"
	if os.Getenv("CI") == "true" {
		tb.Fatal(message)
	}
	tb.Skip(message)
	return ""
}

// Addr returns "127.0.0.1:<port>".
func (s *RedisServer) Addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)) }

// URL returns "redis://127.0.0.1:<port>".
func (s *RedisServer) URL() string { return "redis://" + s.Addr() }

// PID returns the process's id, 0 while the server is down.
func (s *RedisServer) PID() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process == nil {
		return 0
	}
	return s.process.cmd.Process.Pid
}

// Stop ends the server in good order (SIGTERM). Stopping a server that is
// down does nothing.
func (s *RedisServer) Stop() { s.end(syscall.SIGTERM) }

// Kill ends the server as a crash would (SIGKILL).
func (s *RedisServer) Kill() { s.end(syscall.SIGKILL) }

// Restart starts the server again on the same port and data, stopping it first
// if it runs. It returns when the server accepts connections.
func (s *RedisServer) Restart() {
	s.tb.Helper()
	s.Stop()
	if err := s.start(); err != nil {
		// Restart may be called from another goroutine than the test's own,
		// where FailNow is not allowed.
		s.tb.Errorf("restart redis-server: %v", err)
	}
}

func (s *RedisServer) end(signal syscall.Signal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process == nil {
		return
	}
	s.process.end(signal)
	s.process = nil
}

// start launches the process and waits until it accepts connections.
func (s *RedisServer) start() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := os.WriteFile(s.confPath(), []byte(s.conf()), 0o600); err != nil {
		return fmt.Errorf("write redis.conf: %w", err)
	}
	process, err := startRedisProcess(s.binary, s.confPath())
	if err != nil {
		return err
	}
	s.process = process
	return nil
}

func (s *RedisServer) confPath() string { return filepath.Join(s.dir, "redis.conf") }

func (s *RedisServer) conf() string {
	lines := []string{
		"bind 127.0.0.1",
		"port " + strconv.Itoa(s.port),
		"dir " + strconv.Quote(s.dir),
		"daemonize no",
		`logfile ""`,
		`save ""`,
		"appendonly yes",
		"appendfsync always",
		"maxmemory-policy noeviction",
	}
	return strings.Join(append(lines, s.config...), "\n") + "\n"
}

// redisProcess is one life of a server.
type redisProcess struct {
	cmd    *exec.Cmd
	exited chan struct{} // closed when the process is gone and its output read

	mu   sync.Mutex
	tail []string
}

// startRedisProcess returns when the server has said that it accepts
// connections, or an error with the end of its output.
func startRedisProcess(binary, conf string) (*redisProcess, error) {
	cmd := exec.Command(binary, conf) //nolint:gosec // the installed redis-server
	output, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("read its output: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &redisProcess{cmd: cmd, exited: make(chan struct{})}
	ready := make(chan struct{})
	go p.follow(output, ready)

	limit := time.NewTimer(redisStartLimit)
	defer limit.Stop()
	select {
	case <-ready:
		return p, nil
	case <-p.exited:
		return nil, errors.New("it ended at once:\n" + p.output())
	case <-limit.C:
		p.end(syscall.SIGKILL)
		return nil, fmt.Errorf("not ready after %s:\n%s", redisStartLimit, p.output())
	}
}

// follow reads the server's output until it ends, and closes ready at the line
// by which Redis says that it has loaded its data and listens.
func (p *redisProcess) follow(output io.Reader, ready chan<- struct{}) {
	defer close(p.exited)
	announced := false
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		p.remember(lines.Text())
		if !announced && strings.Contains(lines.Text(), "Ready to accept connections") {
			announced = true
			close(ready)
		}
	}
	// The exit status says nothing here: tests kill servers on purpose.
	_ = p.cmd.Wait()
}

func (p *redisProcess) remember(line string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.tail) == redisTail {
		p.tail = p.tail[1:]
	}
	p.tail = append(p.tail, line)
}

func (p *redisProcess) output() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.tail, "\n")
}

// end sends the signal and waits until the process is gone.
func (p *redisProcess) end(signal syscall.Signal) {
	_ = p.cmd.Process.Signal(signal) // an error means that it has ended already
	limit := time.NewTimer(redisStopLimit)
	defer limit.Stop()
	select {
	case <-p.exited:
	case <-limit.C:
		_ = p.cmd.Process.Kill()
		<-p.exited
	}
}

// freePort asks the system for a port that nobody listens on.
func freePort(tb testing.TB) int {
	tb.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatalf("find a free port: %v", err)
	}
	defer func() { _ = listener.Close() }()
	address, ok := listener.Addr().(*net.TCPAddr)
	if !ok {
		tb.Fatalf("find a free port: unexpected address %v", listener.Addr())
	}
	return address.Port
}
