package socialtest_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/ingest/social"
	"github.com/outcryhq/outcry/ingest/social/socialtest"
	"github.com/outcryhq/outcry/pkg/outage"
)

// The smallest network that keeps the contract shows that it can be kept. Its
// client says "after <cursor>", its server answers with a status and, if that is
// 200, sends a line of JSON for each post and an empty one to keep alive.

func TestLine(t *testing.T) {
	t.Parallel()
	socialtest.Run(t, func(t *testing.T) socialtest.Server { return newLineServer(t, true) })
}

func TestLineWithoutCursors(t *testing.T) {
	t.Parallel()
	socialtest.Run(t, func(t *testing.T) socialtest.Server { return newLineServer(t, false) })
}

const (
	lineWatchdog = 3 * time.Second
	lineAlive    = 100 * time.Millisecond
	maxLine      = 1 << 20
)

// lineMessage is a post, or the deletion of one.
type lineMessage struct {
	Seq     int64     `json:"seq"`
	ID      string    `json:"id"`
	Author  string    `json:"author"`
	Text    string    `json:"text"`
	At      time.Time `json:"at"`
	Deleted bool      `json:"deleted"`
}

type lineNetwork struct{ address string }

func (lineNetwork) Source() outage.Source { return outage.SourceMastodon }
func (n lineNetwork) Instance() string    { return "line" }

func (n lineNetwork) Read(ctx context.Context, cursor string, out social.Out) error {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", n.address)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	if _, err := fmt.Fprintf(conn, "after %s\n", cursor); err != nil {
		return err
	}
	lines := lineReader{conn, bufio.NewReader(conn)}
	status, err := lines.next()
	if err != nil {
		return err
	}
	switch code, wait, _ := strings.Cut(string(status), " "); {
	case code == "200":
	case code == "401":
		return social.Permanent(errors.New("401"))
	case wait != "":
		seconds, _ := strconv.Atoi(wait)
		return &social.RetryError{After: time.Duration(seconds) * time.Second, Err: errors.New(code)}
	default:
		return errors.New(code)
	}
	out.Connected()
	for {
		line, err := lines.next()
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, errLong):
			out.Skipped("too_large")
			continue
		case err != nil:
			return err
		case len(line) == 0:
			out.Alive()
			continue
		}
		var m lineMessage
		if json.Unmarshal(line, &m) != nil || m.ID == "" {
			out.Skipped("malformed")
			continue
		}
		if m.Deleted {
			err = out.Delete(ctx, m.ID)
		} else {
			err = out.Post(ctx, social.Post{ID: m.ID, Author: m.Author, Text: m.Text, At: m.At, Link: "https://line.example/" + m.ID})
		}
		if err != nil {
			return nil // ctx has ended
		}
		out.Advance(strconv.FormatInt(m.Seq, 10))
	}
}

var errLong = errors.New("line too long")

type lineReader struct {
	conn net.Conn
	r    *bufio.Reader
}

func (l lineReader) next() ([]byte, error) {
	if err := l.conn.SetReadDeadline(time.Now().Add(lineWatchdog)); err != nil {
		return nil, err
	}
	var line []byte
	long := false
	for {
		part, err := l.r.ReadSlice('\n')
		if long = long || len(line)+len(part) > maxLine; !long {
			line = append(line, part...)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if long {
			return nil, errLong
		}
		return bytes.TrimSpace(line), nil
	}
}

// lineServer is the server. Posts are kept for those who resume.
type lineServer struct {
	resumes  bool
	listener net.Listener
	serving  sync.WaitGroup

	mu       sync.Mutex
	history  []lineMessage
	clients  map[*lineClient]struct{}
	refusals []int
	closed   bool
}

// lineClient is one connection with what waits to be written to it.
type lineClient struct {
	conn    net.Conn
	mu      sync.Mutex
	waiting [][]byte
	stalled bool
	wake    chan struct{}
	gone    chan struct{}
}

func newLineServer(t *testing.T, resumes bool) *lineServer {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &lineServer{resumes: resumes, listener: listener, clients: map[*lineClient]struct{}{}}
	s.serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			s.serving.Go(func() { s.serve(conn) })
		}
	})
	return s
}

