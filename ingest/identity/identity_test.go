package identity_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/ingest/identity"
	"github.com/outcryhq/outcry/pkg/outage"
)

// clock is a time that tests set.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) set(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = at
}

// store is a KeyStore that counts its calls and can be away.
type store struct {
	mu    sync.Mutex
	keys  map[string][]byte
	calls int
	away  error
}

func (s *store) DayKey(_ context.Context, day time.Time) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	if s.away != nil {
		return nil, s.away
	}
	name := day.UTC().Format(time.DateOnly)
	if s.keys == nil {
		s.keys = make(map[string][]byte)
	}
	if s.keys[name] == nil {
		s.keys[name] = make([]byte, 32)
		_, _ = rand.Read(s.keys[name])
	}
	return bytes.Clone(s.keys[name]), nil
}

func (s *store) setAway(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.away = err
}

func (s *store) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls
}

type fixture struct {
	*identity.Keys
	clock *clock
	store *store
	t     *testing.T
}

var noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC) //nolint:gochecknoglobals // a constant

func setUp(t *testing.T) fixture {
	t.Helper()
	f := fixture{clock: &clock{at: noon}, store: &store{}, t: t}
	f.Keys = newKeys(t, f.store, f.clock)
	return f
}

func newKeys(t *testing.T, s identity.KeyStore, c *clock) *identity.Keys {
	t.Helper()
	keys, err := identity.New(identity.Config{Store: s, Now: c.now, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	return keys
}

func (f fixture) who(addr, token string) identity.Who {
	f.t.Helper()
	who, err := f.Identify(f.t.Context(), f.clock.now(), netip.MustParseAddr(addr), token)
	require.NoError(f.t, err)
	return who
}

func (f fixture) token(current string) string {
	f.t.Helper()
	token, err := f.IssueToken(f.t.Context(), f.clock.now(), current)
	require.NoError(f.t, err)
	return token
}

func TestOneConnectionIsOneReporter(t *testing.T) {
	t.Parallel()
	f := setUp(t)
	for _, same := range [][2]string{
		{"192.0.2.7", "192.0.2.7"},
		{"192.0.2.7", "::ffff:192.0.2.7"},
		{"2001:db8:1:2::1", "2001:db8:1:2:ffff::9"},
		{"fe80::1%eth0", "fe80::1"},
	} {
		require.Equal(t, f.who(same[0], ""), f.who(same[1], ""), same)
	}
	for _, other := range [][2]string{
		{"192.0.2.7", "192.0.2.8"},
		{"2001:db8:1:2::1", "2001:db8:1:3::1"},
		{"0.0.0.1", "::1"},
	} {
		require.NotEqual(t, f.who(other[0], "").Reporter, f.who(other[1], "").Reporter, other)
	}
}

func TestOriginIsTheNeighbourhood(t *testing.T) {
	t.Parallel()
	f := setUp(t)
	require.Equal(t, f.who("192.0.2.7", "").Origin, f.who("192.0.2.200", "").Origin)
	require.Equal(t, f.who("2001:db8:1:2::1", "").Origin, f.who("2001:db8:1:9::1", "").Origin)
	require.NotEqual(t, f.who("192.0.2.7", "").Origin, f.who("192.0.3.7", "").Origin)
	require.NotEqual(t, f.who("2001:db8:1::1", "").Origin, f.who("2001:db8:2::1", "").Origin)
}

func TestTheInvalidAddressIsOneReporter(t *testing.T) {
	t.Parallel()
	f := setUp(t)
	who, err := f.Identify(t.Context(), noon, netip.Addr{}, "")
	require.NoError(t, err)
	require.Equal(t, f.who("::", ""), who)
}

func TestTokensAreReportersOnOneSeat(t *testing.T) {
	t.Parallel()
	f := setUp(t)
	first, second := f.token(""), f.token("")
	require.NotEqual(t, first, second)

	alone := f.who("192.0.2.7", "")
	require.True(t, alone.Seat.IsZero())
	a, b := f.who("192.0.2.7", first), f.who("192.0.2.7", second)
	require.NotEqual(t, alone.Reporter, a.Reporter)
	require.NotEqual(t, a.Reporter, b.Reporter)
	require.Equal(t, a.Seat, b.Seat)
	require.False(t, a.Seat.IsZero())
	require.Equal(t, alone.Origin, a.Origin, "a token is no origin")

	elsewhere := f.who("192.0.2.8", first)
	require.NotEqual(t, a.Reporter, elsewhere.Reporter)
	require.NotEqual(t, a.Seat, elsewhere.Seat)
}

func TestWhatIsNotOurTokenIsNone(t *testing.T) {
	t.Parallel()
	f := setUp(t)
	token := f.token("")
	flipped := []byte(token)
	flipped[0] ^= 1
	alone := f.who("192.0.2.7", "")
	for name, bad := range map[string]string{
		"flipped": string(flipped), "short": token[1:], "long": token + "A", "padded": token + "=",
		"spaces": "                                           ", "from another installation": setUp(t).token(""),
	} {
		require.Equal(t, alone, f.who("192.0.2.7", bad), name)
		require.NotEqual(t, bad, f.token(bad), name)
	}
}

func TestATokenLastsTwoDaysAndIsRenewed(t *testing.T) {
	t.Parallel()
	f := setUp(t)
	first := f.token("")
	require.Equal(t, first, f.token(first), "today's is kept")
	monday := f.who("192.0.2.7", first)
	require.NoError(t, f.Refresh(t.Context()))

	f.clock.set(noon.AddDate(0, 0, 1))
	require.NoError(t, f.Refresh(t.Context()))
	require.False(t, f.who("192.0.2.7", first).Seat.IsZero(), "yesterday's is good")
	renewed := f.token(first)
	require.NotEqual(t, first, renewed)
	require.Equal(t, f.who("192.0.2.7", first), f.who("192.0.2.7", renewed), "the same person")
	require.NotEqual(t, monday.Reporter, f.who("192.0.2.7", renewed).Reporter, "nobody is known for longer than a day")

	f.clock.set(noon.AddDate(0, 0, 2))
	require.NoError(t, f.Refresh(t.Context()))
	require.True(t, f.who("192.0.2.7", first).Seat.IsZero(), "older than its key")
	require.False(t, f.who("192.0.2.7", renewed).Seat.IsZero())
}

func TestMidnightKnowsPeopleUnderBothKeys(t *testing.T) {
	t.Parallel()
	f := setUp(t)
	midnight := time.Date(2026, 5, 5, 0, 0, 0, 0, time.UTC)
	f.clock.set(midnight.Add(-time.Millisecond))
	require.NoError(t, f.Refresh(t.Context()))
	token := f.token("")
	alone, seated := f.who("192.0.2.7", ""), f.who("192.0.2.7", token)
	require.True(t, alone.PreviousReporter.IsZero())

	f.store.setAway(errors.New("away")) // tomorrow's key has been fetched
	for _, at := range []time.Time{midnight, midnight.Add(time.Hour - time.Nanosecond)} {
		f.clock.set(at)
		now := f.who("192.0.2.7", "")
		require.NotEqual(t, alone.Reporter, now.Reporter)
		require.Equal(t, alone.Reporter, now.PreviousReporter)
		require.True(t, now.PreviousSeat.IsZero())
		now = f.who("192.0.2.7", token)
		require.Equal(t, seated.Reporter, now.PreviousReporter)
		require.Equal(t, seated.Seat, now.PreviousSeat)
		now = f.who("192.0.2.7", f.token(token))
		require.Equal(t, seated.Reporter, now.PreviousReporter, "a renewed token is the same person")
	}
	f.clock.set(midnight.Add(time.Hour))
	require.True(t, f.who("192.0.2.7", "").PreviousReporter.IsZero())
}

func TestKeysAreNeverMadeUpWhileTheStoreIsAway(t *testing.T) {
	t.Parallel()
	f := setUp(t)
	f.store.setAway(errors.New("away"))
	for range 3 {
		_, err := f.Identify(t.Context(), noon, netip.MustParseAddr("192.0.2.7"), "")
		require.ErrorIs(t, err, outage.ErrUnavailable)
	}
	require.Equal(t, 1, f.store.count(), "left alone for a second after it failed")

	f.store.setAway(nil)
	f.clock.set(noon.Add(time.Second))
	require.False(t, f.who("192.0.2.7", "").Reporter.IsZero())
}

func TestAKeyOfTheWrongLengthIsRefused(t *testing.T) {
	t.Parallel()
	c := &clock{at: noon}
	keys := newKeys(t, &store{keys: map[string][]byte{"2026-05-04": []byte("short")}}, c)
	_, err := keys.Identify(t.Context(), noon, netip.MustParseAddr("192.0.2.7"), "")
	require.ErrorIs(t, err, outage.ErrUnavailable)
}

func TestProcessesShareTheKeys(t *testing.T) {
	t.Parallel()
	f := setUp(t)
	other := fixture{Keys: newKeys(t, f.store, f.clock), clock: f.clock, store: f.store, t: t}
	token := f.token("")
	require.Equal(t, f.who("192.0.2.7", token), other.who("192.0.2.7", token))
}

func TestClockJumps(t *testing.T) {
	t.Parallel()
	f := setUp(t)
	before := f.who("192.0.2.7", "")
	for _, days := range []int{30, -30, 400} {
		f.clock.set(noon.AddDate(0, 0, days))
		require.NotEqual(t, before.Reporter, f.who("192.0.2.7", "").Reporter)
		require.NoError(t, f.Refresh(t.Context()))
	}
	f.clock.set(noon)
	require.Equal(t, before, f.who("192.0.2.7", ""), "the store still had the key")
	f.clock.set(time.Date(1969, 12, 31, 23, 59, 0, 0, time.UTC))
	require.False(t, f.who("192.0.2.7", "").Reporter.IsZero())
}

func TestStampsTellWhenTheyWereSigned(t *testing.T) {
	t.Parallel()
	f := setUp(t)
	stamp, err := f.Stamp(t.Context(), noon)
	require.NoError(t, err)
	for _, age := range []time.Duration{0, time.Hour, 20 * time.Hour} {
		f.clock.set(noon.Add(age))
		require.NoError(t, f.Refresh(t.Context()))
		at, ok, err := f.Stamped(t.Context(), f.clock.now(), stamp)
		require.NoError(t, err)
		require.True(t, ok)
		require.Equal(t, noon, at)
	}
	bad := []byte(stamp)
	bad[3] ^= 1
	for _, forged := range []string{"", "x", string(bad), stamp + "A", "***************************"} {
		_, ok, err := f.Stamped(t.Context(), noon, forged)
		require.NoError(t, err)
		require.False(t, ok, forged)
	}
}

func TestPseudonymsAreUnrelatedToReporters(t *testing.T) {
	t.Parallel()
	f := setUp(t)
	addr := netip.MustParseAddr("192.0.2.7")
	_, ok := f.Pseudonym(addr)
	require.False(t, ok, "no key yet, and it does not wait for one")
	who := f.who("192.0.2.7", "")
	name, ok := f.Pseudonym(addr)
	require.True(t, ok)
	require.NotEqual(t, who.Reporter, name)
	require.NotEqual(t, who.Origin, name)
}

func TestRunFetchesAheadAndLogsNoKey(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		s := &store{away: errors.New("away")}
		keys, err := identity.New(identity.Config{
			Store: s, Now: time.Now, Logger: slog.New(slog.NewTextHandler(&log, nil)),
		})
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- keys.Run(ctx) }() // the bubble's clock begins at midnight

		time.Sleep(2 * time.Minute) //nolint:forbidigo // the bubble's time: nothing waits
		synctest.Wait()
		require.Contains(t, log.String(), "could not be refreshed")
		s.setAway(nil)
		time.Sleep(12 * time.Hour) //nolint:forbidigo // as above
		synctest.Wait()
		require.Len(t, s.keys, 3, "yesterday, today, tomorrow")
		for _, key := range s.keys {
			require.NotContains(t, log.String(), string(key))
		}
		cancel()
		require.NoError(t, <-ended)
		_, ok := keys.Pseudonym(netip.MustParseAddr("192.0.2.7"))
		require.False(t, ok, "the keys are wiped")
	})
}

func TestConcurrentUseThroughMidnight(t *testing.T) {
	t.Parallel()
	f := setUp(t)
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			for n := range 300 {
				at := noon.Add(time.Duration(n) * 10 * time.Minute)
				f.clock.set(at)
				if i == 0 {
					_ = f.Refresh(t.Context())
				}
				_, err := f.Identify(t.Context(), at, netip.MustParseAddr("192.0.2.7"), "")
				if err != nil {
					t.Errorf("identify: %v", err)
				}
			}
		})
	}
	group.Wait()
}

func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	_, err := identity.New(identity.Config{})
	require.Error(t, err)
}
