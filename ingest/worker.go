package ingest

import (
	"context"
	"fmt"
	"time"

	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

// work records what waits, a batch at a time, until the queue is closed and empty.
func (p *Pipeline) work(ctx context.Context) {
	batch := make([]*waiting, 0, live.MaxBatch)
	for {
		if batch = p.queue.take(batch[:0]); len(batch) == 0 {
			return
		}
		p.record(ctx, batch)
		clear(batch)
	}
}

// record records a batch and answers everybody who waits for it.
func (p *Pipeline) record(ctx context.Context, batch []*waiting) {
	p.config.Metrics.queue.Set(float64(p.queue.len()))
	p.config.Metrics.batch.Observe(float64(len(batch)))
	// The engine may keep the slice, so each batch has its own.
	reports := make([]outage.Report, len(batch))
	for i, w := range batch {
		reports[i] = w.report
	}
	ctx, cancel := context.WithTimeout(ctx, recordTimeout)
	defer cancel()
	began := time.Now() // for the metric alone
	now := p.config.Now()
	results := p.config.Recorder.Record(ctx, now, reports)
	p.config.Metrics.record.Observe(time.Since(began).Seconds())
	for len(results) < len(batch) {
		results = append(results, live.Result{Err: fmt.Errorf("%w: no answer from the live state", outage.ErrUnavailable)})
	}
	p.health.batch(now, results)
	for i, w := range batch {
		w.result = results[i]
		w.done <- struct{}{}
	}
}
