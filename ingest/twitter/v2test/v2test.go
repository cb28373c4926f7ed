// Package v2test is a server that speaks the protocol of X's filtered stream
// (API v2), with what is ugly in it: pieces of lines, keep-alives, errors in the
// stream, ends in good order, a single connection, refusals with and without a
// word on when to come back, and rules that are checked.
package v2test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/outcryhq/outcry/ingest/social"
)

// Bearer is the token that a Server takes.
const Bearer = "AAAA%2Ftest-token" //nolint:gosec // opens nothing else

const (
	alive = 200 * time.Millisecond
	// lingers is how long the server may take to notice that a connection has gone.
	lingers = 2 * time.Second
)

// Server is the server. What a slow client does not read is kept for it.
type Server struct {
	URL string

	server *httptest.Server

	mu       sync.Mutex
	changed  chan struct{} // closed when a client has gone
	clients  map[*client]struct{}
	refusals map[string][]Refusal // by path
	streams  []*http.Request
	closed   bool
	rules    rules
}

// Refusal is an answer in place of the one that is due.
type Refusal struct {
	Status int // 0 closes the connection without an answer
	Header map[string]string
	Body   string
}

// The paths that Refuse takes.
const (
	StreamPath = "/2/tweets/search/stream"
	RulesPath  = "/2/tweets/search/stream/rules"
)

// New starts a server, which ends with the test.
func New(t testing.TB) *Server {
	t.Helper()
	s := &Server{
		changed: make(chan struct{}), clients: map[*client]struct{}{}, refusals: map[string][]Refusal{},
		rules: rules{most: 1000, longest: 1024, page: 40, mostChanges: 100},
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+StreamPath, s.asked(s.stream))
	mux.HandleFunc("GET "+RulesPath, s.asked(s.listRules))
	mux.HandleFunc("POST "+RulesPath, s.asked(s.changeRules))
	s.server = httptest.NewServer(mux)
	s.URL = s.server.URL
	t.Cleanup(s.Close)
	return s
}

// asked refuses what is to be refused, and whoever has no token.
func (s *Server) asked(answer http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		if r.URL.Path == StreamPath {
			s.streams = append(s.streams, r)
		}
		var refused *Refusal
		if waiting := s.refusals[r.URL.Path]; len(waiting) > 0 {
			refused = &waiting[0]
			s.refusals[r.URL.Path] = waiting[1:]
		}
		s.mu.Unlock()
		switch {
		case refused != nil && refused.Status == 0:
			panic(http.ErrAbortHandler)
		case refused != nil:
			for name, value := range refused.Header {
				w.Header().Set(name, value)
			}
			w.WriteHeader(refused.Status)
			_, _ = w.Write([]byte(refused.Body))
		case r.Header.Get("Authorization") != "Bearer "+Bearer:
			problem(w, http.StatusUnauthorized, `{"title":"Unauthorized","type":"about:blank","status":401,"detail":"Unauthorized"}`)
		default:
			answer(w, r)
		}
	}
}

func problem(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body))
}

// stream serves the one connection that is allowed.
func (s *Server) stream(w http.ResponseWriter, r *http.Request) {
	c := &client{wake: make(chan struct{}, 1), cut: make(chan struct{})}
	switch s.admit(c) {
	case http.StatusTooManyRequests:
		problem(w, http.StatusTooManyRequests, `{"title":"ConnectionException","detail":"This stream is currently at the maximum allowed connection limit.",`+
			`"connection_issue":"TooManyConnections","type":"https://api.twitter.com/2/problems/streaming-connection"}`)
		return
	case http.StatusConflict:
		problem(w, http.StatusConflict, `{"title":"ConnectionException","detail":"There are no rules.","connection_issue":"RuleConfigurationIssue"}`)
		return
	}
	defer s.forget(c)
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(http.StatusOK)
	c.write(w, r)
}

// admit lets a client in, once the one before it has gone.
func (s *Server) admit(c *client) int {
	late := time.After(lingers)
	for {
		s.mu.Lock()
		if s.rules.count() == 0 {
			s.mu.Unlock()
			return http.StatusConflict
		}
		if len(s.clients) == 0 {
			s.clients[c] = struct{}{}
			s.mu.Unlock()
			return http.StatusOK
		}
		changed := s.changed
		s.mu.Unlock()
		select {
		case <-changed:
		case <-late:
			return http.StatusTooManyRequests
		}
	}
}

func (s *Server) forget(c *client) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, there := s.clients[c]; there {
		delete(s.clients, c)
		close(s.changed)
		s.changed = make(chan struct{})
	}
}

func (s *Server) each(do func(*client)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.clients {
		do(c)
	}
}

// Emit sends a post.
func (s *Server) Emit(post social.Post) { s.EmitRaw(Line(post)) }

// EmitRaw sends a line as it is.
func (s *Server) EmitRaw(line []byte) {
	s.each(func(c *client) { c.send(append(append([]byte{}, line...), '\r', '\n')) })
}

