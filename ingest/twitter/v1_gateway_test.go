package twitter_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/ingest/social"
	"github.com/outcryhq/outcry/ingest/social/socialtest"
	"github.com/outcryhq/outcry/ingest/twitter"
	"github.com/outcryhq/outcry/pkg/catalog"
	"github.com/outcryhq/outcry/pkg/outage"
)

func TestV1KeepsTheContract(t *testing.T) {
	t.Parallel()
	socialtest.Run(t, func(t *testing.T) socialtest.Server {
		t.Helper()
		return newV1Gateway(t)
	})
}

// heard is a social.Out that writes down what it is told.
type heard struct {
	mu     sync.Mutex
	events []string
	posts  []social.Post
	gate   chan struct{} // if set, Post waits for it
}

func (h *heard) note(event string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.events = append(h.events, event)
}

func (h *heard) Connected()            { h.note("connected") }
func (h *heard) Alive()                { h.note("alive") }
func (h *heard) Skipped(reason string) { h.note("skipped " + reason) }
func (h *heard) Advance(cursor string) { h.note("advance " + cursor) }

func (h *heard) Post(ctx context.Context, post social.Post) error {
	if h.gate != nil {
		select {
		case <-h.gate:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	h.note("post " + post.ID)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.posts = append(h.posts, post)
	return nil
}

func (h *heard) Delete(_ context.Context, id string) error {
	h.note("delete " + id)
	return nil
}

func (h *heard) DeleteAll(_ context.Context, links string) error {
	h.note("delete all " + links)
	return nil
}

func (h *heard) count(event string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := 0
	for _, e := range h.events {
		if e == event {
			n++
		}
	}
	return n
}

// first is the first event that is not a sign of life.
func (h *heard) first() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, e := range h.events {
		if e != "alive" {
			return e
		}
	}
	return ""
}

// read runs one Read. Its result comes on the channel.
func (g *v1Gateway) read(ctx context.Context, network social.Network) (*heard, chan error) {
	out, ended := &heard{}, make(chan error, 1)
	go func() { ended <- network.Read(ctx, "", out) }()
	return out, ended
}

func (h *heard) await(t *testing.T, event string) {
	t.Helper()
	require.Eventually(t, func() bool { return h.count(event) > 0 }, 10*time.Second, 2*time.Millisecond, event)
}

func result(t *testing.T, ended chan error) error {
	t.Helper()
	select {
	case err := <-ended:
		return err
	case <-time.After(10 * time.Second):
		require.Fail(t, "Read does not end")
		return nil
	}
}

func TestV1HandsOverWhatItReads(t *testing.T) {
	t.Parallel()
	g := newV1Gateway(t)
	ctx, cancel := context.WithCancel(t.Context())
	out, ended := g.read(ctx, g.Network())
	out.await(t, "connected")
	at := time.Date(2017, 11, 3, 8, 5, 7, 0, time.UTC)
	want := social.Post{
		ID: "926361234567890123", Author: "40148479", Text: "@WhatsApp R&D <down> " + strings.Repeat("é", 150), Language: "nl",
		Place: "NL", Profile: "Amsterdam", Repost: true, At: at, Link: "https://twitter.com/i/web/status/926361234567890123",
	}
	g.Emit(want)
	g.EmitRaw([]byte(`{"limit":{"track":17}}`))
	g.EmitRaw([]byte(`{"delete":{"direct_message":{"id":1}}}`))
	g.Delete("4711")
	out.await(t, "delete 4711")
	require.Equal(t, []social.Post{want}, out.posts)
	require.Equal(t, "connected", out.first())
	require.Equal(t, 1, out.count("skipped other_kind"))
	require.Equal(t, 1, out.count("skipped malformed"), "a deletion of nothing")
	require.NotZero(t, out.count("alive"))
	cancel()
	require.NoError(t, result(t, ended))

	g.mu.Lock()
	defer g.mu.Unlock()
	require.Len(t, g.requests, 1)
	request := g.requests[0]
	require.Equal(t, "/1.1/statuses/filter.json", request.URL.Path)
	require.Empty(t, request.URL.RawQuery, "the terms are too long for a request line")
	require.Equal(t, "@WhatsApp,@jankoum", request.PostForm.Get("track"))
	require.Equal(t, "Bearer secret", request.Header.Get("Authorization"))
}

func TestV1SignsWithKeys(t *testing.T) {
	t.Parallel()
	g := newV1Gateway(t)
	cfg := g.config()
	cfg.Token, cfg.BaseURL = "", cfg.BaseURL+"/under/"
	cfg.Keys = twitter.V1Keys{ConsumerKey: "ck", ConsumerSecret: "cs", Token: "tk", TokenSecret: "ts"}
	network, err := twitter.NewV1(cfg)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	out, ended := g.read(ctx, network)
	out.await(t, "connected")
	cancel()
	require.NoError(t, result(t, ended))
	g.mu.Lock()
	defer g.mu.Unlock()
	require.Equal(t, "/under/1.1/statuses/filter.json", g.requests[0].URL.Path)
	require.Equal(t, "@WhatsApp,@jankoum", g.requests[0].PostForm.Get("track"), "signing leaves the body as it is")
	authorization := g.requests[0].Header.Get("Authorization")
	require.Contains(t, authorization, `OAuth oauth_consumer_key="ck"`)
	require.NotContains(t, authorization, "cs")
}

func TestV1SaysWhatAStatusMeans(t *testing.T) {
	t.Parallel()
	for _, status := range []int{401, 403, 406, 413, 416} {
		g := newV1Gateway(t)
		g.RefuseNext(status, 1)
		_, ended := g.read(t.Context(), g.Network())
		err := result(t, ended)
		require.True(t, social.IsPermanent(err), "%d", status)
		require.ErrorContains(t, err, fmt.Sprintf("status %d", status))
		require.NotContains(t, err.Error(), "WhatsApp", "the terms are not repeated")
	}
	for status, waits := range map[int][]time.Duration{
		420: {time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute, 16 * time.Minute, 16 * time.Minute},
		429: {time.Minute, 2 * time.Minute},
		500: {5 * time.Second, 10 * time.Second},
		503: {5 * time.Second, 10 * time.Second, 20 * time.Second, 40 * time.Second, 80 * time.Second, 160 * time.Second, 320 * time.Second, 320 * time.Second},
		302: {5 * time.Second},
		204: {5 * time.Second},
		404: {5 * time.Second},
	} {
		g := newV1Gateway(t)
		g.again = ""
		network := g.Network()
		g.RefuseNext(status, len(waits))
		for _, want := range waits {
			out, ended := g.read(t.Context(), network)
			retry, ok := errors.AsType[*social.RetryError](result(t, ended))
			require.True(t, ok, "%d", status)
			require.Equal(t, want, retry.After, "%d", status)
			require.Empty(t, out.events)
		}
	}
}

func TestV1WaitsAsLongAsTheGatewayAsks(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]time.Duration{"7": 7 * time.Second, "999999999": time.Hour, "soon": time.Minute, "-3": time.Minute} {
		g := newV1Gateway(t)
		g.again = header
		g.RefuseNext(http.StatusTooManyRequests, 1)
		_, ended := g.read(t.Context(), g.Network())
		retry, ok := errors.AsType[*social.RetryError](result(t, ended))
		require.True(t, ok)
		require.Equal(t, want, retry.After, header)
	}
}

