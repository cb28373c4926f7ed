package bench

import (
	"slices"
	"time"

	"github.com/outcryhq/outcry/detector/bench/sim"
	"github.com/outcryhq/outcry/pkg/outage"
)

// changeWatched is how long after a clock change outages are counted as its.
const changeWatched = 14 * 24 * time.Hour

// afterChange counts the outages in which a country is within two weeks of a change of its clocks.
func afterChange(outages []Watched) int {
	n := 0
	for _, o := range outages {
		if slices.ContainsFunc(o.Impacts, func(i outage.Impact) bool { return changed(i.Country, o.StartedAt) }) {
			n++
		}
	}
	return n
}

// changeYears are the series-years within two weeks of a change.
func changeYears(w *sim.World) float64 {
	days := 0
	for day := range w.Weeks * 7 {
		at := w.Start.AddDate(0, 0, w.Warmup*7+day)
		for _, place := range sim.Places[:w.Countries] {
			if changed(place.Code, at) {
				days += w.Services
			}
		}
	}
	return float64(days) / 365
}

// changed says that a country, or any for "*", changed its clocks within two weeks before.
func changed(country string, at time.Time) bool {
	for _, place := range sim.Places {
		if place.Code != country && country != outage.AllCountries {
			continue
		}
		zone, err := time.LoadLocation(place.Zone)
		if err != nil {
			continue
		}
		_, now := at.In(zone).Zone()
		_, before := at.Add(-changeWatched).In(zone).Zone()
		if now != before {
			return true
		}
	}
	return false
}
