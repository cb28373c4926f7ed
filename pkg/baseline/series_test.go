package baseline_test

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

func TestReportsAreRoundedToElevenBits(t *testing.T) {
	t.Parallel()
	for n := range 2049 {
		require.InDelta(t, n, baseline.Rounded(float64(n)), 0, "whole numbers are kept")
	}
	for reports := 1e-5; reports < 1e13; reports *= 1.0037 {
		rounded := baseline.Rounded(reports)
		require.InEpsilon(t, reports, rounded, 1.0/2048)
		require.InDelta(t, rounded, baseline.Rounded(rounded), 0, "once")
	}
	for _, none := range []float64{0, -1e-12, 1e-7, 1e-300} {
		require.Zero(t, baseline.Rounded(none))
	}
	for _, most := range []float64{1 << 44, 1e15, math.MaxFloat32, math.MaxFloat64} {
		require.InEpsilon(t, 1<<44, baseline.Rounded(most), 1.0/1024)
	}
}

// One report beside thousands is too little to be seen, but not for good.
func TestSmallCountsAreSeenAgainAsThePastFades(t *testing.T) {
	t.Parallel()
	m := baseline.New()
	teach(t, m, sunday, 2*168, always(60*100), nl)
	teach(t, m, m.Until(), 100*168, always(60), nl)
	require.InEpsilon(t, 1, perMinute(t, m, nl, m.Until()), 0.01)
}

// manySeries gives each of some countries a level of its own.
func manySeries(services int) (all []outage.Series, level func(s outage.Series, at time.Time) int) {
	random := rand.New(rand.NewPCG(3, 4)) //nolint:gosec // the same every time
	rates := map[outage.Series]float64{}
	for i := range services {
		for _, code := range baseline.EveryCountry()[:50] {
			s := outage.Series{Service: fmt.Sprintf("service-%03d", i), Country: code}
			all = append(all, s)
			rates[s] = math.Exp(7*random.Float64() - 4) // an hour
		}
	}
	random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all, func(s outage.Series, _ time.Time) int { return int(rates[s] + random.Float64()) }
}

func TestSeriesLieSideBySide(t *testing.T) {
	t.Parallel()
	all, level := manySeries(2)
	m := baseline.New()
	heard := map[outage.Series]int{}
	teach(t, m, sunday, 6*24, func(s outage.Series, at time.Time) int {
		n := level(s, at)
		heard[s] += n
		return n
	}, all...)
	again, err := baseline.Decode(m.Encode())
	require.NoError(t, err)
	for _, model := range []*baseline.Model{m, again} {
		for s, n := range heard {
			var kept float64
			for h := range 168 {
				kept += model.Heard(s, m.Until().Add(time.Duration(h)*time.Hour))
			}
			// Asked about on average half a week later, they weigh a twentieth less.
			require.InEpsilon(t, float64(n)+1, kept+1, 0.1, "%s", s)
		}
	}
}

func TestAGapFadesAsSilentHoursDo(t *testing.T) {
	t.Parallel()
	all, level := manySeries(1)
	for _, gap := range []int{1, 167, 168, 169, 10 * 24, 5*168 + 1} {
		m := baseline.New()
		teach(t, m, sunday, 200, level, all...)
		other, err := baseline.Decode(m.Encode())
		require.NoError(t, err)
		for range gap {
			require.NoError(t, other.Learn(baseline.Hour{Start: other.Until()}))
		}
		next := baseline.Hour{Start: other.Until(), Covered: 60, Counts: []baseline.Count{{Series: nl, Reports: 3}}}
		require.NoError(t, m.Learn(next))
		require.NoError(t, other.Learn(next))
		require.Equal(t, m.Encode(), other.Encode(), "%d hours", gap)
	}
}

func BenchmarkAt(b *testing.B) {
	all, level := manySeries(100)
	m := baseline.New()
	for range 168 {
		hour := baseline.Hour{Start: sunday, Covered: 60}
		if m.ObservedMinutes() > 0 {
			hour.Start = m.Until()
		}
		for _, s := range all {
			if n := level(s, hour.Start); n > 0 {
				hour.Counts = append(hour.Counts, baseline.Count{Series: s, Reports: n})
			}
		}
		require.NoError(b, m.Learn(hour))
	}
	now := m.Until()
	for _, s := range all {
		m.At(s, now) // refreshes what the hour changed
	}
	for i := 0; b.Loop(); i++ {
		m.At(all[i%len(all)], now)
	}
}
