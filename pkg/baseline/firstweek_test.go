package baseline_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/baseline"
	"github.com/outcryhq/outcry/pkg/outage"
)

// A first Saturday that is as busy in one country as its other days is no new
// level there, though the countries to the east had a quiet one.
func TestTheFirstWeekOfABusyServiceIsRemembered(t *testing.T) {
	t.Parallel()
	monday := time.Date(2024, time.January, 1, 0, 0, 0, 0, time.UTC)
	reports := func(country string, at time.Time) int {
		hour, n := at.Hour(), 15
		if hour >= 9 && hour < 18 {
			n = 150
		}
		if day := at.Weekday(); country != "US" && (day == time.Saturday || day == time.Sunday) {
			n /= 6
		}
		return n
	}
	zones := map[string]string{"US": "America/New_York", "JP": "Asia/Tokyo", "DE": "Europe/Berlin", "IN": "Asia/Kolkata"}
	m := baseline.New()
	heard := map[time.Time]int{}
	for hour := range 7 * 24 {
		at := monday.Add(time.Duration(hour) * time.Hour)
		learned := baseline.Hour{Start: at, Covered: 60}
		for country, name := range zones {
			zone, err := time.LoadLocation(name)
			require.NoError(t, err)
			n := reports(country, at.In(zone))
			if country == "US" {
				heard[at] = n
			}
			learned.Counts = append(learned.Counts, baseline.Count{Series: outage.Series{Service: "a", Country: country}, Reports: n})
		}
		require.NoError(t, m.Learn(learned))
	}
	for at, n := range heard {
		rate := m.At(outage.Series{Service: "a", Country: "US"}, at.AddDate(0, 0, 7))
		require.Greater(t, rate.Reports, 0.8*float64(n), "%s", at)
	}
}
