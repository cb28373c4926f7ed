package baseline_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/baseline"
	"github.com/outcryhq/outcry/pkg/outage"
)

// sunday is the first hour of a week in UTC.
var sunday = time.Date(2025, 1, 5, 0, 0, 0, 0, time.UTC)

var (
	nl = outage.Series{Service: "whatsapp", Country: "NL"}
	sg = outage.Series{Service: "whatsapp", Country: "SG"}
)

// teach lets a model learn hours in which each series heard what of gives.
func teach(t *testing.T, m *baseline.Model, from time.Time, hours int, of func(s outage.Series, at time.Time) int, series ...outage.Series) {
	t.Helper()
	for i := range hours {
		h := baseline.Hour{Start: from.Add(time.Duration(i) * time.Hour), Covered: 60}
		for _, s := range series {
			h.Counts = append(h.Counts, baseline.Count{Series: s, Reports: of(s, h.Start)})
		}
		require.NoError(t, m.Learn(h))
	}
}

func always(n int) func(outage.Series, time.Time) int {
	return func(outage.Series, time.Time) int { return n }
}

func perMinute(t *testing.T, m *baseline.Model, s outage.Series, at time.Time) float64 {
	t.Helper()
	rate, known := m.PerMinute(s, at)
	require.True(t, known)
	return rate
}

func TestNothingIsKnownAtFirst(t *testing.T) {
	t.Parallel()
	m := baseline.New()
	rate, known := m.PerMinute(nl, sunday)
	require.False(t, known)
	// By hand: the service 1/(1/.02) = .02 a minute, the country's share 1/50,
	// the level 2/(2/.0004), and the rate 20/(20/.0004).
	require.InDelta(t, 0.0004, rate, 1e-12)
	require.True(t, m.Until().IsZero())
}

func TestOneHourByHand(t *testing.T) {
	t.Parallel()
	m := baseline.New()
	teach(t, m, sunday, 1, always(30), nl)
	// An hour later; what was heard weighs 0.9^(1/168).
	//	w  = 0.9993730607
	//	m0 = (30w+1)/(60w+50) · (30w+1)/(30w+50) = .2818182·.3875 = .10919…
	//	ℓ  = (30w+2)/(60w+2/m0)
	//	d  = (30w+20)/(60w·ℓ·g+20), with g close to 1: .4086 and 1.123
	//	λ  = (0+20)/(0+20/(ℓ·g·d))
	rate := perMinute(t, m, nl, sunday.Add(3*24*time.Hour))
	require.InDelta(t, 0.459, rate, 0.01)
	require.Equal(t, 60, m.ObservedMinutes())
	require.Equal(t, sunday.Add(time.Hour), m.Until())
}

func TestASteadySeriesIsLearned(t *testing.T) {
	t.Parallel()
	m := baseline.New()
	teach(t, m, sunday, 4*168, always(12), nl, sg)
	now := sunday.Add(4 * 168 * time.Hour)
	require.InEpsilon(t, 0.2, perMinute(t, m, nl, now), 0.02)
	require.InEpsilon(t, 0.4, perMinute(t, m, outage.Series{Service: "whatsapp", Country: "*"}, now), 0.02, "the sum")
	// C_h after four weeks, by hand: 12·(0.9+0.81+0.729+0.6561). With τ² = .1, twelve
	// reports a week count for 12/(1+.1·12) each. Plus κ.
	require.InDelta(t, 12*3.0951, m.Heard(nl, now), 0.5)
	require.InDelta(t, 12*3.0951/2.2+20, m.At(nl, now).Reports, 0.2)
	silent := outage.Series{Service: "whatsapp", Country: "FR"}
	require.Less(t, perMinute(t, m, silent, now), 0.001, "four weeks of silence were heard, too")
}

