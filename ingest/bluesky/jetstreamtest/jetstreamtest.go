// Package jetstreamtest is a server in the test's own process that speaks
// Jetstream's protocol over real connections: zstd with the dictionary, cursors
// that go back further than asked, identities and accounts between the posts,
// and what goes wrong with such servers.
package jetstreamtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/ingest/bluesky/internal/dictionary"
	"github.com/outcryhq/outcry/ingest/social"
)

const (
	collection = "app.bsky.feed.post"
	// lookBack is how far before a cursor the real server begins.
	lookBack = 95 * time.Second
	// identities are sent so often while nothing else is.
	idleEvery = 100 * time.Millisecond
	// noiseEvery is after how many posts one identity or account is sent.
	noiseEvery = 10
	// writeWithin is how long a client may leave a message unread.
	writeWithin = 10 * time.Second
	leastTime   = 1_000_000_000_000_000
)

// Config says how a Server differs from the usual one.
type Config struct {
	Now   func() time.Time // nil means time.Now
	Plain bool             // never compresses, as if it did not know the parameter
	Idle  time.Duration    // between identities; 0 means 100 ms, less than 0 none
}

// Server is the server. Its methods may be called by many goroutines, and none waits for a client.
type Server struct {
	tb      testing.TB
	config  Config
	address string
	packer  *zstd.Encoder

	mu       sync.Mutex
	history  []*frame
	authors  map[string]string // of posts, by key
	posts    int
	clients  map[*client]struct{}
	refusals []int
	requests []url.Values
	running  *running // nil while it is stopped
}

// running is one life of the server between Start and Stop.
type running struct {
	http    *http.Server
	ctx     context.Context //nolint:containedctx // ends with the life, not with a call
	end     context.CancelFunc
	serving sync.WaitGroup
}

// frame is a message to clients.
type frame struct {
	timeUS int64
	json   []byte
	raw    bool // as it is, to those who are connected alone
	packed func() []byte
}

// client is one connection with what waits to be sent on it.
type client struct {
	conn    *websocket.Conn
	cut     context.CancelFunc
	pack    bool
	wake    chan struct{}
	mu      sync.Mutex
	waiting []*frame
	stalled bool
	leaving bool // gets a farewell after what waits
}

// New starts a server, which ends with the test.
func New(tb testing.TB, config Config) *Server {
	tb.Helper()
	packer, err := zstd.NewWriter(nil, zstd.WithEncoderDict(dictionary.Jetstream()), zstd.WithWindowSize(1<<17), zstd.WithEncoderConcurrency(1))
	require.NoError(tb, err)
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.Idle == 0 {
		config.Idle = idleEvery
	}
	s := &Server{
		tb: tb, config: config, address: "127.0.0.1:0", packer: packer,
		authors: map[string]string{}, clients: map[*client]struct{}{},
	}
	s.Start()
	tb.Cleanup(s.Close)
	return s
}

// URL is the server's address, with the scheme ws; the same in each life.
func (s *Server) URL() string { return "ws://" + s.address }

// Start begins another life, with the history of the former ones.
func (s *Server) Start() {
	s.tb.Helper()
	listener, err := (&net.ListenConfig{}).Listen(s.tb.Context(), "tcp", s.address)
	require.NoError(s.tb, err)
	life := &running{}
	life.ctx, life.end = context.WithCancel(context.Background())
	life.http = &http.Server{Handler: s.handler(life), ReadHeaderTimeout: writeWithin}
	s.mu.Lock()
	s.address, s.running = listener.Addr().String(), life
	s.mu.Unlock()
	life.serving.Go(func() {
		if err := life.http.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			s.tb.Errorf("jetstreamtest: %v", err)
		}
	})
	if s.config.Idle > 0 {
		life.serving.Go(func() { s.idle(life.ctx) })
	}
}

// Stop ends a life as a crash would: nobody is told.
func (s *Server) Stop() {
	s.mu.Lock()
	life := s.running
	s.running = nil
	s.mu.Unlock()
	if life == nil {
		return
	}
	life.end()
	_ = life.http.Close()
	s.Drop()
	life.serving.Wait()
}

// Close ends the server. It may be called twice.
func (s *Server) Close() { s.Stop() }

