package redis_test

import (
	"context"
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/live/livetest"
	"github.com/outcryhq/outcry/pkg/live/redis"
	"github.com/outcryhq/outcry/pkg/servertest"
)

var _ livetest.Engine = (*redis.Engine)(nil)

// relaxed trades durability for speed where a test does not kill the server.
const relaxed = "appendfsync no"

func TestConformanceOnOneServer(t *testing.T) {
	t.Parallel()
	conform(t, servertest.Redis(t, relaxed).URL())
}

func TestConformanceOnACluster(t *testing.T) {
	t.Parallel()
	conform(t, servertest.Cluster(t, relaxed).URL())
}

// conform runs the suite. The subtests share the server and tell themselves
// apart by a key prefix.
func conform(t *testing.T, url string) {
	t.Helper()
	var opened atomic.Int64
	livetest.Run(t, func(t *testing.T) livetest.Bundle {
		t.Helper()
		prefix := "suite" + strconv.FormatInt(opened.Add(1), 10)
		engine := open(t, redis.Config{URL: url, Prefix: prefix})
		return livetest.Bundle{
			Engine: engine,
			Wipe: func(t *testing.T) livetest.Engine {
				t.Helper()
				wipe(t, url, prefix)
				return engine
			},
		}
	})
}

// open returns an engine that the test closes.
func open(t testing.TB, config redis.Config) *redis.Engine {
	t.Helper()
	config.Logger = discard()
	engine, err := redis.New(config)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, engine.Close()) })
	return engine
}

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

// client returns a plain client that the test closes.
func client(t testing.TB, url string) goredis.UniversalClient {
	t.Helper()
	c, err := redis.NewClient(url)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

// wipe removes every key of a prefix.
func wipe(t *testing.T, url, prefix string) {
	t.Helper()
	c := client(t, url)
	for _, key := range everyKey(t, url, prefix) {
		require.NoError(t, c.Del(t.Context(), key).Err())
	}
}

// everyKey lists the keys of a prefix on all masters.
func everyKey(t *testing.T, url, prefix string) []string {
	t.Helper()
	var mu sync.Mutex // masters are asked at the same time
	var all []string
	scan := func(ctx context.Context, master *goredis.Client) error {
		keys := master.Scan(ctx, 0, prefix+":*", 1000).Iterator()
		for keys.Next(ctx) {
			mu.Lock()
			all = append(all, keys.Val())
			mu.Unlock()
		}
		return keys.Err()
	}
	switch c := client(t, url).(type) {
	case *goredis.ClusterClient:
		require.NoError(t, c.ForEachMaster(t.Context(), scan))
	case *goredis.Client:
		require.NoError(t, scan(t.Context(), c))
	}
	return all
}
