package chart

import (
	"math"
	"time"
)

// Size is that of a drawing in its own units, CSS pixels.
type Size struct {
	Width, Height float64
}

// The sizes that there are.
var (
	Wide   = Size{720, 360} //nolint:gochecknoglobals // constant
	Narrow = Size{336, 280} //nolint:gochecknoglobals // constant
	Card   = Size{600, 315} //nolint:gochecknoglobals // constant: that of a social card, at half its size
)

// The colours, named for what they are used for; each drawing says what they look like.
type colour string

const (
	paper    colour = "paper"
	ink      colour = "ink"
	faint    colour = "faint"
	grid     colour = "grid"
	reports  colour = "reports"
	usual    colour = "usual"
	troubled colour = "troubled"
	unheard  colour = "unheard"
)

type point struct{ x, y float64 }

type rect struct {
	x, y, w, h float64
	fill       colour
}

// anchor is the part of a text that stands at its place.
type anchor string

const (
	start  anchor = "start"
	middle anchor = "middle"
	end    anchor = "end"
)

type label struct {
	at     point // on the base line
	text   string
	size   float64
	bold   bool
	anchor anchor
	fill   colour
}

// steps is a line of level parts, such as counts make.
type steps struct {
	points []point // from each to the next, first level and then upright
	dashed bool
	filled bool // down to the bottom too
	stroke colour
}

// picture is a drawing before anybody has drawn it: the back first.
type picture struct {
	size   Size
	bottom float64 // where zero is
	rects  []rect
	lines  []steps
	labels []label
}

// Sizes of text and space.
const (
	margin    = 12
	titleSize = 17
	textSize  = 13
	smallSize = 12
	lineStep  = 19 // from one base line to the next
	tickGap   = 6
	// perColumn is the narrowest that a column is.
	perColumn = 1.6
)

// measure tells how wide a text is.
type measure func(text string, size float64, bold bool) float64

// plot is the part of the picture that the figures are in.
type plot struct {
	left, right, top, bottom float64
	from, to                 time.Time
	end                      float64 // of the axis
}

func (p plot) x(t time.Time) float64 {
	part := float64(t.Sub(p.from)) / float64(p.to.Sub(p.from))
	return p.left + min(max(part, 0), 1)*(p.right-p.left)
}

func (p plot) y(perMinute float64) float64 {
	return p.bottom - min(finite(perMinute)/p.end, 1)*(p.bottom-p.top)
}

// layout decides what goes where.
func (c Chart) layout(size Size, width measure) picture {
	pic := picture{size: size, rects: []rect{{0, 0, size.Width, size.Height, paper}}}
	head := pic.head(c, width)
	step, axisEnd := axis(max(c.Top, c.Highest()))
	numbers := margin + tickGap + width(c.Words.Number(int(axisEnd)), smallSize, false)
	p := plot{
		left: numbers, right: size.Width - margin, top: head + smallSize + 10, bottom: size.Height - 72,
		from: c.From.UTC(), end: axisEnd,
	}
	columns, each := c.columns(int((p.right - p.left) / perColumn))
	wide := time.Duration(each) * c.step()
	p.to = p.from.Add(wide)
	for range max(len(columns)-1, 0) {
		p.to = p.to.Add(wide)
	}
	pic.bottom = p.bottom

	pic.shade(c, p)
	gaps := pic.gaps(columns, p, wide)
	pic.scale(c, p, step)
	pic.times(c, p, width)
	known := pic.figures(columns, p, wide)
	pic.labels = append(pic.labels, label{point{p.left, p.top - 8}, c.perMinute(each), smallSize, false, start, faint})
	pic.legend(c, known, gaps, width)
	if c.Note != "" {
		at := point{(p.left + p.right) / 2, (p.top + p.bottom) / 2}
		pic.labels = append(pic.labels, label{at, clip(c.Note, p.right-p.left, textSize, true, width), textSize, true, middle, faint})
	}
	return pic
}

func (c Chart) step() time.Duration { return max(c.Step, time.Minute) }

// perMinute says what the axis counts, and of how many minutes a column is.
func (c Chart) perMinute(each int) string {
	text := shown(c.Words.PerMinute)
	minutes := int(c.step() / time.Minute)
	if minutes > 1 {
		text += ", " + shown(c.Words.Mean(minutes))
	}
	if each > 1 {
		text += ", " + shown(c.Words.Busiest(each*minutes))
	}
	return text
}

// head writes the title, and returns the base line of the last line.
func (p *picture) head(c Chart, width measure) float64 {
	at := point{margin, margin + titleSize - 2}
	room := p.size.Width - 2*margin
	p.labels = append(p.labels, label{at, clip(c.Title, room, titleSize, true, width), titleSize, true, start, ink})
	if c.Subtitle != "" {
		at.y += lineStep
		p.labels = append(p.labels, label{at, clip(c.Subtitle, room, textSize, false, width), textSize, false, start, faint})
	}
	return at.y + tickGap
}

