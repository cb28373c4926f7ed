package form_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
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
	"github.com/outcryhq/outcry/pkg/live/memory"
	"github.com/outcryhq/outcry/pkg/outage"
)

var noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC) //nolint:gochecknoglobals // a constant

// world is a whole ingest on the memory engine, with a clock of its own.
type world struct {
	tb       testing.TB
	router   *gin.Engine
	recorder *recorder
	registry *prometheus.Registry
	log      *lockedBuffer
	pages    *[]shown

	mu sync.Mutex
	at time.Time
}

// shown is a page that was rendered.
type shown struct {
	status int
	name   string
	page   form.Page
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.at
}

func (w *world) wait(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.at = w.at.Add(d)
}

// lockedBuffer is a log that may be written to from anywhere.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// recorder is the memory engine, which a test can read over the shoulder of, or replace.
type recorder struct {
	*memory.Engine
	mu      sync.Mutex
	reports []outage.Report
	answer  error
}

func (r *recorder) Record(ctx context.Context, now time.Time, reports []outage.Report) []live.Result {
	r.mu.Lock()
	r.reports = append(r.reports, reports...)
	answer := r.answer
	r.mu.Unlock()
	if answer != nil {
		results := make([]live.Result, len(reports))
		for i := range results {
			results[i].Err = answer
		}
		return results
	}
	return r.Engine.Record(ctx, now, reports)
}

func (r *recorder) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = err
}

func (r *recorder) all() []outage.Report {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]outage.Report(nil), r.reports...)
}

func (r *recorder) last(tb testing.TB) outage.Report {
	tb.Helper()
	all := r.all()
	require.NotEmpty(tb, all)
	return all[len(all)-1]
}

// keyStore makes a day's key of the day.
type keyStore struct{}

func (keyStore) DayKey(_ context.Context, day time.Time) ([]byte, error) {
	key := sha256.Sum256([]byte(day.UTC().Format(time.DateOnly)))
	return key[:], nil
}

// atlas places a few addresses.
type atlas struct{}

func (atlas) Lookup(addr netip.Addr) (country string, network uint32) {
	switch {
	case netip.MustParsePrefix("192.0.2.0/24").Contains(addr):
		return "NL", 1136
	case netip.MustParsePrefix("2001:db8::/32").Contains(addr):
		return "ID", 7713
	default:
		return outage.UnknownCountry, 0
	}
}

const services = `
problems:
  - {slug: app, label: The app does not open}
  - {slug: calls, label: Calls fail}
  - {slug: other, label: Something else}
categories:
  - {slug: messenger, problems: [app, calls, other]}
services:
  - {slug: whatsapp, name: WhatsApp, category: messenger}
  - {slug: telegram, name: Telegram, category: messenger}
  - {slug: kpn, name: KPN, category: messenger, countries: [NL]}
`

// setting is what a test changes before the world is made.
type setting struct {
	form     form.Config
	rates    limit.Rates
	patience time.Duration // of the pipeline, by the machine's clock
}

// impatient is for tests in which nothing can be recorded.
func impatient(s *setting) { s.patience = 20 * time.Millisecond }

