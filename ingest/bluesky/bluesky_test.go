package bluesky_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/ingest/bluesky"
	"github.com/outcryhq/outcry/ingest/bluesky/jetstreamtest"
	"github.com/outcryhq/outcry/ingest/social"
	"github.com/outcryhq/outcry/pkg/outage"
)

const patience = 10 * time.Second

// record is an Out that keeps what it is given.
type record struct {
	mu        sync.Mutex
	connected int
	posts     []social.Post
	deleted   []string
	skipped   map[string]int
	cursors   []string
}

func (r *record) note(what func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	what()
}

func (r *record) Connected() { r.note(func() { r.connected++ }) }
func (r *record) Alive()     {}
func (r *record) Post(_ context.Context, p social.Post) error {
	r.note(func() { r.posts = append(r.posts, p) })
	return nil
}

func (r *record) Delete(_ context.Context, id string) error {
	r.note(func() { r.deleted = append(r.deleted, id) })
	return nil
}

func (r *record) DeleteAll(_ context.Context, links string) error {
	r.note(func() { r.deleted = append(r.deleted, links+"*") })
	return nil
}

func (r *record) Skipped(reason string) {
	r.note(func() {
		if r.skipped == nil {
			r.skipped = map[string]int{}
		}
		r.skipped[reason]++
	})
}
func (r *record) Advance(cursor string) { r.note(func() { r.cursors = append(r.cursors, cursor) }) }

// await waits until something holds of what was recorded.
func (r *record) await(t *testing.T, holds func() bool) {
	t.Helper()
	require.Eventually(t, func() bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		return holds()
	}, patience, 2*time.Millisecond)
}

// reading is a Read under way.
type reading struct {
	record
	ended chan error
	end   context.CancelFunc
}

func read(t *testing.T, n *bluesky.Network, cursor string) *reading {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r := &reading{ended: make(chan error, 1), end: cancel}
	go func() { r.ended <- n.Read(ctx, cursor, r) }()
	t.Cleanup(cancel)
	return r
}

// result waits for the end.
func (r *reading) result(t *testing.T) error {
	t.Helper()
	select {
	case err := <-r.ended:
		return err
	case <-time.After(patience):
		require.FailNow(t, "Read does not end")
		return nil
	}
}

func post(n int, at time.Time) social.Post {
	return social.Post{ID: "post" + strconv.Itoa(n), Author: "author" + strconv.Itoa(n), Text: "whatsapp is down", Language: "en", At: at}
}

// quietServer sends only what a test tells it to.
func quietServer(t *testing.T) *jetstreamtest.Server {
	t.Helper()
	return jetstreamtest.New(t, jetstreamtest.Config{Idle: -1})
}

func TestReadHandsOverInOrder(t *testing.T) {
	t.Parallel()
	jetstream := quietServer(t)
	r := read(t, network(t, 0, jetstream.URL()), "")
	r.await(t, func() bool { return r.connected == 1 })
	query := jetstream.Requests()[0]
	require.Equal(t, []string{"app.bsky.feed.post"}, query["wantedCollections"])
	require.Equal(t, "true", query.Get("compress"))
	require.Equal(t, "1048576", query.Get("maxMessageSizeBytes"))
	require.False(t, query.Has("cursor"), "from now on")

	at := time.Now().UTC().Truncate(time.Microsecond)
	jetstream.Emit(post(1, at))
	jetstream.Update("post1", "signal is down")
	jetstream.Emit(post(2, at.Add(time.Second)))
	jetstream.Delete("post1")
	r.await(t, func() bool { return len(r.deleted) == 1 })
	r.end()
	require.NoError(t, r.result(t), "the end that was wanted")
	require.Len(t, r.posts, 2)
	require.Equal(t, social.Post{
		ID: "did:plc:author1/post1", Author: "did:plc:author1", Text: "whatsapp is down", Language: "en", At: at,
		Link: "https://bsky.app/profile/did:plc:author1/post/post1",
	}, r.posts[0])
	require.Equal(t, []string{"did:plc:author1/post1"}, r.deleted)
	require.Equal(t, map[string]int{"other_kind": 1}, r.skipped, "a changed post is the same report")
	require.Equal(t, strconv.FormatInt(at.UnixMicro(), 10), r.cursors[0])
	require.Equal(t, strconv.FormatInt(at.Add(time.Second).UnixMicro(), 10), r.cursors[2])
}

