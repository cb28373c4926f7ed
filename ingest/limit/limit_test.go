package limit_test

import (
	"fmt"
	"log/slog"
	"math"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/ingest/limit"
	"github.com/outcryhq/outcry/pkg/outage"
)

// clock is a time that tests set.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func newLimiter(t *testing.T, c *clock, change func(*limit.Config)) *limit.Limiter {
	t.Helper()
	config := limit.Config{
		Rates: limit.Rates{
			Address:      limit.Rate{PerSecond: 2, Burst: 3},
			Network:      limit.Rate{PerSecond: 10, Burst: 20},
			Installation: limit.Rate{PerSecond: 100, Burst: 200},
		},
		Now: c.now, Logger: slog.New(slog.DiscardHandler),
	}
	if change != nil {
		change(&config)
	}
	l, err := limit.New(config)
	require.NoError(t, err)
	return l
}

func refusedBy(t *testing.T, err error, by limit.Scope) time.Duration {
	t.Helper()
	require.ErrorIs(t, err, outage.ErrLimited)
	var refused *limit.Refused
	require.ErrorAs(t, err, &refused)
	require.Equal(t, by, refused.By)
	require.Positive(t, refused.After)
	return refused.After
}

// addr returns the nth address of a neighbourhood.
func addr(n int) netip.Addr {
	return netip.AddrFrom4([4]byte{198, 18, byte(n >> 8), byte(n)})
}

func TestAddressHasABurstAndARate(t *testing.T) {
	t.Parallel()
	c := newClock()
	l := newLimiter(t, c, nil)
	for range 3 {
		require.NoError(t, l.Allow(addr(1), 7, "whatsapp"))
	}
	after := refusedBy(t, l.Allow(addr(1), 7, "whatsapp"), limit.ByAddress)
	require.Equal(t, 500*time.Millisecond, after)
	require.NoError(t, l.Allow(addr(2), 7, "whatsapp"), "another address")

	c.add(after - time.Nanosecond)
	refusedBy(t, l.Allow(addr(1), 7, "whatsapp"), limit.ByAddress)
	c.add(time.Nanosecond)
	require.NoError(t, l.Allow(addr(1), 7, "whatsapp"), "the wait that was named is enough")
	refusedBy(t, l.Allow(addr(1), 7, "whatsapp"), limit.ByAddress)
	c.add(time.Hour)
	for range 3 {
		require.NoError(t, l.Allow(addr(1), 7, "whatsapp"), "no more than the burst comes back")
	}
	refusedBy(t, l.Allow(addr(1), 7, "whatsapp"), limit.ByAddress)
}

func TestIPv6CountsBy64(t *testing.T) {
	t.Parallel()
	l := newLimiter(t, newClock(), nil)
	for n := range 3 {
		require.NoError(t, l.Allow(netip.MustParseAddr(fmt.Sprintf("2001:db8::%d", n)), 7, "whatsapp"))
	}
	refusedBy(t, l.Allow(netip.MustParseAddr("2001:db8::ffff"), 7, "whatsapp"), limit.ByAddress)
	require.NoError(t, l.Allow(netip.MustParseAddr("2001:db8:0:1::"), 7, "whatsapp"))
}

func TestNetworkIsLimitedByService(t *testing.T) {
	t.Parallel()
	l := newLimiter(t, newClock(), nil)
	for n := range 20 {
		require.NoError(t, l.Allow(addr(n), 7, "whatsapp"))
	}
	refusedBy(t, l.Allow(addr(20), 7, "whatsapp"), limit.ByNetwork)
	require.NoError(t, l.Allow(addr(21), 7, "telegram"), "another service")
	require.NoError(t, l.Allow(addr(22), 8, "whatsapp"), "another network")
}

func TestUnknownNetworksAreNotOne(t *testing.T) {
	t.Parallel()
	l := newLimiter(t, newClock(), nil)
	for n := range 20 {
		require.NoError(t, l.Allow(addr(n), 0, "whatsapp"))
	}
	refusedBy(t, l.Allow(addr(20), 0, "whatsapp"), limit.ByNetwork)
	require.NoError(t, l.Allow(netip.MustParseAddr("203.0.113.1"), 0, "whatsapp"), "another /16")
	require.NoError(t, l.Allow(netip.MustParseAddr("2001:db8::1"), 0, "whatsapp"))
	require.NoError(t, l.Allow(netip.Addr{}, 0, "whatsapp"), "no address at all")
}

