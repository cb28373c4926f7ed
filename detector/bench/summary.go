package bench

import (
	"math"

	"github.com/outcryhq/outcry/detector/bench/sim"
)

// Summary is a row of the table.
type Summary struct {
	Name      string
	False     Rate // on outage-free worlds
	Recall    Share
	Small     Share // of fewer than two a minute
	Strong    [2]float64
	Fast      [2]Share // seen within 1 and 2 minutes
	Leaks     Share
	Spikes    Share
	Precision Share // of the alarms in worlds with outages

	// Only of Outcry's detector.
	Onset, End [2]float64 // median and 90 % of the minutes by which they are off
	Closed     float64    // median of the minutes from ended_at to closed_at
	Flaps      Share
	Countries  Share // of the events that were found: the countries that are told
	Grouped    Share // events noticed in several countries that are one outage
	Mixed      int   // outages that speak of two events
}

// Summarize makes a row of what was found.
func Summarize(name string, falseAlarms Rate, findings []Finding) Summary {
	s := Summary{Name: name, False: falseAlarms}
	var strong, onset, end, closed []float64
	for _, f := range findings {
		detected := f.Detected()
		s.Recall.count(detected)
		if f.Small() {
			s.Small.count(detected)
		}
		switch f.Event.Kind {
		case sim.Leak:
			s.Leaks.count(detected)
		case sim.Spike:
			s.Spikes.count(detected)
		case sim.Plain:
		}
		if f.Strong() {
			delay := f.Delay
			if !detected {
				delay = math.Inf(1)
			}
			strong = append(strong, delay)
		}
		if f.Fast() {
			s.Fast[0].count(f.Delay <= 1)
			s.Fast[1].count(f.Delay <= 2)
		}
		if !detected {
			continue
		}
		onset, end = append(onset, math.Abs(f.Onset)), append(end, math.Abs(f.End))
		closed = append(closed, f.Closed)
		s.Flaps.count(f.Flapped)
		s.Countries.Part += f.Countries.Part
		s.Countries.Of += f.Countries.Of
		if f.Together || f.Objects > 1 {
			s.Grouped.count(f.Objects == 1)
		}
	}
	for i, q := range []float64{.5, .9} {
		s.Strong[i], s.Onset[i], s.End[i] = quantile(strong, q), quantile(onset, q), quantile(end, q)
	}
	s.Closed = quantile(closed, .5)
	return s
}

func (s *Share) count(yes bool) {
	s.Of++
	if yes {
		s.Part++
	}
}
