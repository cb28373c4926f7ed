package mastodon_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/ingest/mastodon"
	"github.com/outcryhq/outcry/ingest/mastodon/mastodontest"
	"github.com/outcryhq/outcry/ingest/social"
	"github.com/outcryhq/outcry/pkg/outage"
)

const patience = 20 * time.Second

// recorder is an Out that keeps what it is given.
type recorder struct {
	mu        sync.Mutex
	connected int
	alive     int
	posts     []social.Post
	deleted   []string
	skipped   map[string]int
	cursors   []string
	before    int // posts that were handed over before the first cursor
}

func (r *recorder) Connected() { r.do(func() { r.connected++ }) }
func (r *recorder) Alive()     { r.do(func() { r.alive++ }) }
func (r *recorder) Post(ctx context.Context, post social.Post) error {
	r.do(func() { r.posts = append(r.posts, post) })
	return ctx.Err()
}

func (r *recorder) Delete(ctx context.Context, id string) error {
	r.do(func() { r.deleted = append(r.deleted, id) })
	return ctx.Err()
}

func (r *recorder) DeleteAll(ctx context.Context, _ string) error { return ctx.Err() }

func (r *recorder) Skipped(reason string) {
	r.do(func() {
		if r.skipped == nil {
			r.skipped = map[string]int{}
		}
		r.skipped[reason]++
	})
}

func (r *recorder) Advance(cursor string) {
	r.do(func() {
		if len(r.cursors) == 0 {
			r.before = len(r.posts)
		}
		r.cursors = append(r.cursors, cursor)
	})
}

func (r *recorder) do(what func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	what()
}

func (r *recorder) cursor() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.cursors) == 0 {
		return ""
	}
	return r.cursors[len(r.cursors)-1]
}

// ids are those of the posts, in the order in which they came.
func (r *recorder) ids() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	ids := make([]string, len(r.posts))
	for i, post := range r.posts {
		ids[i] = post.ID
	}
	return ids
}

func (r *recorder) await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	require.Eventually(t, func() bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		return holds()
	}, patience, 2*time.Millisecond, what)
}

// listen reads in another goroutine. stop ends it and returns what Read returned.
func listen(t *testing.T, network social.Network, cursor string, out *recorder) (stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- network.Read(ctx, cursor, out) }()
	stop = sync.OnceValue(func() error {
		cancel()
		return <-ended
	})
	t.Cleanup(func() { _ = stop() })
	out.await(t, "a connection", func() bool { return out.connected > 0 })
	return stop
}

// readOnce is for connections that fail by themselves.
func readOnce(t *testing.T, network social.Network, cursor string, out *recorder) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	return network.Read(ctx, cursor, out)
}

func newNetwork(t *testing.T, url string) *mastodon.Network {
	t.Helper()
	network, err := mastodon.New(mastodon.Config{Instance: url, Token: mastodontest.Token})
	require.NoError(t, err)
	return network
}

func postAt(n int, at time.Time) social.Post {
	return social.Post{ID: strconv.Itoa(n), Author: strconv.Itoa(n), Text: "It is down", Language: "en", At: at.UTC().Truncate(time.Millisecond)}
}

func cursorAt(at time.Time) string { return strconv.FormatInt(at.UnixMilli(), 10) }

func TestAPostAndItsDeletion(t *testing.T) {
	t.Parallel()
	server := mastodontest.New(t)
	var out recorder
	stop := listen(t, newNetwork(t, server.URL()), "", &out)
	post := social.Post{
		ID: "1000", Author: "7", Text: "#WhatsApp <down> again & again\nsince noon\n\n@jankoum?", Language: "en",
		Profile: "Köln & Bonn", At: time.Now().UTC().Truncate(time.Millisecond), Link: "https://remote.example/@u7/1000",
	}
	server.Emit(post)
	out.await(t, "the post", func() bool { return len(out.posts) == 1 })
	server.Delete("1000")
	server.Delete("4711")
	out.await(t, "the deletions", func() bool { return len(out.deleted) == 2 })
	require.NoError(t, stop())

	want := post
	want.ID, want.Author = server.ID("1000"), "https://remote.example/@u7"
	want.Text = "#WhatsApp <down> again & again\nsince noon\n@jankoum?"
	require.Equal(t, want, out.posts[0])
	host := strings.TrimPrefix(server.URL(), "http://")
	require.Equal(t, []string{server.ID("1000"), host + "/4711"}, out.deleted)
	require.Equal(t, cursorAt(post.At), out.cursor())
}