func TestInstallationIsLimited(t *testing.T) {
	t.Parallel()
	c := newClock()
	l := newLimiter(t, c, nil)
	for n := range 200 {
		require.NoError(t, l.Allow(addr(n), uint32(n+1), "whatsapp")) //nolint:gosec // small
	}
	after := refusedBy(t, l.Allow(addr(200), 201, "whatsapp"), limit.ByInstallation)
	require.Equal(t, 10*time.Millisecond, after)
	c.add(after)
	require.NoError(t, l.Allow(addr(201), 202, "whatsapp"))
}

func TestANewClockReadingInThePastDoesNotLockOut(t *testing.T) {
	t.Parallel()
	c := newClock()
	l := newLimiter(t, c, nil)
	c.add(24 * time.Hour)
	for range 3 {
		require.NoError(t, l.Allow(addr(1), 7, "whatsapp"))
	}
	c.add(-24 * time.Hour)
	after := refusedBy(t, l.Allow(addr(1), 7, "whatsapp"), limit.ByAddress)
	require.LessOrEqual(t, after, 2*time.Second)
}

func TestAFloodOfAddressesDoesNotWashAwayAHeavySpender(t *testing.T) {
	t.Parallel()
	l := newLimiter(t, newClock(), func(config *limit.Config) {
		config.Entries = 64
		config.Rates.Installation = limit.Rate{PerSecond: 1e6, Burst: 1e6}
	})
	heavy := netip.MustParseAddr("192.0.2.7")
	for range 3 {
		require.NoError(t, l.Allow(heavy, 7, "whatsapp"))
	}
	for n := range 10_000 {
		_ = l.Allow(addr(n), uint32(n+10), "whatsapp") //nolint:gosec // small
	}
	refusedBy(t, l.Allow(heavy, 7, "whatsapp"), limit.ByAddress)
}

func TestManyAtOnceGetNoMoreThanTheBurst(t *testing.T) {
	t.Parallel()
	l := newLimiter(t, newClock(), nil)
	var group sync.WaitGroup
	var mu sync.Mutex
	allowed := 0
	for g := range 8 {
		group.Go(func() {
			for n := range 100 {
				if l.Allow(addr(g*100+n), 7, "whatsapp") == nil {
					mu.Lock()
					allowed++
					mu.Unlock()
				}
			}
		})
	}
	group.Wait()
	require.Equal(t, 20, allowed)
}

func TestDefaultsBearACountrysWorstHour(t *testing.T) {
	t.Parallel()
	c := newClock()
	l := newLimiter(t, c, func(config *limit.Config) { config.Rates = limit.DefaultRates() })
	for second := range 60 { // 12,000 reports of one service by one network within a minute
		for n := range 200 {
			require.NoError(t, l.Allow(addr(second*200+n), 55836, "whatsapp"))
		}
		c.add(time.Second)
	}
	for range 100 { // behind one address of a carrier
		require.NoError(t, l.Allow(addr(1), 55836, "whatsapp"))
	}
}

func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	c := newClock()
	for name, change := range map[string]func(*limit.Config){
		"no clock":     func(config *limit.Config) { config.Now = nil },
		"no logger":    func(config *limit.Config) { config.Logger = nil },
		"no rate":      func(config *limit.Config) { config.Rates.Address.PerSecond = 0 },
		"not a rate":   func(config *limit.Config) { config.Rates.Address.PerSecond = math.NaN() },
		"endless rate": func(config *limit.Config) { config.Rates.Network.PerSecond = math.Inf(1) },
		"no burst":     func(config *limit.Config) { config.Rates.Installation.Burst = 0 },
		"huge burst":   func(config *limit.Config) { config.Rates.Address.Burst = math.MaxInt },
		"few entries":  func(config *limit.Config) { config.Entries = 1 },
		"many entries": func(config *limit.Config) { config.Entries = math.MaxInt },
		"no pseudonym": func(config *limit.Config) { config.Redis = redis.NewClient(&redis.Options{}) },
	} {
		config := limit.Config{Rates: limit.DefaultRates(), Now: c.now, Logger: slog.New(slog.DiscardHandler)}
		change(&config)
		_, err := limit.New(config)
		require.Error(t, err, name)
		require.NotErrorIs(t, err, outage.ErrLimited)
	}
}

func BenchmarkAllow(b *testing.B) {
	l, err := limit.New(limit.Config{Rates: limit.DefaultRates(), Now: time.Now, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(b, err)
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		n++
		_ = l.Allow(addr(n), uint32(n%50+1), "whatsapp") //nolint:gosec // small
	}
}