func TestReadGoesOnBeforeTheCursor(t *testing.T) {
	t.Parallel()
	jetstream := quietServer(t)
	n := network(t, 0, jetstream.URL())
	at := time.Now().Add(-10 * time.Minute).Truncate(time.Microsecond)
	cursor := at.UnixMicro()
	jetstream.Emit(post(1, at.Add(-time.Hour)))
	jetstream.Emit(post(2, at.Add(-time.Second)))
	jetstream.Emit(post(3, at.Add(time.Hour)))
	r := read(t, n, strconv.FormatInt(cursor, 10))
	r.await(t, func() bool { return len(r.posts) == 2 })
	require.Equal(t, strconv.FormatInt(cursor-5_000_000, 10), jetstream.Requests()[0].Get("cursor"), "five seconds before")
	require.Equal(t, "did:plc:author2/post2", r.posts[0].ID)

	for asked, sent := range map[string]string{
		"999999999999999": "", "17": "", "0": "", "-1": "", "abc": "", "1e16": "", "99999999999999999999": "",
	} {
		before := len(jetstream.Requests())
		r := read(t, n, asked)
		r.await(t, func() bool { return r.connected == 1 })
		require.Equal(t, sent, jetstream.Requests()[before].Get("cursor"), asked)
	}

	// What is too old to count is not asked for.
	before := len(jetstream.Requests())
	r = read(t, n, strconv.FormatInt(at.Add(-12*time.Hour).UnixMicro(), 10))
	r.await(t, func() bool { return r.connected == 1 })
	from, err := strconv.ParseInt(jetstream.Requests()[before].Get("cursor"), 10, 64)
	require.NoError(t, err)
	require.WithinRange(t, time.UnixMicro(from), at.Add(-15*time.Minute), time.Now().Add(-15*time.Minute))
}

func TestReadTriesTheNextHost(t *testing.T) {
	t.Parallel()
	east, west := quietServer(t), quietServer(t)
	n := network(t, 0, east.URL(), west.URL())
	r := read(t, n, "")
	r.await(t, func() bool { return r.connected == 1 })
	require.Equal(t, 1, east.Clients())
	east.Stop()
	require.Error(t, r.result(t))

	cursor := time.Now().Add(-time.Minute).UnixMicro()
	r = read(t, n, strconv.FormatInt(cursor, 10))
	r.await(t, func() bool { return r.connected == 1 })
	require.Equal(t, 1, west.Clients())
	require.Equal(t, strconv.FormatInt(cursor-5_000_000, 10), west.Requests()[0].Get("cursor"), "cursors hold on all hosts")
	west.Drop()
	require.Error(t, r.result(t))

	require.Error(t, read(t, n, "").result(t), "the first one again, which is away")
	east.Start()
	west.Stop()
	require.Error(t, read(t, n, "").result(t))
	r = read(t, n, "")
	r.await(t, func() bool { return r.connected == 1 })
	require.Equal(t, 1, east.Clients())
}

