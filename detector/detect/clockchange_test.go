package detect_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/baseline"
	"github.com/outcryhq/outcry/pkg/outage"
)

// townRates are those of the simulated services, in reports a minute and country.
var townRates = [...]float64{0.05, 0.3, 1, 5, 20} //nolint:gochecknoglobals // a constant table

// town counts what people report who live by the clocks on their walls: Poisson
// counts with a strong shape of the day, the same for each seed.
type town struct {
	world  *world
	random *rand.Rand
	zones  map[string]*time.Location
	series []outage.Series
	rate   map[outage.Series]float64
	// heard are the reports of whole hours, covered the minutes listened to in them.
	heard   map[time.Time]map[outage.Series]int
	covered map[time.Time]int
}

// newTown is one whose first hour is yet to come.
func newTown(t *testing.T, seed uint64, first time.Time, countries ...string) *town {
	t.Helper()
	town := &town{
		world: newWorld(t), random: rand.New(rand.NewPCG(seed, 1)),
		zones: map[string]*time.Location{}, rate: map[outage.Series]float64{},
		heard: map[time.Time]map[outage.Series]int{}, covered: map[time.Time]int{},
	}
	town.world.now = first
	for _, country := range countries {
		town.zones[country] = zoneOf(t, country)
		for _, rate := range townRates {
			s := outage.Series{Service: fmt.Sprintf("service-%g", rate), Country: country}
			town.series = append(town.series, s)
			town.rate[s] = rate
		}
	}
	return town
}

func zoneOf(t *testing.T, country string) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation(map[string]string{
		"NL": "Europe/Amsterdam", "US": "America/New_York", "JP": "Asia/Tokyo",
	}[country])
	require.NoError(t, err)
	return zone
}

// truth is the rate of a series, in reports a minute: nineteen times as much by
// day as by night, less at weekends.
func (w *town) truth(s outage.Series, at time.Time) float64 {
	local := at.In(w.zones[s.Country])
	rate := w.rate[s] * (1 - 0.9*math.Cos(2*math.Pi*(float64(local.Hour())-4)/24))
	if day := local.Weekday(); day == time.Saturday || day == time.Sunday {
		rate *= 0.7
	}
	return rate
}

func (w *town) poisson(mean float64) int {
	n := 0
	for left := mean - w.random.ExpFloat64(); left > 0; left -= w.random.ExpFloat64() {
		n++
	}
	return n
}

// learn lets whole hours pass of which the archive tells later.
func (w *town) learn(hours int) {
	w.world.t.Helper()
	for range hours {
		h := baseline.Hour{Start: w.world.now, Covered: 60}
		for _, s := range w.series {
			if n := w.poisson(60 * w.truth(s, h.Start)); n > 0 {
				h.Counts = append(h.Counts, baseline.Count{Series: s, Reports: n})
			}
		}
		require.NoError(w.world.t, w.world.detector.LearnHour(h))
		w.world.now = w.world.now.Add(time.Hour)
	}
}

// live lets minutes pass, and after each hour calls what is given.
func (w *town) live(minutes int, hourly func()) {
	w.world.t.Helper()
	for range minutes {
		now := w.world.now
		hour := now.Truncate(time.Hour)
		if w.heard[hour] == nil {
			w.heard[hour] = map[outage.Series]int{}
		}
		w.covered[hour]++
		for _, s := range w.series {
			if n := w.poisson(w.truth(s, now)); n > 0 {
				w.world.at(s, now, n)
				w.heard[hour][s] += n
			}
		}
		w.world.minute()
		if w.world.now.Minute() == 0 && hourly != nil {
			hourly()
		}
	}
}

// deaf lets minutes pass in which the detector runs and nobody listens.
func (w *town) deaf(minutes int) {
	w.world.t.Helper()
	for range minutes {
		w.world.detector.Observe(w.world.now, false)
		w.world.now = w.world.now.Add(time.Minute)
		require.NoError(w.world.t, w.world.tick())
	}
}

// model is the baseline as it would be saved now.
func (w *town) model() *baseline.Model {
	w.world.t.Helper()
	model, err := baseline.Decode(w.world.detector.Snapshot())
	require.NoError(w.world.t, err)
	return model
}

// check compares what is expected of the busy series in the hours to come with
// the truth.
func (w *town) check() { w.checkFrom(1) }

// checkFrom does so for series of at least so many reports a minute.
func (w *town) checkFrom(least float64) {
	w.world.t.Helper()
	const hours = 3 // between two checks
	if w.world.now.Hour()%hours != 0 {
		return
	}
	model := w.model()
	for _, s := range w.series {
		if w.rate[s] < least {
			continue
		}
		off := 2.5
		if w.rate[s] >= 20 {
			off = 1.45 // little noise here
		}
		for i := range hours {
			at := w.world.now.Add(time.Duration(i) * time.Hour)
			got, truth := model.At(s, at).PerMinute, w.truth(s, at)
			require.Less(w.world.t, got, off*truth, "%s at %s", s, at)
			require.Greater(w.world.t, got, truth/off, "%s at %s", s, at)
		}
	}
}

func TestAClockChangeIsNoOutage(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]struct {
		country string
		at      time.Time
	}{
		"spring in New York":  {"US", time.Date(2025, 3, 9, 7, 0, 0, 0, time.UTC)},
		"spring in Amsterdam": {"NL", time.Date(2025, 3, 30, 1, 0, 0, 0, time.UTC)},
		"autumn in Amsterdam": {"NL", time.Date(2025, 10, 26, 1, 0, 0, 0, time.UTC)},
		"autumn in New York":  {"US", time.Date(2025, 11, 2, 6, 0, 0, 0, time.UTC)},
	} {
		// Minutes of our own silence, from some minutes after the change on, when so
		// many weeks before it were learned.
		for pause, c := range map[string]struct{ weeks, from, minutes int }{
			"without a gap": {6, 0, 0}, "over a gap": {6, -150, 270},
			"before a gap": {6, 60, 24 * 60}, "after a gap": {6, -3*24*60 - 30, 3 * 24 * 60},
			"soon after the first week": {2, 0, 0}, "soon, over a gap": {2, -150, 120},
		} {
			t.Run(name+", "+pause, func(t *testing.T) {
				t.Parallel()
				const week = 7 * 24 * 60
				_, end := change.at.Add(-time.Hour).In(zoneOf(t, change.country)).ZoneBounds()
				require.True(t, end.Equal(change.at))
				w := newTown(t, uint64(change.at.Unix()), change.at.Add(-time.Duration(c.weeks)*168*time.Hour), change.country, "JP") //nolint:gosec // a seed
				check := w.check
				if c.weeks < 6 {
					check = func() { w.checkFrom(20) }
				}
				w.learn((c.weeks-1)*168 - 2)
				w.live(120, nil)
				w.live(week+c.from, check)
				w.deaf(c.minutes)
				w.live(2*week-c.from-c.minutes, check)
				require.Equal(t, change.at.Add(2*168*time.Hour), w.world.now)
				require.Empty(t, w.world.outages)
			})
		}
	}
}
