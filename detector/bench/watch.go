package bench

import (
	"fmt"
	"slices"
	"time"

	"github.com/outcryhq/outcry/detector/bench/sim"
	"github.com/outcryhq/outcry/detector/detect"
	"github.com/outcryhq/outcry/pkg/baseline"
	"github.com/outcryhq/outcry/pkg/outage"
)

// liveMinutes is what the detector sees minute by minute before what counts,
// instead of learning it as history: longer than it remembers counts.
const liveMinutes = 50 * 60

// shortLive is the same where only a first day counts: longer than any window.
const shortLive = 2 * 60

// Setup says how the detector meets a world.
type Setup struct {
	Config detect.Config
	// LiveSeries is the size of the installation that the world is a part of; 0
	// for its own.
	LiveSeries int
	// Cold leaves out the history: the detector starts at the first minute that counts.
	Cold bool
	// From and To are minutes in which nobody listens; both 0 for none.
	From, To int
	// Days is how many days count; 0 for all that the world has.
	Days int
}

// Watched is an outage as it ended, and whether it, or a part of it, had been
// told to be over before.
type Watched struct {
	outage.Outage

	Reopened bool
}

// Watch runs the detector over a world and returns the outages that it opened
// from the first minute that counts on.
func Watch(w *sim.World, setup Setup) ([]Watched, error) {
	d, err := detect.New(setup.Config)
	if err != nil {
		return nil, fmt.Errorf("watch a world: %w", err)
	}
	r := &run{world: w, setup: setup, detector: d, series: make([]outage.Series, len(w.Counts))}
	for i := range r.series {
		r.series[i] = outage.Series{Service: w.Names[i/w.Countries], Country: sim.Places[i%w.Countries].Code}
	}
	first, lead := w.First, liveMinutes
	if setup.Days > 0 {
		lead = shortLive
	}
	if !setup.Cold {
		if first = max(w.First-lead, 0); first > 0 {
			if err := r.learn(first); err != nil {
				return nil, err
			}
		}
	}
	return r.live(first)
}

type run struct {
	world    *sim.World
	setup    Setup
	detector *detect.Detector
	series   []outage.Series
}

// learn teaches the history up to a minute, a whole hour.
func (r *run) learn(until int) error {
	for at := 0; at < until; at += 60 {
		hour := baseline.Hour{Start: r.time(at), Covered: 60}
		for i, counts := range r.world.Counts {
			n := 0
			for _, c := range counts[at : at+60] {
				n += int(c)
			}
			if n > 0 {
				hour.Counts = append(hour.Counts, baseline.Count{Series: r.series[i], Reports: n})
			}
		}
		if err := r.detector.LearnHour(hour); err != nil {
			return fmt.Errorf("watch a world: %w", err)
		}
	}
	return nil
}

// live shows the detector each minute at its end.
func (r *run) live(first int) ([]Watched, error) {
	last := make(map[outage.ID]Watched)
	var order []outage.ID
	begins := r.time(r.world.First)
	end := len(r.world.Counts[0])
	if r.setup.Days > 0 {
		end = min(end, r.world.First+r.setup.Days*24*60)
	}
	for minute := first; minute < end; minute++ {
		at := r.time(minute)
		heard := minute < r.setup.From || minute >= r.setup.To
		r.detector.Observe(at, heard)
		for i, counts := range r.world.Counts {
			if heard && counts[minute] > 0 {
				r.detector.Set(r.series[i], at, int(counts[minute]))
			}
		}
		result, err := r.detector.Tick(at.Add(time.Minute), detect.Inputs{LiveSeries: r.setup.LiveSeries})
		if err != nil {
			return nil, fmt.Errorf("watch a world: %w", err)
		}
		for _, o := range result.Outages {
			if o.DetectedAt.Before(begins) {
				continue
			}
			before, known := last[o.ID]
			if !known {
				order = append(order, o.ID)
			}
			reopened := before.Reopened || before.State == outage.Ended && o.State == outage.Ongoing ||
				slices.ContainsFunc(o.Impacts, func(i outage.Impact) bool { return len(i.Intervals) > 0 })
			last[o.ID] = Watched{o, reopened}
		}
	}
	outages := make([]Watched, len(order))
	for i, id := range order {
		outages[i] = last[id]
	}
	return outages, nil
}

func (r *run) time(minute int) time.Time {
	return r.world.Start.Add(time.Duration(minute) * time.Minute)
}