// End ends the connection in good order: what is left is sent, but not its end
// if there is a rest.
func (s *Server) End(rest []byte) {
	s.each(func(c *client) {
		c.send(rest)
		c.send(nil)
	})
}

// Drop cuts the connections without a farewell.
func (s *Server) Drop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.clients {
		c.once.Do(func() { close(c.cut) })
		delete(s.clients, c)
	}
	close(s.changed)
	s.changed = make(chan struct{})
}

// Stall leaves the present connections open and silent.
func (s *Server) Stall() {
	s.each(func(c *client) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.stalled = true
	})
}

// RefuseNext refuses the next n streams. 503 says when to come back in one way
// and 429 in the other: X uses both.
func (s *Server) RefuseNext(status, n int) {
	refused := Refusal{Status: status, Header: map[string]string{}}
	switch status {
	case http.StatusServiceUnavailable:
		refused.Header["Retry-After"] = "1"
	case http.StatusTooManyRequests:
		refused.Header["x-rate-limit-limit"] = "50"
		refused.Header["x-rate-limit-remaining"] = "0"
		refused.Header["x-rate-limit-reset"] = strconv.FormatInt(time.Now().Unix()+1, 10)
	}
	for range n {
		s.Refuse(StreamPath, refused)
	}
}

// Refuse refuses one more request to a path.
func (s *Server) Refuse(path string, refused Refusal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refusals[path] = append(s.refusals[path], refused)
}

// Streams are the requests for a stream so far.
func (s *Server) Streams() []*http.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]*http.Request{}, s.streams...)
}

// Close ends the server. It may be called twice.
func (s *Server) Close() {
	s.mu.Lock()
	closed := s.closed
	s.closed = true
	s.mu.Unlock()
	if closed {
		return
	}
	s.Drop()
	s.server.CloseClientConnections()
	s.server.Close()
}

// client is one connection, with what waits to be written to it.
type client struct {
	mu      sync.Mutex
	waiting [][]byte // nil is the end
	stalled bool
	wake    chan struct{}
	cut     chan struct{}
	once    sync.Once
}

func (c *client) send(text []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waiting = append(c.waiting, text)
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// write writes what waits, each line in two chunks that part it anywhere.
func (c *client) write(w http.ResponseWriter, r *http.Request) {
	flush := http.NewResponseController(w)
	_ = flush.Flush()
	keep := time.NewTicker(alive)
	defer keep.Stop()
	for {
		c.mu.Lock()
		lines := c.waiting
		c.waiting = nil
		if c.stalled {
			lines = [][]byte{}
		}
		c.mu.Unlock()
		for _, line := range lines {
			if line == nil {
				return
			}
			half := len(line) * 2 / 3
			_, _ = w.Write(line[:half])
			_ = flush.Flush()
			_, _ = w.Write(line[half:])
			_ = flush.Flush()
		}
		select {
		case <-c.wake:
		case <-keep.C:
			c.send([]byte("\r\n"))
		case <-c.cut:
			panic(http.ErrAbortHandler)
		case <-r.Context().Done():
			return
		}
	}
}

// longest is how many characters a post's text has before its end is in a note.
const longest = 280

// Line is a post as X sends it: with entities, a long one cut, and the author and
// the place among what is included.
func Line(post social.Post) []byte {
	text := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(post.Text)
	data := map[string]any{
		"id": post.ID, "text": text, "author_id": post.Author, "created_at": post.At.UTC().Format("2006-01-02T15:04:05.000Z"),
		"edit_history_tweet_ids": []string{post.ID},
	}
	if runes := []rune(text); len(runes) > longest {
		data["text"] = string(runes[:longest-1]) + "…"
		data["note_tweet"] = map[string]any{"text": text}
	}
	if data["lang"] = "und"; post.Language != "" {
		data["lang"] = post.Language
	}
	user := map[string]any{"id": post.Author, "username": "somebody", "name": "Some Body"}
	if post.Profile != "" {
		user["location"] = post.Profile
	}
	includes := map[string]any{"users": []any{map[string]any{"id": "8", "username": "else", "location": "Mars"}, user}}
	if post.Place != "" {
		data["geo"] = map[string]any{"place_id": "0123456789abcdef"}
		includes["places"] = []any{
			map[string]any{"id": "fedcba9876543210", "country_code": "AQ", "full_name": "Elsewhere"},
			map[string]any{"id": "0123456789abcdef", "country_code": post.Place, "full_name": "Somewhere"},
		}
	}
	if post.Repost {
		data["referenced_tweets"] = []any{map[string]any{"type": "retweeted", "id": "7"}}
	}
	line, err := json.Marshal(map[string]any{
		"data": data, "includes": includes, "matching_rules": []any{map[string]any{"id": "1494", "tag": "outcry:0011223344556677"}},
	})
	if err != nil {
		panic(err) // what is in it can all be written
	}
	return line
}