func (s *Server) handler(life *running) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /subscribe", func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		alive := s.running == life
		if alive {
			life.serving.Add(1)
		}
		s.mu.Unlock()
		if alive {
			defer life.serving.Done()
			s.subscribe(life.ctx, w, r) //nolint:contextcheck // ends with the life, as the request's context does not once it is upgraded
		}
	})
	return mux
}

// subscribe is one connection from beginning to end.
func (s *Server) subscribe(ctx context.Context, w http.ResponseWriter, r *http.Request) {
	if s.refuse(w) {
		return
	}
	query := r.URL.Query()
	cursor, err := parseCursor(query.Get("cursor"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	pack := query.Get("compress") == "true" && !s.config.Plain
	mode := websocket.CompressionContextTakeover
	if pack {
		mode = websocket.CompressionDisabled
		if strings.Contains(r.Header.Get("Sec-WebSocket-Extensions"), "permessage-deflate") {
			http.Error(w, "choose one compression scheme", http.StatusBadRequest)
			return
		}
	}
	// Who is connected must have been added before they can know.
	ctx, cut := context.WithCancel(ctx)
	defer cut()
	c := &client{cut: cut, pack: pack, wake: make(chan struct{}, 1)}
	s.add(c, query, cursor)
	defer s.remove(c)
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{CompressionMode: mode})
	if err != nil {
		return
	}
	defer func() { _ = conn.CloseNow() }()
	c.conn = conn
	c.send(conn.CloseRead(ctx), s.config.Plain)
}

// refuse answers with the next refusal, if one is due.
func (s *Server) refuse(w http.ResponseWriter) bool {
	s.mu.Lock()
	if len(s.refusals) == 0 {
		s.mu.Unlock()
		return false
	}
	status := s.refusals[0]
	s.refusals = s.refusals[1:]
	s.mu.Unlock()
	switch status {
	case 0:
		panic(http.ErrAbortHandler) // closes the connection without an answer
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", "1")
	}
	w.WriteHeader(status)
	return true
}

func parseCursor(text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	cursor, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("invalid cursor: %q", text)
	}
	if cursor < leastTime {
		return 0, fmt.Errorf("the cursor %d is a sequence number", cursor)
	}
	return cursor, nil
}

// add gives a client what it has missed, and all that comes from now on.
func (s *Server) add(c *client, query url.Values, cursor int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, query)
	if cursor != 0 {
		from := cursor - lookBack.Microseconds()
		for i, f := range s.history {
			if f.timeUS >= from {
				c.waiting = append(c.waiting, s.history[i:]...)
				break
			}
		}
	}
	s.clients[c] = struct{}{}
}

func (s *Server) remove(c *client) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.clients, c)
}

// send sends what waits until the connection ends.
func (c *client) send(ctx context.Context, plain bool) {
	c.notify()
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.wake:
		}
		frames, leaving := c.take()
		for _, f := range frames {
			if err := c.write(ctx, f, plain); err != nil {
				return
			}
		}
		if leaving {
			_ = c.conn.Close(websocket.StatusGoingAway, "server shutting down")
			return
		}
	}
}

func (c *client) take() (frames []*frame, leaving bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stalled {
		return nil, false
	}
	frames, c.waiting = c.waiting, nil
	return frames, c.leaving
}

func (c *client) write(ctx context.Context, f *frame, plain bool) error {
	ctx, cancel := context.WithTimeout(ctx, writeWithin)
	defer cancel()
	kind, message := websocket.MessageText, f.json
	switch {
	case c.pack && !f.raw:
		kind, message = websocket.MessageBinary, f.packed()
	case f.raw && !plain:
		kind = websocket.MessageBinary
	}
	if err := c.conn.Write(ctx, kind, message); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	return nil
}

func (c *client) notify() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// publish gives a frame to all clients, and keeps it if it is not raw.
func (s *Server) publish(f *frame, keep bool) {
	f.packed = sync.OnceValue(func() []byte { return s.packer.EncodeAll(f.json, nil) })
	s.mu.Lock()
	defer s.mu.Unlock()
	if keep {
		s.history = append(s.history, f)
	}
	for c := range s.clients {
		c.mu.Lock()
		c.waiting = append(c.waiting, f)
		c.mu.Unlock()
		c.notify()
	}
}

// idle sends identities, as the network always has some.
func (s *Server) idle(ctx context.Context) {
	ticker := time.NewTicker(s.config.Idle)
	defer ticker.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			s.publish(noise(n, s.config.Now().UnixMicro()), false)
		}
	}
}

