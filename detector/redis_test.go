package detector_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/detector"
	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/live/redis"
	"github.com/outcryhq/outcry/pkg/outage"
	"github.com/outcryhq/outcry/pkg/servertest"
)

// newRedisWorld is an installation on a Redis of its own that has been quiet.
func newRedisWorld(t *testing.T) (*world, *servertest.RedisServer) {
	t.Helper()
	server := servertest.Redis(t)
	w := newWorld(t)
	w.quiet(t)
	w.engine = newRedisEngine(t, server)
	return w, server
}

func newRedisEngine(t *testing.T, server *servertest.RedisServer) *redis.Engine {
	t.Helper()
	e, err := redis.New(redis.Config{URL: server.URL(), Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, e.Close()) })
	return e
}

// startOnRedis runs a detector with a connection of its own, quick to look.
func (w *world) startOnRedis(t *testing.T, server *servertest.RedisServer, owner string) (*runner, *wire) {
	t.Helper()
	e := newRedisEngine(t, server)
	line := newWire(e)
	return w.start(t, owner, func(cfg *detector.Config) {
		cfg.Live = line
		cfg.Archiver = w.newArchiver(t, e, line)
		cfg.TickEvery = 50 * time.Millisecond
	}), line
}

// soon waits for a condition on the real clock.
func soon(t *testing.T, within time.Duration, condition func() bool) {
	t.Helper()
	require.Eventually(t, condition, within, 20*time.Millisecond)
}

func TestDetectorsOnRedisTakeOverFromADeadOne(t *testing.T) {
	t.Parallel()
	w, server := newRedisWorld(t)
	a, lineA := w.startOnRedis(t, server, "a")
	b, lineB := w.startOnRedis(t, server, "b")
	c, lineC := w.startOnRedis(t, server, "c")
	all := []*runner{a, b, c}
	soon(t, 2*takeOverWithin, shared(t, all...))
	opened := w.fail(t, all...)

	var rest []*runner
	for r, line := range map[*runner]*wire{a: lineA, b: lineB, c: lineC} {
		if r.metric(t, "outcry_detector_open_outages") == 1 {
			line.down.Store(true) // the owner of the failing service dies without a word
		} else {
			rest = append(rest, r)
		}
	}
	require.Len(t, rest, 2)
	died := time.Now()
	soon(t, takeOverWithin, func() bool {
		open := rest[0].metric(t, "outcry_detector_open_outages") + rest[1].metric(t, "outcry_detector_open_outages")
		return open == 1 && rest[0].share(t)+rest[1].share(t) == live.Partitions
	})
	t.Logf("taken over after %v", time.Since(died).Round(time.Millisecond))
	for range 5 {
		w.minute(t, 12, rest...)
	}
	closed := w.recover(t, rest...)
	require.Equal(t, opened.ID, closed.ID)
	for _, r := range rest {
		require.NoError(t, r.stop())
	}
	w.log.requireOneOutage(t, opened.ID)
	kept, err := w.archive.Outage(t.Context(), opened.ID)
	require.NoError(t, err)
	require.Equal(t, closed, kept, "the log was drained to the end")
}

func TestTheLogIsDrainedWhateverFails(t *testing.T) {
	t.Parallel()
	w, server := newRedisWorld(t)
	r, line := w.startOnRedis(t, server, "a")
	soon(t, takeOverWithin, shared(t, r))
	for _, method := range []string{"ReadLog", "TrimLog"} {
		line.lose(method)
		w.report(t, "NL", 3)
		soon(t, takeOverWithin, func() bool { return !line.pending() })
	}
	soon(t, takeOverWithin, func() bool {
		total := 0
		buckets, err := w.archive.Counts(t.Context(), outage.Series{Service: service, Country: "NL"}, begin(), begin().Add(time.Hour), time.Minute)
		for _, bucket := range buckets {
			total += bucket.Count
		}
		return err == nil && total == 6
	})
}

func TestAWipedRedisIsRebuilt(t *testing.T) {
	t.Parallel()
	w, server := newRedisWorld(t)
	r, _ := w.startOnRedis(t, server, "a")
	soon(t, takeOverWithin, shared(t, r))
	opened := w.fail(t, r)
	w.minute(t, 12, r)
	soon(t, takeOverWithin, func() bool {
		entries, _, err := w.engine.LogSize(t.Context())
		return err == nil && entries == 0
	})

	admin := goredis.NewClient(&goredis.Options{Addr: server.Addr()})
	defer func() { require.NoError(t, admin.Close()) }()
	require.NoError(t, admin.FlushAll(t.Context()).Err())
	soon(t, 2*takeOverWithin, func() bool {
		return r.metric(t, "outcry_detector_takeovers_total") == 2*live.Partitions && shared(t, r)()
	})
	require.Equal(t, opened.ID, w.outages(t)[0].Outage.ID, "it is there before anything new is heard")
	for range 5 {
		w.minute(t, 12, r)
	}
	require.Equal(t, opened.ID, w.recover(t, r).ID)
	require.NoError(t, r.stop())
	w.log.requireOneOutage(t, opened.ID)
}

func TestARebuildCountsWhatWaitsOnTheLog(t *testing.T) {
	t.Parallel()
	w, server := newRedisWorld(t)
	r, _ := w.startOnRedis(t, server, "a")
	soon(t, takeOverWithin, shared(t, r))
	w.report(t, "NL", 3)
	require.NoError(t, r.stop())
	w.report(t, "NL", 7) // nobody drains the log

	// The detectors are away for longer than an epoch lasts.
	admin := goredis.NewClient(&goredis.Options{Addr: server.Addr()})
	defer func() { require.NoError(t, admin.Close()) }()
	epochs, err := admin.Keys(t.Context(), "*:epoch").Result()
	require.NoError(t, err)
	require.Len(t, epochs, live.Partitions)
	for _, key := range epochs {
		require.NoError(t, admin.Del(t.Context(), key).Err())
	}
	next, _ := w.startOnRedis(t, server, "b")
	soon(t, takeOverWithin, shared(t, next))
	// A partition is shared once it is owned, and rebuilt a moment later.
	require.NoError(t, next.WaitFor(t.Context(), w.Now()))
	counts, err := w.engine.Counts(t.Context(), []outage.Series{{Service: service, Country: "NL"}}, begin(), begin().Add(time.Minute))
	require.NoError(t, err)
	require.Equal(t, [][]int{{10}}, counts)
	require.NoError(t, next.stop())
}

func TestDetectionOnRedisGoesOnWithoutTheArchive(t *testing.T) {
	t.Parallel()
	w, server := newRedisWorld(t)
	r, _ := w.startOnRedis(t, server, "a")
	soon(t, takeOverWithin, shared(t, r))
	w.minute(t, 0, r)
	w.log.away.Store(true)
	opened := w.fail(t, r)
	closed := w.recover(t, r)
	require.Equal(t, opened.ID, closed.ID)
	w.log.away.Store(false)
	soon(t, takeOverWithin, func() bool {
		kept, err := w.archive.Outage(context.Background(), opened.ID)
		return err == nil && kept.Revision == closed.Revision
	})
	w.log.requireOneOutage(t, opened.ID)
}
