package api_test

import (
	"time"

	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

// ongoing makes an outage that began at start, with an impact in each country;
// the first country is hit hardest.
func ongoing(service string, start time.Time, countries ...string) outage.Outage {
	o := outage.Outage{
		ID:      outage.DeriveIDAt(start, "test", service, start.String()),
		Service: service, State: outage.Ongoing,
		StartedAt: start, DetectedAt: start.Add(3 * time.Minute), Revision: 1,
		Peak: outage.Peak{At: start.Add(31 * time.Minute)},
	}
	learned := start.Truncate(time.Hour).Add(-time.Hour)
	for i, country := range countries {
		impact := outage.Impact{
			Country: country, State: outage.Ongoing,
			StartedAt:  start.Add(time.Duration(i) * time.Minute),
			DetectedAt: start.Add(time.Duration(i+3) * time.Minute),
			Reports:    4200 / (i + 1),
			Peak:       outage.Peak{At: o.Peak.At, ReportsPerMinute: 240 / (i + 1)},
			Score:      57.1, BaselinePerMinute: .4,
			Evidence: outage.Evidence{
				WindowMinutes: 5, Reporters: 40, Expected: 2, Tolerated: 4, Dispersion: 12, Score: 57.1, Bar: 17.1, Origins: 31, Networks: 9, Sources: 2,
				Rho: 1.5, Floor: 1, Spread: .12, HistoryReports: 25, Windows: 5, Correction: 1.6, ListenedMinutes: 5, LevelPerMinute: .4, ObservedMinutes: 20160, BaselineUntil: &learned,
			},
		}
		o.Impacts = append(o.Impacts, impact)
		o.Reports += impact.Reports
		o.Peak.ReportsPerMinute += impact.Peak.ReportsPerMinute
	}
	return o
}

// over ends an outage.
func over(o outage.Outage, end time.Time) outage.Outage {
	closed := end.Add(10 * time.Minute)
	o.State, o.EndedAt, o.ClosedAt, o.Final = outage.Ended, &end, &closed, true
	o.Revision++
	for i := range o.Impacts {
		o.Impacts[i].State, o.Impacts[i].EndedAt = outage.Ended, &end
	}
	return o
}

// possible makes a spike in which reports came in a quarter of an hour.
func possible(service, country string, score float64, reports int) outage.Spike {
	return outage.Spike{
		Series: outage.Series{Service: service, Country: country}, Status: outage.StatusPossible,
		Score: score, Bar: 17.1, Since: morning.Add(-12 * time.Minute), BaselinePerMinute: .12,
		Windows: []outage.WindowCount{
			{Minutes: 1, Reports: reports / 10, Expected: .12},
			{Minutes: 2, Reports: reports / 6, Expected: .24},
			{Minutes: 5, Reports: reports / 2, Expected: .6},
			{Minutes: 15, Reports: reports, Expected: 1.8},
			{Minutes: 60, Reports: reports + 3, Expected: 7.2},
		},
	}
}

// hour is a service's reports that rise at 8:00.
func hour(service, country string, peak int) []live.MinuteCount {
	var counts []int
	for m := range 162 { // from 6:00 to 8:42
		n := m % 3 / 2
		if m > 120 {
			n += min(peak, (m-120)*peak/30) - m*7%(peak/5+1)
		}
		counts = append(counts, n)
	}
	return minutes(service, country, at("06:00"), counts...)
}