func TestReadSaysWhatARefusalMeans(t *testing.T) {
	t.Parallel()
	t.Run("of the only host", func(t *testing.T) {
		t.Parallel()
		jetstream := quietServer(t)
		for status, want := range map[int]string{
			400: "permanent", 401: "permanent", 403: "permanent", 404: "permanent", 426: "permanent",
			429: "in a second", 503: "in a second", 408: "again", 500: "again", 502: "again", 0: "again", 200: "again", 301: "again",
		} {
			jetstream.RefuseNext(status, 1)
			err := read(t, network(t, 0, jetstream.URL()), "").result(t)
			require.Error(t, err)
			require.Equal(t, want == "permanent", social.IsPermanent(err), "%d: %v", status, err)
			var retry *social.RetryError
			if want == "in a second" {
				require.ErrorAs(t, err, &retry, status)
				require.InDelta(t, time.Second, retry.After, float64(100*time.Millisecond))
			} else {
				require.NotErrorAs(t, err, &retry, status)
			}
		}
	})
	t.Run("of one among others", func(t *testing.T) {
		t.Parallel()
		east, west := quietServer(t), quietServer(t)
		n := network(t, 0, east.URL(), west.URL())
		east.RefuseNext(403, 1)
		err := read(t, n, "").result(t)
		require.Error(t, err)
		require.False(t, social.IsPermanent(err), "there is another host: %v", err)
		west.RefuseNext(429, 1)
		err = read(t, n, "").result(t)
		var retry *social.RetryError
		require.ErrorAs(t, err, &retry)
		require.InDelta(t, time.Second, retry.After, float64(100*time.Millisecond), "not until the first host may be asked")
		r := read(t, n, "")
		r.await(t, func() bool { return r.connected == 1 })
		require.Equal(t, 1, west.Clients())
	})
	t.Run("of all hosts", func(t *testing.T) {
		t.Parallel()
		east, west := quietServer(t), quietServer(t)
		n := network(t, 0, east.URL(), west.URL())
		east.RefuseNext(403, 1)
		west.RefuseNext(403, 1)
		require.False(t, social.IsPermanent(read(t, n, "").result(t)))
		require.True(t, social.IsPermanent(read(t, n, "").result(t)))
	})
	t.Run("with a pause", func(t *testing.T) {
		t.Parallel()
		for header, want := range map[string]time.Duration{
			"": time.Minute, "7": 7 * time.Second, "-7": time.Minute, "soon": time.Minute, "99999999999": time.Hour,
			time.Now().Add(20 * time.Second).UTC().Format(http.TimeFormat): 20 * time.Second,
			time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat):       time.Minute,
		} {
			busy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Retry-After", header)
				w.WriteHeader(http.StatusTooManyRequests)
			}))
			t.Cleanup(busy.Close)
			var retry *social.RetryError
			require.ErrorAs(t, read(t, network(t, 0, strings.Replace(busy.URL, "http", "ws", 1)), "").result(t), &retry)
			require.InDelta(t, want, retry.After, float64(2*time.Second), header)
		}
	})
}

func TestReadEndsWhenTheHostGoesAway(t *testing.T) {
	t.Parallel()
	jetstream := quietServer(t)
	r := read(t, network(t, 0, jetstream.URL()), "")
	r.await(t, func() bool { return r.connected == 1 })
	jetstream.Emit(post(1, time.Now()))
	jetstream.GoAway()
	err := r.result(t)
	require.ErrorContains(t, err, "going away")
	require.False(t, social.IsPermanent(err))
	require.NotErrorAs(t, err, new(*social.RetryError), "another host takes over at once")
	require.Len(t, r.posts, 1, "what was sent before is read")
}

func TestReadNoticesSilence(t *testing.T) {
	t.Parallel()
	t.Run("of a host that is stuck", func(t *testing.T) {
		t.Parallel()
		jetstream := quietServer(t)
		r := read(t, network(t, 50*time.Millisecond, jetstream.URL()), "")
		require.ErrorContains(t, r.result(t), "nothing was heard")
		require.Equal(t, 1, r.connected)
	})
	t.Run("but not while it hands over", func(t *testing.T) {
		t.Parallel()
		const silence = 300 * time.Millisecond
		jetstream := jetstreamtest.New(t, jetstreamtest.Config{Idle: 10 * time.Millisecond})
		out := &slow{record: &record{}, patience: 3 * silence}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		n := network(t, silence, jetstream.URL())
		go func() { ended <- n.Read(ctx, "", out) }()
		out.await(t, func() bool { return out.connected == 1 })
		jetstream.Emit(post(1, time.Now()))
		jetstream.Emit(post(2, time.Now()))
		out.await(t, func() bool { return len(out.posts) == 2 })
		cancel()
		require.NoError(t, <-ended)
		require.Equal(t, 1, out.connected)
	})
}

