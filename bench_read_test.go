package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/catalog"
	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/live/redis"
	"github.com/outcryhq/outcry/pkg/outage"
	"github.com/outcryhq/outcry/pkg/servertest"
)

const (
	readConnections = 64
	readTurn        = 3 * time.Second
	readTurns       = 3
	readOngoing     = 25
	readSpikes      = 60

	streamReaders = 5000
	streamChanges = 20
	streamEvery   = 350 * time.Millisecond
)

// bareRead is what reading is measured against: a gin handler that answers the
// bytes of the files in a folder, each under the media type that comes first in it.
func bareRead(address, dir string) int {
	gin.SetMode(gin.ReleaseMode)
	router := gin.New()
	for path, file := range map[string]string{"/": "board", "/v1/outages": "outages"} {
		text, err := os.ReadFile(filepath.Join(dir, file)) //nolint:gosec // the bench named it
		if err != nil {
			return exitFailed
		}
		mediaType, body, _ := bytes.Cut(text, []byte("\n"))
		router.GET(path, func(c *gin.Context) { c.Data(http.StatusOK, string(mediaType), body) })
	}
	server := &http.Server{Addr: address, Handler: router, ReadHeaderTimeout: time.Second}
	if err := server.ListenAndServe(); err != nil {
		return exitFailed
	}
	return exitOK
}

// watchtower is the detector of a bench or test: it owns every partition and says what it likes.
type watchtower struct {
	tb     testing.TB
	engine *redis.Engine
	leases [live.Partitions]live.Lease
}

// newWatchtower takes over a fresh Redis.
func newWatchtower(tb testing.TB, url string) *watchtower {
	tb.Helper()
	engine, err := redis.New(redis.Config{URL: url, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, engine.Close()) })
	w := &watchtower{tb: tb, engine: engine}
	for p := range live.Partitions {
		lease, ok, err := engine.Acquire(tb.Context(), p, "bench", time.Hour)
		require.NoError(tb, err)
		require.True(tb, ok)
		w.leases[p], err = engine.Rebuild(tb.Context(), time.Now(), lease, live.Snapshot{})
		require.NoError(tb, err)
	}
	w.see(tb.Context())
	return w
}

// keepSeeing keeps the views alive.
func (w *watchtower) keepSeeing() {
	ctx, cancel := context.WithCancel(w.tb.Context())
	var seeing sync.WaitGroup
	seeing.Go(func() {
		for ticker := time.NewTicker(4 * time.Second); ; {
			select {
			case <-ctx.Done():
				ticker.Stop()
				return
			case <-ticker.C:
				w.see(ctx)
			}
		}
	})
	w.tb.Cleanup(func() {
		cancel()
		seeing.Wait()
	})
}

// see publishes some spikes in one partition, and that the others are quiet.
func (w *watchtower) see(ctx context.Context) {
	now := time.Now()
	for p := range live.Partitions {
		view := live.View{At: now, LiveSeries: 100}
		if p == 0 {
			for i := range readSpikes {
				view.Spikes = append(view.Spikes, outage.Spike{
					Series: outage.Series{Service: fmt.Sprintf("spike-%d", i), Country: "NL"}, Status: outage.StatusPossible,
					Score: 12, Bar: 17, Since: now.Truncate(time.Hour), BaselinePerMinute: .4,
					Windows: []outage.WindowCount{{Minutes: 1, Reports: 3}, {Minutes: 5, Reports: 12, Expected: 2}, {Minutes: 15, Reports: 30, Expected: 6}},
				})
			}
		}
		if err := w.engine.PutView(ctx, w.leases[p], view); err != nil && ctx.Err() == nil {
			w.tb.Errorf("publish a view: %v", err)
		}
	}
}

// announce writes an outage with its next revision.
func (w *watchtower) announce(o *outage.Outage) {
	o.Revision++
	lease := w.leases[live.Partition(o.Service)]
	err := w.engine.PutOutages(w.tb.Context(), time.Now(), lease, []outage.Change{{Fence: lease.Fence, Outage: *o}})
	require.NoError(w.tb, err)
}

