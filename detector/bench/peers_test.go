package bench

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/detector/detect"
)

// peerSeries is a series of some weeks that hears nothing, of which the last is scored.
func peerSeries(weeks int) *Series {
	return &Series{
		Counts: make([]uint16, weeks*weekMinutes),
		Start:  time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC),
		Warmup: (weeks - 1) * weekMinutes,
	}
}

// randomSeries hears reports at a rate with a daily shape, and has an outage in the week before the last
// and one in the middle of the last.
func randomSeries(seed uint64, weeks int, rate float64) *Series {
	random := rand.New(rand.NewPCG(seed, 1))
	s := peerSeries(weeks)
	for t := range s.Counts {
		mean := rate * (1 + .8*math.Sin(2*math.Pi*float64(t)/(24*60)))
		if at := t - (s.Warmup - weekMinutes/2); at >= 0 && at%weekMinutes < 40 {
			mean += 6 + 10*rate
		}
		for left := mean - random.ExpFloat64(); left > 0; left -= random.ExpFloat64() {
			s.Counts[t]++
		}
	}
	return s
}

func statistics(s *Series, score func(*Series, []float32)) []float32 {
	out := make([]float32, len(s.Counts))
	score(s, out)
	return out
}

// fill sets the counts of some minutes.
func fill(s *Series, from, to int, n uint16) {
	for t := from; t < to; t++ {
		s.Counts[t] = n
	}
}

func TestPeersAreNamedAndExplained(t *testing.T) {
	t.Parallel()
	names := make(map[string]bool)
	for _, p := range Peers() {
		require.NotContains(t, names, p.Name)
		names[p.Name] = true
		require.NotEmpty(t, p.About)
		require.NotContains(t, p.About, "\n")
	}
	require.Len(t, names, 11)
}

func TestNoPeerSeesTheFuture(t *testing.T) {
	t.Parallel()
	for _, p := range Peers() {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			for seed, rate := range []float64{.002, .1, 3} {
				s := randomSeries(uint64(seed), 3, rate)
				before := statistics(s, p.Score)
				random := rand.New(rand.NewPCG(uint64(seed), 2))
				for range 6 {
					changed := *s
					changed.Counts = append([]uint16(nil), s.Counts...)
					// Sometimes inside the outage, and always with another count.
					at := s.Warmup + random.IntN(weekMinutes)
					if random.IntN(2) == 0 {
						at = s.Warmup + weekMinutes/2 + random.IntN(40)
					}
					for m := at; m < len(s.Counts); m++ {
						changed.Counts[m] += uint16(1 + random.IntN(50))
					}
					after := statistics(&changed, p.Score)
					require.Equal(t, before[:at], after[:at], "rate %g, changed from %d on", rate, at)
					require.NotEqual(t, before[at:], after[at:])
				}
			}
		})
	}
}

func TestPeersLeaveTheWarmUpAndHearNothingInSilence(t *testing.T) {
	t.Parallel()
	for _, p := range Peers() {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			silent := peerSeries(2)
			for _, v := range statistics(silent, p.Score) {
				require.LessOrEqual(t, v, float32(0))
			}
			s := randomSeries(1, 3, .5)
			quiet := s.Warmup + weekMinutes/2 + 600
			fill(s, quiet, len(s.Counts), 0)
			out := statistics(s, p.Score)
			for m, v := range out {
				if m < s.Warmup {
					require.Zero(t, v)
				}
				if m >= quiet+hourMinutes {
					require.LessOrEqual(t, v, float32(0), "minute %d", m-quiet)
				}
				require.False(t, math.IsNaN(float64(v)) || math.IsInf(float64(v), 0))
			}
		})
	}
}

func TestPeersDoNotDependOnWhatWasInTheOutput(t *testing.T) {
	t.Parallel()
	for _, p := range Peers() {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			s := randomSeries(4, 2, .05)
			want := statistics(s, p.Score)
			out := make([]float32, len(s.Counts))
			for i := s.Warmup; i < len(out); i++ {
				out[i] = 7
			}
			p.Score(s, out)
			require.Equal(t, want, out)
		})
	}
}

func TestPeersTakeAnyLengthAndNoWarmUp(t *testing.T) {
	t.Parallel()
	for _, p := range Peers() {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			s := randomSeries(5, 2, 1)
			s.Warmup = 0
			for _, length := range []int{0, 1, 59, 61, weekMinutes + 7} {
				short := *s
				short.Counts = s.Counts[:length]
				require.Equal(t, statistics(s, p.Score)[:length], statistics(&short, p.Score), "%d minutes", length)
			}
		})
	}
}

