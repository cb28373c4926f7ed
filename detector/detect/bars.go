package detect

import (
	"math"
	"slices"
)

const minutesADay = 24 * 60

// problemBar is the score that opens an outage in an installation with n live
// series: it rises with n, so that false outages stay as rare.
func (c Config) problemBar(n int) float64 {
	return max(c.Problem, math.Log(minutesADay*float64(max(n, 1))/c.FalseOutages))
}

// possibleBar is the score of a spike, by Benjamini and Hochberg (1995) over n
// live series of which those given stand out and all others are silent: the
// k-th strongest is admitted if its score is at least ln(n/(q·k)), for the
// largest such k. It is never below the lower bar.
func (c Config) possibleBar(n int, scores []float64) float64 {
	alone := math.Log(float64(max(n, 1)) / c.FalseShare)
	if alone <= c.Possible {
		return c.Possible
	}
	slices.SortFunc(scores, func(a, b float64) int {
		switch {
		case a > b:
			return -1
		case a < b:
			return 1
		}
		return 0
	})
	for k := len(scores); k >= 1; k-- {
		if bar := alone - math.Log(float64(k)); scores[k-1] >= bar {
			return max(bar, c.Possible)
		}
	}
	return alone
}
