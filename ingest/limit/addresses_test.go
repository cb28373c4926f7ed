package limit_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/ingest/limit"
)

func TestAddressesSayWhatIsLeft(t *testing.T) {
	t.Parallel()
	now := time.Date(2017, 11, 3, 8, 0, 0, 0, time.UTC)
	limits, err := limit.NewAddresses(limit.Rate{PerSecond: 2, Burst: 3}, func() time.Time { return now })
	require.NoError(t, err)
	take := func(addr string, left int, full, wait time.Duration) {
		t.Helper()
		gotLeft, gotFull, gotWait := limits.Take(netip.MustParseAddr(addr))
		require.Equal(t, left, gotLeft)
		require.Equal(t, full, gotFull)
		require.Equal(t, wait, gotWait)
	}
	take("192.0.2.1", 2, 500*time.Millisecond, 0)
	take("192.0.2.1", 1, time.Second, 0)
	take("192.0.2.1", 0, 1500*time.Millisecond, 0)
	take("192.0.2.1", 0, 1500*time.Millisecond, 500*time.Millisecond)
	take("192.0.2.2", 2, 500*time.Millisecond, 0)
	now = now.Add(600 * time.Millisecond)
	take("192.0.2.1", 0, 1400*time.Millisecond, 0)
	now = now.Add(time.Hour)
	take("192.0.2.1", 2, 500*time.Millisecond, 0)
}

func TestAddressesOfOneIPv6NetworkAreOne(t *testing.T) {
	t.Parallel()
	limits, err := limit.NewAddresses(limit.Rate{PerSecond: 1, Burst: 1}, time.Now)
	require.NoError(t, err)
	_, _, wait := limits.Take(netip.MustParseAddr("2001:db8:1:2::1"))
	require.Zero(t, wait)
	_, _, wait = limits.Take(netip.MustParseAddr("2001:db8:1:2:ffff::9"))
	require.Positive(t, wait)
	_, _, wait = limits.Take(netip.MustParseAddr("2001:db8:1:3::1"))
	require.Zero(t, wait)
}

func TestAddressesNeedARateAndAClock(t *testing.T) {
	t.Parallel()
	_, err := limit.NewAddresses(limit.Rate{}, time.Now)
	require.ErrorContains(t, err, "by address")
	_, err = limit.NewAddresses(limit.Rate{PerSecond: 1, Burst: 1}, nil)
	require.ErrorContains(t, err, "clock")
}
