package detect_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/detector/detect"
	"github.com/outcryhq/outcry/detector/replay"
	"github.com/outcryhq/outcry/detector/scenario"
	"github.com/outcryhq/outcry/pkg/countcsv"
	"github.com/outcryhq/outcry/pkg/outage"
)

// replayOf returns the outages of a replay as they come out of its JSON.
func replayOf(t *testing.T, rows []countcsv.Row, step time.Duration) []outage.Outage {
	t.Helper()
	var in, out bytes.Buffer
	w := countcsv.NewWriter(&in)
	for _, row := range rows {
		require.NoError(t, w.Write(row))
	}
	require.NoError(t, w.Flush())
	_, err := replay.Run(t.Context(), replay.Config{Input: &in, Output: &out, Step: step, Detect: detect.DefaultConfig()})
	require.NoError(t, err)
	var outages []outage.Outage
	for decoder := json.NewDecoder(&out); decoder.More(); {
		var o outage.Outage
		require.NoError(t, decoder.Decode(&o))
		outages = append(outages, o)
	}
	return outages
}

// requireExplained checks that the impacts' scores follow from what is stored.
func requireExplained(t *testing.T, o outage.Outage) {
	t.Helper()
	impacts := o.Impacts
	if o.Superseded != nil {
		impacts = append(impacts, *o.Superseded)
	}
	require.NotEmpty(t, impacts)
	for _, impact := range impacts {
		e := impact.Evidence
		x, err := detect.Explain(e)
		require.NoError(t, err, impact.Country)
		require.False(t, x.Stored, impact.Country)
		require.Empty(t, x.Differences(impact), impact.Country)
		require.InEpsilon(t, e.Score, x.Score, 1e-9, impact.Country)
		require.InEpsilon(t, e.Tolerated, x.Tolerated, 1e-9, impact.Country)
		require.InEpsilon(t, e.Dispersion, x.Dispersion, 1e-9, impact.Country)
		require.GreaterOrEqual(t, x.Score, e.Bar, impact.Country)
		if e.Score < 600 { // the sum of so many tiny numbers would be 0
			require.InEpsilon(t, e.Score, -math.Log(summed(e.Reporters, x.Tolerated, x.Dispersion))-math.Log(5), 1e-6, impact.Country)
		}
		require.Positive(t, e.ListenedMinutes, impact.Country)
		require.Positive(t, e.ObservedMinutes, impact.Country)
	}
}

// summed is P(NB(mean, size) ≥ y), term by term.
func summed(y int, mean, size float64) float64 {
	top, _ := math.Lgamma(float64(y) + size)
	fact, _ := math.Lgamma(float64(y) + 1)
	bottom, _ := math.Lgamma(size)
	x := mean / (mean + size)
	term := math.Exp(top - fact - bottom + float64(y)*math.Log(x) + size*math.Log(size/(mean+size)))
	var sum float64
	for k := float64(y); term > sum*1e-17; k++ {
		sum += term
		term *= (k + size) / (k + 1) * x
	}
	return sum
}

func TestEveryImpactOfTheStoryIsExplained(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			outages := replayOf(t, scenario.Story(seed), time.Minute)
			require.Len(t, outages, 1)
			requireExplained(t, outages[0])
			for _, impact := range outages[0].Impacts {
				e := impact.Evidence
				require.Equal(t, scenario.HourStart.Add(-time.Hour), *e.BaselineUntil, "an hour is learned an hour after its end")
				require.InDelta(t, 14*24*60, e.ObservedMinutes, 24*60, "two weeks came before")
				require.GreaterOrEqual(t, e.HistoryReports, 20.)
			}
		})
	}
}

// widening makes counts of sixteen countries: after some hours of little, for six
// minutes only their sum stands out, then two countries do, and later one of them again.
func widening(hours int) []countcsv.Row {
	var rows []countcsv.Row
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // a test's counts
	countries := []string{"AT", "BE", "CH", "DE", "DK", "ES", "FI", "FR", "GB", "IE", "IT", "NL", "NO", "PL", "PT", "SE"}
	for minute := range (hours + 4) * 60 {
		for i, country := range countries {
			n := 0
			switch at := minute - hours*60; {
			case at >= 0 && at < 6 && at%2 == i%2, i == 0 && minute%60 == 0, random.Float64() < .002:
				n = 1
			case at >= 6 && at < 40 && i < 2, at >= 70 && at < 90 && i == 0:
				n = 20 + random.IntN(5)
			}
			if n > 0 {
				at := scenario.HourStart.Add(time.Duration(minute) * time.Minute)
				rows = append(rows, countcsv.Row{Start: at, Series: outage.Series{Service: "bank", Country: country}, Reports: n})
			}
		}
	}
	return rows
}