// An outage that anybody would see stands out from all that was heard before it.
func TestPeersSeeAPlainOutage(t *testing.T) {
	t.Parallel()
	for _, p := range Peers() {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			for seed, rate := range []float64{.02, .3, 2} {
				s := randomSeries(uint64(seed), 5, rate)
				// The outage of the warm-up is left out, so that nobody has learned it.
				copy(s.Counts[s.Warmup-weekMinutes/2:s.Warmup], s.Counts[:weekMinutes/2])
				at := s.Warmup + weekMinutes/2
				out := statistics(s, p.Score)
				var quiet, loud float32
				for m := s.Warmup; m < at; m++ {
					quiet = max(quiet, out[m])
				}
				for m := at; m < at+40; m++ {
					loud = max(loud, out[m])
				}
				require.Greater(t, loud, 1.5*quiet, "rate %g", rate)
				require.Greater(t, loud, float32(3), "rate %g", rate)
			}
		})
	}
}

func TestThePlainBaselineOfSilence(t *testing.T) {
	t.Parallel()
	s := peerSeries(6)
	got := plainBaseline(s, cumulate(s.Counts))
	// Nothing is known: the mean rate of all series.
	require.InEpsilon(t, .02, got[0].rate, 1e-12)
	require.InEpsilon(t, 20, got[0].known, 1e-12)
	// A week and three hours on: the level is 2/(10,260+100), and the hour and its neighbours had 180 minutes.
	require.InEpsilon(t, 20/(180+20*10_360/2.0), got[weekHours+3].rate, 1e-12)
	// From four weeks on: 2/(40,320+100), and 720 minutes.
	require.InEpsilon(t, 20/(720+20*40_420/2.0), got[5*weekHours+3].rate, 1e-12)
}

func TestThePlainBaselineOfASteadySeries(t *testing.T) {
	t.Parallel()
	s := peerSeries(6)
	fill(s, 0, len(s.Counts), 1)
	got := plainBaseline(s, cumulate(s.Counts))[5*weekHours+3]
	level := 40_322.0 / 40_420
	require.InEpsilon(t, 740/(720+20/level), got.rate, 1e-12)
	require.InEpsilon(t, 740, got.known, 1e-12)
}

func TestThePlainBaselineForgetsAfterFourWeeks(t *testing.T) {
	t.Parallel()
	const at = 3 // an hour of the first week
	s := peerSeries(7)
	fill(s, at*hourMinutes, (at+1)*hourMinutes, 2)
	got := plainBaseline(s, cumulate(s.Counts))
	for k := 1; k <= 4; k++ {
		for d := -1; d <= 1; d++ {
			require.InEpsilon(t, 140, got[k*weekHours+at+d].known, 1e-12, "week %d, %+d hours", k, d)
		}
		require.InEpsilon(t, 20, got[k*weekHours+at+2].known, 1e-12)
	}
	require.InEpsilon(t, 20, got[5*weekHours+at].known, 1e-12)
}

func TestThePlainBaselineClipsWhatIsFarAboveIt(t *testing.T) {
	t.Parallel()
	s := peerSeries(7)
	fill(s, 0, len(s.Counts), 1)
	hour := 4*weekHours + 5
	fill(s, hour*hourMinutes, (hour+1)*hourMinutes, 500)
	got := plainBaseline(s, cumulate(s.Counts))
	mean := 60 * got[hour].rate
	clipped := mean + 3*math.Sqrt(mean+mean*mean*(.1+1/740.0))
	require.InDelta(t, 121.8, clipped, .1)
	require.InEpsilon(t, 680+clipped, got[hour+weekHours].known, 1e-12)
	// A quiet series may still learn three reports.
	s = peerSeries(3)
	s.Counts[(weekHours+5)*hourMinutes] = 40
	require.InEpsilon(t, 23, plainBaseline(s, cumulate(s.Counts))[2*weekHours+5].known, 1e-12)
}

func TestRatioByHand(t *testing.T) {
	t.Parallel()
	s := peerSeries(2)
	at := s.Warmup + 10*hourMinutes + 30
	fill(s, at, at+2, 10)
	out := statistics(s, scoreRatio)
	require.Zero(t, out[at], "ten are too few")
	level := 2.0 / 10_180
	for h := range 10 { // what was silent since the warm-up counts for the level too
		level = 2 / (10_180 + 60*float64(h+1))
	}
	rate := 20 / (180 + 20/level)
	for m := at + 1; m < at+15; m++ {
		require.InEpsilon(t, 20/(15*rate+1), out[m], 1e-6)
	}
	require.Zero(t, out[at+15], "the first ten have left the window")
}

