package api

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/outage"
)

func TestAStoreThatIsAwayIsWaitedForOnce(t *testing.T) {
	t.Parallel()
	now, reads := time.Unix(0, 0), 0
	c := newCached(time.Second, func() time.Time { return now }, func(context.Context) (int, error) {
		reads++
		now = now.Add(readTimeout)
		return 0, outage.ErrUnavailable
	})
	for _, step := range []struct {
		after time.Duration
		reads int
	}{{0, 1}, {0, 1}, {keepError - 1, 1}, {1, 2}} {
		now = now.Add(step.after)
		_, err := c.get(t.Context())
		require.ErrorIs(t, err, outage.ErrUnavailable)
		require.Equal(t, step.reads, reads)
	}
}

func TestAValueIsKeptFromTheBeginningOfItsReading(t *testing.T) {
	t.Parallel()
	now, reads := time.Unix(0, 0), 0
	c := newCached(time.Second, func() time.Time { return now }, func(context.Context) (int, error) {
		reads++
		now = now.Add(600 * time.Millisecond)
		return reads, nil
	})
	for _, step := range []struct {
		after time.Duration
		value int
	}{{0, 1}, {0, 1}, {400 * time.Millisecond, 2}} {
		now = now.Add(step.after)
		value, err := c.get(t.Context())
		require.NoError(t, err)
		require.Equal(t, step.value, value)
	}
}
