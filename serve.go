package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// server is one process with the roles that it plays.
type server struct {
	cfg      config
	now      func() time.Time // the clock of what is observed
	tick     time.Duration    // how often the detector looks; 0 means its default
	notice   time.Duration    // how long a balancer is told before HTTP stops
	logger   *slog.Logger
	started  func(*roles, string) // told the roles and the URL once it listens
	registry *prometheus.Registry
}

// balancerNotice is how long a process of split roles answers 503 on /readyz
// before it refuses connections: who balances asks about once a second.
const balancerNotice = time.Second

// serve runs until ctx ends, and then stops gracefully.
func serve(ctx context.Context, cfg config, stdout, stderr io.Writer) error {
	s := server{
		cfg: cfg, now: time.Now, logger: newLogger(cfg, stderr),
		started: func(_ *roles, url string) {
			_, _ = fmt.Fprintf(stdout, "Outcry is at %s\n", url)
		},
	}
	if !cfg.embedded() {
		s.notice = balancerNotice
	}
	err := s.run(ctx)
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil // told to stop while it was still starting
	}
	return err
}

func (s *server) run(ctx context.Context) (err error) {
	var closing cleanups
	defer func() { err = errors.Join(err, closing.run()) }()
	s.registry = prometheus.NewRegistry()
	s.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))

	// The files, the folder and the address first: what is wrong or taken should not cost a migration.
	if err := s.cfg.validateFiles(); err != nil {
		return err
	}
	if s.cfg.embedded() {
		if err := lockDataDir(s.cfg.DataDir, &closing); err != nil {
			return err
		}
	}
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp", s.cfg.Listen)
	if err != nil {
		return fmt.Errorf("listen on --listen %s: %w", s.cfg.Listen, err)
	}
	// The HTTP server closes it too; whoever comes second is told so.
	closing.add("listener", func() error {
		if err := listener.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			return fmt.Errorf("close the listener: %w", err)
		}
		return nil
	})

	opened, err := openStores(ctx, s.cfg, s.now, s.logger, &closing)
	if err != nil {
		return err
	}
	built, err := s.build(opened, listener) //nolint:contextcheck // the requests have contexts of their own
	if err != nil {
		return err
	}
	if s.started != nil {
		s.started(built, s.url(listener))
	}
	return runAll(ctx, built.components)
}

// url is where a person on this machine finds the server.
func (s *server) url(listener net.Listener) string {
	if s.cfg.BaseURL != "" {
		return s.cfg.BaseURL
	}
	return "http://" + listener.Addr().String()
}

func newLogger(cfg config, w io.Writer) *slog.Logger {
	var level slog.Level
	// validate has made sure that the level is one.
	_ = level.UnmarshalText([]byte(cfg.LogLevel))
	options := &slog.HandlerOptions{Level: level}
	if cfg.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}
