package bench

import (
	"math"
	"slices"
	"time"

	"github.com/outcryhq/outcry/detector/bench/sim"
	"github.com/outcryhq/outcry/pkg/outage"
)

// late is how many minutes after its end an outage may still be detected.
const late = 15

// Finding is what a detector made of one event.
//
//nolint:recvcheck // it is filled in where it stands and read as a value
type Finding struct {
	Event sim.Event
	// Delay is the minutes from the start to the alarm; NaN if there was none.
	Delay float64

	// What only Outcry's detector says: NaN or 0 where there is nothing to say.
	Onset, End float64 // minutes by which started_at and ended_at are off; positive is late
	Closed     float64 // minutes from ended_at to closed_at
	Objects    int     // outages that speak of the event
	Together   bool    // a further country of it was noticed
	Flapped    bool
	// Countries are those of the event that could be told: half a report a minute
	// and three times the usual at the height, as for an event; and those that were.
	Countries Share
}

// missed is what there is to say of an event that nothing was made of.
func missed(e sim.Event) Finding {
	return Finding{Event: e, Delay: math.NaN(), Onset: math.NaN(), End: math.NaN(), Closed: math.NaN()}
}

// Detected says that there was an alarm.
func (f Finding) Detected() bool { return !math.IsNaN(f.Delay) }

// Small is an event of fewer than two reports a minute at its height.
func (f Finding) Small() bool { return f.Event.Peak < 2 }

// Strong is one that ought to be seen within minutes: at least two reports a
// minute and eight times the usual, and not rising for half an hour.
func (f Finding) Strong() bool {
	return f.Event.Peak >= 2 && f.Event.Peak >= 8*f.Event.Usual && f.Event.Kind != sim.Leak
}

// Fast is a strong one of at least 20 a minute with a ramp of at most two minutes.
func (f Finding) Fast() bool { return f.Strong() && f.Event.Peak >= 20 && f.Event.Ramp <= 2 }

// Judged is what a detector made of a world.
type Judged struct {
	Findings []Finding
	False    int // outages that belong to no event, or are in none of its countries
	Mixed    int // those that belong to several
}

// Judge compares outages with the truth.
func Judge(w *sim.World, outages []Watched) Judged {
	var j Judged
	events := make(map[string][]int)
	for i, e := range w.Events {
		events[w.Names[e.Service]] = append(events[w.Names[e.Service]], i)
		j.Findings = append(j.Findings, missed(e))
	}
	for i := range outages {
		o := &outages[i]
		matched := 0
		for _, at := range events[o.Service] {
			if overlaps(w, w.Events[at], o) && j.Findings[at].meet(w, o) {
				matched++
			}
		}
		switch {
		case matched == 0:
			j.False++
		case matched > 1:
			j.Mixed++
		}
	}
	return j
}

// overlaps says that an outage was there at some time of an event.
func overlaps(w *sim.World, e sim.Event, o *Watched) bool {
	end := math.Inf(1)
	if o.EndedAt != nil {
		end = minutes(w, *o.EndedAt)
	}
	return minutes(w, o.DetectedAt) <= float64(e.End+late) && end > float64(e.Start)
}

// meet takes note of an outage at the time of the event, and returns whether it
// is in a country of the event, or in all together.
func (f *Finding) meet(w *sim.World, o *Watched) bool {
	e, found, countriesFound := f.Event, 0, 0
	delay := math.NaN()
	impacts := o.Impacts
	if o.Superseded != nil {
		impacts = append([]outage.Impact{*o.Superseded}, impacts...)
	}
	for _, impact := range impacts {
		if impact.Country != outage.AllCountries && !f.hits(impact.Country) {
			continue
		}
		found++
		if impact.Country != outage.AllCountries {
			countriesFound++
		}
		at := minutes(w, impact.DetectedAt)
		if len(impact.Intervals) > 0 {
			at = min(at, minutes(w, o.DetectedAt)) // that of the first run is the outage's, or later
		}
		if at > float64(e.Start) && at <= float64(e.End+late) && !(delay <= at-float64(e.Start)) {
			delay = at - float64(e.Start)
		}
	}
	if found == 0 {
		return false
	}
	f.Objects++
	f.Together = f.Together || countriesFound > 1
	f.Flapped = f.Flapped || o.Reopened || f.Objects > 1
	if f.Objects > 1 {
		return true
	}
	f.Countries = countries(e, o)
	f.Delay = delay
	f.Onset = minutes(w, o.StartedAt) - float64(e.Start)
	if o.EndedAt != nil && o.ClosedAt != nil {
		f.End = minutes(w, *o.EndedAt) - float64(e.End)
		f.Closed = o.ClosedAt.Sub(*o.EndedAt).Minutes()
	}
	return true
}

// countries counts those of an event that could be told, and those that an outage tells.
func countries(e sim.Event, o *Watched) Share {
	var told Share
	for _, p := range e.Parts {
		if p.Peak >= 0.5 && p.Peak >= 3*p.Usual {
			told.count(slices.ContainsFunc(o.Impacts, func(i outage.Impact) bool { return i.Country == sim.Places[p.Country].Code }))
		}
	}
	return told
}

func (f *Finding) hits(country string) bool {
	for _, p := range f.Event.Parts {
		if sim.Places[p.Country].Code == country {
			return true
		}
	}
	return false
}

func minutes(w *sim.World, t time.Time) float64 { return t.Sub(w.Start).Minutes() }
