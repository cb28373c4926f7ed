package identity_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/ingest/identity"
	"github.com/outcryhq/outcry/pkg/outage"
	"github.com/outcryhq/outcry/pkg/servertest"
)

// postKeys is a store that can be away and can lose what it holds.
type postKeys struct {
	mu   sync.Mutex
	key  []byte
	away error
}

func (p *postKeys) PostKey(_ context.Context, offer []byte) ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.key == nil && p.away == nil {
		p.key = append([]byte(nil), offer...)
	}
	return append([]byte(nil), p.key...), p.away
}

func (p *postKeys) set(key []byte, away error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.key, p.away = key, away
}

func postID(t *testing.T, store identity.PostKeyStore, post string) outage.ID {
	t.Helper()
	posts, err := identity.NewPosts(store, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	id, err := posts.PostID(t.Context(), outage.SourceBluesky, post)
	require.NoError(t, err)
	return id
}

func TestPostIDsNeedTheKey(t *testing.T) {
	t.Parallel()
	one, other := &postKeys{}, &postKeys{}
	id := postID(t, one, "did:plc:abc/1")
	require.Equal(t, id, postID(t, one, "did:plc:abc/1"), "in another process, another day")
	require.NotEqual(t, id, postID(t, one, "did:plc:abc/2"))
	require.NotEqual(t, id, postID(t, other, "did:plc:abc/1"), "in another installation")
	require.NotEqual(t, outage.DeriveID("bluesky", "did:plc:abc/1"), id, "everybody could compute that")
}

func TestPostIDsWaitForTheKey(t *testing.T) {
	t.Parallel()
	store := &postKeys{away: errors.New("away")}
	posts, err := identity.NewPosts(store, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	_, err = posts.PostID(t.Context(), outage.SourceBluesky, "1")
	require.ErrorIs(t, err, outage.ErrUnavailable)
	store.set([]byte("short"), nil)
	_, err = posts.PostID(t.Context(), outage.SourceBluesky, "1")
	require.ErrorIs(t, err, outage.ErrUnavailable)
	store.set(nil, nil)
	_, err = posts.PostID(t.Context(), outage.SourceBluesky, "1")
	require.NoError(t, err)
	store.set(nil, errors.New("away"))
	_, err = posts.PostID(t.Context(), outage.SourceBluesky, "1")
	require.NoError(t, err, "it is known by now")
}

func TestAStoreThatLostThePostKeyGetsItBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &postKeys{}
		posts, err := identity.NewPosts(store, slog.New(slog.DiscardHandler))
		require.NoError(t, err)
		id, err := posts.PostID(t.Context(), outage.SourceBluesky, "1")
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- posts.Run(ctx) }()
		store.set(nil, nil)
		select {
		case <-time.After(2 * time.Minute):
		case <-ctx.Done():
		}
		cancel()
		require.NoError(t, <-ended)
		require.Equal(t, id, postID(t, store, "1"))
	})
}

func TestPostKeyInAFile(t *testing.T) {
	t.Parallel()
	dir, c := t.TempDir(), &clock{at: noon}
	id := postID(t, openFile(t, dir, c), "1")
	c.set(noon.AddDate(1, 0, 0))
	require.Equal(t, id, postID(t, openFile(t, dir, c), "1"))
	path := filepath.Join(dir, "post-key")
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())

	require.NoError(t, os.WriteFile(path, []byte("garbage"), 0o600))
	_, err = openFile(t, dir, c).PostKey(t.Context(), make([]byte, 32))
	require.ErrorContains(t, err, "damaged")
	require.NoError(t, os.Chmod(path, 0o644)) //nolint:gosec // what is to be refused
	_, err = openFile(t, dir, c).PostKey(t.Context(), make([]byte, 32))
	require.ErrorContains(t, err, "0644")
}

func TestPostKeyInRedis(t *testing.T) {
	t.Parallel()
	server := servertest.Redis(t)
	client := redis.NewClient(&redis.Options{Addr: server.Addr()})
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	store := identity.RedisPostKey{Client: client, Prefix: "outcry:"}
	require.Equal(t, postID(t, store, "1"), postID(t, store, "1"))
	require.NotEqual(t, postID(t, store, "1"), postID(t, identity.RedisPostKey{Client: client, Prefix: "other:"}, "1"))
}
