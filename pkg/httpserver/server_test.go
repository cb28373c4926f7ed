package httpserver_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/httpserver"
)

// syncBuffer is a log that the server and the test may touch at once.
type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// running is a server under test.
type running struct {
	url  string
	stop context.CancelFunc
	done chan error
	log  *syncBuffer
}

func run(t *testing.T, handler http.Handler, drain time.Duration) running {
	t.Helper()
	logs := &syncBuffer{}
	server, err := httpserver.NewServer(httpserver.ServerConfig{
		Handler: handler, Logger: slog.New(slog.NewTextHandler(logs, nil)), Drain: drain,
	})
	require.NoError(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	r := running{url: "http://" + listener.Addr().String(), stop: stop, done: make(chan error, 1), log: logs}
	go func() { r.done <- server.Run(ctx, listener) }()
	t.Cleanup(stop)
	return r
}

func TestServerLetsRequestsFinish(t *testing.T) {
	t.Parallel()
	arrived, release := make(chan struct{}), make(chan struct{})
	s := run(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-release
		if r.Context().Err() != nil {
			w.WriteHeader(http.StatusTeapot)
		}
	}), 0)
	status := make(chan int, 1)
	go func() {
		resp, err := http.Get(s.url)
		if err != nil {
			status <- 0
			return
		}
		_ = resp.Body.Close()
		status <- resp.StatusCode
	}()
	<-arrived
	s.stop()
	close(release)
	require.Equal(t, http.StatusOK, <-status)
	require.NoError(t, <-s.done)
}

func TestServerCutsWhatOutlastsTheDrain(t *testing.T) {
	t.Parallel()
	arrived, ended := make(chan struct{}), make(chan struct{})
	s := run(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-r.Context().Done() // ends when the connection is cut
		close(ended)
	}), time.Millisecond)
	go func() {
		if resp, err := http.Get(s.url); err == nil {
			_ = resp.Body.Close()
		}
	}()
	<-arrived
	s.stop()
	require.NoError(t, <-s.done)
	<-ended
	require.Contains(t, s.log.String(), "http requests were cut")
}

// bell tells when its listener is closed: from then on nobody can connect.
type bell struct {
	net.Listener
	closed atomic.Bool
}

func (b *bell) Close() error {
	b.closed.Store(true)
	return b.Listener.Close()
}

func TestServerSaysThatItDrainsBeforeItRefuses(t *testing.T) {
	t.Parallel()
	watch, err := httpserver.NewWatch(httpserver.WatchConfig{Gatherer: prometheus.NewRegistry(), Now: time.Now})
	require.NoError(t, err)
	router := gin.New()
	watch.Mount(router)
	var lc net.ListenConfig
	inner, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	listener := &bell{Listener: inner}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var refusedFirst bool
	asked := make(chan int, 1)
	server, err := httpserver.NewServer(httpserver.ServerConfig{
		Handler: router, Logger: slog.New(slog.DiscardHandler), Notice: time.Millisecond,
		Draining: func() {
			refusedFirst = listener.closed.Load()
			watch.Drain()
			asked <- statusOf(ctx, "http://"+inner.Addr().String()+"/readyz")
		},
	})
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() { done <- server.Run(ctx, listener) }()
	stop()
	require.Equal(t, http.StatusServiceUnavailable, <-asked, "a balancer can still ask")
	require.NoError(t, <-done)
	require.False(t, refusedFirst)
	require.True(t, listener.closed.Load())
}

// statusOf asks on a connection of its own; 0 means that nobody answered.
func statusOf(ctx context.Context, url string) int {
	req, err := http.NewRequestWithContext(context.WithoutCancel(ctx), http.MethodGet, url, nil)
	if err != nil {
		return 0
	}
	req.Close = true
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

func TestServerReportsAListenerThatFails(t *testing.T) {
	t.Parallel()
	server, err := httpserver.NewServer(httpserver.ServerConfig{Handler: http.NotFoundHandler(), Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	require.ErrorContains(t, server.Run(t.Context(), listener), "serve http")
}

func TestHeadIsAnsweredLikeGetWithoutBody(t *testing.T) {
	t.Parallel()
	s := run(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Method)
	}), 0)
	resp, err := http.Head(s.url)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Empty(t, body)
	require.EqualValues(t, len("GET"), resp.ContentLength)
}

func TestServerMessagesHoldNoAddress(t *testing.T) {
	t.Parallel()
	s := run(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		panic("no recovery here")
	}), 0)
	host := strings.TrimPrefix(s.url, "http://")
	conn, err := net.Dial("tcp", host)
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	_, err = fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", host)
	require.NoError(t, err)
	_, err = bufio.NewReader(conn).ReadByte()
	require.ErrorIs(t, err, io.EOF)
	s.stop()
	require.NoError(t, <-s.done)
	require.Contains(t, s.log.String(), "panic serving (address)")
	require.NotContains(t, s.log.String(), conn.LocalAddr().String())
}

func TestServerConfigIsChecked(t *testing.T) {
	t.Parallel()
	for name, bad := range map[string]httpserver.ServerConfig{
		"no handler":      {Logger: slog.New(slog.DiscardHandler)},
		"no logger":       {Handler: http.NotFoundHandler()},
		"negative drain":  {Handler: http.NotFoundHandler(), Logger: slog.New(slog.DiscardHandler), Drain: -1},
		"negative notice": {Handler: http.NotFoundHandler(), Logger: slog.New(slog.DiscardHandler), Notice: -1},
	} {
		_, err := httpserver.NewServer(bad)
		require.Error(t, err, name)
	}
}
