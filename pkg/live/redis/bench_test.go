package redis_test

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/live/redis"
	"github.com/outcryhq/outcry/pkg/outage"
	"github.com/outcryhq/outcry/pkg/servertest"
)

const (
	benchBatch   = 256
	benchWriters = 16
	// rewriteFrom lets the append-only file grow before it is first rewritten:
	// the usual 64 MB would have a busy server copy itself every few seconds, and 1 GB within half a minute.
	rewriteFrom = "auto-aof-rewrite-min-size 4gb"
)

// BenchmarkRecord records reports of distinct reporters, in batches of 256 a
// partition from 16 callers at once, on one redis-server with the settings
// that Outcry ships with. An operation is a batch; look at reports/s. For the
// figures in docs/benchmarks.md run it for 30 seconds:
//
//	go test -run '^$' -bench Record -benchtime 30s ./pkg/live/redis
func BenchmarkRecord(b *testing.B) {
	for _, c := range []struct {
		name                string
		services, countries int // countries a service is reported from
	}{
		{"500 services in 4 countries", 500, 4},
		{"500 services in 12 countries", 500, 12},
		{"one service in 12 countries", 1, 12},
	} {
		b.Run(c.name, func(b *testing.B) { benchmarkRecord(b, c.services, c.countries) })
	}
}

func benchmarkRecord(b *testing.B, services, countries int) {
	b.Helper()
	server := servertest.Redis(b, rewriteFrom)
	engine := open(b, redis.Config{URL: server.URL()})
	byPartition := map[int][]string{}
	var partitions []int
	for i := range services {
		service := fmt.Sprintf("service-%03d", i)
		p := live.Partition(service)
		if byPartition[p] == nil {
			partitions = append(partitions, p)
			ready(b, engine, p)
		}
		byPartition[p] = append(byPartition[p], service)
	}
	before := serverCPU(b, server.URL())
	var turn, uncounted atomic.Int64
	b.ResetTimer()
	var writers sync.WaitGroup
	for range benchWriters {
		writers.Go(func() {
			reports := make([]outage.Report, benchBatch)
			for {
				n := turn.Add(1)
				if n > int64(b.N) {
					return
				}
				now := time.Now()
				fillBatch(reports, now, uint64(n), byPartition[partitions[int(n)%len(partitions)]], countries) //nolint:gosec // positive
				for _, result := range engine.Record(b.Context(), now, reports) {
					if result.Err != nil || result.Receipt.Outcome != outage.Counted {
						uncounted.Add(1)
					}
				}
			}
		})
	}
	writers.Wait()
	b.StopTimer()
	require.Zero(b, uncounted.Load())
	reports := float64(b.N) * benchBatch
	b.ReportMetric(reports/b.Elapsed().Seconds(), "reports/s")
	b.ReportMetric((serverCPU(b, server.URL())-before)*1e9/reports, "server-ns/report")
}

// serverCPU is what the server's main thread has used of the processor, in
// seconds. Unlike the time that has passed, it does not depend on what else
// the machine does.
func serverCPU(b *testing.B, url string) float64 {
	b.Helper()
	info := client(b, url).InfoMap(b.Context(), "cpu").Item
	seconds := 0.0
	for _, mode := range []string{"used_cpu_sys_main_thread", "used_cpu_user_main_thread"} {
		used, err := strconv.ParseFloat(info("CPU", mode), 64)
		require.NoError(b, err)
		seconds += used
	}
	return seconds
}

// ready gives a partition an epoch.
func ready(tb testing.TB, engine *redis.Engine, partition int) live.Lease {
	tb.Helper()
	lease, ok, err := engine.Acquire(tb.Context(), partition, "setup", time.Hour)
	require.NoError(tb, err)
	require.True(tb, ok)
	if lease.Epoch == "" {
		lease, err = engine.Rebuild(tb.Context(), anHour(), lease, live.Snapshot{})
		require.NoError(tb, err)
	}
	return lease
}

// benchCountries is where the reports come from, the busiest first.
var benchCountries = []string{"US", "GB", "NL", "DE", "BR", "IN", "ID", "MY", "SG", "BE", "FR", "ZZ"} //nolint:gochecknoglobals // a constant table

// fillBatch makes up the nth batch: reporters, ids and origins that no other
// batch has.
func fillBatch(reports []outage.Report, now time.Time, n uint64, services []string, countries int) {
	for i := range reports {
		r := &reports[i]
		*r = outage.Report{
			Service: services[i%len(services)], Country: benchCountries[i/len(services)%countries],
			CountryFrom: outage.FromAddress, Source: outage.SourceForm, Problem: "cannot-send",
			Network: uint32(1000 + i%50),                         //nolint:gosec // small
			Digest:  uint32(n), ObservedAt: now, ReceivedAt: now, //nolint:gosec // only has to differ
		}
		number := n*uint64(len(reports)) + uint64(i) + 1 //nolint:gosec // small
		// What a hash looks like: the bits are spread.
		mixed := number * 0x9e3779b97f4a7c15
		binary.BigEndian.PutUint64(r.ID[:], mixed)
		binary.BigEndian.PutUint64(r.ID[8:], number)
		binary.BigEndian.PutUint64(r.Reporter[:], mixed)
		binary.BigEndian.PutUint32(r.Reporter[8:], uint32(number)) //nolint:gosec // only has to differ
		binary.BigEndian.PutUint64(r.Origin[:], mixed>>8)
	}
}
