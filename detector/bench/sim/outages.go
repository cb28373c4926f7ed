package sim

import (
	"math"
	"math/rand/v2"

	"github.com/outcryhq/outcry/detector/scenario"
)

const (
	leastPeak, mostPeak = 0.5, 1000 // reports a minute
	// leastFactor and mostFactor bound the height of an outage against the usual
	// rate, or against leastUsual if that is more.
	leastFactor, mostFactor = 3, 1000
	leastUsual              = 0.05
	shortest, longest       = 5, 6 * 60 // minutes
	// apart is the least time between two outages of a service, in minutes, and
	// again the chance that one is followed by another soon.
	apart = 6 * 60
	again = 0.1
)

// outages adds those of a service after the warm-up.
func (w *World) outages(service int) {
	if w.Outages == 0 {
		return
	}
	random := stream(w.Seed, streamEvents, service)
	last := len(w.Counts[0]) - longest - apart
	gap := minutesAYear / w.Outages
	for at := w.First; ; {
		at += apart + int(max(gap-apart, 1)*random.ExpFloat64())
		if at >= last {
			return
		}
		at = w.strike(random, service, at)
		if random.Float64() < again && at+4*60 < last {
			at = w.strike(random, service, at+60+random.IntN(120))
		}
	}
}

// strike adds one outage and returns its end.
func (w *World) strike(random *rand.Rand, service, at int) int {
	e := w.draw(random, service, at)
	for _, p := range e.Parts {
		w.complain(random, &e, p)
	}
	w.Events = append(w.Events, e)
	return e.End
}

// contaminate fills a share of the warm-up with outages that are in no list.
func (w *World) contaminate(service int) {
	random := stream(w.Seed, streamContamination, service)
	minutes := 0
	for minutes < int(w.Contamination*float64(w.First*w.Countries)) {
		e := w.draw(random, service, random.IntN(w.First-2*longest))
		for _, p := range e.Parts {
			w.complain(random, &e, p)
		}
		minutes += (e.End - e.Start) * len(e.Parts)
	}
}

// draw makes up an outage.
func (w *World) draw(random *rand.Rand, service, at int) Event {
	e := Event{Service: service, Start: at, Kind: Plain}
	length := min(max(65*math.Exp(random.NormFloat64()), shortest), longest)
	switch p := random.Float64(); {
	case p < 0.07:
		e.Kind, e.Ramp = Leak, 30+random.IntN(61)
		length = max(length, float64(e.Ramp)+60)
	case p < 0.14:
		e.Kind, length = Spike, shortest
	case p < 0.40: // at once
	default:
		e.Ramp = 1 + random.IntN(10)
	}
	fall := random.IntN(11)
	if e.Kind == Spike {
		fall = 0
	}
	e.End = e.Start + max(int(length), e.Ramp+shortest) + fall
	main := random.IntN(w.Countries)
	e.Usual = w.Rate(service*w.Countries+main, at)
	low := math.Log(max(leastPeak, leastFactor*e.Usual))
	high := math.Log(min(mostPeak, mostFactor*max(e.Usual, leastUsual)))
	e.Peak = math.Exp(low + random.Float64()*max(high-low, 0))
	e.Parts = []Part{{Country: main, Peak: e.Peak, Usual: e.Usual}}
	if w.Countries > 1 && random.IntN(2) == 0 {
		others := random.Perm(w.Countries)[:1+random.IntN(w.Countries-1)]
		for _, c := range others {
			if c == main {
				continue
			}
			usual := w.Rate(service*w.Countries+c, at)
			e.Parts = append(e.Parts, Part{Country: c, Peak: e.Peak * (0.1 + 0.9*random.Float64()), Usual: usual})
		}
	}
	return e
}

// complain adds the reports of an outage in a country.
func (w *World) complain(random *rand.Rand, e *Event, p Part) {
	length := e.End - e.Start
	fall := min(5, (length-e.Ramp)/4)
	tired := 0.4 + 0.6*random.Float64() // of the height, at the end
	mood := 0.0
	for t := range length {
		mood = 0.9*mood + 0.08*random.NormFloat64()
		level := 1.0
		if t < e.Ramp {
			level = (float64(t) + 0.5) / float64(e.Ramp)
		} else {
			level -= (1 - tired) * float64(t-e.Ramp) / float64(length-e.Ramp)
		}
		if left := length - t; left <= fall {
			level *= (float64(left) - 0.5) / float64(fall)
		}
		w.add(p.Series(w, e), e.Start+t, scenario.Poisson(random, p.Peak*level*math.Exp(mood)))
	}
}

// Series is the index of the part's series.
func (p Part) Series(w *World, e *Event) int { return e.Service*w.Countries + p.Country }
