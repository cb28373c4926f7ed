package social

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/outcryhq/outcry/pkg/archive"
)

// Metrics shows the states of Listeners. It reads them when it is asked.
type Metrics struct {
	mu        sync.Mutex
	listeners []*Listener

	connected, lag, cursorAge                        *prometheus.Desc
	posts, complaints, duplicates, deletions, starts *prometheus.Desc
	refused, skipped, submitted                      *prometheus.Desc
}

// NewMetrics registers the metrics of social sources. Listeners join when they are made.
func NewMetrics(registerer prometheus.Registerer) (*Metrics, error) {
	desc := func(name, help string, more ...string) *prometheus.Desc {
		return prometheus.NewDesc("outcry_social_"+name, help, append([]string{"source", "instance"}, more...), nil)
	}
	m := &Metrics{
		connected:  desc("connected", "Whether the source is connected."),
		lag:        desc("lag_seconds", "Age of the post that was read last."),
		cursorAge:  desc("cursor_age_seconds", "How long ago the network gave the cursor that is good now."),
		posts:      desc("posts_total", "Posts read."),
		complaints: desc("complaints_total", "Posts taken for complaints."),
		duplicates: desc("duplicates_total", "Posts that had been read before."),
		deletions:  desc("deletions_total", "Posts that were said to be deleted."),
		starts:     desc("reconnects_total", "Connections lost or refused."),
		refused:    desc("refused_total", "Posts that are no complaints, by reason.", "reason"),
		skipped:    desc("skipped_total", "Messages that were not read, by reason.", "reason"),
		submitted:  desc("submitted_total", "Complaints recorded or refused, by outcome.", "outcome"),
	}
	if err := registerer.Register(m); err != nil {
		return nil, fmt.Errorf("register metrics of social sources: %w", err)
	}
	return m, nil
}

func (m *Metrics) add(l *Listener) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.listeners = append(m.listeners, l)
}

// Describe implements prometheus.Collector.
func (m *Metrics) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		m.connected, m.lag, m.cursorAge, m.posts, m.complaints, m.duplicates, m.deletions, m.starts, m.refused, m.skipped, m.submitted,
	} {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (m *Metrics) Collect(to chan<- prometheus.Metric) {
	m.mu.Lock()
	listeners := slices.Clone(m.listeners)
	m.mu.Unlock()
	for _, l := range listeners {
		m.collect(l.State(), to)
	}
}

func (m *Metrics) collect(s State, to chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, value float64) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, string(s.Source), s.Instance)
	}
	counter := func(d *prometheus.Desc, n uint64, more ...string) {
		labels := append([]string{string(s.Source), s.Instance}, more...)
		to <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), labels...)
	}
	up := 0.
	if s.Status == archive.SourceListening || s.Status == archive.SourceQuiet {
		up = 1
	}
	gauge(m.connected, up)
	if !s.LastPostAt.IsZero() {
		gauge(m.lag, age(s.UpdatedAt, s.LastPostAt))
	}
	if !s.CursorAt.IsZero() {
		gauge(m.cursorAge, age(s.UpdatedAt, s.CursorAt))
	}
	counter(m.posts, s.Posts)
	counter(m.complaints, s.Complaints)
	counter(m.duplicates, s.Duplicates)
	counter(m.deletions, s.Deletions)
	counter(m.starts, s.Reconnects)
	for reason, n := range s.Refused {
		counter(m.refused, n, reason)
	}
	for reason, n := range s.Skipped {
		counter(m.skipped, n, reason)
	}
	for outcome, n := range s.Submitted {
		counter(m.submitted, n, outcome)
	}
}

// age is in seconds, and not negative where clocks differ.
func age(now, at time.Time) float64 { return max(now.Sub(at).Seconds(), 0) }