// go-twitter alone would connect again at once, thousands of times a second.
func TestV1ConnectsOnce(t *testing.T) {
	t.Parallel()
	g := newV1Gateway(t)
	out, ended := g.read(t.Context(), g.Network())
	out.await(t, "connected")
	g.send(endOfStream)
	require.ErrorContains(t, result(t, ended), "ended the stream")
	g.mu.Lock()
	defer g.mu.Unlock()
	require.Len(t, g.requests, 1)
}

func TestV1TakesALastMessageWithoutItsEnd(t *testing.T) {
	t.Parallel()
	g := newV1Gateway(t)
	out, ended := g.read(t.Context(), g.Network())
	out.await(t, "connected")
	g.send(v1Line(social.Post{ID: "12", Author: "3", Text: "x", At: time.Now()}))
	g.send(endOfStream)
	require.Error(t, result(t, ended))
	require.Equal(t, 1, out.count("post 12"))
}

func TestV1NoticesSilence(t *testing.T) {
	t.Parallel()
	g := newV1Gateway(t)
	out, ended := g.read(t.Context(), g.Network())
	out.await(t, "alive")
	g.Stall()
	require.ErrorContains(t, result(t, ended), "silent")
}

// While reports wait to be recorded it is we who are slow.
func TestV1IsPatientWithItself(t *testing.T) {
	t.Parallel()
	g := newV1Gateway(t)
	cfg := g.config()
	cfg.Quiet = 300 * time.Millisecond
	network, err := twitter.NewV1(cfg)
	require.NoError(t, err)
	out, ended := &heard{gate: make(chan struct{})}, make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { ended <- network.Read(ctx, "", out) }()
	out.await(t, "connected")
	for id := 12; id < 15; id++ {
		g.Emit(social.Post{ID: strconv.Itoa(id), Author: "3", Text: "x", At: time.Now()})
	}
	require.Never(t, func() bool { return len(ended) > 0 }, 900*time.Millisecond, 50*time.Millisecond)
	close(out.gate)
	out.await(t, "post 14")
	cancel()
	require.NoError(t, result(t, ended))
}

