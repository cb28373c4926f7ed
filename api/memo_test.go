package api

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestMemoMakesOnceForAll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newMemo(time.Now)
		made := 0
		build := func(context.Context) ([]byte, error) {
			made++
			time.Sleep(time.Second) //nolint:forbidigo // in a bubble: everybody waits meanwhile
			return []byte("drawing"), nil
		}
		bodies := make([]string, 20)
		for i := range bodies {
			go func() {
				body, _ := m.get(t.Context(), "key", time.Minute, build)
				bodies[i] = string(body)
			}()
		}
		time.Sleep(30 * time.Second) //nolint:forbidigo // in a bubble
		synctest.Wait()
		for _, body := range bodies {
			require.Equal(t, "drawing", body)
		}
		_, err := m.get(t.Context(), "key", time.Minute, build)
		require.NoError(t, err)
		require.Equal(t, 1, made)
		time.Sleep(time.Minute) //nolint:forbidigo // in a bubble
		_, err = m.get(t.Context(), "key", time.Minute, build)
		require.NoError(t, err)
		require.Equal(t, 2, made, "it is old")
	})
}

func TestMemoIsBoundedAndKeepsNoErrors(t *testing.T) {
	t.Parallel()
	now := time.Unix(0, 0)
	m := newMemo(func() time.Time { return now })
	for i := range 3 * maxMemo {
		_, err := m.get(t.Context(), strconv.Itoa(i), time.Minute, func(context.Context) ([]byte, error) { return nil, nil })
		require.NoError(t, err)
		require.LessOrEqual(t, len(m.kept), maxMemo)
	}
	broken := errors.New("broken")
	_, err := m.get(t.Context(), "new", time.Minute, func(context.Context) ([]byte, error) { return nil, broken })
	require.ErrorIs(t, err, broken)
	body, err := m.get(t.Context(), "new", time.Minute, func(ctx context.Context) ([]byte, error) {
		require.NoError(t, ctx.Err(), "another's hanging up is no reason")
		return []byte("well"), nil
	})
	require.NoError(t, err)
	require.Equal(t, "well", string(body))
}