func TestOnePostThroughTwoInstances(t *testing.T) {
	t.Parallel()
	one, other := mastodontest.New(t), mastodontest.New(t)
	other.Emit(postAt(999, time.Now())) // so that its own ids are others
	post := postAt(1000, time.Now())
	var outs [2]recorder
	for i, server := range []*mastodontest.Server{one, other} {
		listen(t, newNetwork(t, server.URL()), "", &outs[i])
		server.Emit(post)
		outs[i].await(t, "the post", func() bool { return len(outs[i].posts) == 1 })
	}
	require.Equal(t, outs[0].posts[0].Author, outs[1].posts[0].Author, "who counts once")
	require.Equal(t, outs[0].posts[0].Link, outs[1].posts[0].Link)
	require.NotEqual(t, outs[0].posts[0].ID, outs[1].posts[0].ID, "each instance tells of its own deletions")
}

func TestADeletionAfterARestart(t *testing.T) {
	t.Parallel()
	server := mastodontest.New(t)
	var before, after recorder
	stop := listen(t, newNetwork(t, server.URL()), "", &before)
	server.Emit(postAt(1000, time.Now()))
	before.await(t, "the post", func() bool { return len(before.posts) == 1 })
	require.NoError(t, stop())
	listen(t, newNetwork(t, server.URL()), "", &after)
	server.Delete("1000")
	after.await(t, "the deletion", func() bool { return len(after.deleted) == 1 })
	require.Equal(t, before.posts[0].ID, after.deleted[0])
}

func TestAPostThatIsYetToComeMovesNoCursor(t *testing.T) {
	t.Parallel()
	server := mastodontest.New(t)
	network := newNetwork(t, server.URL())
	now := time.Now()
	var out recorder
	stop := listen(t, network, "", &out)
	out.await(t, "the first cursor", func() bool { return len(out.cursors) == 1 })
	server.Emit(postAt(1000, now.AddDate(74, 0, 0)))
	out.await(t, "the post", func() bool { return len(out.posts) == 1 })
	require.NoError(t, stop())
	require.Len(t, out.cursors, 1)

	// In a gap it comes first, and what follows may yet be lost.
	server.EmitSilently(postAt(1001, now.AddDate(74, 0, 1)))
	server.EmitSilently(postAt(1002, now.Add(-2*time.Minute)))
	server.EmitSilently(postAt(1003, now.Add(-time.Minute)))
	var later recorder
	stop = listen(t, newNetwork(t, server.URL()), cursorAt(now.Add(-3*time.Minute)), &later)
	later.await(t, "the gap", func() bool { return len(later.posts) == 4 && len(later.cursors) > 0 })
	require.NoError(t, stop())
	require.Equal(t, cursorAt(now.Add(-time.Minute)), later.cursor())
	require.Equal(t, 4, later.before, "no cursor before all of the gap was handed over")
	for _, post := range later.posts {
		require.False(t, post.At.After(time.Now()))
	}
}

func TestAPostThatReachesTheInstanceLate(t *testing.T) {
	t.Parallel()
	server := mastodontest.New(t)
	now := time.Now()
	server.EmitSilently(postAt(1000, now.Add(-6*time.Minute)))
	server.EmitSilently(postAt(1001, now.Add(-4*time.Minute)))
	var out recorder
	listen(t, newNetwork(t, server.URL()), cursorAt(now), &out)
	out.await(t, "what came late", func() bool { return len(out.posts) == 1 })
	require.Equal(t, []string{server.ID("1001")}, out.ids())
}