// slow is an Out whose posts take longer than the watchdog waits.
type slow struct {
	*record
	patience time.Duration
}

func (s *slow) Post(ctx context.Context, p social.Post) error {
	select {
	case <-time.After(s.patience):
	case <-ctx.Done():
		return ctx.Err()
	}
	return s.record.Post(ctx, p)
}

func TestReadSkipsWhatItCannotRead(t *testing.T) {
	t.Parallel()
	jetstream := quietServer(t)
	r := read(t, network(t, 0, jetstream.URL()), "")
	r.await(t, func() bool { return r.connected == 1 })
	bare, err := zstd.NewWriter(nil)
	require.NoError(t, err)
	jetstream.EmitRaw([]byte("binary, and no zstd"))
	jetstream.EmitPacked([]byte(`{"did":`))
	jetstream.EmitRaw(bare.EncodeAll([]byte("a zstd frame without the dictionary, and no JSON"), nil))
	jetstream.EmitRaw(bare.EncodeAll(make([]byte, 32<<20), nil)) // a small frame that unpacks to much
	jetstream.EmitRaw(make([]byte, 2<<20))
	jetstream.EmitPacked([]byte(`{"did":"did:plc:a","time_us":17,"kind":"identity"}`))
	jetstream.Emit(post(1, time.Now()))
	r.await(t, func() bool { return len(r.posts) == 1 })
	r.end()
	require.NoError(t, r.result(t))
	require.Equal(t, map[string]int{"malformed": 4, "too_large": 2}, r.skipped)
	require.Len(t, r.cursors, 1, "what has no time moves nothing")
}

func TestReadGivesUpOnAHostThatSpeaksSomethingElse(t *testing.T) {
	t.Parallel()
	jetstream := quietServer(t)
	r := read(t, network(t, 0, jetstream.URL()), "")
	r.await(t, func() bool { return r.connected == 1 })
	for range 100 {
		jetstream.EmitPacked([]byte(`{"op":1,"t":"#commit"}`))
	}
	require.ErrorContains(t, r.result(t), "nothing that can be read")
	require.Equal(t, map[string]int{"malformed": 100}, r.skipped)
}

func TestReadEndsOnAMessageWithoutEnd(t *testing.T) {
	t.Parallel()
	jetstream := quietServer(t)
	r := read(t, network(t, 0, jetstream.URL()), "")
	r.await(t, func() bool { return r.connected == 1 })
	jetstream.EmitRaw(make([]byte, 17<<20))
	require.Error(t, r.result(t))
	require.Equal(t, map[string]int{"too_large": 1}, r.skipped)
}

func TestReadStopsWhileItConnects(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{})
	hanging := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(asked)
		<-r.Context().Done()
	}))
	t.Cleanup(hanging.Close)
	r := read(t, network(t, 0, strings.Replace(hanging.URL, "http", "ws", 1)), "")
	<-asked
	r.end()
	require.NoError(t, r.result(t))
	require.Zero(t, r.connected)
}

