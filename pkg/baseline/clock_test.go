package baseline_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/baseline"
	"github.com/outcryhq/outcry/pkg/outage"
)

// wall is a clock on a country's walls.
type wall struct {
	country string
	zone    *time.Location
	// changes are the hours at which it was put forward or back in 2025, or any for
	// a clock that only goes on.
	changes []time.Time
}

func walls(t *testing.T) []wall {
	t.Helper()
	var all []wall
	for country, zone := range map[string]string{
		"NL": "Europe/Amsterdam", "US": "America/New_York", "CL": "America/Santiago", "JP": "Asia/Tokyo",
	} {
		loc, err := time.LoadLocation(zone)
		require.NoError(t, err)
		w := wall{country: country, zone: loc}
		year := time.Date(2025, 1, 1, 12, 0, 0, 0, loc)
		for _, end := year.ZoneBounds(); !end.IsZero() && end.Year() == 2025; _, end = end.ZoneBounds() {
			w.changes = append(w.changes, end.UTC())
		}
		if country != "JP" {
			require.Len(t, w.changes, 2, zone)
		} else {
			w.changes = []time.Time{time.Date(2025, 3, 30, 1, 0, 0, 0, time.UTC)}
		}
		all = append(all, w)
	}
	return all
}

// hourly is a strong shape of the day by the clock on the wall, of mean one, in
// reports an hour.
func (w wall) hourly(perMinute float64, at time.Time) float64 {
	local := at.In(w.zone)
	day := 1 - 0.95*math.Cos(2*math.Pi*(float64(local.Hour())-4)/24)
	if d := local.Weekday(); d == time.Saturday || d == time.Sunday {
		day *= 0.7
	}
	return 60 * perMinute * day
}

// gaps of our own, in hours from a change on: from and to.
var gaps = map[string][2]int{ //nolint:gochecknoglobals // a constant table
	"no gap": {0, 0}, "an hour before": {-1, 0}, "the hour of it": {0, 1}, "from 3 hours before": {-3, 2},
	"a day before": {-24, 0}, "a day after": {0, 24}, "a week before": {-168, 0}, "a week after": {1, 169},
}

func TestAChangedClockKeepsReportsAndMinutesTogether(t *testing.T) {
	t.Parallel()
	for _, w := range walls(t) {
		for i, change := range w.changes {
			for name, gap := range gaps {
				t.Run(fmt.Sprintf("%s, change %d, %s", w.country, i+1, name), func(t *testing.T) {
					t.Parallel()
					w.crosses(t, change, change.Add(time.Duration(gap[0])*time.Hour), change.Add(time.Duration(gap[1])*time.Hour))
				})
			}
		}
	}
}

// crosses learns six weeks before a change and three after, without the hours
// from one to another, and asks each hour for what is usual two hours later.
func (w wall) crosses(t *testing.T, change, from, to time.Time) {
	t.Helper()
	m := baseline.New()
	rates := map[string]float64{"small": 0.1, "medium": 1, "large": 20}
	for at := change.Add(-6 * 168 * time.Hour); at.Before(change.Add(3 * 168 * time.Hour)); at = at.Add(time.Hour) {
		h := baseline.Hour{Start: at, Covered: 60}
		if !at.Before(from) && at.Before(to) {
			h.Covered = 0
		}
		for name, rate := range rates {
			if n := int(math.Round(w.hourly(rate, at))); n > 0 && h.Covered > 0 {
				h.Counts = append(h.Counts, baseline.Count{Series: outage.Series{Service: name, Country: w.country}, Reports: n})
			}
		}
		require.NoError(t, m.Learn(h))
		if at.Before(change.Add(-168 * time.Hour)) {
			continue
		}
		next := at.Add(2 * time.Hour)
		for name, rate := range rates {
			usual, got := w.hourly(rate, next)/60, m.At(outage.Series{Service: name, Country: w.country}, next).PerMinute
			// What leans on the hours beside it is off where the day is steep.
			off := map[string]float64{"small": 1.6, "medium": 1.35, "large": 1.05}[name]
			slack := map[string]float64{"small": 0.03, "medium": 0.05, "large": 0.2}[name]
			require.Less(t, got, usual*off+slack, "%s at %s", name, next)
			require.Greater(t, got, usual/off-slack, "%s at %s", name, next)
		}
	}
}