func TestWhatIsNewSupersededOrBackIsExplained(t *testing.T) {
	t.Parallel()
	var superseded, back, leveled bool
	for _, hours := range []int{10, 30} {
		outages := replayOf(t, widening(hours), time.Minute)
		require.NotEmpty(t, outages)
		for _, o := range outages {
			requireExplained(t, o)
			superseded = superseded || o.Superseded != nil
			for _, impact := range o.Impacts {
				back = back || len(impact.Intervals) > 0
				leveled = leveled || impact.Evidence.LevelPerMinute > 0
			}
		}
	}
	require.True(t, superseded, "one is of the sum at first")
	require.True(t, back, "one comes back")
	require.True(t, leveled, "an installation of ten hours goes by the series' own level")
}

func TestEvidenceFromBeforeItsPartsWereKeptIsExplained(t *testing.T) {
	t.Parallel()
	e := outage.Evidence{WindowMinutes: 5, Reporters: 40, Expected: 2, Tolerated: 4, Dispersion: 12, Bar: 17.1}
	x, err := detect.Explain(e)
	require.NoError(t, err)
	require.True(t, x.Stored)
	require.InEpsilon(t, -math.Log(summed(40, 4, 12))-math.Log(5), x.Score, 1e-9)
	e.Score = x.Score
	require.Empty(t, x.Differences(outage.Impact{Score: x.Score, Evidence: e}))
}

func TestWhatWasChangedDiffers(t *testing.T) {
	t.Parallel()
	outages := replayOf(t, scenario.Story(1), time.Minute)
	changes := map[string]func(*outage.Impact){
		"reporters":     func(i *outage.Impact) { i.Evidence.Reporters++ },
		"expected":      func(i *outage.Impact) { i.Evidence.Expected *= 1.001 },
		"floor":         func(i *outage.Impact) { i.Evidence.Floor /= 2 },
		"spread":        func(i *outage.Impact) { i.Evidence.Spread += .01 },
		"history":       func(i *outage.Impact) { i.Evidence.HistoryReports += 1e-3 },
		"score":         func(i *outage.Impact) { i.Evidence.Score *= 1 + 1e-6 },
		"highest score": func(i *outage.Impact) { i.Score = i.Evidence.Score / 2 },
		"bar":           func(i *outage.Impact) { i.Evidence.Bar = i.Evidence.Score + 1 },
		"windows":       func(i *outage.Impact) { i.Evidence.Windows = 1 },
	}
	for name, change := range changes {
		impact := outages[0].Impacts[0]
		change(&impact)
		x, err := detect.Explain(impact.Evidence)
		require.NoError(t, err, name)
		require.NotEmpty(t, x.Differences(impact), name)
	}
}

func TestEvidenceThatIsNotEnough(t *testing.T) {
	t.Parallel()
	whole := outage.Evidence{WindowMinutes: 5, Reporters: 40, Expected: 2, Tolerated: 4, Dispersion: 12, Rho: 1.5, Floor: 1, Spread: .1, HistoryReports: 20, Windows: 5}
	_, err := detect.Explain(whole)
	require.NoError(t, err)
	for name, spoil := range map[string]func(*outage.Evidence){
		"window_minutes":  func(e *outage.Evidence) { e.WindowMinutes = 0 },
		"reporters":       func(e *outage.Evidence) { e.Reporters = 0 },
		"rho":             func(e *outage.Evidence) { e.Rho = 0 },
		"history_reports": func(e *outage.Evidence) { e.HistoryReports = 0 },
		"windows":         func(e *outage.Evidence) { e.Windows = 0 },
		"tolerated":       func(e *outage.Evidence) { e.Expected, e.Floor = math.MaxFloat64, math.MaxFloat64 },
		"dispersion":      func(e *outage.Evidence) { e.Spread = -1 },
	} {
		e := whole
		spoil(&e)
		_, err := detect.Explain(e)
		require.ErrorIs(t, err, outage.ErrInvalid, name)
		require.ErrorContains(t, err, name)
	}
}
