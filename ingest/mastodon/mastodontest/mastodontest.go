// Package mastodontest is a Mastodon instance in the same process: its public
// timeline, and the WebSocket stream of it, over HTTP on a loopback address.
package mastodontest

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"html"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/ingest/mastodon"
	"github.com/outcryhq/outcry/ingest/social"
	"github.com/outcryhq/outcry/ingest/social/socialtest"
)

const (
	// Token is the one that the server takes.
	Token = "a-users-token"
	// keepAlive is how often the server pings.
	keepAlive = 100 * time.Millisecond
	// quiet is the watchdog of Network.
	quiet = 600 * time.Millisecond
	// noisy is how many posts there are to one burst of what is of no interest.
	noisy = 5
)

// Server is the instance.
type Server struct {
	t      *testing.T
	server *httptest.Server
	routes http.Handler

	mu       sync.Mutex
	timeline []entry // newest first, by id
	ids      map[string]string
	posts    int
	clients  map[*client]struct{}
	refusals []refusal // of whatever is asked next
	pages    []refusal // of pages of the timeline alone
	asked    int       // pages
	ask      func()    // runs before each page; may be nil
}

var _ socialtest.Server = (*Server)(nil)

// entry is a status of the timeline.
type entry struct {
	id   string
	json string
}

// refusal is an answer in place of the one that was asked for.
type refusal struct {
	status int
	header http.Header
}

// New starts a server, which ends with the test at the latest.
func New(t *testing.T) *Server {
	t.Helper()
	s := &Server{t: t, ids: map[string]string{}, clients: map[*client]struct{}{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/v2/instance", s.instance)
	mux.HandleFunc("GET /api/v1/streaming", s.stream)
	mux.HandleFunc("GET /api/v1/timelines/public", s.page)
	s.routes = s.guarded(mux)
	s.server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

// ServeHTTP implements [http.Handler], for a server that stands before this one.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.routes.ServeHTTP(w, r) }

// URL is that of the instance.
func (s *Server) URL() string { return s.server.URL }

// Network implements [socialtest.Server].
func (s *Server) Network() social.Network {
	network, err := mastodon.New(mastodon.Config{Instance: s.server.URL, Token: Token, Quiet: quiet})
	require.NoError(s.t, err)
	return network
}

// Abilities implements [socialtest.Server].
func (s *Server) Abilities() socialtest.Abilities {
	return socialtest.Abilities{Resumes: true, Deletes: true}
}

// Emit implements [socialtest.Server].
func (s *Server) Emit(post social.Post) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.add(post)
	s.each(func(c *client) {
		c.send(event("update", e.json))
		if s.posts%noisy == 0 {
			c.send(event("status.update", e.json))
			c.send([]byte(`{"stream":["public"],"event":"filters_changed"}`))
			c.send(event("update", strings.Replace(e.json, `"bot":false`, `"bot":true`, 1)))
			c.send(event("update", strings.Replace(e.json, `"visibility":"public"`, `"visibility":"unlisted"`, 1)))
		}
	})
}

// EmitSilently adds a post to the timeline, but not to the stream.
func (s *Server) EmitSilently(post social.Post) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.add(post)
}

// EmitStatus sends a status as it is, once, in an event of the stream.
func (s *Server) EmitStatus(status string) { s.EmitRaw(event("update", status)) }

// add puts a post into the timeline, once, and returns its status. Ids are made
// as Mastodon makes them: of the time when a post was written.
func (s *Server) add(post social.Post) entry {
	s.posts++
	if id, again := s.ids[post.ID]; again {
		at := slices.IndexFunc(s.timeline, func(e entry) bool { return e.id == id })
		if at >= 0 {
			return s.timeline[at]
		}
	}
	id := strconv.FormatInt(post.At.UnixMilli()<<16|int64(len(s.ids)&0xffff), 10)
	s.ids[post.ID] = id
	e := entry{id: id, json: Status(id, post)}
	at, _ := slices.BinarySearchFunc(s.timeline, e, func(a, b entry) int { return cmp.Compare(b.id, a.id) })
	s.timeline = slices.Insert(s.timeline, at, e)
	return e
}

// ID is the id that a post has through this instance.
func (s *Server) ID(id string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.TrimPrefix(s.server.URL, "http://") + "/" + cmp.Or(s.ids[id], id)
}

// EmitRaw implements [socialtest.Server].
func (s *Server) EmitRaw(message []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.each(func(c *client) { c.send(message) })
}

// Delete implements [socialtest.Server].
func (s *Server) Delete(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	local, found := s.ids[id]
	if !found {
		local = id
	}
	s.timeline = slices.DeleteFunc(s.timeline, func(e entry) bool { return e.id == local })
	s.each(func(c *client) { c.send(event("delete", local)) })
}

// Drop implements [socialtest.Server].
func (s *Server) Drop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.each(func(c *client) { c.end() })
	clear(s.clients)
}

