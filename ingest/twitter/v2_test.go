package twitter_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/ingest/social"
	"github.com/outcryhq/outcry/ingest/twitter"
	"github.com/outcryhq/outcry/ingest/twitter/v2test"
	"github.com/outcryhq/outcry/pkg/catalog"
	"github.com/outcryhq/outcry/pkg/outage"
)

// v2Out is a social.Out that writes down what it is told.
type v2Out struct {
	mu        sync.Mutex
	connected int
	alive     int
	posts     []social.Post
	skipped   map[string]int
	block     chan struct{} // if set, posts wait for it
}

func (h *v2Out) note(what func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	what()
}

func (h *v2Out) Connected()                              { h.note(func() { h.connected++ }) }
func (h *v2Out) Alive()                                  { h.note(func() { h.alive++ }) }
func (h *v2Out) Delete(context.Context, string) error    { return nil }
func (h *v2Out) DeleteAll(context.Context, string) error { return nil }
func (h *v2Out) Advance(string)                          {}

func (h *v2Out) Skipped(reason string) {
	h.note(func() {
		if h.skipped == nil {
			h.skipped = map[string]int{}
		}
		h.skipped[reason]++
	})
}

func (h *v2Out) Post(ctx context.Context, post social.Post) error {
	h.note(func() { h.posts = append(h.posts, post) })
	if h.block != nil {
		select {
		case <-h.block:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

func (h *v2Out) await(t *testing.T, holds func() bool) {
	t.Helper()
	require.Eventually(t, func() bool {
		h.mu.Lock()
		defer h.mu.Unlock()
		return holds()
	}, 10*time.Second, 5*time.Millisecond)
}

// reading is a Read under way.
type reading struct {
	*v2Out

	network *twitter.V2
	end     context.CancelFunc
	result  chan error
}

func read(t *testing.T, network *twitter.V2) *reading {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r := &reading{&v2Out{}, network, cancel, make(chan error, 1)}
	t.Cleanup(cancel)
	go func() { r.result <- network.Read(ctx, "", r.v2Out) }()
	return r
}

// connect reads and waits for the connection.
func connect(t *testing.T, network *twitter.V2) *reading {
	t.Helper()
	r := read(t, network)
	r.await(t, func() bool { return r.connected == 1 })
	return r
}

func (r *reading) wait(t *testing.T) error {
	t.Helper()
	select {
	case err := <-r.result:
		return err
	case <-time.After(15 * time.Second):
		require.Fail(t, "the reading does not end")
		return nil
	}
}

func retryAfter(t *testing.T, err error) time.Duration {
	t.Helper()
	var retry *social.RetryError
	require.ErrorAs(t, err, &retry)
	require.False(t, social.IsPermanent(err))
	return retry.After
}

func fewServices(t *testing.T) *catalog.Catalog {
	t.Helper()
	services, err := catalog.Load(strings.NewReader(`
problems: [{slug: app, label: The app}]
categories: [{slug: web, problems: [app]}]
services:
  - {slug: whatsapp, name: WhatsApp, category: web, handles: [WhatsApp], people: [jankoum]}
  - {slug: signal, name: Signal, category: web, handles: [signalapp], ambiguous: [Signal], qualifiers: [app]}
`))
	require.NoError(t, err)
	return services
}

func newV2(t *testing.T, cfg twitter.V2Config) *twitter.V2 {
	t.Helper()
	network, err := twitter.NewV2(cfg)
	require.NoError(t, err)
	return network
}

func TestV2AsksForWhatItNeeds(t *testing.T) {
	t.Parallel()
	server := v2test.New(t)
	network := newV2(t, v2Config(t, server, fewServices(t)))
	require.Equal(t, outage.SourceTwitter, network.Source())
	r := connect(t, network)
	post := social.Post{
		ID: "1234567890123456789", Author: "17", Text: "WhatsApp is down <again> & again", Language: "en", Place: "NL", Profile: "Utrecht",
		Repost: true, At: time.Date(2026, 3, 4, 5, 6, 7, 8_000_000, time.UTC),
	}
	server.Emit(post)
	r.await(t, func() bool { return len(r.posts) == 1 })
	post.Link = "https://x.com/i/web/status/1234567890123456789"
	require.Equal(t, post, r.posts[0])
	asked := server.Streams()
	require.Len(t, asked, 1)
	query := asked[0].URL.Query()
	require.Equal(t, "created_at,lang,geo,referenced_tweets,note_tweet", query.Get("tweet.fields"))
	require.Equal(t, "author_id,geo.place_id", query.Get("expansions"))
	require.Equal(t, "location", query.Get("user.fields"))
	require.Equal(t, "country_code", query.Get("place.fields"))
	r.await(t, func() bool { return r.alive > 0 })
	r.end()
	require.NoError(t, r.wait(t))
}

func TestV2HandsOverDuplicatesAndDisorderAsTheyCome(t *testing.T) {
	t.Parallel()
	server := v2test.New(t)
	r := connect(t, newV2(t, v2Config(t, server, fewServices(t))))
	at := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	for _, id := range []int{1003, 1001, 1003, 1002} {
		server.Emit(social.Post{ID: strconv.Itoa(id), Author: "17", Text: "down", At: at.Add(time.Duration(id) * time.Second)})
	}
	r.await(t, func() bool { return len(r.posts) == 4 })
	require.Equal(t, "1001", r.posts[1].ID)
	require.Equal(t, "1003", r.posts[2].ID)
}

func TestV2EndsAsTheStreamSays(t *testing.T) {
	t.Parallel()
	whole := v2test.Line(social.Post{ID: "1000", Author: "17", Text: "down", At: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)})
	for name, c := range map[string]struct {
		do    func(*v2test.Server)
		after time.Duration // 0: as the Backoff says
	}{
		"an end in good order":  {func(s *v2test.Server) { s.End([]byte("\r\n")) }, 0},
		"in the middle of it":   {func(s *v2test.Server) { s.End(whole[:len(whole)/2]) }, 0},
		"cut":                   {(*v2test.Server).Drop, 0},
		"silence":               {(*v2test.Server).Stall, 0},
		"disconnected upstream": {func(s *v2test.Server) { s.EmitRaw([]byte(`{"errors":[{"title":"operational-disconnect"}]}`)) }, 0},
		"too many connections": {func(s *v2test.Server) {
			s.EmitRaw([]byte(`{"title":"ConnectionException","connection_issue":"TooManyConnections"}`))
		}, time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := v2test.New(t)
			r := connect(t, newV2(t, v2Config(t, server, fewServices(t))))
			c.do(server)
			err := r.wait(t)
			require.Error(t, err)
			require.False(t, social.IsPermanent(err))
			require.Empty(t, r.posts)
			if c.after > 0 {
				require.Equal(t, c.after, retryAfter(t, err))
				return
			}
			var retry *social.RetryError
			require.NotErrorAs(t, err, &retry)
			connect(t, r.network)
		})
	}
}

func TestV2WaitsAsX(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	server := v2test.New(t)
	cfg := v2Config(t, server, fewServices(t))
	cfg.Now = func() time.Time { return now }
	network := newV2(t, cfg)
	refused := func(status int, header, value, body string) time.Duration {
		t.Helper()
		server.Refuse(v2test.StreamPath, v2test.Refusal{Status: status, Header: map[string]string{header: value}, Body: body})
		return retryAfter(t, read(t, network).wait(t))
	}
	for _, want := range []int{5, 10, 20, 40, 80, 160, 320, 320} {
		require.Equal(t, time.Duration(want)*time.Second, refused(http.StatusServiceUnavailable, "X-Other", "", ""))
	}
	for _, want := range []int{1, 2, 4, 8, 16, 16} {
		require.Equal(t, time.Duration(want)*time.Minute, refused(http.StatusTooManyRequests, "X-Other", "", ""))
	}
	reset := strconv.FormatInt(now.Add(7*time.Minute).Unix(), 10)
	require.Equal(t, 7*time.Minute+time.Second, refused(http.StatusTooManyRequests, "x-rate-limit-reset", reset, ""))
	past := strconv.FormatInt(now.Add(-time.Hour).Unix(), 10)
	require.Equal(t, time.Second, refused(http.StatusTooManyRequests, "x-rate-limit-reset", past, ""))
	require.Equal(t, time.Hour, refused(http.StatusTooManyRequests, "x-rate-limit-reset", "99999999999", ""), "not for ever")
	require.Equal(t, 16*time.Minute, refused(http.StatusTooManyRequests, "x-rate-limit-reset", "soon", ""))
	require.GreaterOrEqual(t, refused(http.StatusTooManyRequests, "x-rate-limit-reset", past,
		`{"title":"ConnectionException","connection_issue":"TooManyConnections"}`), time.Minute, "the reset is of another limit")
	require.Equal(t, 9*time.Second, refused(http.StatusServiceUnavailable, "Retry-After", "9", ""))
	require.Equal(t, 9*time.Second, refused(http.StatusTooManyRequests, "Retry-After", "9", ""))

	// What was heard starts the waits over.
	r := connect(t, network)
	r.await(t, func() bool { return r.alive > 0 })
	server.Drop()
	require.Error(t, r.wait(t))
	require.Equal(t, 5*time.Second, refused(http.StatusBadGateway, "X-Other", "", ""))
}

func TestV2GivesUpWithoutPermission(t *testing.T) {
	t.Parallel()
	for _, path := range []string{v2test.StreamPath, v2test.RulesPath} {
		for _, status := range []int{http.StatusUnauthorized, http.StatusForbidden} {
			server := v2test.New(t)
			server.Refuse(path, v2test.Refusal{Status: status, Body: `{"title":"Nosy"}`})
			err := read(t, newV2(t, v2Config(t, server, fewServices(t)))).wait(t)
			require.True(t, social.IsPermanent(err), "%s %d", path, status)
			require.NotContains(t, err.Error(), v2test.Bearer)
			require.NotContains(t, err.Error(), "Nosy")
		}
	}
}

func TestV2LeavesASecondConnectionAlone(t *testing.T) {
	t.Parallel()
	server := v2test.New(t)
	services := fewServices(t)
	connect(t, newV2(t, v2Config(t, server, services)))
	cfg := v2Config(t, server, services)
	cfg.Quiet = 10 * time.Second
	require.GreaterOrEqual(t, retryAfter(t, read(t, newV2(t, cfg)).wait(t)), time.Minute)
}

func TestV2ConnectsNoMoreOftenThanXAllows(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	server := v2test.New(t)
	cfg := v2Config(t, server, fewServices(t))
	cfg.Now = func() time.Time { return now }
	network := newV2(t, cfg)
	for range 40 {
		now = now.Add(time.Second)
		server.Refuse(v2test.StreamPath, v2test.Refusal{Status: 0})
		require.Error(t, read(t, network).wait(t))
	}
	require.Equal(t, 15*time.Minute-39*time.Second, retryAfter(t, read(t, network).wait(t)))
	require.Len(t, server.Streams(), 40)
	now = now.Add(15*time.Minute - 39*time.Second)
	connect(t, network)
}

// While posts wait to be recorded the watchdog does not take our silence for X's.
func TestV2IsPatientWithItself(t *testing.T) {
	t.Parallel()
	server := v2test.New(t)
	cfg := v2Config(t, server, fewServices(t))
	cfg.Quiet = 300 * time.Millisecond
	network := newV2(t, cfg)
	out := &v2Out{block: make(chan struct{})}
	result := make(chan error, 1)
	go func() { result <- network.Read(t.Context(), "", out) }()
	out.await(t, func() bool { return out.connected == 1 })
	for id := range 2 {
		server.Emit(social.Post{ID: strconv.Itoa(1000 + id), Author: "17", Text: "down", At: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)})
	}
	out.await(t, func() bool { return len(out.posts) == 1 })
	require.Never(t, func() bool { return len(result) > 0 }, 3*cfg.Quiet, 10*time.Millisecond)
	close(out.block)
	out.await(t, func() bool { return len(out.posts) == 2 })
}

