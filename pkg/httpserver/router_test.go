package httpserver_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/httpserver"
	"github.com/outcryhq/outcry/pkg/outage"
	"github.com/outcryhq/outcry/pkg/problem"
)

const bodyLimit = 100

type fixture struct {
	router   *gin.Engine
	log      *bytes.Buffer
	registry *prometheus.Registry
}

func newFixture(t *testing.T) fixture {
	t.Helper()
	f := fixture{log: &bytes.Buffer{}, registry: prometheus.NewRegistry()}
	router, err := httpserver.NewRouter(httpserver.RouterConfig{
		Logger:     slog.New(slog.NewTextHandler(f.log, nil)),
		Registerer: f.registry,
		Now:        time.Now,
		MaxBody:    bodyLimit,
		ErrorPage: func(c *gin.Context, err error) {
			_ = c.Error(err)
			c.String(problem.From(err).Status, "a page")
		},
	})
	require.NoError(t, err)
	for _, prefix := range []string{"/v1", ""} {
		router.GET(prefix+"/panic", func(*gin.Context) { panic("it holds 192.0.2.7") })
		router.GET(prefix+"/away", func(c *gin.Context) { problem.Write(c, outage.ErrUnavailable) })
		router.GET(prefix+"/things/:id", func(c *gin.Context) { c.Status(http.StatusNoContent) })
		router.POST(prefix+"/echo", func(c *gin.Context) {
			body, err := io.ReadAll(c.Request.Body)
			if err != nil {
				problem.Write(c, err)
				return
			}
			c.String(http.StatusOK, string(body))
		})
	}
	f.router = router
	return f
}

func (f fixture) do(method, target string, body io.Reader) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	r := httptest.NewRequest(method, target, body)
	r.RemoteAddr = "192.0.2.44:1234"
	f.router.ServeHTTP(w, r)
	return w
}

func TestErrorsAreProblemsForProgramsAndPagesForPeople(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		method, path string
		status       int
	}{
		"no such route":       {http.MethodGet, "/nothing", http.StatusNotFound},
		"a trailing slash":    {http.MethodGet, "/things/1/", http.StatusNotFound},
		"wrong method":        {http.MethodDelete, "/things/1", http.StatusMethodNotAllowed},
		"a panic":             {http.MethodGet, "/panic", http.StatusInternalServerError},
		"an announced excess": {http.MethodPost, "/echo", http.StatusRequestEntityTooLarge},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			body := func() io.Reader {
				if tt.method != http.MethodPost {
					return nil
				}
				return strings.NewReader(strings.Repeat("x", bodyLimit+1))
			}
			api := f.do(tt.method, "/v1"+tt.path, body())
			require.Equal(t, tt.status, api.Code)
			require.Equal(t, problem.ContentType, api.Header().Get("Content-Type"))

			page := f.do(tt.method, tt.path, body())
			require.Equal(t, tt.status, page.Code)
			require.Equal(t, "a page", page.Body.String())
		})
	}
}

func TestWrongMethodNamesTheRightOnes(t *testing.T) {
	t.Parallel()
	w := newFixture(t).do(http.MethodDelete, "/v1/things/1", nil)
	require.Equal(t, "GET", w.Header().Get("Allow"))
	require.Contains(t, w.Body.String(), "this address answers GET")
}

func TestBodyOfUnknownLengthIsNotReadPastTheLimit(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	endless := io.MultiReader(strings.NewReader(strings.Repeat("x", 10*bodyLimit)))
	w := f.do(http.MethodPost, "/v1/echo", endless)
	require.Equal(t, http.StatusRequestEntityTooLarge, w.Code)

	w = f.do(http.MethodPost, "/v1/echo", strings.NewReader(strings.Repeat("x", bodyLimit)))
	require.Equal(t, http.StatusOK, w.Code)
}

