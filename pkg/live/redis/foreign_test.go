package redis_test

import (
	"strings"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/live/redis"
	"github.com/outcryhq/outcry/pkg/outage"
	"github.com/outcryhq/outcry/pkg/servertest"
)

// logKey is the stream of a partition of the installation in the url's server.
func logKey(t *testing.T, url string) string {
	t.Helper()
	for _, key := range everyKey(t, url, redis.DefaultPrefix) {
		if strings.HasSuffix(key, ":log") {
			return key
		}
	}
	require.Fail(t, "there is no log")
	return ""
}

func TestAForeignEntryOnTheLogIsOutlived(t *testing.T) {
	t.Parallel()
	server := servertest.Redis(t, relaxed)
	engine := open(t, redis.Config{URL: server.URL()})
	lease := ready(t, engine, live.Partition("whatsapp"))
	record := func(n int) {
		t.Helper()
		require.NoError(t, engine.Record(t.Context(), anHour(), []outage.Report{aReport(anHour(), "whatsapp", n)})[0].Err)
	}
	record(1)
	_, one, err := engine.LogSize(t.Context())
	require.NoError(t, err)
	record(2)
	foreign := func() {
		t.Helper()
		err := client(t, server.URL()).XAdd(t.Context(), &goredis.XAddArgs{
			Stream: logKey(t, server.URL()), Values: []string{"foo", "bar"},
		}).Err()
		require.NoError(t, err)
	}
	foreign()
	record(3)
	o := outage.Outage{ID: outage.NewID(anHour()), Service: "whatsapp", State: outage.Ongoing, StartedAt: anHour(), DetectedAt: anHour(), Revision: 1}
	require.NoError(t, engine.PutOutages(t.Context(), anHour(), lease, []outage.Change{{Fence: lease.Fence, Outage: o}}))
	foreign()
	record(4)

	entries, bytes, err := engine.LogSize(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 7, entries)
	require.Greater(t, bytes, 4*one, "four reports and an outage")
	require.Less(t, bytes, 20*one, "the positions have moved, the size has not")

	log, err := engine.ReadLog(t.Context(), lease.Partition, 100)
	require.NoError(t, err)
	require.Len(t, log, 7)
	for i := range log {
		if i == 2 || i == 5 {
			require.Error(t, log[i].Damaged)
		} else {
			require.NoError(t, log[i].Damaged)
		}
		if i > 0 {
			require.GreaterOrEqual(t, log[i].Position, log[i-1].Position)
		}
	}

	left := func() (int64, int64) {
		t.Helper()
		entries, bytes, err := engine.LogSize(t.Context())
		require.NoError(t, err)
		return entries, bytes
	}
	require.NoError(t, engine.TrimLog(t.Context(), lease, log[0]))
	entries, bytes = left()
	require.EqualValues(t, 6, entries)
	require.Less(t, bytes, 20*one)
	require.NoError(t, engine.TrimLog(t.Context(), lease, log[2]), "the foreign one itself")
	entries, _ = left()
	require.EqualValues(t, 4, entries)
	require.NoError(t, engine.TrimLog(t.Context(), lease, log[5]), "one that shares the position of ours before it")
	entries, _ = left()
	require.EqualValues(t, 1, entries)
	require.NoError(t, engine.TrimLog(t.Context(), lease, log[6]))
	entries, bytes = left()
	require.Zero(t, entries)
	require.Zero(t, bytes)
	record(5)
	_, bytes = left()
	require.Equal(t, one, bytes)
}

func TestCoverageOutlivesAForeignEntry(t *testing.T) {
	t.Parallel()
	server := servertest.Redis(t, relaxed)
	engine := open(t, redis.Config{URL: server.URL()})
	for p := range live.Partitions { // one of them is the home of coverage
		ready(t, engine, p)
	}
	sources := []outage.Source{outage.SourceForm}
	require.NoError(t, engine.Cover(t.Context(), anHour(), sources))
	key := logKey(t, server.URL())
	require.NoError(t, client(t, server.URL()).XAdd(t.Context(), &goredis.XAddArgs{Stream: key, Values: []string{"foo", "bar"}}).Err())
	require.NoError(t, engine.Cover(t.Context(), anHour().Add(time.Minute), sources))
	entries, _, err := engine.LogSize(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 3, entries)
}

func TestALogThatCannotBeContinuedIsUnavailable(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*testing.T, goredis.UniversalClient, string) error{
		"the last position there is": func(t *testing.T, c goredis.UniversalClient, key string) error {
			t.Helper()
			return c.XAdd(t.Context(), &goredis.XAddArgs{Stream: key, ID: "18446744073709551615-18446744073709551615", Values: []string{"foo", "bar"}}).Err()
		},
		"another type": func(t *testing.T, c goredis.UniversalClient, key string) error {
			t.Helper()
			return c.Set(t.Context(), key, "bar", 0).Err()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := servertest.Redis(t, relaxed)
			engine := open(t, redis.Config{URL: server.URL()})
			ready(t, engine, live.Partition("whatsapp"))
			require.NoError(t, engine.Record(t.Context(), anHour(), []outage.Report{aReport(anHour(), "whatsapp", 1)})[0].Err)
			require.NoError(t, spoil(t, client(t, server.URL()), logKey(t, server.URL())))
			err := engine.Record(t.Context(), anHour(), []outage.Report{aReport(anHour(), "whatsapp", 2)})[0].Err
			require.ErrorIs(t, err, outage.ErrUnavailable)
		})
	}
}
