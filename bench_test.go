package main

import (
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/catalog"
	"github.com/outcryhq/outcry/pkg/servertest"
)

const (
	benchConnections = 4096
	// halfConnections are more than have a report under way at half the load.
	halfConnections = 256
	benchTurn       = 4 * time.Second
	benchTurns      = 3
)

// benchServices are the services that the load complains about.
func benchServices(tb testing.TB) []string {
	tb.Helper()
	c, err := catalog.Default()
	require.NoError(tb, err)
	var slugs []string
	for _, s := range c.Services() {
		slugs = append(slugs, s.Slug)
	}
	return slugs
}

// wideOpen lifts the limits: the bench measures the way of a report, and its
// crowd is larger than any.
var wideOpen = []string{"--trusted-proxies", "1", "--log-level", "error", "--limit-network", "1000000/1000000", "--limit-installation", "1000000/1000000"} //nolint:gochecknoglobals // constant arguments

// BenchmarkPostReports measures POST /v1/reports against a bare gin handler
// that binds the same JSON, in turn in one run, each report from an address of
// its own; then the latency at half the load that it reached.
func BenchmarkPostReports(b *testing.B) {
	b.Run("embedded", func(b *testing.B) {
		address := freeAddress(b)
		server := startOutcry(b, address, append(wideOpen, "--data-dir", b.TempDir())...)
		postAgainstBare(b, address, server.cmd.Process.Pid)
	})
	b.Run("redis", func(b *testing.B) {
		redis := servertest.Redis(b, "auto-aof-rewrite-min-size 4gb", "lazyfree-lazy-expire yes")     // as docker-compose.yml has it
		postgres := servertest.Postgres(b, "fsync=on", "full_page_writes=on", "shared_buffers=512MB") // likewise
		stores := []string{"--redis-url", redis.URL(), "--database-url", postgres.URL()}
		detector := startOutcry(b, freeAddress(b), append(append(wideOpen, stores...), "--roles", "detector")...)
		address := freeAddress(b)
		server := startOutcry(b, address, append(append(wideOpen, stores...), "--roles", "ingest")...)
		postAgainstBare(b, address, server.cmd.Process.Pid, detector.cmd.Process.Pid)
	})
}

// postAgainstBare loads the server at the address, whose work is that of the processes.
func postAgainstBare(b *testing.B, address string, processes ...int) {
	b.Helper()
	bare := freeAddress(b)
	reference := startProcess(b, "bare-gin", bare, bare).cmd.Process.Pid
	ours := load{address: address, services: benchServices(b), connections: benchConnections, next: &atomic.Uint32{}}
	theirs := ours
	theirs.address = bare
	require.Eventually(b, func() bool {
		resp, err := http.Post("http://"+bare+"/v1/reports", "application/json", strings.NewReader(`{"service":"x"}`))
		return err == nil && resp.Body.Close() == nil
	}, 10*time.Second, 20*time.Millisecond)

	for b.Loop() {
		var ratio, rate, counted, bareRate, work, bareWork float64
		for range benchTurns {
			began := processorTime(b, reference)
			bare := theirs.run(b, benchTurn, 0)
			bareWork += float64(processorTime(b, reference)-began) / float64(bare.sent) / benchTurns
			began = processorTime(b, processes...)
			result := ours.run(b, benchTurn, 0)
			work += float64(processorTime(b, processes...)-began) / float64(result.sent) / benchTurns
			ratio += result.perSecond() / bare.perSecond() / benchTurns
			rate += result.perSecond() / benchTurns
			bareRate += bare.perSecond() / benchTurns
			counted += float64(result.counted) / float64(result.sent) / benchTurns
		}
		latency := ours
		latency.connections = halfConnections
		// What the full load left to the archiver and to the kernel is not the
		// work of half of it: a turn that nobody measures clears it.
		syscall.Sync()
		latency.run(b, benchTurn, rate/2)
		half := latency.run(b, 2*benchTurn, rate/2)
		b.ReportMetric(rate, "requests/s")
		b.ReportMetric(bareRate, "bare-requests/s")
		b.ReportMetric(ratio, "of-bare")
		b.ReportMetric(work/1000, "cpu-µs/request")
		b.ReportMetric(bareWork/1000, "bare-cpu-µs/request")
		b.ReportMetric(counted, "counted")
		b.ReportMetric(float64(half.quantile(.5).Microseconds())/1000, "ms-p50-at-half")
		b.ReportMetric(float64(half.quantile(.99).Microseconds())/1000, "ms-p99-at-half")
	}
	b.ReportMetric(0, "ns/op")
}

// BenchmarkStart measures how long a new process takes until it is ready, and
// what memory it holds then.
func BenchmarkStart(b *testing.B) {
	dir := b.TempDir()
	for b.Loop() {
		begin := time.Now()
		p := startOutcry(b, freeAddress(b), "--data-dir", dir, "--log-level", "error")
		b.ReportMetric(float64(time.Since(begin).Milliseconds()), "ms-to-ready")
		b.ReportMetric(residentMiB(b, p.cmd.Process.Pid), "MiB-resident")
		require.Equal(b, exitOK, p.stop())
	}
}

// clockTick is the unit of /proc/PID/stat on Linux.
const clockTick = 10 * time.Millisecond

// processorTime is what the processes have used so far, in user and kernel
// mode. Unlike a rate it hardly depends on what else the machine does.
func processorTime(tb testing.TB, processes ...int) time.Duration {
	tb.Helper()
	var ticks int64
	for _, pid := range processes {
		stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
		require.NoError(tb, err)
		_, rest, _ := strings.Cut(string(stat), ") ")
		fields := strings.Fields(rest)
		for _, field := range fields[11:13] { // utime and stime
			n, err := strconv.ParseInt(field, 10, 64)
			require.NoError(tb, err)
			ticks += n
		}
	}
	return time.Duration(ticks) * clockTick
}

// residentMiB reads the resident set from /proc.
func residentMiB(tb testing.TB, pid int) float64 {
	tb.Helper()
	status, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	require.NoError(tb, err)
	for line := range strings.Lines(string(status)) {
		if kib, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			n, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(kib), "kB")), 64)
			require.NoError(tb, err)
			return n / 1024
		}
	}
	require.FailNow(tb, "no VmRSS")
	return 0
}
