package ingest

import (
	"errors"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

// Refusal says why a report was not taken, or was dropped.
type Refusal string

// The refusals. Only what fills in the field that people do not see is answered as
// if the report had been taken; all others are told.
const (
	RefusedInvalid      Refusal = "invalid"      // wrong in a way that was explained
	RefusedUnknown      Refusal = "unknown"      // no such service
	RefusedConflict     Refusal = "conflict"     // an idempotency key with another body
	RefusedFuture       Refusal = "future"       // observed too far ahead
	RefusedAddress      Refusal = "address"      // over the limit by address
	RefusedNetwork      Refusal = "network"      // over the limit by network and service
	RefusedInstallation Refusal = "installation" // over the installation's limit
	RefusedFull         Refusal = "full"         // the queue is full
	RefusedRebuilding   Refusal = "rebuilding"   // live state not ready yet
	RefusedUnavailable  Refusal = "unavailable"  // a store is away
	RefusedGone         Refusal = "gone"         // the sender went away, or nobody answered in time
	RefusedForeign      Refusal = "foreign"      // sent by another site's page
	RefusedInternal     Refusal = "internal"     // anything else
	DroppedHoneypot     Refusal = "honeypot"     // filled in what people do not see
	RefusedQuick        Refusal = "quick"        // filled in faster than people can
)

var refusals = []Refusal{ //nolint:gochecknoglobals // a constant table
	RefusedInvalid, RefusedUnknown, RefusedConflict, RefusedFuture, RefusedAddress, RefusedNetwork, RefusedInstallation,
	RefusedFull, RefusedRebuilding, RefusedUnavailable, RefusedGone, RefusedForeign, RefusedInternal,
	DroppedHoneypot, RefusedQuick,
}

// replayed is the outcome of a report whose id had been recorded before.
const replayed = "replayed"

// Metrics counts what becomes of reports. Its counters are looked up once, here.
type Metrics struct {
	reports map[outage.Source]map[string]prometheus.Counter
	refused map[outage.Source]map[Refusal]prometheus.Counter
	record  prometheus.Histogram
	batch   prometheus.Histogram
	queue   prometheus.Gauge
}

// NewMetrics registers the metrics of ingest for the given sources.
func NewMetrics(registerer prometheus.Registerer, sources ...outage.Source) (*Metrics, error) {
	reports := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "outcry_ingest_reports_total", Help: "Reports recorded, by source and outcome.",
	}, []string{"source", "outcome"})
	refused := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "outcry_ingest_refused_total", Help: "Reports refused or dropped, by source and reason.",
	}, []string{"source", "reason"})
	m := &Metrics{
		reports: make(map[outage.Source]map[string]prometheus.Counter),
		refused: make(map[outage.Source]map[Refusal]prometheus.Counter),
		record: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "outcry_ingest_record_seconds", Help: "Time to record one batch.",
			Buckets: prometheus.ExponentialBuckets(0.0001, 2.5, 12),
		}),
		batch: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "outcry_ingest_batch_reports", Help: "Reports recorded in one batch.",
			Buckets: prometheus.ExponentialBuckets(1, 4, 6),
		}),
		queue: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "outcry_ingest_queue_reports", Help: "Reports that wait to be recorded.",
		}),
	}
	for _, source := range sources {
		m.reports[source] = make(map[string]prometheus.Counter)
		for _, outcome := range []string{string(outage.Counted), string(outage.Duplicate), string(outage.TooOld), replayed} {
			m.reports[source][outcome] = reports.WithLabelValues(string(source), outcome)
		}
		m.refused[source] = make(map[Refusal]prometheus.Counter)
		for _, why := range refusals {
			m.refused[source][why] = refused.WithLabelValues(string(source), string(why))
		}
	}
	for _, collector := range []prometheus.Collector{reports, refused, m.record, m.batch, m.queue} {
		if err := registerer.Register(collector); err != nil {
			return nil, fmt.Errorf("register ingest metrics: %w", err)
		}
	}
	return m, nil
}

// Refused counts a report that was not taken. Sources that were not named to NewMetrics
// are not counted.
func (m *Metrics) Refused(source outage.Source, why Refusal) {
	if counter := m.refused[source][why]; counter != nil {
		counter.Inc()
	}
}

func (m *Metrics) recorded(source outage.Source, result live.Result) {
	outcome := string(result.Receipt.Outcome)
	if result.Replayed {
		outcome = replayed
	}
	if counter := m.reports[source][outcome]; counter != nil {
		counter.Inc()
	}
}

// refusalOf names the reason that an error of the pipeline is.
func refusalOf(err error) Refusal {
	for _, reason := range []struct {
		is  error
		why Refusal
	}{
		{errFull, RefusedFull},
		{errGone, RefusedGone},
		{outage.ErrRebuilding, RefusedRebuilding},
		{outage.ErrUnavailable, RefusedUnavailable},
		{outage.ErrConflict, RefusedConflict},
		{outage.ErrFuture, RefusedFuture},
		{outage.ErrInvalid, RefusedInvalid},
	} {
		if errors.Is(err, reason.is) {
			return reason.why
		}
	}
	return RefusedInternal
}
