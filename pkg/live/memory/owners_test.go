package memory_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/live/memory"
	"github.com/outcryhq/outcry/pkg/outage"
)

// clock is set by its test.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func openAt(t *testing.T, c *clock) *memory.Engine {
	t.Helper()
	e, err := memory.New(memory.Config{Now: c.now})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, e.Close()) })
	return e
}

func TestALeaseEndsExactly(t *testing.T) {
	t.Parallel()
	c := &clock{at: noon()}
	e := openAt(t, c)
	lease, ok, err := e.Acquire(t.Context(), 3, "a", 6*time.Second)
	require.NoError(t, err)
	require.True(t, ok)
	c.advance(6*time.Second - 1)
	_, ok, err = e.Acquire(t.Context(), 3, "b", time.Second)
	require.NoError(t, err)
	require.False(t, ok)
	require.NoError(t, e.PutView(t.Context(), lease, live.View{}))
	c.advance(1)
	require.ErrorIs(t, e.PutView(t.Context(), lease, live.View{}), outage.ErrFenced)
	_, ok, err = e.Acquire(t.Context(), 3, "b", time.Second)
	require.NoError(t, err)
	require.True(t, ok)
}

func TestAViewEndsSoonAfterItsOwner(t *testing.T) {
	t.Parallel()
	c := &clock{at: noon()}
	e := openAt(t, c)
	lease, _, err := e.Acquire(t.Context(), 3, "a", 6*time.Second)
	require.NoError(t, err)
	require.NoError(t, e.PutView(t.Context(), lease, live.View{LiveSeries: 1}))
	c.advance(10 * time.Second)
	views, err := e.Views(t.Context())
	require.NoError(t, err)
	require.Len(t, views, 1, "a takeover leaves no gap")
	c.advance(5 * time.Second)
	views, err = e.Views(t.Context())
	require.NoError(t, err)
	require.Empty(t, views)
}

func TestWhatIsWrittenIsACopy(t *testing.T) {
	t.Parallel()
	e := open(t, nil)
	lease, _, err := e.Acquire(t.Context(), 3, "a", time.Minute)
	require.NoError(t, err)
	lease, err = e.Rebuild(t.Context(), noon(), lease, live.Snapshot{})
	require.NoError(t, err)
	written := []outage.Change{{Fence: lease.Fence, Outage: outage.Outage{
		ID: outage.DeriveID("o"), Revision: 1, Impacts: []outage.Impact{{Country: "NL"}},
	}}}
	require.NoError(t, e.PutOutages(t.Context(), noon(), lease, written))
	written[0].Outage.Impacts[0].Country = "GB"
	for range 2 {
		read, err := e.Outages(t.Context(), 3)
		require.NoError(t, err)
		require.Equal(t, "NL", read[0].Outage.Impacts[0].Country)
		read[0].Outage.Impacts[0].Country = "BE"
	}
}

func TestPartitionsAreBounded(t *testing.T) {
	t.Parallel()
	e := open(t, nil)
	for _, p := range []int{-1, live.Partitions} {
		_, _, err := e.Acquire(t.Context(), p, "a", time.Minute)
		require.ErrorIs(t, err, outage.ErrInvalid)
		_, err = e.Outages(t.Context(), p)
		require.ErrorIs(t, err, outage.ErrInvalid)
		_, err = e.Changed(t.Context(), p, 0, 1)
		require.ErrorIs(t, err, outage.ErrInvalid)
		require.Error(t, e.TrimLog(t.Context(), live.Lease{Partition: p, Owner: "a"}, live.Entry{}))
	}
	_, err := e.Changed(t.Context(), 0, 0, 0)
	require.ErrorIs(t, err, outage.ErrInvalid)
	_, _, err = e.Acquire(t.Context(), 0, "", time.Minute)
	require.ErrorIs(t, err, outage.ErrInvalid)
}
