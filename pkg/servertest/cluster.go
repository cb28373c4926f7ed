package servertest

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	clusterSlots      = 16384
	clusterMasters    = 3
	clusterStartLimit = 30 * time.Second
	clusterPoll       = 20 * time.Millisecond
)

// RedisCluster is a Redis Cluster of three masters without replicas.
type RedisCluster struct {
	Nodes [clusterMasters]*RedisServer
}

// Cluster starts a Redis Cluster of three masters on free ports of 127.0.0.1,
// each with a third of the slots, waits until all of them can be served, and
// stops it when the test ends. The config lines are added to every node's, as
// with [Redis].
func Cluster(tb testing.TB, config ...string) *RedisCluster {
	tb.Helper()
	cluster := &RedisCluster{}
	buses := [clusterMasters]int{}
	for i := range cluster.Nodes {
		cluster.Nodes[i], buses[i] = startClusterNode(tb, config)
	}
	ctx, cancel := context.WithTimeout(context.Background(), clusterStartLimit)
	defer cancel()
	if err := cluster.join(ctx, buses); err != nil {
		tb.Fatalf("build the Redis Cluster: %v", err)
	}
	return cluster
}

// URL returns the address by which Outcry recognises a cluster: its nodes,
// separated by commas.
func (c *RedisCluster) URL() string {
	addresses := make([]string, 0, clusterMasters)
	for _, node := range c.Nodes {
		addresses = append(addresses, node.Addr())
	}
	return "redis://" + strings.Join(addresses, ",")
}

// startClusterNode starts a node that belongs to no cluster yet, and returns
// the port of its cluster bus.
func startClusterNode(tb testing.TB, config []string) (*RedisServer, int) {
	tb.Helper()
	for attempt := 1; ; attempt++ {
		// The bus's usual port is the client's plus 10,000, which may be
		// beyond the last one.
		bus := freePort(tb)
		node := newRedis(tb, append([]string{
			"cluster-enabled yes",
			"cluster-config-file nodes.conf",
			"cluster-node-timeout 5000",
			"cluster-port " + strconv.Itoa(bus),
		}, config...))
		node.port = freePort(tb)
		err := node.start()
		if err == nil {
			return node, bus
		}
		if attempt == redisPortAttempts {
			tb.Fatalf("start a cluster node: %v", err)
		}
	}
}

// join gives the nodes their slots, introduces them, and waits until each one
// says that the whole cluster is served.
func (c *RedisCluster) join(ctx context.Context, buses [clusterMasters]int) error {
	for i, node := range c.Nodes {
		client := redis.NewClient(&redis.Options{Addr: node.Addr()})
		defer func() { _ = client.Close() }()
		first, last := clusterSlots*i/clusterMasters, clusterSlots*(i+1)/clusterMasters-1
		if err := client.ClusterAddSlotsRange(ctx, first, last).Err(); err != nil {
			return fmt.Errorf("assign slots: %w", err)
		}
		if err := client.Do(ctx, "CLUSTER", "SET-CONFIG-EPOCH", i+1).Err(); err != nil {
			return fmt.Errorf("set the config epoch: %w", err)
		}
		if i == 0 {
			continue
		}
		err := client.Do(ctx, "CLUSTER", "MEET", "127.0.0.1", c.Nodes[0].port, buses[0]).Err()
		if err != nil {
			return fmt.Errorf("introduce a node: %w", err)
		}
	}
	for _, node := range c.Nodes {
		if err := waitForCluster(ctx, node.Addr()); err != nil {
			return err
		}
	}
	return nil
}

// waitForCluster polls a node until it sees every master and every slot.
func waitForCluster(ctx context.Context, address string) error {
	client := redis.NewClient(&redis.Options{Addr: address})
	defer func() { _ = client.Close() }()
	poll := time.NewTicker(clusterPoll)
	defer poll.Stop()
	for {
		info, err := client.ClusterInfo(ctx).Result()
		if err == nil && strings.Contains(info, "cluster_state:ok") &&
			strings.Contains(info, "cluster_known_nodes:"+strconv.Itoa(clusterMasters)) {
			return nil
		}
		select {
		case <-poll.C:
		case <-ctx.Done():
			return fmt.Errorf("wait for the cluster: %w; last seen: %q", errors.Join(ctx.Err(), err), info)
		}
	}
}
