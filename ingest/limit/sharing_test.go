package limit

import (
	"bytes"
	"context"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/outage"
	"github.com/outcryhq/outcry/pkg/servertest"
)

// slow rates give nothing back during a test.
func slowRates() Rates {
	slow := Rate{PerSecond: 0.01, Burst: 20}
	return Rates{Address: slow, Network: slow, Installation: Rate{PerSecond: 0.1, Burst: 1000}}
}

func pseudonym(addr netip.Addr) (outage.Hash, bool) {
	return outage.Hash{1, 2, 3, addr.As16()[15]}, true
}

func newShared(t *testing.T, server *servertest.RedisServer, log *bytes.Buffer) *Limiter {
	t.Helper()
	client := redis.NewClient(&redis.Options{Addr: server.Addr(), MaxRetries: -1})
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	l, err := New(Config{
		Rates: slowRates(), Now: time.Now, Logger: slog.New(slog.NewTextHandler(log, nil)),
		Redis: client, Prefix: "outcry:", Pseudonym: pseudonym,
	})
	require.NoError(t, err)
	return l
}

var sender = netip.MustParseAddr("192.0.2.7") //nolint:gochecknoglobals // a constant

func spend(t *testing.T, l *Limiter, times int) {
	t.Helper()
	for range times {
		require.NoError(t, l.Allow(sender, 0, "whatsapp"))
	}
}

func TestProcessesShareTheirLimits(t *testing.T) {
	t.Parallel()
	server := servertest.Redis(t)
	var log bytes.Buffer
	one, two := newShared(t, server, &log), newShared(t, server, &log)

	spend(t, one, 16)
	one.shared.pass(t.Context())
	spend(t, one, 1)

	spend(t, two, 8) // 24 of 20 together
	two.shared.pass(t.Context())
	require.ErrorIs(t, two.Allow(sender, 0, "whatsapp"), outage.ErrLimited)
	require.NoError(t, two.Allow(netip.MustParseAddr("198.51.100.1"), 0, "whatsapp"), "another address in another /16")

	client := redis.NewClient(&redis.Options{Addr: server.Addr()})
	defer func() { require.NoError(t, client.Close()) }()
	keys, err := client.Keys(t.Context(), "*").Result()
	require.NoError(t, err)
	require.Len(t, keys, 3, "the address, its network, and the installation")
	for _, key := range keys {
		require.True(t, strings.HasPrefix(key, "rate:outcry:limit:"), key)
		require.NotContains(t, key, "192.0")
		require.Positive(t, client.TTL(t.Context(), key).Val(), "it expires")
	}
	require.Empty(t, log.String())
}

func TestWhoeverSendsLittleIsNotShared(t *testing.T) {
	t.Parallel()
	server := servertest.Redis(t)
	var log bytes.Buffer
	l := newShared(t, server, &log)
	spend(t, l, minChunk-1)
	require.Empty(t, l.shared.take())
}

func TestWithoutRedisAProcessGoesByItsOwnCount(t *testing.T) {
	t.Parallel()
	server := servertest.Redis(t)
	var log bytes.Buffer
	l := newShared(t, server, &log)
	server.Kill()
	spend(t, l, 8)
	l.shared.pass(t.Context())
	spend(t, l, 8)
	l.shared.pass(t.Context())
	spend(t, l, 4)
	require.ErrorIs(t, l.Allow(sender, 0, "whatsapp"), outage.ErrLimited)
	require.Equal(t, 1, strings.Count(log.String(), "while redis is away"), "said once")
	require.NotContains(t, log.String(), sender.String())

	server.Restart()
	require.NoError(t, l.Allow(netip.MustParseAddr("198.51.100.1"), 0, "whatsapp"))
	l.report(key{scope: ByInstallation}, 1)
	l.shared.pass(t.Context())
	require.Contains(t, log.String(), "shared again")
}

func TestPendingReportsAreBounded(t *testing.T) {
	t.Parallel()
	s := &sharing{pending: make(map[key]int)}
	for n := range 2 * maxPending {
		s.add(key{scope: ByNetwork, network: uint32(n)}, 1) //nolint:gosec // small
	}
	s.add(key{scope: ByNetwork, network: 5}, 2)
	pending := s.take()
	require.Len(t, pending, maxPending)
	require.Equal(t, 3, pending[key{scope: ByNetwork, network: 5}])
}

func TestAnAddressWithoutAPseudonymIsNotShared(t *testing.T) {
	t.Parallel()
	s := &sharing{pseudonym: func(netip.Addr) (outage.Hash, bool) { return outage.Hash{}, false }}
	_, ok := s.name(key{scope: ByAddress, addr: sender})
	require.False(t, ok)
	name, ok := s.name(key{scope: ByNetwork, network: 7, service: "whatsapp"})
	require.True(t, ok)
	require.Equal(t, "limit:network:7:whatsapp", name)
}

func TestRunEndsWithItsContext(t *testing.T) {
	t.Parallel()
	server := servertest.Redis(t)
	var log bytes.Buffer
	alone, err := New(Config{Rates: DefaultRates(), Now: time.Now, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	for _, l := range []*Limiter{alone, newShared(t, server, &log)} {
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- l.Run(ctx) }()
		cancel()
		require.NoError(t, <-ended)
	}
}