func TestHoursAreLocal(t *testing.T) {
	t.Parallel()
	m := baseline.New()
	amsterdam, err := time.LoadLocation("Europe/Amsterdam")
	require.NoError(t, err)
	// At nine in the morning by the clock on the wall, over the change to summer time.
	teach(t, m, sunday, 13*168, func(_ outage.Series, at time.Time) int {
		if at.In(amsterdam).Hour() == 9 {
			return 60
		}
		return 2
	}, nl)
	now := sunday.Add(13 * 168 * time.Hour)
	nine := time.Date(now.Year(), now.Month(), now.Day(), 9, 30, 0, 0, amsterdam)
	require.Greater(t, perMinute(t, m, nl, nine), 0.7)
	require.Less(t, perMinute(t, m, nl, nine.Add(3*time.Hour)), 0.1)
	require.Less(t, perMinute(t, m, nl, nine.Add(-3*time.Hour)), 0.1)
}

func TestASmallSeriesLeansOnItsService(t *testing.T) {
	t.Parallel()
	m := baseline.New()
	busy := func(s outage.Series, at time.Time) int {
		if h := at.Hour(); h >= 12 && h < 18 {
			return map[string]int{"NL": 120, "BE": 1}[s.Country]
		}
		return map[string]int{"NL": 6}[s.Country]
	}
	be := outage.Series{Service: "whatsapp", Country: "BE"}
	teach(t, m, sunday, 168, busy, nl, be)
	day := sunday.Add(168 * time.Hour)
	require.Greater(t, perMinute(t, m, be, day.Add(14*time.Hour)), 3*perMinute(t, m, be, day.Add(3*time.Hour)))
}

func TestAfterADayASeriesHasADayOfItsOwn(t *testing.T) {
	t.Parallel()
	m := baseline.New()
	be := outage.Series{Service: "whatsapp", Country: "BE"}
	level := func(s outage.Series, at time.Time) int {
		if busy := at.Hour() >= 10 && at.Hour() < 14; busy == (s.Country == "BE") {
			return 600 // NL is quiet when BE is busy
		}
		return 60
	}
	teach(t, m, sunday, 24, level, nl, be)
	noon := sunday.Add(36 * time.Hour)
	require.InDelta(t, 10, perMinute(t, m, be, noon), 3)
	require.InDelta(t, 1, perMinute(t, m, nl, noon), 0.3)
}

func TestOneWildHourIsTamed(t *testing.T) {
	t.Parallel()
	tame, wild := baseline.New(), baseline.New()
	teach(t, tame, sunday, 4*168, always(6), nl)
	teach(t, wild, sunday, 4*168, func(_ outage.Series, at time.Time) int {
		if at.Equal(sunday.Add(3 * 168 * time.Hour)) {
			return 5000
		}
		return 6
	}, nl)
	now := sunday.Add(4 * 168 * time.Hour)
	require.Less(t, perMinute(t, wild, nl, now), 2*perMinute(t, tame, nl, now))
}

func TestANewLevelIsLearnedWithinTwoDays(t *testing.T) {
	t.Parallel()
	for level, bounds := range map[int][2]float64{90: {0.9, 1.6}, 1: {0.01, 0.15}} {
		m := baseline.New()
		teach(t, m, sunday, 4*168, always(30), nl)
		teach(t, m, m.Until(), 48, always(level), nl)
		rate := perMinute(t, m, nl, m.Until().Add(time.Hour))
		require.Greater(t, rate, bounds[0], "from 30 an hour to %d", level)
		require.Less(t, rate, bounds[1], "from 30 an hour to %d", level)
	}
}

func TestBlindMinutesAreNeitherHeardNorSilent(t *testing.T) {
	t.Parallel()
	m := baseline.New()
	teach(t, m, sunday, 2*168, always(12), nl)
	now := sunday.Add(2 * 168 * time.Hour)
	before := perMinute(t, m, nl, now)
	for i := range 5 {
		require.NoError(t, m.Learn(baseline.Hour{
			Start: now.Add(time.Duration(i) * time.Hour), Covered: 60,
			Blind: []baseline.Blind{{Service: "whatsapp", Minutes: 60}},
		}))
	}
	require.InEpsilon(t, before, perMinute(t, m, nl, now.Add(7*24*time.Hour)), 0.05)
}