// benchOutage is an outage like those of large services: in ten countries.
func benchOutage(service string, began time.Time) outage.Outage {
	o := outage.Outage{
		ID: outage.NewID(began), Service: service, State: outage.Ongoing, StartedAt: began, DetectedAt: began.Add(time.Minute),
		Reports: 4211, Peak: outage.Peak{At: began.Add(10 * time.Minute), ReportsPerMinute: 312},
	}
	for _, country := range []string{"AU", "BR", "DE", "FR", "GB", "ID", "IN", "MY", "NL", "US"} {
		o.Impacts = append(o.Impacts, outage.Impact{
			Country: country, State: outage.Ongoing, StartedAt: began, DetectedAt: began.Add(time.Minute), Reports: 421,
			Peak: o.Peak, BaselinePerMinute: .4, Score: 57.1,
			Evidence: outage.Evidence{WindowMinutes: 5, Reporters: 40, Expected: 2, Tolerated: 4, Dispersion: 12, Score: 57.1, Bar: 17.1, Origins: 31, Networks: 9, Sources: 2},
		})
	}
	return o
}

// startReading starts stores, a detector of straw with outages, and a server of
// the API that reads them.
func startReading(b *testing.B) (*process, string, *watchtower, []outage.Outage) {
	b.Helper()
	services, err := catalog.Default()
	require.NoError(b, err)
	store, database := servertest.Redis(b), servertest.Postgres(b)
	tower := newWatchtower(b, store.URL())
	tower.keepSeeing()
	var outages []outage.Outage
	for i, service := range services.Services()[:readOngoing] {
		o := benchOutage(service.Slug, time.Now().Add(-time.Duration(i+15)*time.Minute).UTC().Truncate(time.Second))
		tower.announce(&o)
		outages = append(outages, o)
	}
	address := freeAddress(b)
	server := startOutcry(b, address, append(slices.Clone(wideOpen), "--limit-reads", "0", "--roles", "api",
		"--redis-url", store.URL(), "--database-url", database.URL())...)
	return server, address, tower, outages
}

