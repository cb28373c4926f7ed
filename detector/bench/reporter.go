package bench

import (
	"context"
	"fmt"
	"time"

	"github.com/outcryhq/outcry/detector/bench/sim"
	"github.com/outcryhq/outcry/detector/detect"
	"github.com/outcryhq/outcry/pkg/baseline"
	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/live/memory"
	"github.com/outcryhq/outcry/pkg/outage"
)

// oneReporter has one person report a quiet service a thousand times within an
// hour, through the live state as ingest uses it, and returns how many outages
// the detector makes of it.
func oneReporter(ctx context.Context) (int, error) {
	const insistence = 1000
	start := time.Date(2024, time.January, 8, 12, 0, 0, 0, time.UTC)
	now := start
	engine, err := memory.New(memory.Config{Now: func() time.Time { return now }}) //nolint:contextcheck // it commits on its own
	if err != nil {
		return 0, fmt.Errorf("one reporter: %w", err)
	}
	defer func() { _ = engine.Close() }()
	series := outage.Series{Service: "service-00", Country: sim.Places[0].Code}
	lease, _, err := engine.Acquire(ctx, live.Partition(series.Service), "bench", time.Hour)
	if err != nil {
		return 0, fmt.Errorf("one reporter: %w", err)
	}
	if _, err := engine.Rebuild(ctx, now, lease, live.Snapshot{}); err != nil {
		return 0, fmt.Errorf("one reporter: %w", err)
	}
	d, err := detect.New(detect.DefaultConfig())
	if err != nil {
		return 0, fmt.Errorf("one reporter: %w", err)
	}
	for at := start.AddDate(0, 0, -7); at.Before(start); at = at.Add(time.Hour) {
		if err := d.LearnHour(baseline.Hour{Start: at, Covered: 60}); err != nil {
			return 0, fmt.Errorf("one reporter: %w", err)
		}
	}
	for i := range insistence {
		now = start.Add(time.Duration(i) * time.Hour / insistence)
		report := outage.Report{
			Identity: outage.Identity{ID: outage.NewID(now), Reporter: outage.Hash{1}},
			Service:  series.Service, Country: series.Country, Source: outage.SourceAPI,
			ObservedAt: now, ReceivedAt: now,
		}
		if err := engine.Record(ctx, now, []outage.Report{report})[0].Err; err != nil {
			return 0, fmt.Errorf("one reporter: %w", err)
		}
	}
	end := start.Add(2 * time.Hour)
	counts, err := engine.Counts(ctx, []outage.Series{series}, start, end)
	if err != nil {
		return 0, fmt.Errorf("one reporter: %w", err)
	}
	outages := 0
	for minute, n := range counts[0] {
		at := start.Add(time.Duration(minute) * time.Minute)
		d.Observe(at, true)
		d.Set(series, at, n)
		result, err := d.Tick(at.Add(time.Minute), detect.Inputs{})
		if err != nil {
			return 0, fmt.Errorf("one reporter: %w", err)
		}
		for _, o := range result.Outages {
			if o.Revision == 1 {
				outages++
			}
		}
	}
	return outages, nil
}
