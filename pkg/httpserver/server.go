package httpserver

import (
	"context"
	"errors"
	"fmt"
	"log" //nolint:depguard // net/http takes no other logger
	"log/slog"
	"net"
	"net/http"
	"regexp"
	"time"
)

// The server's limits. A report or a page is small; whoever needs longer than
// this is broken or hostile.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 15 * time.Second
	writeTimeout      = 30 * time.Second
	idleTimeout       = 75 * time.Second
	maxHeaderBytes    = 16 << 10

	// DefaultDrain is how long requests under way may take once the server stops.
	DefaultDrain = 15 * time.Second
)

// ServerConfig is what NewServer needs.
type ServerConfig struct {
	Handler http.Handler
	Logger  *slog.Logger
	// Drain is how long requests under way may take once the server stops;
	// 0 means DefaultDrain.
	Drain time.Duration
	// Draining, if set, is called once when the server begins to stop, before
	// anything is refused: Watch.Drain.
	Draining func()
	// Notice is how long the server goes on as before after that, so that a load
	// balancer learns of it and sends nothing new. It delays every stop; 0 where
	// nobody balances.
	Notice time.Duration
}

// Server serves HTTP until it is told to stop.
type Server struct {
	http     *http.Server
	logger   *slog.Logger
	drain    time.Duration
	draining func()
	notice   time.Duration
}

// NewServer returns a server. It listens to nothing yet.
func NewServer(cfg ServerConfig) (*Server, error) {
	if cfg.Handler == nil || cfg.Logger == nil {
		return nil, errors.New("http server: a handler and a logger are required")
	}
	if cfg.Drain < 0 || cfg.Notice < 0 {
		return nil, fmt.Errorf("http server: a drain time of %s after a notice of %s", cfg.Drain, cfg.Notice)
	}
	if cfg.Draining == nil {
		cfg.Draining = func() {}
	}
	if cfg.Drain == 0 {
		cfg.Drain = DefaultDrain
	}
	packed, err := compress(cfg.Handler)
	if err != nil {
		return nil, err
	}
	return &Server{
		logger:   cfg.Logger,
		drain:    cfg.Drain,
		draining: cfg.Draining,
		notice:   cfg.Notice,
		http: &http.Server{
			Handler:           headAsGet(packed),
			ReadHeaderTimeout: readHeaderTimeout,
			ReadTimeout:       readTimeout,
			WriteTimeout:      writeTimeout,
			IdleTimeout:       idleTimeout,
			MaxHeaderBytes:    maxHeaderBytes,
			ErrorLog:          log.New(&errorLog{cfg.Logger}, "", 0),
		},
	}, nil
}

// Run serves on the listener until the context ends. Then it says that it is
// draining, serves on for the time of notice, refuses new connections, lets the
// requests under way finish, and returns nil; those that outlast the drain time
// are cut. It owns the listener, and returns early with the error that serving
// met. A Server runs once.
func (s *Server) Run(ctx context.Context, listener net.Listener) error {
	served := make(chan error, 1)
	go func() { served <- s.http.Serve(listener) }()

	select {
	case err := <-served:
		return fmt.Errorf("serve http: %w", err)
	case <-ctx.Done():
	}
	s.draining()
	select {
	case err := <-served:
		return fmt.Errorf("serve http: %w", err)
	case <-time.After(s.notice):
	}

	// The context that ended must not end the draining too.
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.drain)
	defer cancel()
	if err := s.http.Shutdown(drain); err != nil {
		s.logger.Warn("http requests were cut", slog.Duration("after", s.drain))
		_ = s.http.Close() // what is left to close is what has just been given up
	}
	<-served //nolint:errcheck // it says that it was closed
	return nil
}

// headAsGet answers HEAD like GET; net/http leaves the body out.
func headAsGet(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead {
			clone := *r
			clone.Method = http.MethodGet
			r = &clone
		}
		next.ServeHTTP(w, r)
	})
}

// addresses matches what net/http names a peer by in its messages.
var addresses = regexp.MustCompile(`\[[0-9a-fA-F:.%a-z]+\](:\d+)?|\d{1,3}(\.\d{1,3}){3}(:\d+)?`)

// maxServerText bounds a message of net/http, which may quote input or hold a stack.
const maxServerText = 2000

// errorLog takes net/http's own messages into the log, without addresses.
type errorLog struct{ logger *slog.Logger }

// Write implements io.Writer; each call is a message.
func (l *errorLog) Write(p []byte) (int, error) {
	text := addresses.ReplaceAll(p[:min(len(p), maxServerText)], []byte("(address)"))
	l.logger.Warn("http server", slog.String("message", string(text)))
	return len(p), nil
}