// BenchmarkReading measures the list of outages and the board against a bare gin
// handler that answers the same bytes, in turn in one run.
func BenchmarkReading(b *testing.B) {
	server, address, _, _ := startReading(b)
	dir := b.TempDir()
	tags := map[string]string{}
	for path, file := range map[string]string{"/": "board", "/v1/outages": "outages"} {
		resp, err := http.DefaultTransport.RoundTrip(readRequest(b, server.url+path))
		require.NoError(b, err)
		body, err := io.ReadAll(resp.Body)
		require.NoError(b, err)
		require.NoError(b, resp.Body.Close())
		require.Equal(b, http.StatusOK, resp.StatusCode)
		tags[path] = resp.Header.Get("ETag")
		text := append([]byte(resp.Header.Get("Content-Type")+"\n"), body...)
		require.NoError(b, os.WriteFile(filepath.Join(dir, file), text, 0o600))
	}
	bareAddress := freeAddress(b)
	bare := startProcess(b, "bare-read", bareAddress, bareAddress, dir)
	bare.waitReady("/")
	for name, path := range map[string]string{"outages": "/v1/outages", "board": "/"} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				readAgainstBare(b, reading{address: address, path: path, pid: server.cmd.Process.Pid},
					reading{address: bareAddress, path: path, pid: bare.cmd.Process.Pid}, tags[path])
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

func readRequest(tb testing.TB, url string) *http.Request {
	tb.Helper()
	req, err := http.NewRequestWithContext(tb.Context(), http.MethodGet, url, nil)
	require.NoError(tb, err)
	req.Header.Set("Accept-Encoding", "identity")
	return req
}

// reading is a load of one GET over and over.
type reading struct {
	address, path, tag string
	pid                int
}

func readAgainstBare(b *testing.B, ours, theirs reading, tag string) {
	b.Helper()
	notModified := ours
	notModified.tag = tag
	var rate, bareRate, ratio, unchanged, work, bareWork float64
	ours.run(b, readTurn/3) // both are warm
	theirs.run(b, readTurn/3)
	for range readTurns {
		began := processorTime(b, theirs.pid)
		bare := theirs.run(b, readTurn)
		bareWork += float64((processorTime(b, theirs.pid) - began).Microseconds()) / (bare * readTurn.Seconds()) / readTurns
		began = processorTime(b, ours.pid)
		full := ours.run(b, readTurn)
		work += float64((processorTime(b, ours.pid) - began).Microseconds()) / (full * readTurn.Seconds()) / readTurns
		unchanged += notModified.run(b, readTurn) / readTurns
		rate, bareRate, ratio = rate+full/readTurns, bareRate+bare/readTurns, ratio+full/bare/readTurns
	}
	b.ReportMetric(rate, "requests/s")
	b.ReportMetric(bareRate, "bare-requests/s")
	b.ReportMetric(ratio, "of-bare")
	b.ReportMetric(unchanged, "304s/s")
	b.ReportMetric(work, "cpu-µs/request")
	b.ReportMetric(bareWork, "bare-cpu-µs/request")
}

// run asks as fast as it is answered and returns requests a second.
func (r reading) run(b *testing.B, duration time.Duration) float64 {
	b.Helper()
	request := "GET " + r.path + " HTTP/1.1\r\nHost: outcry\r\nAccept-Encoding: identity\r\n"
	expected := "HTTP/1.1 200"
	if r.tag != "" {
		request += "If-None-Match: " + r.tag + "\r\n"
		expected = "HTTP/1.1 "
	}
	request += "\r\n"
	sent := make([]int, readConnections)
	conns := load{address: r.address, connections: readConnections}.dial(b)
	var asking sync.WaitGroup
	began := time.Now()
	for i, conn := range conns {
		asking.Go(func() {
			defer func() { _ = conn.Close() }()
			reader := bufio.NewReaderSize(conn, 64<<10)
			var body []byte
			for time.Since(began) < duration {
				_, err := io.WriteString(conn, request)
				if err == nil {
					var status []byte
					if status, err = reader.Peek(len(expected)); err == nil && string(status) != expected {
						err = fmt.Errorf("answered %q", status)
					}
				}
				if err == nil {
					body, err = readAnswer(reader, body[:0])
				}
				if err != nil {
					b.Errorf("read %s: %v", r.path, err)
					return
				}
				sent[i]++
			}
		})
	}
	asking.Wait()
	require.False(b, b.Failed())
	total := 0
	for _, n := range sent {
		total += n
	}
	return float64(total) / time.Since(began).Seconds()
}

// BenchmarkStreamReaders measures how long a change takes to reach each of 5,000
// readers, from the moment at which it is in Redis, and what memory they take.
func BenchmarkStreamReaders(b *testing.B) {
	var limit syscall.Rlimit
	require.NoError(b, syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit))
	limit.Cur = limit.Max
	require.NoError(b, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit))
	require.Greater(b, limit.Cur, uint64(2*streamReaders), "two files a reader")

	server, address, tower, outages := startReading(b)
	for b.Loop() {
		pid := server.cmd.Process.Pid
		before := residentMiB(b, pid)
		crowd := newAudience(b, address, streamReaders)
		connected := residentMiB(b, pid)
		o := &outages[0]
		work := processorTime(b, pid)
		for range streamChanges {
			tower.announce(o)
			crowd.expect(o.Revision, time.Now())
			time.Sleep(streamEvery) //nolint:forbidigo // paces the changes; nothing is awaited
		}
		latencies := crowd.latencies()
		work = processorTime(b, pid) - work
		after := residentMiB(b, pid)
		crowd.leave()
		slices.Sort(latencies)
		at := func(q float64) float64 {
			return float64(latencies[int(q*float64(len(latencies)-1))].Microseconds()) / 1000
		}
		b.ReportMetric(at(.5), "ms-p50")
		b.ReportMetric(at(.99), "ms-p99")
		b.ReportMetric(at(1), "ms-max")
		b.ReportMetric((connected-before)*1024/streamReaders, "KiB/reader-connected")
		b.ReportMetric((after-before)*1024/streamReaders, "KiB/reader")
		b.ReportMetric(float64(work.Microseconds())/streamChanges/streamReaders, "cpu-µs/event")
	}
	b.ReportMetric(0, "ns/op")
}

