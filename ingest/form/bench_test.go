package form_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/ingest"
	"github.com/outcryhq/outcry/ingest/form"
	"github.com/outcryhq/outcry/ingest/identity"
	"github.com/outcryhq/outcry/ingest/limit"
	"github.com/outcryhq/outcry/pkg/catalog"
	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
	"github.com/outcryhq/outcry/pkg/place"
)

// BenchmarkPost compares POST /v1/reports, with everything that belongs to it
// and the memory engine, to a bare handler that binds the same JSON and answers 202.
// Every request comes from another address.
func BenchmarkPost(b *testing.B) {
	gin.SetMode(gin.ReleaseMode)
	bare := newBare()
	b.Run("bare", func(b *testing.B) { postMany(b, bare, nil) })
	router, counted := newWhole(b)
	b.Run("whole", func(b *testing.B) { postMany(b, router, counted) })
}

// newBare returns the router to compare with.
func newBare() *gin.Engine {
	bare := gin.New()
	bare.POST("/v1/reports", func(c *gin.Context) {
		var body struct {
			Service string `json:"service"`
			Problem string `json:"problem"`
			Country string `json:"country"`
		}
		if err := c.ShouldBindJSON(&body); err != nil {
			c.Status(http.StatusBadRequest)
			return
		}
		c.JSON(http.StatusAccepted, gin.H{"service": body.Service})
	})
	return bare
}

// newWhole returns the router of a whole ingest, and how many reports it has counted.
func newWhole(b *testing.B) (*gin.Engine, *atomic.Int64) {
	b.Helper()
	logger := slog.New(slog.DiscardHandler)
	metrics, err := ingest.NewMetrics(prometheus.NewRegistry(), outage.SourceForm, outage.SourceAPI)
	require.NoError(b, err)
	counting := &counting{Recorder: newEngine(b, time.Now)}
	pipeline := newPipeline(b, ingest.Config{Recorder: counting, Metrics: metrics, Now: time.Now, Logger: logger})
	keys, err := identity.New(identity.Config{Store: keyStore{}, Now: time.Now, Logger: logger})
	require.NoError(b, err)
	limits, err := limit.New(limit.Config{Rates: limit.DefaultRates(), Now: time.Now, Logger: logger})
	require.NoError(b, err)
	known, err := catalog.Default()
	require.NoError(b, err)
	locator, err := place.Open(place.Config{})
	require.NoError(b, err)
	handler, err := form.New(form.Config{
		Sink: pipeline, Identifier: keys, Limiter: limits, Catalog: known, Locator: locator, Metrics: metrics,
		Logger: logger, Now: time.Now, TrustedProxies: 1, Render: func(*gin.Context, int, string, any) {},
	})
	require.NoError(b, err)
	router := gin.New()
	handler.Mount(router)
	return router, &counting.counted
}

// counting counts what an engine has counted.
type counting struct {
	ingest.Recorder
	counted atomic.Int64
}

func (r *counting) Record(ctx context.Context, now time.Time, reports []outage.Report) []live.Result {
	results := r.Recorder.Record(ctx, now, reports)
	for i := range results {
		if results[i].Receipt.Outcome == outage.Counted {
			r.counted.Add(1)
		}
	}
	return results
}

func postMany(b *testing.B, router http.Handler, counted *atomic.Int64) {
	b.Helper()
	server := httptest.NewServer(router)
	defer server.Close()
	var n atomic.Uint32
	n.Store(rand.Uint32()) // other addresses than in the run before
	var before int64
	if counted != nil {
		before = counted.Load()
	}
	b.SetParallelism(32)
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		connection, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			b.Error(err)
			return
		}
		defer func() { _ = connection.Close() }()
		answers := bufio.NewReader(connection)
		for pb.Next() {
			if err := exchange(connection, answers, n.Add(1)); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
	if counted != nil {
		b.ReportMetric(float64(counted.Load()-before)/float64(b.N), "counted/request")
	}
}

// exchange sends a report and reads the answer, with as little work as that takes:
// the machine is the server's.
func exchange(connection net.Conn, answers *bufio.Reader, n uint32) error {
	text := body(n)
	_, err := fmt.Fprintf(connection, "POST /v1/reports HTTP/1.1\r\nHost: outcry\r\nContent-Type: application/json\r\n"+
		"X-Forwarded-For: %s\r\nContent-Length: %d\r\n\r\n%s", spread(n), len(text), text)
	if err != nil {
		return err
	}
	length := 0
	for first := true; ; first = false {
		line, err := answers.ReadSlice('\n')
		if err != nil {
			return err
		}
		if first && !bytes.Contains(line, []byte(" 202 ")) {
			return fmt.Errorf("answer: %s", line)
		}
		if value, found := bytes.CutPrefix(line, []byte("Content-Length: ")); found {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return err
			}
		}
		if len(line) == 2 {
			_, err = answers.Discard(length)
			return err
		}
	}
}

// spread returns the nth of many addresses in many networks.
func spread(n uint32) netip.Addr {
	n *= 2654435761 // a bijection that scatters
	return netip.AddrFrom4([4]byte{byte(n>>24)%200 + 11, byte(n >> 16), byte(n >> 8), byte(n)})
}

// body returns one of a few reports.
func body(n uint32) string {
	slugs := [...]string{"whatsapp", "instagram", "telegram", "netflix", "spotify", "youtube", "facebook", "signal"}
	return `{"service":"` + slugs[n%uint32(len(slugs))] + `","country":"NL"}`
}

// BenchmarkHandler is the same without the network, for a profile of the handler alone.
func BenchmarkHandler(b *testing.B) {
	gin.SetMode(gin.ReleaseMode)
	b.Run("bare", func(b *testing.B) { handleMany(b, newBare()) })
	whole, _ := newWhole(b)
	b.Run("whole", func(b *testing.B) { handleMany(b, whole) })
}

func handleMany(b *testing.B, router http.Handler) {
	b.Helper()
	var n atomic.Uint32
	n.Store(rand.Uint32())
	b.SetParallelism(32)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			request := httptest.NewRequestWithContext(b.Context(), http.MethodPost, "/v1/reports", strings.NewReader(body(n.Load())))
			request.Header.Set("Content-Type", "application/json")
			request.Header.Set("X-Forwarded-For", spread(n.Add(1)).String())
			answer := httptest.NewRecorder()
			router.ServeHTTP(answer, request)
			if answer.Code != http.StatusAccepted {
				b.Error(answer.Body.String())
			}
		}
	})
}
