package sim_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/detector/bench/sim"
)

func world(t *testing.T, cfg sim.Config) *sim.World {
	t.Helper()
	w, err := sim.New(cfg)
	require.NoError(t, err)
	return w
}

var small = sim.Config{Seed: 1, Services: 3, Countries: 4, Warmup: 1, Weeks: 12, Outages: 30} //nolint:gochecknoglobals // a constant

func TestTheSameSeedMakesTheSameWorld(t *testing.T) {
	t.Parallel()
	a, b := world(t, small), world(t, small)
	require.Equal(t, a.Counts, b.Counts)
	require.Equal(t, a.Events, b.Events)
	other := small
	other.Seed = 2
	require.NotEqual(t, a.Counts, world(t, other).Counts)
}

func TestOutagesAddToABackgroundThatStaysTheSame(t *testing.T) {
	t.Parallel()
	quiet := small
	quiet.Outages = 0
	with, without := world(t, small), world(t, quiet)
	require.Empty(t, without.Events)
	require.NotEmpty(t, with.Events)
	during := map[[2]int]bool{} // service and minute
	for _, e := range with.Events {
		require.GreaterOrEqual(t, e.End-e.Start, 5)
		require.GreaterOrEqual(t, e.Start, with.First)
		require.GreaterOrEqual(t, e.Peak, 0.5)
		require.GreaterOrEqual(t, e.Peak, 3*e.Usual*0.999)
		for minute := e.Start; minute < e.End; minute++ {
			during[[2]int{e.Service, minute}] = true
		}
		heard, before := 0, 0
		for minute := e.Start; minute < e.End; minute++ {
			heard += int(with.Counts[e.Parts[0].Series(with, &e)][minute])
			before += int(without.Counts[e.Parts[0].Series(with, &e)][minute])
		}
		require.GreaterOrEqual(t, heard, before)
	}
	for i, counts := range with.Counts {
		for minute, n := range counts {
			if !during[[2]int{i / with.Countries, minute}] && n != without.Counts[i][minute] {
				require.Failf(t, "a count changed outside outages", "series %d, minute %d", i, minute)
			}
		}
	}
}

func TestContaminationIsInTheHistoryAlone(t *testing.T) {
	t.Parallel()
	spoilt := small
	spoilt.Contamination = 0.1
	clean, dirty := world(t, small), world(t, spoilt)
	require.Equal(t, clean.Events, dirty.Events)
	more := 0
	for i := range clean.Counts {
		require.Equal(t, clean.Counts[i][clean.First:], dirty.Counts[i][clean.First:])
		for minute := range clean.First {
			if dirty.Counts[i][minute] > clean.Counts[i][minute] {
				more++
			}
		}
	}
	require.Positive(t, more)
}

func TestRatesAreWhatIsHeard(t *testing.T) {
	t.Parallel()
	w := world(t, sim.Config{Seed: 3, Services: 4, Countries: 5, Weeks: 20})
	for i, counts := range w.Counts {
		var heard, usual float64
		for minute, n := range counts {
			heard += float64(n)
			usual += w.Rate(i, minute)
		}
		if heard > 1000 {
			// Friends, groups and bursts come on top.
			require.InEpsilon(t, 1.15, heard/usual, 0.2, "series %d", i)
		}
	}
}

func TestNonsenseIsRefused(t *testing.T) {
	t.Parallel()
	for _, cfg := range []sim.Config{{}, {Services: 1, Countries: len(sim.Places) + 1, Weeks: 1}, {Services: 1, Countries: 1, Weeks: 1, Warmup: -1}} {
		_, err := sim.New(cfg)
		require.ErrorContains(t, err, "want at least 1")
	}
}