// Stall implements [socialtest.Server].
func (s *Server) Stall() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.each(func(c *client) { c.stall() })
}

// RefuseNext implements [socialtest.Server].
func (s *Server) RefuseNext(status, n int) {
	header := http.Header{}
	if status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable {
		header.Set("Retry-After", "1")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refusals = append(s.refusals, slices.Repeat([]refusal{{status, header}}, n)...)
}

// RefusePage answers the next question for a page of the timeline with a status
// and a header. RefuseNext comes first.
func (s *Server) RefusePage(status int, header http.Header) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pages = append(s.pages, refusal{status, header})
}

// BeforePages has something happen before each page is made.
func (s *Server) BeforePages(do func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ask = do
}

// Pages is how many pages of the timeline were given.
func (s *Server) Pages() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked
}

// Clients is how many are connected to the stream.
func (s *Server) Clients() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.clients)
}

// Close implements [socialtest.Server].
func (s *Server) Close() {
	s.Drop()
	s.server.Close()
}

func (s *Server) each(do func(*client)) {
	for c := range s.clients {
		do(c)
	}
}

// guarded refuses what is to be refused, and who has no token in the header.
func (s *Server) guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		refused := take(&s.refusals)
		if refused == nil && strings.HasPrefix(r.URL.Path, "/api/v1/timelines/") {
			refused = take(&s.pages)
		}
		s.mu.Unlock()
		switch {
		case refused != nil && refused.status == 0:
			panic(http.ErrAbortHandler)
		case refused != nil:
			maps.Copy(w.Header(), refused.header)
			http.Error(w, `{"error":"refused"}`, refused.status)
		case strings.Contains(r.URL.RawQuery, "token"):
			http.Error(w, `{"error":"a token in a URL is one in a log"}`, http.StatusBadRequest)
		case r.Header.Get("Authorization") != "Bearer "+Token:
			http.Error(w, `{"error":"The access token is invalid"}`, http.StatusUnauthorized)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func take(refusals *[]refusal) *refusal {
	if len(*refusals) == 0 {
		return nil
	}
	first := (*refusals)[0]
	*refusals = (*refusals)[1:]
	return &first
}

func (*Server) instance(w http.ResponseWriter, r *http.Request) {
	_, _ = w.Write(encode(map[string]any{
		"domain": "mastodon.example", "version": "4.4.3",
		"configuration": map[string]any{"urls": map[string]any{"streaming": "ws://" + r.Host}},
	}))
}

// page gives a page of the timeline as Mastodon does.
func (s *Server) page(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	limit, err := strconv.Atoi(cmp.Or(query.Get("limit"), "20"))
	if err != nil {
		http.Error(w, `{"error":"limit"}`, http.StatusBadRequest)
		return
	}
	limit = min(limit, 40)
	s.mu.Lock()
	ask := s.ask
	s.mu.Unlock()
	if ask != nil {
		ask()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	var statuses, ids []string
	for _, e := range s.timeline {
		if below := query.Get("max_id"); below != "" && e.id >= below {
			continue
		}
		if since := query.Get("since_id"); since != "" && e.id <= since || len(ids) == limit {
			break
		}
		statuses, ids = append(statuses, e.json), append(ids, e.id)
	}
	if len(ids) == limit {
		page := s.server.URL + "/api/v1/timelines/public?limit=" + strconv.Itoa(limit)
		w.Header().Set("Link", fmt.Sprintf(`<%s&max_id=%s>; rel="next", <%s&min_id=%s>; rel="prev"`, page, ids[limit-1], page, ids[0]))
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_, _ = fmt.Fprintf(w, "[%s]", strings.Join(statuses, ","))
}

func (s *Server) stream(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Get("stream") != "public" {
		http.Error(w, `{"error":"Unknown stream type"}`, http.StatusBadRequest)
		return
	}
	c := newClient()
	// What is sent from here on is kept: the client may know that it is connected
	// before Accept has returned.
	s.mu.Lock()
	s.clients[c] = struct{}{}
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.clients, c)
	}()
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{
		OnPingReceived: func(context.Context, []byte) bool { return !c.isStalled() },
	})
	if err != nil {
		return // Accept has answered
	}
	defer func() { _ = conn.CloseNow() }()
	c.serve(r.Context(), conn)
}

