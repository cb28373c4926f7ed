package web_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/api/web"
)

func TestScalesEndRoundAndHoldEverything(t *testing.T) {
	t.Parallel()
	for highest, want := range map[int]int{0: 10, 1: 10, 10: 10, 11: 20, 21: 50, 51: 100, 240: 500, 512: 1000, 1001: 2000} {
		require.Equal(t, want, web.NewScale(highest).Top, highest)
	}
	require.Positive(t, web.NewScale(math.MaxInt).Top)
}

func TestTrendsAreDrawnOnTheScaleTheyAreGiven(t *testing.T) {
	t.Parallel()
	scale := web.NewScale(20)
	require.Nil(t, web.NewTrend([]int{5}, time.Minute, scale, 1))
	trend := web.NewTrend([]int{0, 10, 10, 5}, time.Minute, scale, 2)
	require.Equal(t, "M0,43V40H1V20H3V30H4V43", trend.Path, "half as high as the scale is half as much")
	require.Equal(t, "36", trend.UsualY)
	require.Equal(t, 10, trend.Highest)
	require.Equal(t, 4*time.Minute, trend.Length())
	require.Empty(t, web.NewTrend([]int{0, 1}, time.Minute, scale, -1).UsualY, "what is usual is not known")
	require.Equal(t, "M0,43V40H2V43", web.NewTrend([]int{0, 0}, time.Minute, scale, 0).Path, "silence lies on the ground")
	require.Equal(t, "M0,43V0H2V43", web.NewTrend([]int{99, 99}, time.Minute, scale, 0).Path, "never above the drawing")
}

func TestTrendEndsWithTheRunningMinute(t *testing.T) {
	t.Parallel()
	const second = time.Second
	scale := web.NewScale(100)
	path := func(ran time.Duration, counts ...int) string { return web.NewTrend(counts, ran, scale, 0).Path }
	require.Equal(t, "M0,43V40H2V20.8H3V43", path(5*second, 0, 0, 48), "what has just begun, and no more than was counted")
	require.Equal(t, "M0,43V16H3V43", path(20*second, 60, 60, 30), "no false drop")
	require.Equal(t, "M0,43V16H2V28H3V43", path(30*second, 60, 60, 15), "a drop that goes on like that")
}

func TestTheMapKnowsNearlyEveryCountry(t *testing.T) {
	t.Parallel()
	drawn := web.NewMap(map[string]int{"ID": 5, "SG": 1, "NL": 2, "XX": 1})
	require.Equal(t, []string{"ID", "NL", "SG", "XX"}, []string{drawn.Places[0].Country, drawn.Places[1].Country, drawn.Places[2].Country, drawn.Places[3].Country})
	require.Equal(t, []int{3, 2, 1, 1}, []int{drawn.Places[0].Shade(), drawn.Places[1].Shade(), drawn.Places[2].Shade(), drawn.Places[3].Shade()})
	require.Contains(t, drawn.Places[0].Path, "M")
	require.Empty(t, drawn.Places[2].Path, "too small to be drawn")
	require.NotEmpty(t, drawn.Places[2].X)
	require.Empty(t, drawn.Places[3].Path+drawn.Places[3].X)
}