func TestEveryAnswerHasTheSecurityHeaders(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, path := range []string{"/things/1", "/v1/things/1", "/nothing", "/v1/panic"} {
		h := f.do(http.MethodGet, path, nil).Header()
		require.Contains(t, h.Get("Content-Security-Policy"), "default-src 'none'")
		require.Contains(t, h.Get("Content-Security-Policy"), "frame-ancestors 'none'")
		require.NotContains(t, h.Get("Content-Security-Policy"), "unsafe")
		require.Equal(t, "nosniff", h.Get("X-Content-Type-Options"))
	}
	page := f.do(http.MethodGet, "/things/1", nil).Header()
	require.Equal(t, "no-referrer", page.Get("Referrer-Policy"))
	require.Equal(t, "DENY", page.Get("X-Frame-Options"))
	require.Equal(t, "same-origin", page.Get("Cross-Origin-Opener-Policy"))
}

func TestMetricsNameTheRouteAndNotThePath(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.do(http.MethodGet, "/v1/things/1", nil)
	f.do(http.MethodGet, "/v1/things/2", nil)
	f.do(http.MethodGet, "/v1/panic", nil)
	f.do("BREW", "/nothing", nil)
	require.NoError(t, testutil.GatherAndCompare(f.registry, strings.NewReader(`
# HELP outcry_api_requests_total HTTP requests answered, by route template, method and status code.
# TYPE outcry_api_requests_total counter
outcry_api_requests_total{code="204",method="GET",route="/v1/things/:id"} 2
outcry_api_requests_total{code="404",method="other",route="unmatched"} 1
outcry_api_requests_total{code="500",method="GET",route="/v1/panic"} 1
`), "outcry_api_requests_total"))
	count, err := testutil.GatherAndCount(f.registry, "outcry_api_request_seconds")
	require.NoError(t, err)
	require.Equal(t, 3, count)
}

func TestLogHoldsFailuresWithoutAddressesOrPaths(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.do(http.MethodGet, "/v1/things/secret", nil)
	require.Empty(t, f.log.String(), "what went well is not logged")
	f.do(http.MethodGet, "/v1/away?token=secret", nil)
	require.Contains(t, f.log.String(), "route=/v1/away status=503")
	require.NotContains(t, f.log.String(), "secret")
	require.NotContains(t, f.log.String(), "192.0.2.44")
}

func TestAReadinessThatSaysNoIsNoFailedRequest(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	watch, err := httpserver.NewWatch(httpserver.WatchConfig{
		Gatherer: prometheus.NewRegistry(), Now: time.Now,
		Checks: []httpserver.Check{{Name: "live", Needed: true, Probe: func(context.Context) error { return outage.ErrUnavailable }}},
	})
	require.NoError(t, err)
	watch.Mount(f.router)
	require.Equal(t, http.StatusServiceUnavailable, f.do(http.MethodGet, "/readyz", nil).Code)
	require.Empty(t, f.log.String())
}

func TestAFloodOfFailuresDoesNotFloodTheLog(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for range 1000 {
		f.do(http.MethodGet, "/v1/away", nil)
	}
	lines := strings.Count(f.log.String(), "request failed")
	require.GreaterOrEqual(t, lines, 10)
	require.Less(t, lines, 100)
}

func TestAbortHandlerStillCutsTheConnection(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.router.GET("/cut", func(*gin.Context) { panic(http.ErrAbortHandler) })
	require.PanicsWithError(t, http.ErrAbortHandler.Error(), func() { f.do(http.MethodGet, "/cut", nil) })
}

func TestRouterConfigIsChecked(t *testing.T) {
	t.Parallel()
	good := httpserver.RouterConfig{Logger: slog.New(slog.DiscardHandler), Registerer: prometheus.NewRegistry(), Now: time.Now}
	_, err := httpserver.NewRouter(good)
	require.NoError(t, err)
	_, err = httpserver.NewRouter(good)
	require.ErrorAs(t, err, &prometheus.AlreadyRegisteredError{}, "two routers cannot share a registry")
	for name, bad := range map[string]func(*httpserver.RouterConfig){
		"no logger":      func(c *httpserver.RouterConfig) { c.Logger = nil },
		"no registerer":  func(c *httpserver.RouterConfig) { c.Registerer = nil },
		"no clock":       func(c *httpserver.RouterConfig) { c.Now = nil },
		"negative limit": func(c *httpserver.RouterConfig) { c.MaxBody = -1 },
	} {
		cfg := good
		bad(&cfg)
		_, err := httpserver.NewRouter(cfg)
		require.Error(t, err, name)
		require.NotErrorAs(t, err, &prometheus.AlreadyRegisteredError{}, name)
	}
}
