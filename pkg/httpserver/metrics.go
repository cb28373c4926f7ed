package httpserver

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
)

type metrics struct {
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
}

func newMetrics(reg prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "outcry_api_requests_total",
			Help: "HTTP requests answered, by route template, method and status code.",
		}, []string{"route", "method", "code"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "outcry_api_request_seconds",
			Help:    "Time from a request's arrival to its answer, by route template; without event streams.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"route"}),
	}
	for _, collector := range []prometheus.Collector{m.requests, m.seconds} {
		if err := reg.Register(collector); err != nil {
			return nil, fmt.Errorf("register http metrics: %w", err)
		}
	}
	return m, nil
}

func (m *metrics) middleware(now func() time.Time) gin.HandlerFunc {
	return func(c *gin.Context) {
		start := now()
		c.Next()
		r := route(c)
		m.requests.WithLabelValues(r, method(c.Request.Method), strconv.Itoa(c.Writer.Status())).Inc()
		if !endless(c) {
			m.seconds.WithLabelValues(r).Observe(max(now().Sub(start), 0).Seconds())
		}
	}
}

// endless reports whether the answer was a stream of events, which takes as long
// as its reader stays.
func endless(c *gin.Context) bool {
	return strings.HasPrefix(c.Writer.Header().Get("Content-Type"), "text/event-stream")
}

// method keeps the label a closed set, whatever clients send.
func method(m string) string {
	switch m {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut,
		http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return m
	default:
		return "other"
	}
}