func TestTheTimeBeforeAGapCostsFewPages(t *testing.T) {
	t.Parallel()
	server := mastodontest.New(t)
	now := time.Now()
	for n := range 2000 {
		server.EmitSilently(postAt(10_000+n, now.Add(time.Duration(n-2000)*100*time.Millisecond)))
	}
	var out recorder
	listen(t, newNetwork(t, server.URL()), cursorAt(now.Add(-8*time.Second)), &out)
	out.await(t, "the gap", func() bool { return len(out.cursors) > 0 })
	require.Equal(t, 3+25, server.Pages())
}

func TestAGapIsCaughtUpInOrderAndOnce(t *testing.T) {
	t.Parallel()
	server := mastodontest.New(t)
	network := newNetwork(t, server.URL())
	var out recorder
	stop := listen(t, network, "", &out)
	now := time.Now().Add(-10 * time.Second)
	for n := 1000; n < 1010; n++ {
		server.Emit(postAt(n, now.Add(time.Duration(n-1010)*time.Millisecond)))
	}
	out.await(t, "what is there", func() bool { return len(out.posts) == 10 })
	require.NoError(t, stop())

	// Five pages while nobody listens, and one post that was written before the gap.
	server.EmitSilently(postAt(999, now.Add(-30*time.Second)))
	want := out.ids()
	want = append(want, server.ID("999"))
	for n := 1010; n < 1200; n++ {
		server.EmitSilently(postAt(n, now.Add(time.Duration(n-1009)*time.Millisecond)))
		want = append(want, server.ID(strconv.Itoa(n)))
	}
	// And one before each page, which the stream brings as well as the timeline.
	next := 1200
	server.BeforePages(func() {
		if next < 1205 {
			server.Emit(postAt(next, time.Now()))
			next++
		}
	})
	out.connected = 0
	stop = listen(t, network, out.cursor(), &out)
	out.await(t, "what was missed", func() bool { return len(out.posts) >= 206 })
	server.Emit(postAt(1300, time.Now()))
	out.await(t, "what comes then", func() bool {
		return out.posts[len(out.posts)-1].ID == server.ID("1300")
	})
	require.NoError(t, stop())
	for n := 1200; n < 1205; n++ {
		want = append(want, server.ID(strconv.Itoa(n)))
	}
	want = append(want, server.ID("1300"))
	require.Equal(t, want, out.ids(), "all of them, each once, in order")
	require.True(t, slices.IsSorted(out.cursors), "the cursor never goes back")
}

func TestAnotherProcessGoesOn(t *testing.T) {
	t.Parallel()
	server := mastodontest.New(t)
	now := time.Now()
	server.EmitSilently(postAt(1000, now.Add(-20*time.Minute))) // before the cursor, and too old
	server.EmitSilently(postAt(1001, now.Add(-16*time.Minute))) // too old to count
	server.EmitSilently(postAt(1002, now.Add(-14*time.Minute)))
	server.EmitSilently(postAt(1003, now))
	var out recorder
	listen(t, newNetwork(t, server.URL()), cursorAt(now.Add(-time.Hour)), &out)
	out.await(t, "what was missed", func() bool { return len(out.posts) == 2 })
	require.Equal(t, []string{server.ID("1002"), server.ID("1003")}, out.ids())
	require.Equal(t, 1, server.Pages())

	var later recorder
	listen(t, newNetwork(t, server.URL()), cursorAt(now.Add(-8*time.Minute)), &later)
	later.await(t, "what was missed", func() bool { return len(later.posts) == 1 })
	require.Equal(t, []string{server.ID("1003")}, later.ids())
}

