package memory_test

import (
	"context"
	"encoding/binary"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/live/memory"
	"github.com/outcryhq/outcry/pkg/outage"
)

// BenchmarkRecord500Services records distinct reporters, counting only, in
// batches that spread over 500 services. One op is one batch.
func BenchmarkRecord500Services(b *testing.B) { benchmarkRecord(b, nil, 500, 256) }

// BenchmarkRecordOneService is the same over a single service.
func BenchmarkRecordOneService(b *testing.B) { benchmarkRecord(b, nil, 1, 256) }

// BenchmarkRecordLogged is what making log entries and keeping ways back adds:
// the archive takes the entries and forgets them.
func BenchmarkRecordLogged(b *testing.B) { benchmarkRecord(b, nowhere{}, 500, 256) }

// BenchmarkRecordSingly records one report a call, from many goroutines, as
// requests do. One op is one report.
func BenchmarkRecordSingly(b *testing.B) {
	b.SetParallelism(64)
	benchmarkRecord(b, nowhere{}, 500, 1)
}

// nowhere is a committer that keeps nothing.
type nowhere struct{}

func (nowhere) Append(context.Context, []live.Entry) error { return nil }

func benchmarkRecord(b *testing.B, committer memory.Committer, services, size int) {
	b.Helper()
	e := open(b, committer)
	rebuildAll(b, e)
	names := make([]string, services)
	for i := range names {
		names[i] = "service-" + strconv.Itoa(i)
	}
	countries := []string{"NL", "GB", "BE", "MY", "SG", "ID", "ZZ", "US"}
	start := time.Date(2017, time.November, 3, 8, 0, 0, 0, time.UTC)
	var next atomic.Uint64
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		batch := make([]outage.Report, size)
		for pb.Next() {
			first := next.Add(uint64(size)) - uint64(size)                //nolint:gosec // positive
			now := start.Add(time.Duration(first) * 2 * time.Microsecond) // as at 500,000 reports a second
			for i := range batch {
				n := first + uint64(i) //nolint:gosec // not negative
				batch[i] = outage.Report{
					Service: names[n%uint64(services)], Country: countries[n/7%8], Source: outage.SourceForm, //nolint:gosec // positive
					Network: uint32(n % 50), ObservedAt: now, ReceivedAt: now, //nolint:gosec // small
				}
				r := &batch[i]
				binary.LittleEndian.PutUint64(r.ID[:], mix(n))
				binary.LittleEndian.PutUint64(r.ID[8:], n)
				binary.LittleEndian.PutUint64(r.Reporter[:], mix(n+1))
				binary.LittleEndian.PutUint32(r.Reporter[8:], uint32(n)) //nolint:gosec // truncated on purpose
				r.Origin = r.Reporter
			}
			for _, res := range e.Record(b.Context(), now, batch) {
				if res.Err != nil || res.Receipt.Outcome != outage.Counted {
					b.Errorf("not counted: %+v", res)
					return
				}
			}
		}
	})
	b.ReportMetric(float64(next.Load())/b.Elapsed().Seconds(), "reports/s")
}

// mix scatters numbers as a hash would (SplitMix64).
func mix(n uint64) uint64 {
	n += 0x9e3779b97f4a7c15
	n = (n ^ n>>30) * 0xbf58476d1ce4e5b9
	n = (n ^ n>>27) * 0x94d049bb133111eb
	return n ^ n>>31
}

// rebuildAll gives every partition an epoch.
func rebuildAll(tb testing.TB, e *memory.Engine) {
	tb.Helper()
	for p := range live.Partitions {
		lease, ok, err := e.Acquire(tb.Context(), p, "setup", time.Minute)
		require.NoError(tb, err)
		require.True(tb, ok)
		_, err = e.Rebuild(tb.Context(), time.Now(), lease, live.Snapshot{})
		require.NoError(tb, err)
	}
}
