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
		heard := m.Heard(outage.Series{Service: "a", Country: "US"}, at.AddDate(0, 0, 7))
		require.Greater(t, heard, 0.8*float64(n), "%s", at)
	}
}

// However many reports an hour hears, after one week they are those of one hour.
func TestOneWeekIsWorthTenReportsAtMost(t *testing.T) {
	t.Parallel()
	for weeks, most := range map[int]float64{1: 9, 2: 17.1, 10: 58.7, 50: 89.6} { // the sum of the weeks' weights, over τ²
		m := baseline.New()
		teach(t, m, sunday, weeks*168, always(6000), nl)
		require.InEpsilon(t, most+baseline.Lean, m.At(nl, m.Until()).Reports, 0.01, "%d weeks", weeks)
		all := outage.Series{Service: "whatsapp", Country: "*"}
		require.InEpsilon(t, most+baseline.Lean, m.At(all, m.Until()).Reports, 0.01, "its sum")
	}
}

// An hour of the week is half as busy as the others. After one week that may be chance,
// after ten it is not.
func TestAnHourOfOneWeekIsHardlyBelieved(t *testing.T) {
	t.Parallel()
	after := func(weeks int) float64 {
		m := baseline.New()
		teach(t, m, sunday, weeks*168, func(_ outage.Series, at time.Time) int {
			if at.Weekday() == time.Monday && at.Hour() == 15 {
				return 300
			}
			return 600
		}, nl)
		return perMinute(t, m, nl, m.Until().Add((24+15)*time.Hour))
	}
	require.Greater(t, after(1), 6.5)
	require.Less(t, after(10), 6.2)
}