func TestAVeryLongGapIsCutAtItsOldEnd(t *testing.T) {
	t.Parallel()
	server := mastodontest.New(t)
	now := time.Now()
	for n := range 4100 {
		server.EmitSilently(postAt(10_000+n, now.Add(time.Duration(n-4100)*100*time.Millisecond)))
	}
	var log bytes.Buffer
	network, err := mastodon.New(mastodon.Config{
		Instance: server.URL(), Token: mastodontest.Token, Logger: slog.New(slog.NewTextHandler(&log, nil)),
	})
	require.NoError(t, err)
	var out recorder
	stop := listen(t, network, cursorAt(now.Add(-10*time.Minute)), &out)
	out.await(t, "the newest", func() bool { return len(out.posts) == 4000 })
	require.NoError(t, stop())
	require.Equal(t, server.ID("10100"), out.posts[0].ID)
	require.Equal(t, server.ID("14099"), out.posts[3999].ID)
	require.Equal(t, 100, server.Pages())
	require.Contains(t, log.String(), "the older posts of a long gap are left out")
	require.NotContains(t, log.String(), "remote.example")
	require.NotContains(t, log.String(), mastodontest.Token)
}

func TestANewNetworkBeginsNow(t *testing.T) {
	t.Parallel()
	for _, cursor := range []string{"", "garbage", "-1", "99999999999999999999", "0"} {
		server := mastodontest.New(t)
		server.EmitSilently(postAt(1000, time.Now()))
		var out recorder
		began := time.Now()
		stop := listen(t, newNetwork(t, server.URL()), cursor, &out)
		out.await(t, "a cursor", func() bool { return len(out.cursors) == 1 })
		require.NoError(t, stop())
		require.Empty(t, out.posts)
		require.Zero(t, server.Pages())
		ms, err := strconv.ParseInt(out.cursor(), 10, 64)
		require.NoError(t, err)
		require.WithinDuration(t, began, time.UnixMilli(ms), time.Minute)
	}
}

func TestARefusedTokenIsNotTriedAgain(t *testing.T) {
	t.Parallel()
	server := mastodontest.New(t)
	network, err := mastodon.New(mastodon.Config{Instance: server.URL(), Token: "revoked-token"})
	require.NoError(t, err)
	var out recorder
	err = readOnce(t, network, "", &out)
	require.True(t, social.IsPermanent(err))
	require.ErrorContains(t, err, "token refused by "+network.Instance())
	require.NotContains(t, err.Error(), "revoked-token")
	require.Zero(t, out.connected)

	server.RefuseNext(http.StatusForbidden, 1)
	require.True(t, social.IsPermanent(readOnce(t, newNetwork(t, server.URL()), "", &out)))
	server.RefusePage(http.StatusUnauthorized, nil)
	require.True(t, social.IsPermanent(readOnce(t, newNetwork(t, server.URL()), cursorAt(time.Now()), &out)))
}

func TestLimitsAreHonoured(t *testing.T) {
	t.Parallel()
	in := func(wait time.Duration) time.Time { return time.Now().Add(wait) }
	for name, test := range map[string]struct {
		status int
		header func() http.Header // its times are of when it is asked for
		wait   time.Duration
	}{
		"Mastodon's": {429, func() http.Header {
			return http.Header{"X-Ratelimit-Reset": {in(2 * time.Minute).UTC().Format(time.RFC3339Nano)}}
		}, 2 * time.Minute},
		"seconds": {429, func() http.Header {
			return http.Header{"X-Ratelimit-Reset": {strconv.FormatInt(in(3*time.Minute).Unix(), 10)}}
		}, 3 * time.Minute},
		"the longer": {429, func() http.Header {
			return http.Header{"X-Ratelimit-Reset": {in(time.Minute).UTC().Format(time.RFC3339)}, "Retry-After": {"240"}}
		}, 4 * time.Minute},
		"a date": {429, func() http.Header {
			return http.Header{"Retry-After": {in(5 * time.Minute).UTC().Format(http.TimeFormat)}}
		}, 5 * time.Minute},
		"unsaid":            {429, func() http.Header { return nil }, time.Minute},
		"nonsense":          {429, func() http.Header { return http.Header{"X-Ratelimit-Reset": {"soon"}, "Retry-After": {"-5"}} }, time.Minute},
		"a year":            {429, func() http.Header { return http.Header{"Retry-After": {"31536000"}} }, time.Hour},
		"more than there's": {429, func() http.Header { return http.Header{"Retry-After": {"9223372036854775807"}} }, time.Hour},
		"overloaded": {503, func() http.Header {
			return http.Header{"Retry-After": {"30"}, "X-Ratelimit-Reset": {in(time.Hour).UTC().Format(time.RFC3339)}}
		}, 30 * time.Second},
		"broken": {500, func() http.Header { return nil }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := mastodontest.New(t)
			server.RefusePage(test.status, test.header())
			err := readOnce(t, newNetwork(t, server.URL()), cursorAt(time.Now()), &recorder{})
			var retry *social.RetryError
			require.ErrorAs(t, err, &retry)
			require.InDelta(t, test.wait.Seconds(), retry.After.Seconds(), 5)
			require.False(t, social.IsPermanent(err))
			require.ErrorContains(t, err, "status "+strconv.Itoa(test.status))
		})
	}
}