func TestV1EndsWhileAPostWaits(t *testing.T) {
	t.Parallel()
	g := newV1Gateway(t)
	out, ended := &heard{gate: make(chan struct{})}, make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	network := g.Network()
	go func() { ended <- network.Read(ctx, "", out) }()
	out.await(t, "connected")
	for id := 12; id < 20; id++ {
		g.Emit(social.Post{ID: strconv.Itoa(id), Author: "3", Text: "x", At: time.Now()})
	}
	cancel()
	require.NoError(t, result(t, ended))
}

func TestV1PassesOverLongLines(t *testing.T) {
	t.Parallel()
	g := newV1Gateway(t)
	ctx, cancel := context.WithCancel(t.Context())
	out, ended := g.read(ctx, g.Network())
	out.await(t, "connected")
	g.EmitRaw([]byte(`{"retweet_count":0,"text":"` + strings.Repeat("x\n", 1<<20) + `"}`))
	g.Emit(social.Post{ID: "12", Author: "3", Text: "x", At: time.Now()})
	out.await(t, "post 12")
	require.Equal(t, 1, out.count("skipped too_large"))
	require.Zero(t, out.count("skipped malformed"))
	// A message may have line feeds between its tokens.
	g.EmitRaw([]byte(strings.Replace(v1Line(social.Post{ID: "13", Author: "3", Text: "x", At: time.Now()}), ",", ",\n", 3)))
	out.await(t, "post 13")
	cancel()
	require.NoError(t, result(t, ended))
}

func TestV1ConfigIsChecked(t *testing.T) {
	t.Parallel()
	good := twitter.V1Config{BaseURL: "https://gateway.example/api", Track: []string{"x"}}
	network, err := twitter.NewV1(good)
	require.NoError(t, err)
	require.Equal(t, "gateway.example", network.Instance())
	require.Equal(t, outage.SourceTwitter, network.Source())
	require.Equal(t, 250*time.Millisecond, network.Backoff().First)
	for name, change := range map[string]func(*twitter.V1Config){
		"no URL":         func(c *twitter.V1Config) { c.BaseURL = "" },
		"no host":        func(c *twitter.V1Config) { c.BaseURL = "https:///x" },
		"another scheme": func(c *twitter.V1Config) { c.BaseURL = "ftp://x" },
		"a user":         func(c *twitter.V1Config) { c.BaseURL = "https://u:p@x" },
		"a query":        func(c *twitter.V1Config) { c.BaseURL = "https://x?y=z" },
		"both":           func(c *twitter.V1Config) { c.Token, c.Keys.ConsumerKey = "t", "k" },
		"some keys":      func(c *twitter.V1Config) { c.Keys.ConsumerKey = "k" },
		"no terms":       func(c *twitter.V1Config) { c.Track = nil },
		"many terms":     func(c *twitter.V1Config) { c.Track = make([]string, 401) },
		"an empty term":  func(c *twitter.V1Config) { c.Track = []string{" "} },
		"a long term":    func(c *twitter.V1Config) { c.Track = []string{strings.Repeat("x", 61)} },
		"two terms":      func(c *twitter.V1Config) { c.Track = []string{"a,b"} },
	} {
		cfg := good
		change(&cfg)
		_, err := twitter.NewV1(cfg)
		require.ErrorIs(t, err, outage.ErrInvalid, name)
	}
}

