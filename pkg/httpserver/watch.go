package httpserver

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

const (
	// probeTimeout bounds one check of readiness.
	probeTimeout = time.Second
	// probeEvery is how long an answer about readiness is kept, so that asking
	// often does not load the stores; one that is not "ready" is kept for less,
	// because somebody waits for the next.
	probeEvery           = time.Second
	probeEveryUntilReady = probeEvery / 20
)

// Check is one thing that a process depends on.
type Check struct {
	// Name is public: "live", "archive", "detector".
	Name string
	// Needed says that the process cannot do its work without it: when it is
	// away, /readyz answers 503. Otherwise it only says so.
	Needed bool
	// Probe returns nil if the thing works. Its error is for nobody's eyes
	// but the log's; it should respect the context.
	Probe func(context.Context) error
}

// WatchConfig is what NewWatch needs.
type WatchConfig struct {
	Checks   []Check
	Gatherer prometheus.Gatherer
	Now      func() time.Time
	// Registerer takes outcry_check_up{check}, which is 1 while a check says yes;
	// nil: it is not shown.
	Registerer prometheus.Registerer
}

// Watch answers the machines that watch a process.
type Watch struct {
	checks   []Check
	metrics  http.Handler
	now      func() time.Time
	draining atomic.Bool

	mu     sync.Mutex // held while probing: those who ask meanwhile share the answer
	asked  time.Time
	answer Readiness
}

// Readiness is the answer of /readyz.
type Readiness struct {
	// Status is "ready", "degraded" (something that is not needed is away),
	// "unavailable" (something needed is away) or "draining".
	Status string                `json:"status"`
	Checks map[string]CheckState `json:"checks"`
}

// CheckState is what is known of one thing that the process depends on.
type CheckState struct {
	// Status is "ok" or "unavailable".
	Status string `json:"status"`
	Needed bool   `json:"needed"`
}

// readyPath answers 503 as a matter of course: at the start, at the end, and while a
// store is away.
const readyPath = "/readyz"

// The words of a Readiness.
const (
	statusReady       = "ready"
	statusDegraded    = "degraded"
	statusUnavailable = "unavailable"
	statusDraining    = "draining"
	statusOK          = "ok"
)

// NewWatch returns a Watch.
func NewWatch(cfg WatchConfig) (*Watch, error) {
	if cfg.Gatherer == nil || cfg.Now == nil {
		return nil, errors.New("watch: a gatherer and a clock are required")
	}
	seen := make(map[string]bool, len(cfg.Checks))
	for _, check := range cfg.Checks {
		if check.Name == "" || check.Probe == nil || seen[check.Name] {
			return nil, fmt.Errorf("watch: check %q needs a name of its own and a probe", check.Name)
		}
		seen[check.Name] = true
	}
	w := &Watch{
		checks:  cfg.Checks,
		metrics: promhttp.HandlerFor(cfg.Gatherer, promhttp.HandlerOpts{}),
		now:     cfg.Now,
	}
	if cfg.Registerer != nil {
		if err := cfg.Registerer.Register(health{w}); err != nil {
			return nil, fmt.Errorf("watch: register metrics: %w", err)
		}
	}
	return w, nil
}

// health shows the checks as a metric. A scrape asks them, as /readyz does.
type health struct{ watch *Watch }

//nolint:gochecknoglobals // a constant
var checkUp = prometheus.NewDesc("outcry_check_up", "Whether a thing that the process depends on works, as /readyz has it.", []string{"check"}, nil)

// Describe implements prometheus.Collector.
func (health) Describe(descriptions chan<- *prometheus.Desc) { descriptions <- checkUp }

// Collect implements prometheus.Collector.
func (h health) Collect(metrics chan<- prometheus.Metric) {
	for name, check := range h.watch.Readiness(context.Background()).Checks {
		up := 0.0
		if check.Status == statusOK {
			up = 1
		}
		metrics <- prometheus.MustNewConstMetric(checkUp, prometheus.GaugeValue, up, name)
	}
}

// Mount adds GET /healthz, /readyz and /metrics.
func (w *Watch) Mount(router gin.IRouter) {
	router.GET("/healthz", func(c *gin.Context) {
		c.Header("Cache-Control", "no-store")
		c.JSON(http.StatusOK, gin.H{"status": statusOK})
	})
	router.GET(readyPath, w.ready)
	router.GET("/metrics", gin.WrapH(w.metrics))
}

// Drain makes /readyz answer 503 from now on, so that no new work is sent to a
// process that is about to stop.
func (w *Watch) Drain() { w.draining.Store(true) }

func (w *Watch) ready(c *gin.Context) {
	readiness := w.Readiness(c.Request.Context())
	status := http.StatusOK
	if readiness.Status == statusUnavailable || readiness.Status == statusDraining {
		status = http.StatusServiceUnavailable
	}
	c.Header("Cache-Control", "no-store")
	c.JSON(status, readiness)
}

// Readiness asks every check, all at once, and keeps the answer for a second if
// all is well.
func (w *Watch) Readiness(ctx context.Context) Readiness {
	w.mu.Lock()
	defer w.mu.Unlock()
	keep := probeEvery
	if w.answer.Status != statusReady {
		keep = probeEveryUntilReady
	}
	if now := w.now(); w.asked.IsZero() || now.Sub(w.asked) >= keep {
		// The answer is shared: one client that hangs up must not spoil it.
		w.answer = w.probe(context.WithoutCancel(ctx))
		w.asked = now
	}
	answer := w.answer
	if w.draining.Load() {
		answer.Status = statusDraining
	}
	return answer
}

func (w *Watch) probe(ctx context.Context) Readiness {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	failed := make([]bool, len(w.checks))
	var probes sync.WaitGroup
	for i, check := range w.checks {
		probes.Go(func() { failed[i] = check.Probe(ctx) != nil })
	}
	probes.Wait()

	readiness := Readiness{Status: statusReady, Checks: make(map[string]CheckState, len(w.checks))}
	for i, check := range w.checks {
		state := CheckState{Status: statusOK, Needed: check.Needed}
		if failed[i] {
			state.Status = statusUnavailable
			if check.Needed {
				readiness.Status = statusUnavailable
			} else if readiness.Status == statusReady {
				readiness.Status = statusDegraded
			}
		}
		readiness.Checks[check.Name] = state
	}
	return readiness
}