func TestAPageThatCannotBeReadIsLeftOut(t *testing.T) {
	t.Parallel()
	for name, page := range map[string]string{
		"malformed": `{"error":"not a list"}`,
		"too_large": `["` + strings.Repeat("x", 5<<20) + `"]`,
	} {
		server := mastodontest.New(t)
		front := standIn(t, server, func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path != "/api/v1/timelines/public" {
				return false
			}
			_, _ = w.Write([]byte(page))
			return true
		})
		var out recorder
		listen(t, newNetwork(t, front.URL), cursorAt(time.Now()), &out)
		out.await(t, "the page", func() bool { return out.skipped[name] == 1 })
		server.Emit(postAt(1000, time.Now()))
		out.await(t, "the stream", func() bool { return len(out.posts) == 1 })
	}
}

// standIn answers in place of the server, except where answer returns false.
// The stream then is the server's.
func standIn(t *testing.T, server *mastodontest.Server, answer func(http.ResponseWriter, *http.Request) bool) *httptest.Server {
	t.Helper()
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !answer(w, r) {
			server.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(front.Close)
	t.Cleanup(server.Drop)
	return front
}

func TestAnInstanceThatDoesNotSayWhereItStreams(t *testing.T) {
	t.Parallel()
	for _, answer := range []func(http.ResponseWriter){
		func(w http.ResponseWriter) { w.WriteHeader(http.StatusNotFound) },
		func(w http.ResponseWriter) { _, _ = w.Write([]byte(`{"configuration":{"urls":{}}}`)) },
	} {
		server := mastodontest.New(t)
		front := standIn(t, server, func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path == "/api/v2/instance" {
				answer(w)
				return true
			}
			return false
		})
		var out recorder
		listen(t, newNetwork(t, front.URL), "", &out)
		server.Emit(postAt(1000, time.Now()))
		out.await(t, "the post", func() bool { return len(out.posts) == 1 })
	}
}

func TestTheTokenGoesNowhereElse(t *testing.T) {
	t.Parallel()
	var elsewhere recorder // counts requests as alive
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Alive() }))
	t.Cleanup(other.Close)
	for name, test := range map[string]struct {
		answer func(w http.ResponseWriter, r *http.Request) bool
		says   string
	}{
		"a redirect": {says: "a redirect to another host is not followed", answer: func(w http.ResponseWriter, r *http.Request) bool {
			http.Redirect(w, r, other.URL, http.StatusFound)
			return true
		}},
		"a redirect of the stream": {says: "a redirect to another host is not followed", answer: func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path == "/api/v1/streaming" {
				http.Redirect(w, r, other.URL, http.StatusMovedPermanently)
				return true
			}
			return false
		}},
		"a stream elsewhere": {says: "streams from another site", answer: func(w http.ResponseWriter, _ *http.Request) bool {
			_, _ = fmt.Fprintf(w, `{"configuration":{"urls":{"streaming":%q}}}`, strings.Replace(other.URL, "http", "ws", 1))
			return true
		}},
		"a stream that is no URL": {says: "streams from what is no URL", answer: func(w http.ResponseWriter, _ *http.Request) bool {
			_, _ = w.Write([]byte(`{"configuration":{"urls":{"streaming":"ws://\u0000"}}}`))
			return true
		}},
		"no instance": {says: "does not describe itself", answer: func(w http.ResponseWriter, _ *http.Request) bool {
			_, _ = w.Write([]byte(`<html>`))
			return true
		}},
	} {
		front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !test.answer(w, r) {
				_, _ = w.Write([]byte(`{}`))
			}
		}))
		t.Cleanup(front.Close)
		var out recorder
		err := readOnce(t, newNetwork(t, front.URL), "", &out)
		require.ErrorContains(t, err, test.says, name)
		require.NotContains(t, err.Error(), mastodontest.Token, name)
		require.Zero(t, out.connected, name)
	}
	require.Zero(t, elsewhere.alive)
}