func TestHoursComeInOrder(t *testing.T) {
	t.Parallel()
	m := baseline.New()
	teach(t, m, sunday, 2, always(1), nl)
	require.ErrorIs(t, m.Learn(baseline.Hour{Start: sunday}), outage.ErrInvalid)
	require.ErrorIs(t, m.Learn(baseline.Hour{Start: sunday.Add(150 * time.Minute)}), outage.ErrInvalid)
	require.ErrorIs(t, m.Learn(baseline.Hour{Start: sunday.Add(2 * time.Hour), Covered: 61}), outage.ErrInvalid)
}

func TestADecodedModelGoesOn(t *testing.T) {
	t.Parallel()
	m := baseline.New()
	teach(t, m, sunday, 3*168, always(7), nl, sg)
	require.NoError(t, m.Learn(baseline.Hour{Start: m.Until(), Covered: 30, Blind: []baseline.Blind{{Service: "bank", Minutes: 3}}}))
	again, err := baseline.Decode(m.Encode())
	require.NoError(t, err)
	require.Equal(t, m.Encode(), again.Encode())
	require.Equal(t, m.Until(), again.Until())
	require.Equal(t, m.ObservedMinutes(), again.ObservedMinutes())
	until := m.Until()
	for _, model := range []*baseline.Model{m, again} {
		teach(t, model, until, 200, always(9), nl)
	}
	now := m.Until()
	for _, s := range []outage.Series{nl, sg} {
		require.InEpsilon(t, perMinute(t, m, s, now), perMinute(t, again, s, now), 1e-9)
	}
	require.Less(t, len(m.Encode()), 6000, "two series, a week of hours each")
}

func TestCountriesTeachOneAnother(t *testing.T) {
	t.Parallel()
	here, there := baseline.New(), baseline.New()
	teach(t, here, sunday, 168, always(0), nl)
	teach(t, there, sunday, 168, func(_ outage.Series, at time.Time) int {
		if at.Hour() >= 12 {
			return 600
		}
		return 30
	}, nl)
	fresh := outage.Series{Service: "bank", Country: "NL"}
	now := sunday.Add(168 * time.Hour)
	require.InEpsilon(t, perMinute(t, here, fresh, now.Add(3*time.Hour)), perMinute(t, here, fresh, now.Add(15*time.Hour)), 0.01)
	var all baseline.Countries
	all.Merge(there.Countries(now))
	all.Merge(baseline.Countries{})
	here.Share(all)
	require.Greater(t, perMinute(t, here, fresh, now.Add(15*time.Hour)), 2*perMinute(t, here, fresh, now.Add(3*time.Hour)))
}

func TestWhatHasFadedIsForgotten(t *testing.T) {
	t.Parallel()
	m := baseline.New()
	teach(t, m, sunday, 1, always(1), nl)
	require.Equal(t, []string{"whatsapp"}, m.Services())
	teach(t, m, sunday.Add(time.Hour), 40*168, always(0))
	require.Empty(t, m.Services())
}

func FuzzDecode(f *testing.F) {
	m := baseline.New()
	f.Add(m.Encode())
	for i := range 30 {
		err := m.Learn(baseline.Hour{
			Start: sunday.Add(time.Duration(i) * time.Hour), Covered: 60,
			Counts: []baseline.Count{{Series: nl, Reports: i}, {Series: sg, Reports: 1}},
			Blind:  []baseline.Blind{{Service: "bank", Minutes: i}},
		})
		require.NoError(f, err)
	}
	f.Add(m.Encode())
	f.Fuzz(func(t *testing.T, encoded []byte) {
		m, err := baseline.Decode(baseline.Sealed(encoded))
		if err != nil {
			require.ErrorIs(t, err, outage.ErrInvalid)
			return
		}
		again, err := baseline.Decode(m.Encode())
		require.NoError(t, err)
		require.Equal(t, m.Encode(), again.Encode())
		m.At(nl, sunday)
	})
}