func TestNewRefusesWhatIsNoHost(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"", " ", "http://host", "https://host/subscribe", "ws://", "wss://user:secret@host", "host/subscribe?cursor=1",
		"host#x", "ws://host:port", "a b", "host\n", "wss://a,wss://b",
	} {
		_, err := bluesky.New(bluesky.Config{Hosts: []string{name}, Logger: slog.New(slog.DiscardHandler)})
		require.Error(t, err, "%q", name)
	}
	for _, hosts := range [][]string{{}, {"host", "host"}, {"host", "wss://host/subscribe"}} {
		_, err := bluesky.New(bluesky.Config{Hosts: hosts, Logger: slog.New(slog.DiscardHandler)})
		require.Error(t, err, hosts)
	}
	_, err := bluesky.New(bluesky.Config{})
	require.Error(t, err, "no logger")
	_, err = bluesky.New(bluesky.Config{Logger: slog.New(slog.DiscardHandler), Silence: -1})
	require.Error(t, err)

	n := network(t, 0)
	require.Equal(t, outage.SourceBluesky, n.Source())
	require.Empty(t, n.Instance(), "one network, whichever host is asked")
	for _, name := range []string{"host", "host:8443", "ws://127.0.0.1:6008", "wss://host/deep/subscribe", "[::1]:6008"} {
		_, err := bluesky.New(bluesky.Config{Hosts: []string{name}, Logger: slog.New(slog.DiscardHandler)})
		require.NoError(t, err, name)
	}
}

func TestTheLogHoldsNothingOfPosts(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	jetstream := quietServer(t)
	n, err := bluesky.New(bluesky.Config{Hosts: []string{jetstream.URL()}, Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	require.NoError(t, err)
	r := read(t, n, "not a cursor")
	r.await(t, func() bool { return r.connected == 1 })
	jetstream.Emit(post(1, time.Now()))
	jetstream.EmitPacked([]byte(`{"did":"did:plc:author9","text":"whatsapp is down"`))
	r.await(t, func() bool { return len(r.posts) == 1 && r.skipped["malformed"] == 1 })
	r.end()
	require.NoError(t, r.result(t))
	require.Contains(t, log.String(), "cursor")
	for _, secret := range []string{"author", "whatsapp", "not a cursor"} {
		require.NotContains(t, log.String(), secret)
	}
}

func TestReadTellsOfAccountsThatAreGone(t *testing.T) {
	t.Parallel()
	jetstream := quietServer(t)
	r := read(t, network(t, 0, jetstream.URL()), "")
	r.await(t, func() bool { return r.connected == 1 })
	now := time.Now().UnixMicro()
	jetstream.EmitPacked(fmt.Appendf(nil, `{"did":"did:plc:author1","time_us":%d,"kind":"account","account":{"active":false,"did":"did:plc:author1","status":"takendown"}}`, now))
	r.await(t, func() bool { return len(r.deleted) == 1 && len(r.cursors) == 1 })
	require.Equal(t, []string{"https://bsky.app/profile/did:plc:author1/post/*"}, r.deleted)
	require.Equal(t, []string{strconv.FormatInt(now, 10)}, r.cursors)
}

func TestReadFollowsNoRedirect(t *testing.T) {
	t.Parallel()
	elsewhere := quietServer(t)
	sly := httptest.NewServer(http.RedirectHandler(strings.Replace(elsewhere.URL(), "ws", "http", 1)+"/subscribe", http.StatusFound))
	t.Cleanup(sly.Close)
	r := read(t, network(t, 0, strings.Replace(sly.URL, "http", "ws", 1)), "")
	require.ErrorContains(t, r.result(t), "302")
	require.Zero(t, r.connected)
	require.Empty(t, elsewhere.Requests())
}

func TestReadBelievesNoCursorOfTheFuture(t *testing.T) {
	t.Parallel()
	jetstream := quietServer(t)
	r := read(t, network(t, 0, jetstream.URL()), "9999999999999999")
	r.await(t, func() bool { return r.connected == 1 })
	cursor, err := strconv.ParseInt(jetstream.Requests()[0].Get("cursor"), 10, 64)
	require.NoError(t, err)
	require.WithinDuration(t, time.Now().Add(-5*time.Second), time.UnixMicro(cursor), 10*time.Second)
}