// audience is many readers of the stream.
type audience struct {
	b        *testing.B
	conns    []net.Conn
	reading  sync.WaitGroup
	mu       sync.Mutex
	told     map[uint64]time.Time // when each revision was there
	last     uint64
	measured []time.Duration
	heard    []arrival
}

type arrival struct {
	revision uint64
	at       time.Time
}

// newAudience connects readers and waits until each has caught up.
func newAudience(b *testing.B, address string, readers int) *audience {
	b.Helper()
	a := &audience{b: b, told: map[uint64]time.Time{}}
	var ready sync.WaitGroup
	for i := range readers {
		conn, err := net.Dial("tcp", address)
		require.NoError(b, err)
		a.conns = append(a.conns, conn)
		_, err = fmt.Fprintf(conn, "GET /v1/stream HTTP/1.1\r\nHost: outcry\r\nX-Forwarded-For: %s\r\n\r\n", reporterAddress(uint32(i)))
		require.NoError(b, err)
		ready.Add(1)
		a.reading.Go(func() { a.read(conn, ready.Done) })
	}
	ready.Wait()
	return a
}

// read notes when events arrive, until the connection ends.
func (a *audience) read(conn net.Conn, caughtUp func()) {
	once := sync.OnceFunc(caughtUp)
	defer once()
	reader := bufio.NewReaderSize(conn, 4<<10)
	waiting := true
	for {
		line, err := reader.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			err = nil
		}
		if err != nil {
			return
		}
		if waiting {
			if bytes.HasPrefix(line, []byte(`data: {"live":"ok"`)) {
				waiting = false
				once()
			}
			continue
		}
		if bytes.HasPrefix(line, []byte(`data: {"change":"changed"`)) {
			_, rest, _ := bytes.Cut(line, []byte(`"revision":`))
			var revision uint64
			if _, err := fmt.Fscan(bytes.NewReader(rest), &revision); err == nil {
				a.mu.Lock()
				a.heard = append(a.heard, arrival{revision, time.Now()})
				a.mu.Unlock()
			}
		}
	}
}

// expect notes when a revision was written.
func (a *audience) expect(revision uint64, at time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.told[revision], a.last = at, revision
}

// latencies waits until the last revision has reached everybody. Revisions that
// one reading found together count from the first of them.
func (a *audience) latencies() []time.Duration {
	a.b.Helper()
	require.Eventually(a.b, func() bool {
		a.mu.Lock()
		defer a.mu.Unlock()
		n := 0
		for _, h := range a.heard {
			if h.revision == a.last {
				n++
			}
		}
		return n == len(a.conns)
	}, 30*time.Second, 50*time.Millisecond)
	a.mu.Lock()
	defer a.mu.Unlock()
	seen := map[uint64]bool{}
	for _, h := range a.heard {
		seen[h.revision] = true
	}
	due := map[uint64]time.Time{} // of a revision that was told: when the first change in it was there
	var waiting []uint64
	for revision := a.last - streamChanges + 1; revision <= a.last; revision++ {
		waiting = append(waiting, revision)
		if seen[revision] {
			due[revision] = a.told[waiting[0]]
			waiting = nil
		}
	}
	for _, h := range a.heard {
		a.measured = append(a.measured, h.at.Sub(due[h.revision]))
	}
	require.Zero(a.b, len(a.heard)%len(a.conns), "everybody was told everything")
	return a.measured
}

func (a *audience) leave() {
	for _, conn := range a.conns {
		_ = conn.Close()
	}
	a.reading.Wait()
}