// noise is an event of another kind.
func noise(n int, timeUS int64) *frame {
	did := "did:plc:noise" + strconv.Itoa(n)
	text := fmt.Sprintf(`{"did":%q,"time_us":%d,"kind":"identity","identity":{"did":%q,"handle":"someone.example","seq":%d,"time":"2026-01-02T03:04:05Z"}}`, did, timeUS, did, n)
	if n%2 == 1 {
		text = fmt.Sprintf(`{"did":%q,"time_us":%d,"kind":"account","account":{"active":true,"did":%q,"seq":%d,"time":"2026-01-02T03:04:05Z"}}`, did, timeUS, did, n)
	}
	return &frame{timeUS: timeUS, json: []byte(text)}
}

// Emit sends a post. Its ID is the post's key, its Author becomes a DID; its time
// is At, or now.
func (s *Server) Emit(post social.Post) {
	record := map[string]any{
		"$type": collection, "text": post.Text, "createdAt": "2001-02-03T04:05:06Z", // forged
	}
	if post.Language != "" {
		record["langs"] = []string{post.Language}
	}
	at := post.At
	if at.IsZero() {
		at = s.config.Now()
	}
	did := DID(post.Author)
	s.mu.Lock()
	s.authors[post.ID] = did
	s.posts++
	n := s.posts
	s.mu.Unlock()
	s.commit(at, did, "create", post.ID, record)
	if n%noiseEvery == 0 {
		s.publish(noise(n/noiseEvery, at.UnixMicro()), true)
	}
}

// DID is the name of an account that Emit makes of an Author.
func DID(author string) string { return "did:plc:" + author }

// Delete says that a post was deleted, now.
func (s *Server) Delete(id string) { s.commit(s.config.Now(), s.author(id), "delete", id, nil) }

// Update says that a post was changed, now.
func (s *Server) Update(id, text string) {
	s.commit(s.config.Now(), s.author(id), "update", id, map[string]any{"$type": collection, "text": text})
}

func (s *Server) author(id string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if did, known := s.authors[id]; known {
		return did
	}
	return DID(id)
}

// commit sends what happened to a post.
func (s *Server) commit(at time.Time, did, operation, rkey string, record map[string]any) {
	commit := map[string]any{"rev": "3mptbypluud2a", "operation": operation, "collection": collection, "rkey": rkey}
	if record != nil {
		commit["record"] = record
		commit["cid"] = "bafyreiguce4jh7kcbmof3pmcvasifqtw24b6isakj5ve5ga2b4z4alpc4i"
	}
	text, err := json.Marshal(map[string]any{"did": did, "time_us": at.UnixMicro(), "kind": "commit", "commit": commit})
	if err != nil {
		s.tb.Errorf("jetstreamtest: %v", err)
		return
	}
	s.publish(&frame{timeUS: at.UnixMicro(), json: text}, true)
}

// EmitRaw sends a message as it is to those who are connected: as a binary one,
// unless the server is plain.
func (s *Server) EmitRaw(message []byte) { s.publish(&frame{json: message, raw: true}, false) }

// EmitPacked sends a text as an event is sent.
func (s *Server) EmitPacked(text []byte) { s.publish(&frame{json: text}, false) }

// RefuseNext answers the next n connections with a status, or not at all for 0.
func (s *Server) RefuseNext(status, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for range n {
		s.refusals = append(s.refusals, status)
	}
}

// each does something with each client.
func (s *Server) each(do func(*client)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.clients {
		c.mu.Lock()
		do(c)
		c.mu.Unlock()
	}
}

// Drop cuts all connections, without a farewell.
func (s *Server) Drop() { s.each(func(c *client) { c.cut() }) }

// GoAway ends all connections as a server does that is restarted: with code 1001.
func (s *Server) GoAway() {
	s.each(func(c *client) {
		c.leaving = true
		c.notify()
	})
}

// Stall leaves the connections that there are open and sends nothing on them any more.
func (s *Server) Stall() { s.each(func(c *client) { c.stalled = true }) }

// Clients is how many are connected.
func (s *Server) Clients() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.clients)
}

// Requests are the parameters of all subscriptions so far.
func (s *Server) Requests() []url.Values {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]url.Values(nil), s.requests...)
}
