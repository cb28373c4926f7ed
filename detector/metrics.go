package detector

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/outcryhq/outcry/pkg/outage"
)

// metrics are the detector's figures. Labels come from closed sets.
type metrics struct {
	evaluations prometheus.Counter
	tickSeconds prometheus.Histogram
	takeovers   prometheus.Counter
	failures    *prometheus.CounterVec
}

// registerSpikes registers the number of spikes, which calls count when it is scraped.
func registerSpikes(reg prometheus.Registerer, count func(outage.Status) float64) error {
	var errs []error
	for _, status := range []outage.Status{outage.StatusPossible, outage.StatusProblem} {
		errs = append(errs, reg.Register(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "outcry_detector_spikes", Help: "Series that stand out now, in the partitions that this detector owns, by status.",
			ConstLabels: prometheus.Labels{"status": string(status)},
		}, func() float64 { return count(status) })))
	}
	return errors.Join(errs...)
}

// newMetrics registers the figures; those that are read off the runner's
// state call owned, open and lag when they are scraped.
func newMetrics(reg prometheus.Registerer, owned, open, lag func() float64) (*metrics, error) {
	m := &metrics{
		evaluations: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "outcry_detector_evaluations_total",
			Help: "Series scored.",
		}),
		tickSeconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "outcry_detector_tick_seconds",
			Help:    "Time of one look at one partition, reads and writes included.",
			Buckets: prometheus.ExponentialBuckets(0.0001, 4, 9),
		}),
		takeovers: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "outcry_detector_takeovers_total",
			Help: "Partitions taken over, at start or from another detector.",
		}),
		failures: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "outcry_detector_failures_total",
			Help: "Failed attempts by stage; each is repeated.",
		}, []string{"stage"}),
	}
	for _, s := range stages() {
		m.failures.WithLabelValues(string(s))
	}
	errs := []error{
		reg.Register(m.evaluations), reg.Register(m.tickSeconds),
		reg.Register(m.takeovers), reg.Register(m.failures),
		reg.Register(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "outcry_detector_owned_partitions",
			Help: "Partitions that this detector owns.",
		}, owned)),
		reg.Register(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "outcry_detector_open_outages",
			Help: "Ongoing outages in the partitions that this detector owns.",
		}, open)),
		reg.Register(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "outcry_detector_lag_seconds",
			Help: "Time since the last finished look at the partition that has waited longest.",
		}, lag)),
	}
	return m, errors.Join(errs...)
}