func newWorld(tb testing.TB, change func(*setting)) *world {
	tb.Helper()
	w := &world{tb: tb, registry: prometheus.NewRegistry(), log: &lockedBuffer{}, at: noon, pages: &[]shown{}}
	logger := slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	metrics, err := ingest.NewMetrics(w.registry, outage.SourceForm, outage.SourceAPI)
	require.NoError(tb, err)
	w.recorder = &recorder{Engine: newEngine(tb, w.now)}
	keys, err := identity.New(identity.Config{Store: keyStore{}, Now: w.now, Logger: logger})
	require.NoError(tb, err)
	known, err := catalog.Load(strings.NewReader(services))
	require.NoError(tb, err)
	s := setting{rates: limit.DefaultRates(), patience: time.Minute, form: form.Config{
		Identifier: keys, Catalog: known, Locator: atlas{}, Metrics: metrics, Logger: logger, Now: w.now,
		Render: func(c *gin.Context, status int, name string, data any) {
			page, ok := data.(form.Page)
			require.True(w.tb, ok)
			*w.pages = append(*w.pages, shown{status, name, page})
			c.Status(status)
			c.Writer.WriteHeaderNow()
		},
	}}
	if change != nil {
		change(&s)
	}
	s.form.Sink = newPipeline(tb, ingest.Config{
		Recorder: w.recorder, Metrics: metrics, Now: w.now, Logger: logger, Patience: s.patience,
	})
	s.form.Limiter, err = limit.New(limit.Config{Rates: s.rates, Now: w.now, Logger: logger})
	require.NoError(tb, err)
	handler, err := form.New(s.form)
	require.NoError(tb, err)
	gin.SetMode(gin.TestMode)
	w.router = gin.New()
	handler.Mount(w.router)
	return w
}

// newEngine returns a memory engine that is ready to count.
func newEngine(tb testing.TB, now func() time.Time) *memory.Engine {
	tb.Helper()
	engine, err := memory.New(memory.Config{Now: now})
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, engine.Close()) })
	for p := range live.Partitions {
		lease, ok, err := engine.Acquire(tb.Context(), p, "test", time.Minute)
		require.NoError(tb, err)
		require.True(tb, ok)
		_, err = engine.Rebuild(tb.Context(), now(), lease, live.Snapshot{})
		require.NoError(tb, err)
	}
	return engine
}

// newPipeline returns a pipeline that runs until the test ends.
func newPipeline(tb testing.TB, config ingest.Config) *ingest.Pipeline {
	tb.Helper()
	pipeline, err := ingest.New(config)
	require.NoError(tb, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- pipeline.Run(ctx) }()
	tb.Cleanup(func() {
		cancel()
		require.NoError(tb, <-ended)
	})
	return pipeline
}

// ask is a request under construction.
type ask struct {
	method, path, body string
	from               string // peer
	header             http.Header
}

func post(path, kind, body string) ask {
	return ask{method: http.MethodPost, path: path, body: body, from: "192.0.2.7", header: http.Header{"Content-Type": {kind}}}
}

func postJSON(body string) ask { return post("/v1/reports", "application/json", body) }

func (a ask) with(name, value string) ask {
	a.header = a.header.Clone()
	if a.header == nil {
		a.header = http.Header{}
	}
	a.header.Add(name, value)
	return a
}

func (a ask) by(peer string) ask {
	a.from = peer
	return a
}

func (w *world) send(a ask) *httptest.ResponseRecorder {
	return w.sendBody(a, strings.NewReader(a.body))
}

func (w *world) sendBody(a ask, body io.Reader) *httptest.ResponseRecorder {
	request := httptest.NewRequestWithContext(w.tb.Context(), a.method, a.path, body)
	request.Header = a.header
	if request.Header == nil {
		request.Header = http.Header{}
	}
	request.RemoteAddr = netip.AddrPortFrom(netip.MustParseAddr(a.from), 4711).String()
	answer := httptest.NewRecorder()
	w.router.ServeHTTP(answer, request)
	return answer
}

// metric returns the value of a counter of ingest.
func (w *world) metric(name, source, label string) float64 {
	w.tb.Helper()
	families, err := w.registry.Gather()
	require.NoError(w.tb, err)
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			labels := map[string]bool{}
			for _, pair := range metric.GetLabel() {
				labels[pair.GetValue()] = true
			}
			if family.GetName() == name && labels[source] && labels[label] {
				return metric.GetCounter().GetValue()
			}
		}
	}
	w.tb.Fatalf("no metric %s of %s and %s", name, source, label)
	return 0
}

func (w *world) refused(source outage.Source, why ingest.Refusal) int {
	w.tb.Helper()
	return int(w.metric("outcry_ingest_refused_total", string(source), string(why)))
}