func (s *lineServer) serve(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	request, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		return
	}
	client := &lineClient{conn: conn, wake: make(chan struct{}, 1), gone: make(chan struct{})}
	if !s.admit(client, strings.TrimSpace(strings.TrimPrefix(request, "after "))) {
		return
	}
	defer s.forget(client)
	go func() { // the client sends nothing more: this ends with the connection
		_, _ = conn.Read(make([]byte, 1))
		close(client.gone)
	}()
	client.write()
}

// admit answers the client, and adds it with what it has missed.
func (s *lineServer) admit(client *lineClient, cursor string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	if len(s.refusals) > 0 {
		status := s.refusals[0]
		s.refusals = s.refusals[1:]
		switch status {
		case 0:
		case 429, 503:
			_, _ = fmt.Fprintf(client.conn, "%d 1\n", status)
		default:
			_, _ = fmt.Fprintf(client.conn, "%d\n", status)
		}
		return false
	}
	client.send([]byte("200"))
	if after, err := strconv.ParseInt(cursor, 10, 64); err == nil && s.resumes {
		for _, m := range s.history {
			if m.Seq > after-2 { // it goes back a little, as networks do
				client.send(encodeLine(m))
			}
		}
	}
	s.clients[client] = struct{}{}
	return true
}

func (s *lineServer) forget(client *lineClient) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.clients, client)
}

func (c *lineClient) send(line []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waiting = append(c.waiting, line)
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

func (c *lineClient) write() {
	alive := time.NewTicker(lineAlive)
	defer alive.Stop()
	for {
		select {
		case <-c.gone:
			return
		case <-alive.C:
			c.send(nil)
		case <-c.wake:
		}
		c.mu.Lock()
		lines, stalled := c.waiting, c.stalled
		c.waiting = nil
		c.mu.Unlock()
		for _, line := range lines {
			if stalled {
				break
			}
			if _, err := c.conn.Write(append(bytes.Clone(line), '\n')); err != nil {
				return
			}
		}
	}
}

func encodeLine(m lineMessage) []byte {
	line, err := json.Marshal(m)
	if err != nil {
		panic(err)
	}
	return line
}

func (s *lineServer) emit(m lineMessage) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m.Seq = int64(len(s.history) + 1)
	s.history = append(s.history, m)
	for client := range s.clients {
		client.send(encodeLine(m))
	}
}

func (s *lineServer) Network() social.Network { return lineNetwork{s.listener.Addr().String()} }

func (s *lineServer) Emit(p social.Post) {
	s.emit(lineMessage{ID: p.ID, Author: p.Author, Text: p.Text, At: p.At})
}

func (s *lineServer) Delete(id string) { s.emit(lineMessage{ID: id, Deleted: true}) }

func (s *lineServer) EmitRaw(message []byte) {
	s.each(func(client *lineClient) { client.send(message) })
}

func (s *lineServer) each(do func(*lineClient)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for client := range s.clients {
		do(client)
	}
}

func (s *lineServer) Drop() { s.each(func(client *lineClient) { _ = client.conn.Close() }) }

func (s *lineServer) Stall() {
	s.each(func(client *lineClient) {
		client.mu.Lock()
		defer client.mu.Unlock()
		client.stalled = true
	})
}

func (s *lineServer) RefuseNext(status, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for range n {
		s.refusals = append(s.refusals, status)
	}
}

func (s *lineServer) Abilities() socialtest.Abilities {
	return socialtest.Abilities{Resumes: s.resumes, Deletes: true}
}

func (s *lineServer) Close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	_ = s.listener.Close()
	s.Drop()
	s.serving.Wait()
}
