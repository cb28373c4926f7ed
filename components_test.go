package main

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

func TestComponentsStopInReverseOrder(t *testing.T) {
	t.Parallel()
	var ended []string
	part := func(name string) component {
		return component{name, func(ctx context.Context) error {
			<-ctx.Done()
			ended = append(ended, name)
			return nil
		}}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, runAll(ctx, []component{part("store"), part("pipeline"), part("http")}))
	require.Equal(t, []string{"http", "pipeline", "store"}, ended)
}

func TestAComponentThatFailsStopsTheRest(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	stopped := false
	err := runAll(t.Context(), []component{
		{"other", func(ctx context.Context) error { <-ctx.Done(); stopped = true; return nil }},
		{"role", func(context.Context) error { return broken }},
	})
	require.ErrorIs(t, err, broken)
	require.ErrorContains(t, err, "role: ")
	require.True(t, stopped)
}

func TestAComponentThatEndsUnaskedIsAFailure(t *testing.T) {
	t.Parallel()
	err := runAll(t.Context(), []component{{"role", func(context.Context) error { return nil }}})
	require.EqualError(t, err, "role: ended unasked")
}

func TestAComponentThatHangsIsGivenUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		release := make(chan struct{})
		err := runAll(ctx, []component{{"deaf", func(context.Context) error { <-release; return nil }}})
		require.ErrorIs(t, err, errStopTimeout)
		close(release)
	})
}

func TestCleanupsRunLastFirstAndJoinTheirErrors(t *testing.T) {
	t.Parallel()
	var order []string
	var c cleanups
	c.add("first", func() error { order = append(order, "first"); return errors.New("no") })
	c.add("second", func() error { order = append(order, "second"); return nil })
	require.EqualError(t, c.run(), "close first: no")
	require.Equal(t, []string{"second", "first"}, order)
	require.NoError(t, c.run(), "twice")
}
