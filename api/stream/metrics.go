package stream

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"
)

// Why a reader was cut off.
const (
	dropQueue = "queue_full"
	dropWrite = "write_timeout"
)

// Why a reader was refused.
const (
	refusedFull     = "full"
	refusedAddress  = "address"
	refusedStopping = "stopping"
)

// metrics are the figures of the streams. Labels come from closed sets.
type metrics struct {
	events  *prometheus.CounterVec
	dropped *prometheus.CounterVec
	refused *prometheus.CounterVec
	polls   prometheus.Histogram
}

// newMetrics registers the figures, if there is a registry; readers is called
// when they are scraped.
func newMetrics(reg prometheus.Registerer, readers func() float64) (*metrics, error) {
	m := &metrics{
		events: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "outcry_api_stream_events_total", Help: "Events put into the queues of readers, by kind.",
		}, []string{"event"}),
		dropped: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "outcry_api_stream_dropped_total", Help: "Readers cut off because they did not keep up, by reason.",
		}, []string{"reason"}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "outcry_api_stream_refused_total", Help: "Readers refused, by reason.",
		}, []string{"reason"}),
		polls: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "outcry_api_stream_poll_seconds", Help: "Time to read the live state for the streams.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 4, 8),
		}),
	}
	for _, kind := range []string{kindOutage, kindSpike, kindSpikes, kindStatus, kindReset} {
		m.events.WithLabelValues(kind)
	}
	for _, reason := range []string{dropQueue, dropWrite} {
		m.dropped.WithLabelValues(reason)
	}
	for _, reason := range []string{refusedFull, refusedAddress, refusedStopping} {
		m.refused.WithLabelValues(reason)
	}
	if reg == nil {
		return m, nil
	}
	gauge := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "outcry_api_stream_readers", Help: "Connected readers of the event stream.",
	}, readers)
	var errs []error
	for _, collector := range []prometheus.Collector{m.events, m.dropped, m.refused, m.polls, gauge} {
		errs = append(errs, reg.Register(collector))
	}
	return m, errors.Join(errs...)
}
