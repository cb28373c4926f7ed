package archiver

import (
	"errors"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/outcryhq/outcry/pkg/live"
)

type metrics struct {
	entries, reports, failures, dropped prometheus.Counter
	logEntries, logBytes                prometheus.Gauge
	lagSeconds                          *prometheus.GaugeVec
}

func newMetrics(registerer prometheus.Registerer) (*metrics, error) {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: "outcry_archiver_" + name, Help: help})
	}
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Name: "outcry_archiver_" + name, Help: help})
	}
	m := &metrics{
		entries:    counter("entries_total", "Log entries committed to the archive."),
		reports:    counter("reports_total", "Reports in the log entries committed to the archive."),
		failures:   counter("failures_total", "Attempts to drain a partition that failed."),
		dropped:    counter("dropped_entries_total", "Log entries that could not be archived and were dropped. Should be zero."),
		logEntries: gauge("log_entries", "Log entries of all partitions that are not in the archive yet. A loss of the live state loses them."),
		logBytes:   gauge("log_bytes", "Size of the log entries of all partitions that are not in the archive yet."),
		lagSeconds: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "outcry_archiver_lag_seconds",
			Help: "Age of the oldest report on a partition's log at the last look; zero when it was empty.",
		}, []string{"partition"}),
	}
	return m, errors.Join(registerer.Register(m.entries), registerer.Register(m.reports), registerer.Register(m.failures),
		registerer.Register(m.dropped), registerer.Register(m.logEntries), registerer.Register(m.logBytes),
		registerer.Register(m.lagSeconds))
}

func (m *metrics) moved(entries ...live.Entry) {
	m.entries.Add(float64(len(entries)))
	for i := range entries {
		m.reports.Add(float64(len(entries[i].Reports)))
	}
}

func (m *metrics) lag(partition int, lag time.Duration) {
	m.lagSeconds.WithLabelValues(strconv.Itoa(partition)).Set(lag.Seconds())
}

// forget removes what is said about a partition that another detector owns.
func (m *metrics) forget(partition int) {
	m.lagSeconds.DeleteLabelValues(strconv.Itoa(partition))
}
