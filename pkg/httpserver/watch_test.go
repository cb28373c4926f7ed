package httpserver_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/httpserver"
)

var errAway = errors.New("dial tcp 10.0.0.9:5432: connection refused")

func check(name string, needed bool, err error) httpserver.Check {
	return httpserver.Check{Name: name, Needed: needed, Probe: func(context.Context) error { return err }}
}

func TestReadinessTellsTheTruth(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		checks []httpserver.Check
		drain  bool
		status int
		body   string
	}{
		"nothing to depend on": {nil, false, 200, `{"status":"ready","checks":{}}`},
		"all there": {
			[]httpserver.Check{check("live", true, nil), check("archive", false, nil)},
			false, 200,
			`{"status":"ready","checks":{"live":{"status":"ok","needed":true},"archive":{"status":"ok","needed":false}}}`,
		},
		"something optional away": {
			[]httpserver.Check{check("live", true, nil), check("archive", false, errAway)},
			false, 200,
			`{"status":"degraded","checks":{"live":{"status":"ok","needed":true},"archive":{"status":"unavailable","needed":false}}}`,
		},
		"something needed away": {
			[]httpserver.Check{check("archive", false, errAway), check("live", true, errAway)},
			false, 503,
			`{"status":"unavailable","checks":{"live":{"status":"unavailable","needed":true},"archive":{"status":"unavailable","needed":false}}}`,
		},
		"draining": {
			[]httpserver.Check{check("live", true, nil)},
			true, 503,
			`{"status":"draining","checks":{"live":{"status":"ok","needed":true}}}`,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			watch, err := httpserver.NewWatch(httpserver.WatchConfig{
				Checks: tt.checks, Gatherer: prometheus.NewRegistry(), Now: time.Now,
			})
			require.NoError(t, err)
			if tt.drain {
				watch.Drain()
			}
			w := get(watch, "/readyz")
			require.Equal(t, tt.status, w.Code)
			require.JSONEq(t, tt.body, w.Body.String())
			require.Equal(t, http.StatusOK, get(watch, "/healthz").Code, "the process is alive all the same")
		})
	}
}

func TestReadinessAsksAtMostOnceASecond(t *testing.T) {
	t.Parallel()
	now := time.Date(2017, 11, 3, 8, 0, 0, 0, time.UTC)
	asked := 0
	watch, err := httpserver.NewWatch(httpserver.WatchConfig{
		Gatherer: prometheus.NewRegistry(),
		Now:      func() time.Time { return now },
		Checks: []httpserver.Check{{Name: "live", Probe: func(ctx context.Context) error {
			asked++
			return ctx.Err()
		}}},
	})
	require.NoError(t, err)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	require.Equal(t, "ready", watch.Readiness(gone).Status, "a client that left does not spoil the shared answer")
	now = now.Add(999 * time.Millisecond)
	watch.Readiness(t.Context())
	require.Equal(t, 1, asked)
	now = now.Add(time.Millisecond)
	watch.Readiness(t.Context())
	require.Equal(t, 2, asked)
}

func TestMetricsAreThoseOfTheGatherer(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	counter := prometheus.NewCounter(prometheus.CounterOpts{Name: "outcry_test_total", Help: "Test."})
	registry.MustRegister(counter)
	counter.Add(3)
	watch, err := httpserver.NewWatch(httpserver.WatchConfig{Gatherer: registry, Now: time.Now})
	require.NoError(t, err)
	require.Contains(t, get(watch, "/metrics").Body.String(), "outcry_test_total 3")
}

func TestWatchConfigIsChecked(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	for name, bad := range map[string]httpserver.WatchConfig{
		"no gatherer": {Now: time.Now},
		"no clock":    {Gatherer: registry},
		"no name":     {Gatherer: registry, Now: time.Now, Checks: []httpserver.Check{check("", true, nil)}},
		"no probe":    {Gatherer: registry, Now: time.Now, Checks: []httpserver.Check{{Name: "live"}}},
		"same name":   {Gatherer: registry, Now: time.Now, Checks: []httpserver.Check{check("a", true, nil), check("a", true, nil)}},
	} {
		_, err := httpserver.NewWatch(bad)
		require.Error(t, err, name)
	}
}

func get(watch *httpserver.Watch, path string) *httptest.ResponseRecorder {
	router := gin.New()
	watch.Mount(router)
	w := httptest.NewRecorder()
	router.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w
}