func TestEARSByHand(t *testing.T) {
	t.Parallel()
	s := peerSeries(2)
	end := s.Warmup + 5000 // the last minute of the quarter that is tested
	for k := 1; k <= 7; k++ {
		s.Counts[end-(2+k)*15] = uint16(k) // the last minute of that quarter
	}
	s.Counts[end-20] = 900 // in the two that are left out
	s.Counts[end] = 20
	// 1 to 7: mean 4, variance 28/6.
	require.InEpsilon(t, (20-4)/math.Sqrt(28.0/6+4+1), statistics(s, scoreEARS)[end], 1e-6)

	s = peerSeries(2)
	s.Counts[end] = 20
	require.InEpsilon(t, 20, statistics(s, scoreEARS)[end], 1e-6, "sd is 1 in silence")
	fill(s, 0, end, 1)
	// Steady: 15 a quarter and no variance but that of Poisson counts.
	require.InEpsilon(t, (34-15)/math.Sqrt(15+1), statistics(s, scoreEARS)[end], 1e-6)
}

func TestSeasonalZScoreByHand(t *testing.T) {
	t.Parallel()
	const at = 50 // an hour of the week
	s := peerSeries(3)
	for week, n := range []uint16{1, 3} {
		first := (week*weekHours + at) * hourMinutes
		fill(s, first-10, first+hourMinutes, n)
	}
	// Five minutes heard 5 in the first week and 15 in the second: mean 10, variance 25.
	now := (2*weekHours+at)*hourMinutes + 20
	fill(s, now-4, now+1, 7)
	out := statistics(s, scoreSeasonal)
	require.InEpsilon(t, (35-10)/math.Sqrt(25+10+1), out[now], 1e-6)
	require.InEpsilon(t, -10.0/6, out[now-5], 1e-6)

	// Elsewhere nothing was ever heard: sd is 1.
	s.Counts[now+5*hourMinutes] = 4
	require.InEpsilon(t, 4, statistics(s, scoreSeasonal)[now+5*hourMinutes], 1e-6)
}

func TestPrometheusZScoreAgainstPlainSums(t *testing.T) {
	t.Parallel()
	for _, rate := range []float64{.001, .2, 4} {
		s := randomSeries(3, 3, rate)
		out := statistics(s, scorePrometheus)
		five := func(t int) (y float64) {
			for m := max(t-4, 0); m <= t; m++ {
				y += float64(s.Counts[m])
			}
			return y
		}
		for _, at := range []int{s.Warmup, s.Warmup + 77, s.Warmup + weekMinutes/2 + 20, len(s.Counts) - 1} {
			var mean, variance float64
			for m := at - weekMinutes + 1; m <= at; m++ {
				mean += five(m) / weekMinutes
			}
			for m := at - weekMinutes + 1; m <= at; m++ {
				variance += (five(m) - mean) * (five(m) - mean) / weekMinutes
			}
			want := (five(at) - mean) / math.Sqrt(variance+1)
			if five(at) == 0 {
				want = 0
			}
			require.InDelta(t, want, out[at], 1e-4, "rate %g, minute %d", rate, at)
		}
	}
}

// probability is P(Y = y) of a negative binomial count, straight from its definition.
func probability(y int, mean, size float64) float64 {
	p := math.Pow(size/(size+mean), size)
	for i := range y {
		p *= mean / (mean + size) * (size + float64(i)) / float64(i+1)
	}
	return p
}

func TestTailsByHand(t *testing.T) {
	t.Parallel()
	s := peerSeries(2)
	fill(s, 0, len(s.Counts), 1)
	at := s.Warmup + 10*hourMinutes + 30
	fill(s, at, at+2, 14)
	e := plainBaseline(s, cumulate(s.Counts))
	now, before := e[at/hourMinutes], e[at/hourMinutes-1]
	for name, p := range map[string]tailScore{"baseline": {1, 0}, "twice": {2, 0}, "floor": {1.5, .2}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var want float64
			for i, reports := range []int{14, 28, 31, 41, 86} { // in 1, 2, 5, 15 and 60 minutes
				w := []float64{1, 2, 5, 15, 60}[i]
				mean := p.rho*w*now.rate + p.floor*math.Sqrt(w)
				known := now.known
				if w == 60 { // 32 minutes of this hour and 28 of the one before
					mean = p.rho*(32*now.rate+28*before.rate) + p.floor*math.Sqrt(w)
					known = min(known, before.known)
				}
				size := 1 / ([]float64{.15, .13, .12, .10, .10}[i] + 1/known)
				above := 0.0
				for y := reports; y < reports+300; y++ {
					above += probability(y, mean, size)
				}
				want = max(want, -math.Log(above)-math.Log(5))
			}
			require.Greater(t, want, float64(tailLeast))
			out := statistics(s, p.score)
			require.InEpsilon(t, want, out[at+1], 1e-5)
			require.Zero(t, out[at-1])
		})
	}
}

