package httpserver

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/outcryhq/outcry/pkg/outage"
	"github.com/outcryhq/outcry/pkg/problem"
)

// DefaultMaxBody is the largest request body in bytes when nothing else is said.
// A report has a hundred.
const DefaultMaxBody = 16 << 10

// RouterConfig is what NewRouter needs.
type RouterConfig struct {
	Logger     *slog.Logger
	Registerer prometheus.Registerer
	Now        func() time.Time
	// MaxBody is the largest request body in bytes; 0 means DefaultMaxBody.
	MaxBody int64
	// ErrorPage answers people, outside /v1, with a page for the problem.
	// Without it they get problem details too.
	ErrorPage func(*gin.Context, error)
}

// NewRouter returns a router without routes that recovers, measures, logs and
// protects. Metrics: outcry_api_requests_total{route,method,code} and
// outcry_api_request_seconds{route}.
func NewRouter(cfg RouterConfig) (*gin.Engine, error) {
	if cfg.Logger == nil || cfg.Registerer == nil || cfg.Now == nil {
		return nil, errors.New("http router: a logger, a registerer and a clock are required")
	}
	if cfg.MaxBody < 0 {
		return nil, fmt.Errorf("http router: a body limit of %d bytes", cfg.MaxBody)
	}
	if cfg.MaxBody == 0 {
		cfg.MaxBody = DefaultMaxBody
	}
	metrics, err := newMetrics(cfg.Registerer)
	if err != nil {
		return nil, err
	}

	gin.SetMode(gin.ReleaseMode)
	router := gin.New()
	router.HandleMethodNotAllowed = true
	router.RedirectTrailingSlash = false
	// Who the client is, ingest decides from --trusted-proxies alone.
	router.ForwardedByClientIP = false
	if err := router.SetTrustedProxies(nil); err != nil {
		return nil, fmt.Errorf("http router: trust no proxy: %w", err)
	}

	answer := answerer{page: cfg.ErrorPage}
	router.Use(
		metrics.middleware(cfg.Now),
		logFailures(cfg.Logger),
		recovery(cfg.Logger, answer),
		securityHeaders(),
		limitBody(cfg.MaxBody, answer),
	)
	router.NoRoute(func(c *gin.Context) {
		answer.write(c, problem.New(outage.ErrNotFound, "there is nothing at this address"))
	})
	router.NoMethod(func(c *gin.Context) {
		answer.write(c, problem.Status(http.StatusMethodNotAllowed, "method-not-allowed",
			"this address answers "+c.Writer.Header().Get("Allow")))
	})
	return router, nil
}

// answerer writes errors as problem details to programs and as pages to people.
type answerer struct {
	page func(*gin.Context, error)
}

func (a answerer) write(c *gin.Context, err error) {
	path := c.Request.URL.Path
	if a.page == nil || path == "/v1" || strings.HasPrefix(path, "/v1/") {
		problem.Write(c, err)
		return
	}
	a.page(c, err)
	c.Abort()
}
