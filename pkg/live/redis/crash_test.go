package redis_test

import (
	"context"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/live/redis"
	"github.com/outcryhq/outcry/pkg/outage"
	"github.com/outcryhq/outcry/pkg/servertest"
)

// aReport makes up the nth report of a service, by a reporter of its own.
func aReport(now time.Time, service string, n int) outage.Report {
	id := outage.DeriveID("report", service, strconv.Itoa(n))
	r := outage.Report{
		Service: service, Country: "NL", CountryFrom: outage.FromAddress, Source: outage.SourceAPI,
		Problem: "cannot-send", ObservedAt: now, ReceivedAt: now,
	}
	r.ID = id
	copy(r.Reporter[:], id[:])
	copy(r.Origin[:], id[4:])
	return r
}

// anHour is the clock of these tests, in the middle of an hour.
func anHour() time.Time { return time.Date(2017, time.November, 3, 8, 20, 0, 0, time.UTC) }

func TestAcknowledgedReportsSurviveKills(t *testing.T) {
	t.Parallel()
	const writers, kills, perKill = 4, 3, 200
	server := servertest.Redis(t) // appendfsync always
	engine := open(t, redis.Config{URL: server.URL() + "?min_retry_backoff=1ms&max_retry_backoff=5ms"})
	partition := live.Partition("whatsapp")
	ready(t, engine, partition)

	acknowledged := make(chan outage.ID, 1<<20)
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	for writer := range writers {
		running.Go(func() {
			for n := writer; ctx.Err() == nil; n += writers {
				r := aReport(anHour(), "whatsapp", n)
				result := engine.Record(ctx, anHour(), []outage.Report{r})[0]
				if result.Err == nil {
					acknowledged <- result.Receipt.ID
				}
			}
		})
	}
	known := map[outage.ID]bool{}
	for range kills {
		for range perKill {
			known[<-acknowledged] = true
		}
		server.Kill()
		server.Restart()
	}
	for range perKill {
		known[<-acknowledged] = true
	}
	stop()
	running.Wait()
	close(acknowledged)
	for id := range acknowledged {
		known[id] = true
	}

	times := map[outage.ID]int{}
	entries, err := engine.ReadLog(t.Context(), partition, 1<<20)
	require.NoError(t, err)
	for _, entry := range entries {
		require.NoError(t, entry.Damaged)
		for _, r := range entry.Reports {
			times[r.ID]++
			require.Equal(t, outage.Counted, r.Outcome)
		}
	}
	for id := range known {
		require.Equal(t, 1, times[id], "acknowledged report %s", id)
	}
	counts, err := engine.Counts(t.Context(), []outage.Series{{Service: "whatsapp", Country: "NL"}}, anHour(), anHour().Add(time.Minute))
	require.NoError(t, err)
	require.Equal(t, len(times), counts[0][0], "a report is counted and logged in one step")
}

func TestScriptsThatTheServerForgotAreSentAgain(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]string{
		"one server": servertest.Redis(t, relaxed).URL(),
		"a cluster":  servertest.Cluster(t, relaxed).URL(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			engine := open(t, redis.Config{URL: url})
			var reports []outage.Report
			for n := range 200 { // of many partitions, on every master
				service := "service-" + strconv.Itoa(n)
				ready(t, engine, live.Partition(service))
				reports = append(reports, aReport(anHour(), service, n))
			}
			require.NoError(t, client(t, url).ScriptFlush(t.Context()).Err())
			for _, result := range engine.Record(t.Context(), anHour(), reports) {
				require.NoError(t, result.Err)
				require.False(t, result.Replayed)
			}
			require.NoError(t, client(t, url).ScriptFlush(t.Context()).Err())
			for _, result := range engine.Record(t.Context(), anHour(), reports) {
				require.NoError(t, result.Err)
				require.True(t, result.Replayed)
			}
		})
	}
}

func TestAWipedServerHasToBeRebuilt(t *testing.T) {
	t.Parallel()
	server := servertest.Redis(t, relaxed)
	engine := open(t, redis.Config{URL: server.URL()})
	lease := ready(t, engine, live.Partition("whatsapp"))
	r := aReport(anHour(), "whatsapp", 1)
	require.NoError(t, engine.Record(t.Context(), anHour(), []outage.Report{r})[0].Err)
	before, err := engine.ReadLog(t.Context(), lease.Partition, 1)
	require.NoError(t, err)

	require.NoError(t, client(t, server.URL()).FlushAll(t.Context()).Err())
	require.ErrorIs(t, engine.Record(t.Context(), anHour(), []outage.Report{r})[0].Err, outage.ErrRebuilding)
	require.ErrorIs(t, engine.Renew(t.Context(), lease, time.Minute), outage.ErrFenced)

	lease = ready(t, engine, lease.Partition)
	require.NoError(t, engine.Record(t.Context(), anHour(), []outage.Report{r})[0].Err)
	require.NoError(t, engine.TrimLog(t.Context(), lease, before[0]))
	after, err := engine.ReadLog(t.Context(), lease.Partition, 10)
	require.NoError(t, err)
	require.Len(t, after, 1, "an entry of the former life trims nothing, though it had this position")
	require.Equal(t, before[0].Position, after[0].Position)
}