func TestAnHourThatComesTwiceIsHeardTwice(t *testing.T) {
	t.Parallel()
	for _, w := range walls(t) {
		for i, change := range w.changes {
			m := baseline.New()
			// Nothing but the days around the change was ever heard.
			teach(t, m, change.Add(-24*time.Hour), 48, always(600), outage.Series{Service: "s", Country: w.country})
			for at := change.Add(-4 * time.Hour); at.Before(change.Add(4 * time.Hour)); at = at.Add(time.Hour) {
				got := perMinute(t, m, outage.Series{Service: "s", Country: w.country}, at)
				require.InEpsilon(t, 10, got, 0.01, "%s, change %d, at %s", w.country, i+1, at)
			}
		}
	}
}

func TestBlindHoursAreThoseOfTheClockOnTheWall(t *testing.T) {
	t.Parallel()
	for _, w := range walls(t) {
		s := outage.Series{Service: "s", Country: w.country}
		for i, change := range w.changes {
			m := baseline.New()
			outageAt := change.Add(-200 * time.Hour)
			for at := change.Add(-6 * 168 * time.Hour); at.Before(change.Add(168 * time.Hour)); at = at.Add(time.Hour) {
				h := baseline.Hour{Start: at, Covered: 60}
				if d := at.Sub(outageAt); d >= 0 && d < 10*time.Hour {
					h.Blind = []baseline.Blind{{Service: "s", Minutes: 60}}
				} else {
					h.Counts = []baseline.Count{{Series: s, Reports: 600}}
				}
				require.NoError(t, m.Learn(h))
			}
			for hours := range 168 {
				at := m.Until().Add(time.Duration(hours) * time.Hour)
				require.InEpsilon(t, 10, perMinute(t, m, s, at), 0.01, "%s, change %d, at %s", w.country, i+1, at)
			}
		}
	}
}

func TestOurSilenceChangesNoRate(t *testing.T) {
	t.Parallel()
	for _, w := range walls(t) {
		for _, hours := range []int{3, 24, 168, 400} {
			for _, said := range []bool{false, true} {
				m := baseline.New()
				rates := map[outage.Series]float64{}
				for i, rate := range []float64{0.05, 0.3, 1, 5, 20} {
					rates[outage.Series{Service: fmt.Sprint("s", i), Country: w.country}] = rate
				}
				w.live(t, m, sunday, 6*168, rates)
				gap := sunday.Add(6 * 168 * time.Hour)
				back := gap.Add(time.Duration(hours) * time.Hour)
				before := map[outage.Series][]float64{}
				for s := range rates {
					for h := range 168 {
						before[s] = append(before[s], m.At(s, back.Add(time.Duration(h)*time.Hour)).PerMinute)
					}
				}
				if said { // as a detector that goes on says it; one that starts leaves it out
					for h := range hours {
						require.NoError(t, m.Learn(baseline.Hour{Start: gap.Add(time.Duration(h) * time.Hour)}))
					}
				}
				w.live(t, m, back, 2, rates)
				for s := range rates {
					for h, was := range before[s] {
						is := m.At(s, back.Add(time.Duration(h)*time.Hour)).PerMinute
						require.InDelta(t, was, is, 0.1*was+0.005, "%s, %d hours, hour %d", s, hours, h)
					}
				}
			}
		}
	}
}

