package api_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/api"
	"github.com/outcryhq/outcry/pkg/baseline"
	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

// blobs is a store of baselines in memory.
type blobs struct {
	mu   sync.Mutex
	by   map[int][]byte
	away bool
}

func (b *blobs) LoadBaseline(_ context.Context, partition, version int) ([]byte, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch blob, ok := b.by[partition]; {
	case b.away:
		return nil, errGone
	case !ok || version != baseline.Version:
		return nil, outage.ErrNotFound
	default:
		return blob, nil
	}
}

func (b *blobs) set(away bool, by map[int][]byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.away, b.by = away, by
}

// learnedOnce is the baseline of a partition that has listened for an hour.
func learnedOnce(t *testing.T, s outage.Series, reports int) map[int][]byte {
	t.Helper()
	model := baseline.New()
	require.NoError(t, model.Learn(baseline.Hour{
		Start: at("07:00"), Covered: 60, Counts: []baseline.Count{{Series: s, Reports: reports}},
	}))
	return map[int][]byte{live.Partition(s.Service): model.Encode()}
}

func TestLearnedKeepsUpWithTheDetectors(t *testing.T) {
	t.Parallel()
	s := outage.Series{Service: "whatsapp", Country: "NL"}
	few, many := learnedOnce(t, s, 1), learnedOnce(t, s, 6000)
	synctest.Test(t, func(t *testing.T) {
		store := &blobs{}
		learned, err := api.NewLearned(api.LearnedConfig{Store: store, Logger: quietLogger()})
		require.NoError(t, err)
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- learned.Run(ctx) }()
		synctest.Wait()
		_, ok := learned.PerMinute(s, at("08:00"))
		require.False(t, ok, "nothing has been learned")

		pass := func() { time.Sleep(api.DefaultLearnEvery); synctest.Wait() } //nolint:forbidigo // the bubble's clock
		store.set(false, few)
		pass()
		before, ok := learned.PerMinute(s, at("08:00"))
		require.True(t, ok)

		store.set(true, nil)
		pass()
		kept, ok := learned.PerMinute(s, at("08:00"))
		require.True(t, ok, "what was known stays while the archive is away")
		require.InDelta(t, before, kept, 1e-12)

		store.set(false, many)
		pass()
		after, ok := learned.PerMinute(s, at("08:00"))
		require.True(t, ok)
		require.Greater(t, after, before)
		stop()
		require.NoError(t, <-done)
	})
}

func TestLearnedRefusesWhatIsNoBaseline(t *testing.T) {
	t.Parallel()
	learned, err := api.NewLearned(api.LearnedConfig{Store: &blobs{by: map[int][]byte{3: []byte("junk")}}, Logger: quietLogger()})
	require.NoError(t, err)
	require.ErrorContains(t, learned.Load(t.Context()), "partition 3")
}

func TestConfigsAreChecked(t *testing.T) {
	t.Parallel()
	_, err := api.New(api.Config{})
	require.Error(t, err)
	for name, bad := range map[string]api.LearnedConfig{
		"no store":          {Logger: quietLogger()},
		"no logger":         {Store: &blobs{}},
		"negative interval": {Store: &blobs{}, Logger: quietLogger(), Every: -1},
	} {
		_, err := api.NewLearned(bad)
		require.Error(t, err, name)
	}
}

func TestWatchingNeedsEveryPartition(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.router = w.route()
	require.NoError(t, w.api.Watching(t.Context()))
	w.lookAway()
	require.ErrorIs(t, w.api.Watching(t.Context()), outage.ErrUnavailable)
	w.liveAway.Store(true)
	require.ErrorIs(t, w.api.Watching(t.Context()), outage.ErrUnavailable)
}
