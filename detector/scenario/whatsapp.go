package scenario

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/outcryhq/outcry/pkg/countcsv"
	"github.com/outcryhq/outcry/pkg/outage"
)

// Service is the service that fails.
const Service = "whatsapp"

var (
	// Start is the beginning of two quiet weeks.
	Start = time.Date(2017, 10, 20, 7, 0, 0, 0, time.UTC) //nolint:gochecknoglobals // a constant
	// HourStart is the beginning of the outage.
	HourStart = time.Date(2017, 11, 3, 8, 0, 0, 0, time.UTC) //nolint:gochecknoglobals // a constant
	// End is when the recording ends.
	End = time.Date(2017, 11, 3, 11, 0, 0, 0, time.UTC) //nolint:gochecknoglobals // a constant
)

// Impact is the truth about one country.
type Impact struct {
	Country string
	Onset   time.Time // complaints begin to rise
	End     time.Time // the service works again; complaints fade
	Peak    float64   // expected reports a minute at the height
}

// rampMinutes is how long complaints take to their peak.
const rampMinutes = 10

// fadeMinutes is the time in which complaints fall to a 1/e once it is over.
const fadeMinutes = 3

// plateau is what remains of the peak at the end: people give up complaining.
const plateau = 0.6

// Truth lists the impacts by country. The onsets differ by minutes, as they did
// from one country's reports to another's.
func Truth() []Impact {
	at := func(minutes int) time.Time { return HourStart.Add(time.Duration(minutes) * time.Minute) }
	return []Impact{
		{"BE", at(2), at(60), 10},
		{"GB", at(1), at(60), 240},
		{"ID", at(4), at(62), 100},
		{"MY", at(3), at(61), 40},
		{"NL", at(0), at(60), 800},
		{"SG", at(3), at(61), 20},
	}
}

// Rate is the expected reports a minute at t that the outage adds in the country.
func (i Impact) Rate(t time.Time) float64 {
	since := t.Sub(i.Onset).Minutes()
	last := i.End.Sub(i.Onset).Minutes()
	switch {
	case since < 0:
		return 0
	case since < rampMinutes:
		return i.Peak * since / rampMinutes
	case since <= last:
		return i.Peak * (1 - (1-plateau)*(since-rampMinutes)/(last-rampMinutes))
	}
	return i.Peak * plateau * math.Exp(-(since-last)/fadeMinutes)
}

// Passes is the moment at which the rate passes a number of reports a minute.
func (i Impact) Passes(rate float64) time.Time {
	return i.Onset.Add(time.Duration(rate / i.Peak * rampMinutes * float64(time.Minute)))
}

// Hour returns the counts that the outage adds.
func Hour(seed uint64) []countcsv.Row {
	random := rand.New(rand.NewPCG(seed, 2)) //nolint:gosec // a simulation
	var rows []countcsv.Row
	for t := HourStart; t.Before(End); t = t.Add(time.Minute) {
		for _, impact := range Truth() {
			// The middle of the minute stands for it.
			if n := Poisson(random, impact.Rate(t.Add(30*time.Second))); n > 0 {
				rows = append(rows, countcsv.Row{
					Start: t, Series: outage.Series{Service: Service, Country: impact.Country}, Reports: n,
				})
			}
		}
	}
	return rows
}

// Story returns the background with the outage in it, ready to be replayed.
func Story(seed uint64) []countcsv.Row {
	return merge(Background(seed), Hour(seed))
}

// merge adds up two recordings.
func merge(a, b []countcsv.Row) []countcsv.Row {
	all := slices.Concat(a, b)
	slices.SortStableFunc(all, func(x, y countcsv.Row) int {
		return cmp.Or(x.Start.Compare(y.Start),
			cmp.Compare(x.Series.Service, y.Series.Service), cmp.Compare(x.Series.Country, y.Series.Country))
	})
	merged := all[:0]
	for _, row := range all {
		if n := len(merged); n > 0 && merged[n-1].Start.Equal(row.Start) && merged[n-1].Series == row.Series {
			merged[n-1].Reports += row.Reports
			continue
		}
		merged = append(merged, row)
	}
	return merged
}