func TestNewV2RefusesWhatCannotWork(t *testing.T) {
	t.Parallel()
	services := fewServices(t)
	for name, spoil := range map[string]func(*twitter.V2Config){
		"no token":             func(c *twitter.V2Config) { c.Bearer = "" },
		"a token of two lines": func(c *twitter.V2Config) { c.Bearer = "a\nb" },
		"no catalog":           func(c *twitter.V2Config) { c.Catalog = nil },
		"no clock":             func(c *twitter.V2Config) { c.Now = nil },
		"no logger":            func(c *twitter.V2Config) { c.Logger = nil },
		"no URL":               func(c *twitter.V2Config) { c.BaseURL = "api" },
		"another scheme":       func(c *twitter.V2Config) { c.BaseURL = "ftp://api.example" },
		"a token in the clear": func(c *twitter.V2Config) { c.BaseURL = "http://api.example" },
		"a user":               func(c *twitter.V2Config) { c.BaseURL = "https://me:secret@api.example" },
		"too many rules":       func(c *twitter.V2Config) { c.Rules = 1001 },
		"fewer than none":      func(c *twitter.V2Config) { c.Rules = -1 },
		"short rules":          func(c *twitter.V2Config) { c.RuleLength = 100 },
		"long rules":           func(c *twitter.V2Config) { c.RuleLength = 2000 },
	} {
		cfg := twitter.V2Config{Bearer: "t0ken", Catalog: services, Now: time.Now, Logger: slog.New(slog.DiscardHandler)}
		network, err := twitter.NewV2(cfg)
		require.NoError(t, err)
		require.Equal(t, "api.x.com", network.Instance())
		spoil(&cfg)
		_, err = twitter.NewV2(cfg)
		require.ErrorIs(t, err, outage.ErrInvalid, name)
		require.NotContains(t, err.Error(), "secret")
	}
}

// logTo is a logger whose text can be looked at.
func logTo(text *bytes.Buffer) *slog.Logger { return slog.New(slog.NewTextHandler(text, nil)) }

func TestV2GivesUpOnGarbage(t *testing.T) {
	t.Parallel()
	server := v2test.New(t)
	r := connect(t, newV2(t, v2Config(t, server, fewServices(t))))
	for range 99 {
		server.EmitRaw([]byte(`{"data":17}`))
	}
	server.EmitRaw([]byte(`{"data":{"id":"1","author_id":"2","text":"x","created_at":"2026-01-01T00:00:00Z"}}`))
	for range 100 {
		server.EmitRaw([]byte(`{"data":17}`))
	}
	require.ErrorContains(t, r.wait(t), "can be read")
	require.Equal(t, 199, r.skipped["malformed"])
	require.Len(t, r.posts, 1)
}
