package detect

import (
	"fmt"
	"math"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/baseline"
)

func TestTailOfAGeometricCount(t *testing.T) {
	t.Parallel()
	// Size 1 is the geometric distribution: P(Y ≥ y) = q^y with q = mean/(mean+1).
	for _, mean := range []float64{0.001, 0.2, 1, 7, 1000} {
		for _, y := range []int{1, 2, 5, 31, 32, 33, 500, 100_000} {
			want := float64(y) * math.Log1p(1/mean)
			require.InEpsilon(t, want, tail(y, mean, 1), 1e-9, "mean %g, y %d", mean, y)
		}
	}
}

func TestTailComputedByHand(t *testing.T) {
	t.Parallel()
	// Size 2 and mean 2: P(Y ≥ y) = (y+2)/2^(y+1).
	for y, p := range map[int]float64{1: 0.75, 2: 0.5, 3: 5.0 / 16, 6: 8.0 / 128, 38: 40 / math.Pow(2, 39)} {
		require.InEpsilon(t, -math.Log(p), tail(y, 2, 2), 1e-12, "y %d", y)
	}
	require.Zero(t, tail(0, 2, 2))
	require.Zero(t, tail(-1, 2, 2))
	require.True(t, math.IsInf(tail(1, 0, 2), 1))
}

func TestTailAgainstExactSums(t *testing.T) {
	t.Parallel()
	for _, size := range []float64{0.5, 3.3, 5, 6.66, 9.9, 45} {
		for _, mean := range []float64{0.01, 0.2, 0.65, 3, 40, 700} {
			for _, times := range []float64{0.2, 0.9, 1.1, 2, 5, 30} {
				y := int(math.Ceil(mean * times))
				t.Run(fmt.Sprintf("%g/%g/%d", size, mean, y), func(t *testing.T) {
					t.Parallel()
					want := exactTail(y, mean, size)
					require.InEpsilon(t, want, tail(y, mean, size), 1e-9)
				})
			}
		}
	}
}

// exactTail sums the probabilities directly in 400-bit arithmetic. It needs no
// logarithm but the last: the terms follow from one another, and the sum of all
// of them is what they have to be divided by.
func exactTail(y int, mean, size float64) float64 {
	const bits = 200
	num := func(x float64) *big.Float { return new(big.Float).SetPrec(bits).SetFloat64(x) }
	r, q := num(size), num(mean)
	q.Quo(q, new(big.Float).SetPrec(bits).Add(num(mean), num(size)))
	term, below, above := num(1), num(0), num(0)
	for k := 0; ; k++ {
		if k < y {
			below.Add(below, term)
		} else {
			above.Add(above, term)
			if above.MantExp(nil)-term.MantExp(nil) > 80 {
				break
			}
		}
		step := num(float64(k))
		step.Add(step, r)
		step.Mul(step, q)
		term.Mul(term, step.Quo(step, num(float64(k+1))))
	}
	p := below.Add(below, above)
	p.Quo(above, p)
	var mantissa big.Float
	exponent := p.MantExp(&mantissa)
	m, _ := mantissa.Float64()
	if exponent > -2 { // p is near one: its complement has the digits
		rest, _ := num(1).Sub(num(1), p).Float64()
		return -math.Log1p(-rest)
	}
	return -math.Log(m) - float64(exponent)*math.Ln2
}

func TestTailRisesWithTheCountAndFallsWithTheMean(t *testing.T) {
	t.Parallel()
	for _, mean := range []float64{0.05, 1, 30, 2000} {
		for y := 1; y < 400; y++ {
			require.Greater(t, tail(y+1, mean, 6), tail(y, mean, 6), "mean %g, y %d", mean, y)
			require.Less(t, tail(y, mean*1.1, 6), tail(y, mean, 6), "mean %g, y %d", mean, y)
		}
	}
}

func TestTailAboveSkipsOnlyWhatIsBelow(t *testing.T) {
	t.Parallel()
	for y := range 200 {
		exact := tail(y, 10, 6)
		if got := tailAbove(y, 10, 6, 11.2); got != exact {
			require.Zero(t, got)
			require.Less(t, exact, 11.2)
		}
	}
}

// The published table of the design: how many reporters in one, five and fifteen
// minutes pass the bars, where 40 were heard at this hour of the week before.
func TestReportersNeeded(t *testing.T) {
	t.Parallel()
	cfg, higher := DefaultConfig(), 17.1
	for _, row := range []struct {
		perMinute         float64
		problem, possible [3]int
	}{
		{.0005, [3]int{8, 10, 12}, [3]int{6, 8, 9}},
		{.01, [3]int{8, 11, 14}, [3]int{6, 8, 10}},
		{.1, [3]int{9, 15, 24}, [3]int{7, 12, 19}},
		{1, [3]int{19, 50, 113}, [3]int{14, 39, 89}},
		{10, [3]int{92, 365, 975}, [3]int{71, 286, 775}},
	} {
		for column, i := range []int{0, 2, 3} {
			require.Equal(t, row.problem[column], needed(cfg, row.perMinute, i, higher), "%g a minute", row.perMinute)
			require.Equal(t, row.possible[column], needed(cfg, row.perMinute, i, cfg.Possible), "%g a minute", row.perMinute)
		}
	}
}

func needed(cfg Config, perMinute float64, i int, bar float64) int {
	w := windows[i]
	minutes := float64(w.minutes)
	for y := 1; ; y++ {
		tested := window{
			reports: y, tolerated: cfg.Rho*perMinute*minutes + cfg.Floor*math.Sqrt(minutes),
			size: 1 / (w.spread + 1/(40+float64(baseline.Lean))),
		}
		tested.judge(0)
		if tested.score >= bar {
			return y
		}
	}
}