func TestALostEpochIsNoticedByItsOwner(t *testing.T) {
	t.Parallel()
	server := servertest.Redis(t, relaxed)
	engine := open(t, redis.Config{URL: server.URL()})
	partition := live.Partition("whatsapp")
	lease := ready(t, engine, partition)
	for n := range 3 * live.EvidenceCap {
		require.NoError(t, engine.Record(t.Context(), anHour(), []outage.Report{aReport(anHour(), "whatsapp", n)})[0].Err)
	}
	keys := everyKey(t, server.URL(), redis.DefaultPrefix)
	for _, key := range keys {
		if len(key) > 6 && key[len(key)-6:] == ":epoch" {
			require.NoError(t, client(t, server.URL()).Del(t.Context(), key).Err())
		}
	}
	require.ErrorIs(t, engine.Renew(t.Context(), lease, time.Minute), outage.ErrFenced)

	// What the archive does not know is gone; what waits on the log is not.
	entries, _, err := engine.LogSize(t.Context())
	require.NoError(t, err)
	ready(t, engine, partition)
	still, _, err := engine.LogSize(t.Context())
	require.NoError(t, err)
	require.Equal(t, entries, still)
	series := []outage.Series{{Service: "whatsapp", Country: "NL"}, {Service: "whatsapp", Country: outage.AllCountries}}
	counts, err := engine.Counts(t.Context(), series, anHour(), anHour().Add(time.Minute))
	require.NoError(t, err)
	require.Equal(t, [][]int{{0}, {0}}, counts)
	evidence, err := engine.Evidence(t.Context(), series, anHour(), anHour())
	require.NoError(t, err)
	require.Equal(t, []live.Evidence{{}, {}}, evidence)

	// Evidence that had been full takes new members.
	fresh := aReport(anHour(), "whatsapp", -1)
	require.NoError(t, engine.Record(t.Context(), anHour(), []outage.Report{fresh})[0].Err)
	evidence, err = engine.Evidence(t.Context(), series, anHour(), anHour())
	require.NoError(t, err)
	require.Equal(t, 1, evidence[0].Origins)
}

func TestAServerOutOfReachIsUnavailable(t *testing.T) {
	t.Parallel()
	server := servertest.Redis(t, relaxed)
	engine := open(t, redis.Config{URL: server.URL() + "?max_retries=-1"})
	lease := ready(t, engine, live.Partition("whatsapp"))
	server.Stop()

	r := []outage.Report{aReport(anHour(), "whatsapp", 1)}
	require.ErrorIs(t, engine.Record(t.Context(), anHour(), r)[0].Err, outage.ErrUnavailable)
	require.ErrorIs(t, engine.Ping(t.Context()), outage.ErrUnavailable)
	require.ErrorIs(t, engine.Renew(t.Context(), lease, time.Minute), outage.ErrUnavailable)
	_, err := engine.Counts(t.Context(), []outage.Series{{Service: "whatsapp", Country: "NL"}}, anHour(), anHour().Add(time.Hour))
	require.ErrorIs(t, err, outage.ErrUnavailable)
	_, err = engine.Check(t.Context())
	require.ErrorIs(t, err, outage.ErrUnavailable)
}

func TestAFullServerIsUnavailableAndCanBeDrained(t *testing.T) {
	t.Parallel()
	server := servertest.Redis(t, relaxed)
	engine := open(t, redis.Config{URL: server.URL()})
	lease := ready(t, engine, live.Partition("whatsapp"))
	require.NoError(t, engine.Record(t.Context(), anHour(), []outage.Report{aReport(anHour(), "whatsapp", 1)})[0].Err)
	require.NoError(t, client(t, server.URL()).ConfigSet(t.Context(), "maxmemory", "1").Err())

	refused := aReport(anHour(), "whatsapp", 2)
	require.ErrorIs(t, engine.Record(t.Context(), anHour(), []outage.Report{refused})[0].Err, outage.ErrUnavailable)
	require.NoError(t, engine.Renew(t.Context(), lease, time.Minute))
	entries, err := engine.ReadLog(t.Context(), lease.Partition, 10)
	require.NoError(t, err)
	require.Len(t, entries, 1)
	require.NoError(t, engine.TrimLog(t.Context(), lease, entries[0]))

	require.NoError(t, client(t, server.URL()).ConfigSet(t.Context(), "maxmemory", "0").Err())
	result := engine.Record(t.Context(), anHour(), []outage.Report{refused})[0]
	require.NoError(t, result.Err)
	require.False(t, result.Replayed, "the refusal left no mark")
}