// live teaches hours of the usual.
func (w wall) live(t *testing.T, m *baseline.Model, from time.Time, hours int, rates map[outage.Series]float64) {
	t.Helper()
	for i := range hours {
		h := baseline.Hour{Start: from.Add(time.Duration(i) * time.Hour), Covered: 60}
		for s, rate := range rates {
			h.Counts = append(h.Counts, baseline.Count{Series: s, Reports: int(math.Round(w.hourly(rate, h.Start)))})
		}
		require.NoError(t, m.Learn(h))
	}
}

func TestWhatIsNoLongerRememberedIsLearnedAnew(t *testing.T) {
	t.Parallel()
	for _, said := range []bool{false, true} {
		m := baseline.New()
		teach(t, m, sunday, 4*168, always(1200), nl)
		back := sunday.Add(100 * 168 * time.Hour)
		for at := m.Until(); said && at.Before(back); at = at.Add(time.Hour) {
			require.NoError(t, m.Learn(baseline.Hour{Start: at}))
		}
		teach(t, m, back, 24, always(60), nl)
		require.Equal(t, 24*60, m.ObservedMinutes())
		require.InEpsilon(t, 1, perMinute(t, m, nl, back.Add(24*time.Hour)), 0.1)
		again, err := baseline.Decode(m.Encode())
		require.NoError(t, err)
		require.InEpsilon(t, perMinute(t, m, nl, back), perMinute(t, again, nl, back), 1e-9)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	m := baseline.New()
	h := baseline.Hour{Covered: 60}
	for _, code := range baseline.EveryCountry() {
		h.Counts = append(h.Counts, baseline.Count{Series: outage.Series{Service: "s", Country: code}, Reports: 1})
	}
	for i := range 2 * 53 * 168 {
		hour := baseline.Hour{Start: sunday.Add(time.Duration(i) * time.Hour), Covered: 60}
		if i%100 == 0 {
			hour.Counts = h.Counts
		}
		if i%168 < 20 {
			hour.Blind = []baseline.Blind{{Service: "t", Minutes: 60}}
		}
		require.NoError(t, m.Learn(hour))
	}
	weeks, hours := m.Clocks()
	require.Less(t, weeks, 100, "for 250 countries")
	require.LessOrEqual(t, hours, 61*168)
	again, err := baseline.Decode(m.Encode())
	require.NoError(t, err)
	require.Equal(t, m.Encode(), again.Encode())
}

func TestEveryCountrysClockGivesTheSameRateAfterDecoding(t *testing.T) {
	t.Parallel()
	m := baseline.New()
	for i := range 40 * 168 {
		h := baseline.Hour{Start: sunday.Add(time.Duration(i) * time.Hour), Covered: 60 - i%7}
		if i%50 < 5 {
			h.Covered = 0
		} else if i%31 == 0 {
			h.Blind = []baseline.Blind{{Service: "s", Minutes: 40}}
		}
		if i%9 == 0 && h.Covered > 0 {
			for j, code := range baseline.EveryCountry() {
				h.Counts = append(h.Counts, baseline.Count{Series: outage.Series{Service: "s", Country: code}, Reports: (i + j) % 20})
			}
		}
		require.NoError(t, m.Learn(h))
	}
	again, err := baseline.Decode(m.Encode())
	require.NoError(t, err)
	for _, code := range baseline.EveryCountry() {
		s := outage.Series{Service: "s", Country: code}
		for hours := 0; hours < 168; hours += 13 {
			at := m.Until().Add(time.Duration(hours) * time.Hour)
			require.InEpsilon(t, perMinute(t, m, s, at), perMinute(t, again, s, at), 1e-9, code)
		}
	}
}

func TestAnEarlierFormatIsRefused(t *testing.T) {
	t.Parallel()
	m := baseline.New()
	teach(t, m, sunday, 24, always(7), nl)
	encoded := m.Encode()
	encoded[3] = baseline.Version - 1
	_, err := baseline.Decode(baseline.Sealed(encoded))
	require.ErrorIs(t, err, outage.ErrInvalid)
	require.ErrorContains(t, err, "version")
}