func TestTermsOfTheCatalog(t *testing.T) {
	t.Parallel()
	c, err := catalog.Default()
	require.NoError(t, err)
	terms, unheard := twitter.Terms(c)
	require.LessOrEqual(t, len(terms), twitter.MostTerms)
	require.Contains(t, terms, "WhatsApp", "which finds @WhatsApp and #whatsapp too")
	require.Contains(t, terms, "@jankoum")
	require.NotContains(t, terms, "@WhatsApp")
	seen := map[string]bool{}
	for _, term := range terms {
		require.LessOrEqual(t, len(term), 60)
		require.NotContains(t, term, ",")
		require.False(t, seen[strings.ToLower(term)], term)
		seen[strings.ToLower(term)] = true
	}
	_, err = twitter.NewV1(twitter.V1Config{BaseURL: "https://x", Track: terms})
	require.NoError(t, err)
	for _, slug := range unheard {
		service, ok := c.Service(slug)
		require.True(t, ok)
		require.NotEmpty(t, service.Countries, "%s is used worldwide", slug)
	}
	again, _ := twitter.Terms(c)
	require.Equal(t, terms, again)
}

// catalogOf makes a catalog of so many services, each with the rest of its entry.
func catalogOf(t *testing.T, services int, entry func(i int) string) *catalog.Catalog {
	t.Helper()
	var file strings.Builder
	file.WriteString("problems: [{slug: down, label: Down}]\ncategories: [{slug: web, problems: [down]}]\nservices:\n")
	for i := range services {
		fmt.Fprintf(&file, "  - {slug: s%03d, name: Service %03d, category: web, %s}\n", i, i, entry(i))
	}
	c, err := catalog.Load(strings.NewReader(file.String()))
	require.NoError(t, err)
	return c
}

func TestTermsAreOrderedByUse(t *testing.T) {
	t.Parallel()
	c := catalogOf(t, 3, func(i int) string {
		return []string{
			`countries: [NL], handles: [first], people: [boss]`,
			`handles: [Service001, "other.host", much_too_long_for_an_account], aliases: [ambi, ab, "a, b"], ambiguous: [ambi]`,
			`countries: [NL, BE], aliases: [second name]`,
		}[i]
	})
	terms, unheard := twitter.Terms(c)
	require.Empty(t, unheard)
	require.Equal(t, []string{
		"@Service001", "@boss", "Service 002", "@first",
		"Service 001", "second name", "Service 000",
	}, terms)
}

func TestTermsHaveARoomForEachService(t *testing.T) {
	t.Parallel()
	entry := func(i int) string {
		return fmt.Sprintf("countries: [NL], handles: [h%da, h%db], people: [p%d], ambiguous: [Service %03d]", i, i, i, i)
	}
	terms, unheard := twitter.Terms(catalogOf(t, 200, entry))
	require.Len(t, terms, twitter.MostTerms)
	require.Empty(t, unheard)
	require.Contains(t, terms, "@h199a")
	require.Contains(t, terms, "@p199")
	for _, term := range terms {
		require.True(t, strings.HasPrefix(term, "@"), "a name that is ambiguous is not tracked: %s", term)
	}
	terms, unheard = twitter.Terms(catalogOf(t, 450, entry))
	require.Len(t, terms, twitter.MostTerms)
	require.Len(t, unheard, 50)
	require.Equal(t, "s400", unheard[0])
}

func TestV1GivesUpOnAGatewayThatSpeaksSomethingElse(t *testing.T) {
	t.Parallel()
	want := map[string]string{"garbage": "can be read", "a message without end": "without end"}
	for name, send := range map[string]func(g *v1Gateway){
		"garbage": func(g *v1Gateway) {
			for range 100 {
				g.EmitRaw([]byte(`{"retweet_count":0,"text":17}`))
			}
		},
		"a message without end": func(g *v1Gateway) { g.send(strings.Repeat("x", 65<<20)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newV1Gateway(t)
			out, ended := g.read(t.Context(), g.Network())
			out.await(t, "connected")
			send(g)
			err := result(t, ended)
			require.ErrorContains(t, err, want[name])
			require.False(t, social.IsPermanent(err))
		})
	}
}