func TestNoTailThatMattersIsPassedOver(t *testing.T) {
	t.Parallel()
	passed := 0
	for _, size := range []float64{1 / .2, 1 / .15, 1 / .12, 1 / .1, 50} {
		for mean := 1e-6; mean < 600; mean *= 1.25 {
			for y := 1; y < int(8*mean)+30; y++ {
				if !mayMatter(float64(y), mean, size) {
					passed++
					require.Less(t, detect.Tail(y, mean, size)-manyWindows(), float64(tailLeast), "y %d, mean %g, size %g", y, mean, size)
				}
			}
		}
	}
	require.Greater(t, passed, 5_000)
}

func TestLikelihoodRatioByHand(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ mean, null, size float64 }{{.1, .05, 6}, {30, 10, 6.5}, {5, .05, 4}} {
		r := ratioOf(c.mean, c.null, c.size)
		for _, y := range []int{0, 1, 5, 20} {
			want := math.Log(probability(y, c.mean, c.size) / probability(y, c.null, c.size))
			require.InDelta(t, want, r.silence+float64(y)*r.report, 1e-9)
		}
	}
}

func TestShiryaevRobertsByHand(t *testing.T) {
	t.Parallel()
	s := peerSeries(2)
	at := s.Warmup + 10*hourMinutes + 30
	reports := []int{2, 0, 3, 5}
	for i, n := range reports {
		s.Counts[at+i] = uint16(n)
	}
	e := plainBaseline(s, cumulate(s.Counts))[at/hourMinutes]
	for name, p := range map[string]shiryaevRoberts{"three times": {3, .05}, "twice": {2, .05}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			null, size := p.rho*e.rate+p.floor, 1/(.15+1/e.known)
			out := statistics(s, p.score)
			require.Zero(t, out[at-1])
			var r [5]float64
			for i, n := range reports {
				var mean float64
				for j, times := range []float64{2, 4, 10, 33, 100} {
					r[j] = (1 + r[j]) * probability(n, times*null, size) / probability(n, null, size)
					mean += r[j] / 5
				}
				require.Greater(t, mean, 1.0)
				require.InEpsilon(t, math.Log(mean), out[at+i], 1e-5, "minute %d", i)
			}
			require.Positive(t, out[at+30])
			require.Zero(t, out[at+70], "an hour of silence starts it afresh")
		})
	}
}

func TestCUSUMByHand(t *testing.T) {
	t.Parallel()
	s := peerSeries(2)
	fill(s, 0, len(s.Counts), 1)
	at := s.Warmup + 10*hourMinutes + 30
	reports := []int{3, 8, 1, 6}
	for i, n := range reports {
		s.Counts[at+i] = uint16(n)
	}
	e := plainBaseline(s, cumulate(s.Counts))[at/hourMinutes]
	for name, p := range map[string]cusum{"baseline": {1, 0}, "floor": {2, .05}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			null, size := p.rho*e.rate+p.floor, 1/(.15+1/e.known)
			out := statistics(s, p.score)
			require.Zero(t, out[at-1])
			var sum, peak float64
			for i, n := range reports {
				sum = max(0, sum+math.Log(probability(n, 3*null, size)/probability(n, null, size)))
				require.InDelta(t, sum, out[at+i], 1e-5, "minute %d", i)
				peak = max(peak, sum)
			}
			require.Positive(t, peak)
		})
	}
}

func TestSequentialPeersForgetAnOutage(t *testing.T) {
	t.Parallel()
	for _, p := range Peers()[7:] {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			for _, peak := range []uint16{3, 60, 5000} {
				s := randomSeries(2, 3, .2)
				at := s.Warmup + 2*24*hourMinutes
				fill(s, at, at+3*hourMinutes, peak)
				out := statistics(s, p.Score)
				require.Greater(t, out[at+100], float32(30))
				low := out[at+100]
				for m := at + 3*hourMinutes; m < at+8*hourMinutes; m++ {
					low = min(low, out[m])
				}
				require.Zero(t, low, "peak %d", peak)
			}
		})
	}
}

func BenchmarkPeers(b *testing.B) {
	for _, p := range Peers() {
		for _, rate := range []float64{.001, .05, 1, 10} {
			name := strings.ReplaceAll(p.Name, " ", "_")
			b.Run(name+"/"+map[float64]string{.001: "quiet", .05: "some", 1: "lively", 10: "busy"}[rate], func(b *testing.B) {
				s := randomSeries(1, 30, rate)
				s.Warmup = 4 * weekMinutes
				out := make([]float32, len(s.Counts))
				for b.Loop() {
					p.Score(s, out)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(s.Counts)), "ns/minute")
			})
		}
	}
}
