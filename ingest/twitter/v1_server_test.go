package twitter_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/ingest/social"
	"github.com/outcryhq/outcry/ingest/social/socialtest"
	"github.com/outcryhq/outcry/ingest/twitter"
)

// v1Silence is how long the tests' networks wait for a sign of life.
const v1Silence = time.Second

// v1Gateway speaks the v1.1 stream protocol: a chunked response without end, a
// line that ends in \r\n for each message, and empty ones to keep alive.
type v1Gateway struct {
	*testing.T
	server *httptest.Server

	mu       sync.Mutex
	clients  map[*v1Client]struct{}
	refusals []refusal
	requests []*http.Request // as they came, with their forms
	closed   bool
	again    string // Retry-After of 429 and 503
}

type refusal struct {
	status int
	header http.Header
}

// v1Client is one connection, with what waits to be written to it.
type v1Client struct {
	mu      sync.Mutex
	waiting []string
	wake    chan struct{}
	stalled bool
	cut     chan struct{} // closed: ends without a farewell
	once    sync.Once
}

func newV1Gateway(t *testing.T) *v1Gateway {
	t.Helper()
	g := &v1Gateway{T: t, clients: map[*v1Client]struct{}{}, again: "1"}
	g.server = httptest.NewServer(g)
	t.Cleanup(g.Close)
	return g
}

// ServeHTTP implements [http.Handler].
func (g *v1Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	g.mu.Lock()
	g.requests = append(g.requests, r)
	if len(g.refusals) > 0 {
		refused := g.refusals[0]
		g.refusals = g.refusals[1:]
		g.mu.Unlock()
		if refused.status == 0 {
			panic(http.ErrAbortHandler)
		}
		maps.Copy(w.Header(), refused.header)
		w.WriteHeader(refused.status)
		return
	}
	client := &v1Client{wake: make(chan struct{}, 1), cut: make(chan struct{})}
	g.clients[client] = struct{}{}
	g.mu.Unlock()
	defer func() {
		g.mu.Lock()
		delete(g.clients, client)
		g.mu.Unlock()
	}()
	w.WriteHeader(http.StatusOK)
	client.write(w, r)
}

func (c *v1Client) write(w http.ResponseWriter, r *http.Request) {
	flush := http.NewResponseController(w)
	_ = flush.Flush()
	alive := time.NewTicker(v1Silence / 5)
	defer alive.Stop()
	for {
		c.mu.Lock()
		waiting, stalled := c.waiting, c.stalled
		if !stalled {
			c.waiting = nil
		}
		c.mu.Unlock()
		if !stalled {
			for _, text := range waiting {
				if text == endOfStream {
					return
				}
				_, _ = w.Write([]byte(text))
			}
			_ = flush.Flush()
		}
		select {
		case <-c.wake:
		case <-alive.C:
			c.send("\r\n")
		case <-c.cut:
			panic(http.ErrAbortHandler)
		case <-r.Context().Done():
			return
		}
	}
}

// endOfStream ends the response in good order.
const endOfStream = "end"

func (c *v1Client) send(text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waiting = append(c.waiting, text)
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

func (g *v1Gateway) each(do func(*v1Client)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for client := range g.clients {
		do(client)
	}
}

func (g *v1Gateway) send(text string) { g.each(func(c *v1Client) { c.send(text) }) }

// config is that of a network that reads from the gateway.
func (g *v1Gateway) config() twitter.V1Config {
	transport := &http.Transport{}
	g.Cleanup(transport.CloseIdleConnections)
	return twitter.V1Config{
		BaseURL: g.server.URL, Token: "secret", Track: []string{"@WhatsApp", "@jankoum"},
		Quiet: v1Silence, Transport: transport,
	}
}

func (g *v1Gateway) Network() social.Network {
	network, err := twitter.NewV1(g.config())
	require.NoError(g, err)
	return network
}

func (g *v1Gateway) Emit(post social.Post) { g.send(v1Line(post) + "\r\n") }

// v1Line is a post as the v1.1 API sends it. Texts over 140 characters are
// truncated, with the whole beside them.
func v1Line(post social.Post) string {
	text := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(post.Text)
	status := map[string]any{
		"created_at": post.At.UTC().Format(time.RubyDate), "timestamp_ms": strconv.FormatInt(post.At.UnixMilli(), 10),
		"id_str": post.ID, "id": json.Number(post.ID), "text": text, "truncated": false, "lang": post.Language,
		"user": map[string]any{
			"id_str": post.Author, "id": json.Number(post.Author), "screen_name": "somebody", "location": post.Profile,
			"description": "with \"quotes\" and } brackets {", "lang": nil,
		},
		"geo": nil, "place": nil, "retweet_count": 0, "entities": map[string]any{"hashtags": []any{}, "urls": []any{}},
	}
	if runes := []rune(text); len(runes) > 140 {
		status["text"], status["truncated"] = string(runes[:139])+"…", true
		status["extended_tweet"] = map[string]any{"full_text": text}
	}
	if post.Place != "" {
		status["place"] = map[string]any{"country_code": post.Place, "full_name": "Somewhere", "bounding_box": map[string]any{"coordinates": []any{}}}
	}
	if post.Repost {
		status["retweeted_status"] = map[string]any{"id_str": "7", "text": "the original", "user": map[string]any{"id_str": "8", "location": "Mars"}}
	}
	line, err := json.Marshal(status)
	if err != nil {
		panic(err)
	}
	return string(line)
}

func (g *v1Gateway) EmitRaw(message []byte) { g.send(string(message) + "\r\n") }

func (g *v1Gateway) Delete(id string) {
	g.send(`{"delete":{"status":{"id":` + id + `,"id_str":"` + id + `","user_id":3,"user_id_str":"3"},"timestamp_ms":"1509696300123"}}` + "\r\n")
}

func (g *v1Gateway) Drop() { g.each(func(c *v1Client) { c.once.Do(func() { close(c.cut) }) }) }

func (g *v1Gateway) RefuseNext(status, n int) {
	header := http.Header{}
	if g.again != "" && (status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable) {
		header.Set("Retry-After", g.again)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for range n {
		g.refusals = append(g.refusals, refusal{status, header})
	}
}

func (g *v1Gateway) Stall() {
	g.each(func(c *v1Client) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.stalled = true
	})
}

func (g *v1Gateway) Close() {
	g.mu.Lock()
	closed := g.closed
	g.closed = true
	g.mu.Unlock()
	if closed {
		return
	}
	g.Drop()
	g.server.CloseClientConnections()
	g.server.Close()
}

func (g *v1Gateway) Abilities() socialtest.Abilities {
	return socialtest.Abilities{Deletes: true}
}

var _ socialtest.Server = (*v1Gateway)(nil)