// client is one connection with what waits to be written to it.
type client struct {
	mu      sync.Mutex
	queue   [][]byte
	stalled bool
	wake    chan struct{}
	ended   chan struct{}
	end     func()
}

func newClient() *client {
	c := &client{wake: make(chan struct{}, 1), ended: make(chan struct{})}
	c.end = sync.OnceFunc(func() { close(c.ended) })
	return c
}

func (c *client) send(message []byte) {
	c.mu.Lock()
	c.queue = append(c.queue, message)
	c.mu.Unlock()
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

func (c *client) stall() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stalled = true
}

func (c *client) isStalled() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.stalled
}

func (c *client) next() ([]byte, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stalled || len(c.queue) == 0 {
		return nil, false
	}
	message := c.queue[0]
	c.queue = c.queue[1:]
	return message, true
}

// serve writes until the connection ends or is dropped.
func (c *client) serve(ctx context.Context, conn *websocket.Conn) {
	ctx = conn.CloseRead(ctx)
	stop := context.AfterFunc(ctx, c.end)
	defer stop()
	var writing sync.WaitGroup
	defer writing.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	writing.Go(func() {
		<-c.ended
		_ = conn.CloseNow()
		cancel()
	})
	defer c.end()
	writing.Go(func() { c.ping(ctx, conn) })
	for {
		select {
		case <-c.ended:
			return
		case <-c.wake:
		}
		for message, ok := c.next(); ok; message, ok = c.next() {
			kind := websocket.MessageText
			if !utf8.Valid(message) {
				kind = websocket.MessageBinary
			}
			if conn.Write(ctx, kind, message) != nil {
				return
			}
		}
	}
}

func (c *client) ping(ctx context.Context, conn *websocket.Conn) {
	ticker := time.NewTicker(keepAlive)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if !c.isStalled() {
			asking, cancel := context.WithTimeout(ctx, keepAlive)
			_ = conn.Ping(asking) // a client that does not read may take its time
			cancel()
		}
	}
}

func event(name, payload string) []byte {
	return encode(map[string]any{"stream": []string{"public"}, "event": name, "payload": payload})
}

func encode(value any) []byte {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // only what can be encoded is given
	}
	return text
}

// Status is a post as Mastodon gives it, under an instance's own id. Post.ID and
// Post.Author are part of its URI and of the account's URL.
func Status(id string, post social.Post) string {
	account := "https://remote.example/@u" + url.PathEscape(post.Author)
	status := map[string]any{
		"id": id, "uri": URI(post.ID), "url": cmp.Or(post.Link, account+"/"+post.ID),
		"created_at": post.At.UTC().Format("2006-01-02T15:04:05.000Z"), "visibility": "public", "sensitive": false,
		"spoiler_text": "", "language": post.Language, "content": Content(post.Text), "reblog": nil,
		"account": map[string]any{
			"id": "7" + post.Author, "username": "u" + post.Author, "acct": "u" + post.Author + "@remote.example",
			"url": account, "uri": "https://remote.example/users/u" + post.Author, "bot": false,
			"note": "<p>somebody</p>", "fields": []map[string]any{{"name": "Location", "value": html.EscapeString(post.Profile)}},
		},
		"media_attachments": []any{}, "mentions": []any{}, "tags": []any{}, "emojis": []any{}, "card": nil, "poll": nil,
	}
	if post.Repost {
		status["reblog"] = map[string]any{"id": "1"}
	}
	return string(encode(status))
}

// URI is that of the post with an ID.
func URI(id string) string { return "https://remote.example/users/u/statuses/" + url.PathEscape(id) }

// Content wraps a plain text into HTML as Mastodon does.
func Content(text string) string {
	paragraphs := strings.Split(html.EscapeString(text), "\n\n")
	for i, p := range paragraphs {
		paragraphs[i] = "<p>" + strings.ReplaceAll(p, "\n", "<br />") + "</p>"
	}
	return strings.Join(paragraphs, "")
}
