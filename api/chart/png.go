package chart

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"
)

// Artist draws charts. It may be used by many goroutines at once.
type Artist struct {
	regular, bold *opentype.Font
}

// New returns an Artist, with the fonts that it draws with.
func New() (*Artist, error) {
	regular, err := opentype.Parse(goregular.TTF)
	if err != nil {
		return nil, fmt.Errorf("chart: read font: %w", err)
	}
	bold, err := opentype.Parse(gobold.TTF)
	if err != nil {
		return nil, fmt.Errorf("chart: read font: %w", err)
	}
	return &Artist{regular: regular, bold: bold}, nil
}

// pen writes one drawing; it belongs to one goroutine.
type pen struct {
	artist *Artist
	zoom   float64
	faces  map[string]font.Face
	canvas *image.RGBA
}

func (a *Artist) pen(zoom float64) *pen {
	return &pen{artist: a, zoom: zoom, faces: map[string]font.Face{}}
}

// face is a font at a size, in pixels. It is nil if there is none.
func (p *pen) face(size float64, bold bool) font.Face {
	key := fmt.Sprint(size, bold)
	if face, ok := p.faces[key]; ok {
		return face
	}
	family := p.artist.regular
	if bold {
		family = p.artist.bold
	}
	const pointsPerInch = 72 // so that a point is a pixel
	face, err := opentype.NewFace(family, &opentype.FaceOptions{Size: size * p.zoom, DPI: pointsPerInch, Hinting: font.HintingNone})
	if err != nil {
		face = nil // its options are good: it cannot be
	}
	p.faces[key] = face
	return face
}

func (p *pen) width(text string, size float64, bold bool) float64 {
	face := p.face(size, bold)
	if face == nil {
		return 0
	}
	const perUnit = 64
	return float64(font.MeasureString(face, text)) / perUnit / p.zoom
}

// inks are the colours of the light drawing.
func inks(c colour) color.RGBA {
	switch c {
	case paper:
		return color.RGBA{255, 255, 255, 255}
	case ink, usual:
		return color.RGBA{27, 34, 48, 255}
	case faint:
		return color.RGBA{88, 97, 116, 255}
	case grid:
		return color.RGBA{223, 220, 213, 255}
	case reports:
		return color.RGBA{31, 75, 153, 255}
	case troubled:
		return color.RGBA{251, 227, 223, 255}
	case unheard:
		return color.RGBA{228, 225, 218, 255}
	}
	return color.RGBA{A: 255}
}

// PNG draws a chart in its light colours, zoom pixels to a unit of the size.
// A Card at 2 is 1200 by 630.
func (a *Artist) PNG(c Chart, size Size, zoom float64) ([]byte, error) {
	pen := a.pen(zoom)
	pic := c.layout(size, pen.width)
	pen.canvas = image.NewRGBA(image.Rect(0, 0, int(size.Width*zoom), int(size.Height*zoom)))
	for _, r := range pic.rects {
		pen.fill(inks(r.fill), []point{{r.x, r.y}, {r.x + r.w, r.y}, {r.x + r.w, r.y + r.h}, {r.x, r.y + r.h}})
	}
	for _, line := range pic.lines {
		pen.steps(line, pic.bottom)
	}
	for _, l := range pic.labels {
		pen.write(l)
	}
	var encoded bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.DefaultCompression}
	if err := encoder.Encode(&encoded, pen.canvas); err != nil {
		return nil, fmt.Errorf("encode chart: %w", err)
	}
	return encoded.Bytes(), nil
}

// fill paints a shape.
func (p *pen) fill(ink color.Color, shape []point) {
	// Only the part of the canvas with the shape is looked at.
	left, top, right, bottom := math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)
	for _, at := range shape {
		left, right = min(left, at.x*p.zoom), max(right, at.x*p.zoom)
		top, bottom = min(top, at.y*p.zoom), max(bottom, at.y*p.zoom)
	}
	box := image.Rect(int(math.Floor(left)), int(math.Floor(top)), int(math.Ceil(right)), int(math.Ceil(bottom)))
	box = box.Intersect(p.canvas.Bounds())
	if box.Empty() {
		return
	}
	raster := vector.NewRasterizer(box.Dx(), box.Dy())
	for i, at := range shape {
		x, y := float32(at.x*p.zoom)-float32(box.Min.X), float32(at.y*p.zoom)-float32(box.Min.Y)
		if i == 0 {
			raster.MoveTo(x, y)
		} else {
			raster.LineTo(x, y)
		}
	}
	raster.ClosePath()
	raster.Draw(p.canvas, box, image.NewUniform(ink), image.Point{})
}

// steps draws a line of level parts.
func (p *pen) steps(line steps, bottom float64) {
	ink := inks(line.stroke)
	last := line.points[len(line.points)-1]
	if line.filled {
		shape := []point{{line.points[0].x, bottom}}
		for i, at := range line.points {
			if i > 0 {
				shape = append(shape, point{at.x, line.points[i-1].y})
			}
			shape = append(shape, at)
		}
		soft := color.NRGBA{ink.R, ink.G, ink.B, 56}
		p.fill(soft, append(shape, point{last.x, bottom}))
	}
	const half = .7 // of the stroke
	for i, at := range line.points[1:] {
		before := line.points[i]
		p.level(ink, before, at.x, line.dashed)
		high, low := min(before.y, at.y), max(before.y, at.y)
		if high < low {
			p.bar(ink, at.x-half, high-half, at.x+half, low+half)
		}
	}
}

// level draws from a point to the right.
func (p *pen) level(ink color.Color, from point, to float64, dashed bool) {
	const half, dash, gap = .7, 5, 3
	if !dashed {
		p.bar(ink, from.x, from.y-half, to, from.y+half)
		return
	}
	// Dashes lie on a raster, so that a line of many short parts has them too.
	const period = dash + gap
	for x := math.Floor(from.x/period) * period; x < to; x += period {
		p.bar(ink, max(x, from.x), from.y-half, min(x+dash, to), from.y+half)
	}
}

func (p *pen) bar(ink color.Color, left, top, right, bottom float64) {
	if left < right {
		p.fill(ink, []point{{left, top}, {right, top}, {right, bottom}, {left, bottom}})
	}
}

// write draws a text.
func (p *pen) write(l label) {
	face := p.face(l.size, l.bold)
	if face == nil {
		return
	}
	x := l.at.x
	switch l.anchor {
	case middle:
		x -= p.width(l.text, l.size, l.bold) / 2
	case end:
		x -= p.width(l.text, l.size, l.bold)
	case start:
	}
	const perUnit = 64
	writer := font.Drawer{Dst: p.canvas, Src: image.NewUniform(inks(l.fill)), Face: face, Dot: fixed.Point26_6{
		X: fixed.Int26_6(x * p.zoom * perUnit), Y: fixed.Int26_6(l.at.y * p.zoom * perUnit),
	}}
	writer.DrawString(l.text)
}
