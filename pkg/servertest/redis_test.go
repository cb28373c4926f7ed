package servertest_test

import (
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/servertest"
)

func TestRedisKeepsItsDataAndPortOverAKill(t *testing.T) {
	t.Parallel()
	server := servertest.Redis(t)
	client := redis.NewClient(&redis.Options{Addr: server.Addr()})
	t.Cleanup(func() { _ = client.Close() })
	require.NoError(t, client.Set(t.Context(), "kept", "yes", 0).Err())
	before := server.PID()

	server.Kill()
	require.Zero(t, server.PID())
	require.Error(t, client.Ping(t.Context()).Err())

	server.Restart()
	require.NotEqual(t, before, server.PID())
	require.Equal(t, "yes", client.Get(t.Context(), "kept").Val())
}

func TestRedisTakesConfigLines(t *testing.T) {
	t.Parallel()
	server := servertest.Redis(t, "maxmemory 10mb")
	client := redis.NewClient(&redis.Options{Addr: server.Addr()})
	t.Cleanup(func() { _ = client.Close() })
	got, err := client.ConfigGet(t.Context(), "maxmemory").Result()
	require.NoError(t, err)
	require.Equal(t, "10485760", got["maxmemory"])
}

func TestClusterServesEverySlot(t *testing.T) {
	t.Parallel()
	cluster := servertest.Cluster(t)
	client := redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{cluster.Nodes[0].Addr()}})
	t.Cleanup(func() { _ = client.Close() })
	for _, key := range []string{"a", "b", "c", "d", "e", "f", "g", "h"} {
		require.NoError(t, client.Set(t.Context(), key, "1", 0).Err())
	}
}