// shade marks the times of the outage.
func (p *picture) shade(c Chart, in plot) {
	for _, span := range c.Shaded {
		from, to := in.x(span.From), in.x(span.To)
		if span.To.Before(in.from) || span.From.After(in.to) || to < from {
			continue
		}
		p.rects = append(p.rects, rect{from, in.top, max(to-from, 1), in.bottom - in.top, troubled})
	}
}

// gaps marks the times in which nobody listened, and says whether there are any.
func (p *picture) gaps(columns []column, in plot, wide time.Duration) bool {
	found := false
	for i := 0; i < len(columns); i++ {
		if !math.IsNaN(columns[i].reports) {
			continue
		}
		from := i
		for i < len(columns) && math.IsNaN(columns[i].reports) {
			i++
		}
		left := in.x(in.from.Add(time.Duration(from) * wide))
		right := in.x(in.from.Add(time.Duration(i) * wide))
		p.rects = append(p.rects, rect{left, in.top, right - left, in.bottom - in.top, unheard})
		found = true
	}
	return found
}

// scale draws the axis of figures.
func (p *picture) scale(c Chart, in plot, step float64) {
	for at := 0.0; at <= in.end; at += step {
		y := in.y(at)
		fill := grid
		if at == 0 {
			fill = faint
		}
		p.rects = append(p.rects, rect{in.left, y - .5, in.right - in.left, 1, fill})
		p.labels = append(p.labels, label{point{in.left - tickGap, y + 4}, shown(c.Words.Number(int(at))), smallSize, false, end, faint})
	}
}

// figures draws what is usual over what was reported, and says whether anything usual is known.
func (p *picture) figures(columns []column, in plot, wide time.Duration) bool {
	line := func(stroke colour, value func(column) float64, style steps) bool {
		found := false
		for i := 0; i < len(columns); i++ {
			if math.IsNaN(value(columns[i])) {
				continue
			}
			run := steps{stroke: stroke, dashed: style.dashed, filled: style.filled}
			for ; i < len(columns) && !math.IsNaN(value(columns[i])); i++ {
				x := in.x(in.from.Add(time.Duration(i) * wide))
				run.points = append(run.points, point{x, in.y(value(columns[i]))})
			}
			run.points = append(run.points, point{in.x(in.from.Add(time.Duration(i) * wide)), run.points[len(run.points)-1].y})
			p.lines = append(p.lines, run)
			found = true
		}
		return found
	}
	line(reports, func(c column) float64 { return c.reports }, steps{filled: true})
	return line(usual, func(c column) float64 { return c.usual }, steps{dashed: true})
}

// legend explains the colours in use, and says at the right where the chart is from.
func (p *picture) legend(c Chart, known, gaps bool, width measure) {
	const box, gap = 14, 6
	x, y := float64(margin), p.size.Height-margin-1
	right := p.size.Width - margin
	if c.Source != "" {
		text := clip(c.Source, p.size.Width/3, smallSize, false, width)
		p.labels = append(p.labels, label{point{right, y}, text, smallSize, false, end, faint})
		right -= width(text, smallSize, false) + margin
	}
	for _, entry := range []struct {
		use  bool
		text string
		fill colour
	}{{known, c.Words.Usual, usual}, {len(c.Shaded) > 0, c.Words.Outage, troubled}, {gaps, c.Words.Unheard, unheard}} {
		text := shown(entry.text)
		if !entry.use || x+box+gap+width(text, smallSize, false) > right {
			continue
		}
		if entry.fill == usual {
			p.lines = append(p.lines, steps{points: []point{{x, y - 4}, {x + box, y - 4}}, dashed: true, stroke: usual})
		} else {
			p.rects = append(p.rects, rect{x, y - 10, box, 11, entry.fill})
		}
		p.labels = append(p.labels, label{point{x + box + gap, y}, text, smallSize, false, start, faint})
		x += box + gap + width(text, smallSize, false) + 18
	}
}

// clip shortens a text to a width.
func clip(text string, room, size float64, bold bool, width measure) string {
	text = shown(text)
	if width(text, size, bold) <= room {
		return text
	}
	runes := []rune(text)
	fits, tooLong := 0, len(runes)
	for fits+1 < tooLong {
		half := (fits + tooLong) / 2
		if width(string(runes[:half])+"…", size, bold) <= room {
			fits = half
		} else {
			tooLong = half
		}
	}
	return string(runes[:fits]) + "…"
}
