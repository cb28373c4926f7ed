package web

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// trendHeight is the drawing's height in its own units; a minute is one unit wide.
const trendHeight = 40

// Scale is the common scale of small drawings, from 0 to Top reports a minute,
// so that what is twice as high is twice as much wherever it stands.
type Scale struct {
	Top int
}

// NewScale returns a scale on which everything up to the highest value fits,
// with a round end. It never ends below ten: a single report is no mountain.
func NewScale(highest int) Scale {
	for decade := 10; ; decade *= 10 {
		for _, factor := range []int{1, 2, 5} {
			if decade*factor >= highest || decade > math.MaxInt32 {
				return Scale{Top: decade * factor}
			}
		}
	}
}

// Trend is a small drawing of reports a minute on a common scale.
type Trend struct {
	Width int // minutes
	// Path is SVG path data in a box of Width by 40, the origin at the top left. It
	// begins and ends below the box, so that it can be filled.
	Path string
	// UsualY is how low the line of what is usual lies; 0 when that is not known.
	UsualY string
	Scale  Scale
	// Highest is the most reports in a minute that it shows.
	Highest int
	Usual   Usual
}

// Length is how much time the drawing shows.
func (t Trend) Length() time.Duration { return time.Duration(t.Width) * time.Minute }

// NewTrend draws reports of each minute, oldest first. The last minute is still
// running, for as long as ran says. It returns nil for fewer than two counts.
// Usual is what is usual a minute; negative when that is not known.
func NewTrend(counts []int, ran time.Duration, scale Scale, usual float64) *Trend {
	if len(counts) < 2 {
		return nil
	}
	highest := slices.Max(counts)
	counts = filled(counts, ran)
	var path strings.Builder
	path.WriteString("M0," + strconv.Itoa(trendHeight+3) + "V" + scale.height(float64(counts[0])))
	for i, n := range counts {
		if i > 0 && n == counts[i-1] {
			continue
		}
		if i > 0 {
			path.WriteString("H" + strconv.Itoa(i) + "V" + scale.height(float64(n)))
		}
	}
	path.WriteString("H" + strconv.Itoa(len(counts)) + "V" + strconv.Itoa(trendHeight+3))
	trend := &Trend{Width: len(counts), Path: path.String(), Scale: scale, Highest: highest, Usual: Usual(usual)}
	if usual >= 0 {
		trend.UsualY = scale.height(usual)
	}
	return trend
}

// height gives how far below the top of the drawing a value lies.
func (s Scale) height(n float64) string {
	y := trendHeight - min(n/float64(max(s.Top, 1)), 1)*trendHeight
	return strconv.FormatFloat(math.Round(y*10)/10, 'f', -1, 64)
}

// filled returns the counts with the last one, of a minute that is still running,
// as if the rest of the minute went on like that, but not above the one before: it
// shows no drop that there may not be, and no rise that nobody has counted.
func filled(counts []int, ran time.Duration) []int {
	counts = slices.Clone(counts)
	last := &counts[len(counts)-1]
	elapsed := min(max(ran, time.Second), time.Minute)
	whole := int(float64(*last) * float64(time.Minute) / float64(elapsed))
	*last = max(*last, min(whole, counts[len(counts)-2]))
	return counts
}
