package bench

import (
	"fmt"
	"html"
	"io"
	"math"
	"strings"
)

// The picture's measures, in pixels.
const (
	width, height = 860, 470
	left, right   = 60, 330
	top, bottom   = 30, 50
)

// colours tell the curves apart on white and for those who see no red or green (after Okabe and Ito).
var colours = []string{ //nolint:gochecknoglobals // a constant table
	"#000000", "#e69f00", "#56b4e9", "#009e73", "#cc79a7", "#0072b2", "#d55e00", "#999999", "#7a5195", "#8c6d31", "#bcbd22", "#17becf",
}

// Recall draws recall against false alarms as SVG.
func (r *Results) Recall(out io.Writer) error {
	return draw(out, axis{"Recall", 1, 0.2, func(p Point) float64 { return p.Recall }}, r.Curves)
}

// Delay draws the median delay of strong outages against false alarms as SVG.
func (r *Results) Delay(out io.Writer) error {
	return draw(out, axis{"Delay of strong outages, median, minutes", 20, 5, func(p Point) float64 { return p.Delay }}, r.Curves)
}

// axis is what is drawn upwards, from 0.
type axis struct {
	title      string
	high, tick float64
	value      func(Point) float64
}

// The axis of false alarms, in powers of ten a series-year.
const fewest, most = -3.0, -0.3

func draw(out io.Writer, up axis, curves []Curve) error {
	x := func(rate float64) float64 {
		part := (math.Log10(max(rate, math.Pow(10, fewest))) - fewest) / (most - fewest)
		return left + min(max(part, 0), 1)*(width-left-right)
	}
	y := func(v float64) float64 {
		return height - bottom - min(max(v, 0), up.high)/up.high*(height-top-bottom)
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12" role="img">
<title>%s against false alarms</title><rect width="100%%" height="100%%" fill="#fff"/>
<text x="%d" y="18" font-weight="bold">%s</text><text x="%d" y="%d" text-anchor="middle">false alarms a series-year (at most %g on the left edge)</text>
`, width, height, up.title, left, up.title, left+(width-left-right)/2, height-12, math.Pow(10, fewest))
	for v := 0.0; v <= up.high+up.tick/2; v += up.tick {
		fmt.Fprintf(&b, `<path d="M%d %.1fH%d" stroke="#ddd"/><text x="%d" y="%.1f" text-anchor="end">%g</text>`+"\n", left, y(v), width-right, left-6, y(v)+4, math.Round(v*10)/10)
	}
	for _, rate := range []float64{0.001, 0.01, 0.02, 0.1, 0.5} {
		fmt.Fprintf(&b, `<path d="M%.1f %dV%d" stroke="#ddd"/><text x="%.1f" y="%d" text-anchor="middle">%g</text>`+"\n", x(rate), top, height-bottom, x(rate), height-bottom+16, rate)
	}
	for i, c := range curves {
		colour, stroke := colours[i%len(colours)], 1.5
		if i == 0 {
			stroke = 3
		}
		var path strings.Builder
		for _, p := range c.Points {
			if v := up.value(p); !math.IsNaN(v) && !math.IsInf(v, 0) {
				fmt.Fprintf(&path, "%.1f,%.1f ", x(p.False), y(v))
				fmt.Fprintf(&b, `<circle cx="%.1f" cy="%.1f" r="%.1f" fill="%s"/>`, x(p.False), y(v), 1.5+stroke/2, colour)
			}
		}
		at := top + 14 + i*20
		fmt.Fprintf(&b, `<polyline points="%s" fill="none" stroke="%s" stroke-width="%g"/><path d="M%d %dh22" stroke="%s" stroke-width="%g"/><text x="%d" y="%d">%s</text>`+"\n",
			strings.TrimSpace(path.String()), colour, stroke, width-right+16, at-4, colour, stroke, width-right+44, at, html.EscapeString(c.Name))
	}
	b.WriteString("</svg>\n")
	return write(out, b.String())
}
