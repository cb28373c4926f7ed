package chart

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/xml"
	"strconv"
)

// style is all that a drawing has of style; a page that holds a drawing itself may set the variables.
const style = `.paper{fill:var(--card,#fff)}.ink{fill:var(--ink,#1b2230)}.faint{fill:var(--faint,#586174)}.grid{fill:var(--line,#dfdcd5)}` +
	`.troubled{fill:var(--bad-soft,#fbe3df)}.unheard{fill:var(--dim-soft,#e4e1da)}` +
	`.reports{fill:var(--accent,#1f4b99);fill-opacity:.22}.line{fill:none;stroke:var(--accent,#1f4b99);stroke-width:1.4;stroke-linejoin:round}` +
	`.usual{fill:none;stroke:var(--ink,#1b2230);stroke-width:1.5;stroke-dasharray:5 3}` +
	`text{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;font-variant-numeric:tabular-nums}` +
	`@media (prefers-color-scheme:dark){.paper{fill:var(--card,#1b2029)}.ink{fill:var(--ink,#e9ebef)}.faint{fill:var(--faint,#a3acbb)}.grid{fill:var(--line,#313846)}` +
	`.troubled{fill:var(--bad-soft,#3f2321)}.unheard{fill:var(--dim-soft,#2c3340)}.reports{fill:var(--accent,#8db4ff)}.line{stroke:var(--accent,#8db4ff)}.usual{stroke:var(--ink,#e9ebef)}}`

// Policy is a Content-Security-Policy under which a drawing may be looked at by
// itself: its own style and nothing else.
func Policy() string {
	sum := sha256.Sum256([]byte(style))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// SVG draws a chart. The drawing follows the reader's light or dark colours,
// holds no script, and is well-formed whatever the texts are.
func (a *Artist) SVG(c Chart, size Size) []byte {
	pen := a.pen(1)
	pic := c.layout(size, pen.width)
	var w svg
	w.raw(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 `, number(size.Width), ` `, number(size.Height),
		`" width="`, number(size.Width), `" height="`, number(size.Height), `" role="img" aria-labelledby="title desc"><title id="title">`)
	w.text(c.Title)
	w.raw(`</title><desc id="desc">`)
	w.text(c.Description)
	w.raw(`</desc><style>`, style, `</style>`)
	for _, r := range pic.rects {
		w.raw(`<rect class="`, string(r.fill), `" x="`, number(r.x), `" y="`, number(r.y), `" width="`, number(r.w), `" height="`, number(r.h), `"/>`)
	}
	for _, line := range pic.lines {
		w.steps(line, pic.bottom)
	}
	for _, l := range pic.labels {
		w.raw(`<text class="`, string(l.fill), `" x="`, number(l.at.x), `" y="`, number(l.at.y), `" font-size="`, number(l.size), `"`)
		if l.anchor != start {
			w.raw(` text-anchor="`, string(l.anchor), `"`)
		}
		if l.bold {
			w.raw(` font-weight="700"`)
		}
		w.raw(`>`)
		w.text(l.text)
		w.raw(`</text>`)
	}
	w.raw("</svg>\n")
	return w.Bytes()
}

// svg writes a document.
type svg struct{ bytes.Buffer }

func (w *svg) raw(parts ...string) {
	for _, part := range parts {
		_, _ = w.WriteString(part) // a buffer takes everything
	}
}

func (w *svg) text(s string) {
	_ = xml.EscapeText(&w.Buffer, []byte(shown(s))) // a buffer takes everything
}

func (w *svg) steps(line steps, bottom float64) {
	path := pathOf(line.points)
	if line.filled {
		first, last := line.points[0], line.points[len(line.points)-1]
		w.raw(`<path class="`, string(line.stroke), `" d="M`, number(first.x), ` `, number(bottom), `V`, number(first.y), path, `H`, number(last.x), `V`, number(bottom), `Z"/>`)
	}
	class := "line"
	if line.dashed {
		class = string(line.stroke)
	}
	w.raw(`<path class="`, class, `" d="M`, number(line.points[0].x), ` `, number(line.points[0].y), path, `"/>`)
}

// pathOf goes on from the first of the points to the last.
func pathOf(points []point) string {
	var path []byte
	y := points[0].y
	for i, p := range points[1:] {
		last := i == len(points)-2
		if p.y == y && !last {
			continue // level all the way
		}
		path = append(path, 'H')
		path = append(path, number(p.x)...)
		if p.y != y {
			path = append(path, 'V')
			path = append(path, number(p.y)...)
		}
		y = p.y
	}
	return string(path)
}

// number writes a coordinate, to a tenth.
func number(x float64) string {
	const tenth = 10
	return strconv.FormatFloat(float64(int(x*tenth+.5))/tenth, 'f', -1, 64)
}