func TestARedirectOnTheSameHostIsFollowed(t *testing.T) {
	t.Parallel()
	server := mastodontest.New(t)
	front := standIn(t, server, func(w http.ResponseWriter, r *http.Request) bool {
		switch r.URL.Path {
		case "/api/v2/instance":
			_, _ = w.Write([]byte(`{}`))
			return true
		case "/api/v1/streaming":
			if r.URL.Query().Get("moved") == "" {
				http.Redirect(w, r, "/api/v1/streaming?stream=public&moved=1", http.StatusFound)
				return true
			}
		}
		return false
	})
	var out recorder
	listen(t, newNetwork(t, front.URL), "", &out)
	server.Emit(postAt(1000, time.Now()))
	out.await(t, "the post", func() bool { return len(out.posts) == 1 })
}

func TestAStreamThatIsRefusedAfterTheHandshake(t *testing.T) {
	t.Parallel()
	for message, permanent := range map[string]bool{
		`{"error":"The access token is invalid","status":401}`: true,
		`{"error":"not now"}`: false,
	} {
		server := mastodontest.New(t)
		network := newNetwork(t, server.URL())
		var out recorder
		ended := make(chan error, 1)
		go func() { ended <- readOnce(t, network, "", &out) }()
		require.Eventually(t, func() bool { return server.Clients() == 1 }, patience, time.Millisecond)
		server.EmitRaw([]byte(message))
		err := <-ended
		require.Equal(t, permanent, social.IsPermanent(err))
		var retry *social.RetryError
		require.Equal(t, !permanent, errors.As(err, &retry))
		require.NotContains(t, err.Error(), "not now", "what a server says is not repeated")
	}
}

func TestWhatIsOfNoInterestIsCounted(t *testing.T) {
	t.Parallel()
	server := mastodontest.New(t)
	var out recorder
	stop := listen(t, newNetwork(t, server.URL()), "", &out)
	status := mastodontest.Status("1", postAt(1000, time.Now()))
	for _, change := range [][2]string{
		{`"visibility":"public"`, `"visibility":"private"`}, {`"visibility":"public"`, `"visibility":"unlisted"`}, {`"bot":false`, `"bot":true`},
	} {
		server.EmitStatus(strings.Replace(status, change[0], change[1], 1))
	}
	server.EmitRaw([]byte(`{"event":"notification","payload":"{}"}`))
	server.EmitRaw([]byte{0xff, 0xfe})
	server.EmitStatus(`{"id":"2"}`)
	server.EmitStatus(`{"id":"../../x","created_at":"2026-01-01T00:00:00Z","account":{"acct":"a"}}`)
	server.EmitRaw([]byte(`{"event":"delete","payload":"../x"}`))
	out.await(t, "all", func() bool { return out.skipped["other_kind"] == 4 && out.skipped["malformed"] == 4 })
	require.NoError(t, stop())
	require.Empty(t, out.posts)
	require.Empty(t, out.deleted)
}

func TestAMessageThatIsTooLarge(t *testing.T) {
	t.Parallel()
	server := mastodontest.New(t)
	network := newNetwork(t, server.URL())
	var out recorder
	ended := make(chan error, 1)
	go func() { ended <- readOnce(t, network, "", &out) }()
	require.Eventually(t, func() bool { return server.Clients() == 1 }, patience, time.Millisecond)
	server.EmitRaw(bytes.Repeat([]byte("x"), 1<<20+1))
	require.ErrorContains(t, <-ended, "a message was too large")
	require.Equal(t, map[string]int{"too_large": 1}, out.skipped)
}

func TestSilence(t *testing.T) {
	t.Parallel()
	server := mastodontest.New(t)
	const quiet = 400 * time.Millisecond
	network, err := mastodon.New(mastodon.Config{Instance: server.URL(), Token: mastodontest.Token, Quiet: quiet})
	require.NoError(t, err)
	var out recorder
	ended := make(chan error, 1)
	go func() { ended <- readOnce(t, network, "", &out) }()
	// Keep-alives alone keep the connection for longer than that.
	out.await(t, "keep-alives", func() bool { return out.alive > 10 })
	select {
	case err := <-ended:
		require.NoError(t, err)
	default:
	}
	began := time.Now()
	server.Stall()
	require.ErrorContains(t, <-ended, "the connection was silent for too long")
	require.GreaterOrEqual(t, time.Since(began), quiet/2)
}

func TestAnInstanceIsHTTPSOrLoopback(t *testing.T) {
	t.Parallel()
	for instance, host := range map[string]string{
		"mastodon.example": "mastodon.example", "https://Mastodon.Example/": "mastodon.example", "https://m.example:8443": "m.example:8443",
		"http://127.0.0.1:3000": "127.0.0.1:3000", "http://localhost:3000": "localhost:3000", "http://[::1]:3000": "[::1]:3000",
	} {
		network, err := mastodon.New(mastodon.Config{Instance: instance, Token: "token"})
		require.NoError(t, err, instance)
		require.Equal(t, host, network.Instance())
		require.Equal(t, outage.SourceMastodon, network.Source())
	}
	for _, instance := range []string{
		"", "https://", "http://mastodon.example", "http://10.0.0.1", "ftp://mastodon.example", "https://token@mastodon.example",
		"https://mastodon.example/path", "https://mastodon.example?a=b", "https://mastodon.example#a", "a.example,b.example", "https://%zz",
	} {
		_, err := mastodon.New(mastodon.Config{Instance: instance, Token: "token"})
		require.ErrorIs(t, err, outage.ErrInvalid, instance)
	}
	for _, token := range []string{"", "two words", "line\n", "ключ", strings.Repeat("x", 513)} {
		_, err := mastodon.New(mastodon.Config{Instance: "mastodon.example", Token: token})
		require.ErrorIs(t, err, outage.ErrInvalid)
		if token != "" {
			require.NotContains(t, err.Error(), token)
		}
	}
}

func TestAnInstanceThatSendsNothingButGarbage(t *testing.T) {
	t.Parallel()
	server := mastodontest.New(t)
	var out recorder
	ended := make(chan error, 1)
	network := newNetwork(t, server.URL())
	go func() { ended <- network.Read(t.Context(), "", &out) }()
	out.await(t, "a connection", func() bool { return server.Clients() == 1 })
	for range 100 {
		server.EmitRaw([]byte(`{"event":"update","payload":"{}"}`))
	}
	require.ErrorContains(t, <-ended, "can be read")
	require.Equal(t, map[string]int{"malformed": 100}, out.skipped)
}

func TestACursorOfTheFutureIsNotBelieved(t *testing.T) {
	t.Parallel()
	server := mastodontest.New(t)
	now := time.Now()
	server.EmitSilently(postAt(1000, now.Add(-time.Minute)))
	var out recorder
	listen(t, newNetwork(t, server.URL()), cursorAt(now.AddDate(1, 0, 0)), &out)
	out.await(t, "what was just posted", func() bool { return len(out.posts) == 1 })
	server.Emit(postAt(1001, time.Now().Add(time.Second)))
	out.await(t, "a cursor of now", func() bool { return len(out.cursors) > 0 })
	require.Less(t, out.cursor(), cursorAt(now.Add(time.Hour)))
}
