package chart

// Tone is how bad a badge's message is.
type Tone string

// The tones.
const (
	Bad     Tone = "bad"
	Warning Tone = "warning"
	Good    Tone = "good"
	Neutral Tone = "neutral"
)

// Badge draws a small sign of two texts, such as "WhatsApp" and "nothing
// abnormal". It needs no style and looks the same everywhere.
func (a *Artist) Badge(subject, message string, tone Tone) []byte {
	const pad, size, most = 7, 11, 260
	fill := "#5b6472"
	switch tone {
	case Bad:
		fill = "#b3261e"
	case Warning:
		fill = "#8a5300"
	case Good:
		fill = "#1d6b43"
	case Neutral:
	}
	pen := a.pen(1)
	subject, message = clip(subject, most, size, false, pen.width), clip(message, most, size, false, pen.width)
	// A reader's font may be wider than the one that is measured: the texts are fitted.
	left, right := pen.width(subject, size, false)*1.05, pen.width(message, size, false)*1.05
	cut := left + 2*pad
	wide := cut + right + 2*pad
	var w svg
	w.raw(`<svg xmlns="http://www.w3.org/2000/svg" width="`, number(wide), `" height="20" role="img" aria-labelledby="title"><title id="title">`)
	w.text(subject + ": " + message)
	w.raw(`</title><rect width="`, number(wide), `" height="20" rx="3" fill="`, fill, `"/><path fill="#2b313d" d="M3 0H`, number(cut),
		`V20H3A3 3 0 0 1 0 17V3A3 3 0 0 1 3 0Z"/><g fill="#fff" font-family="Verdana,Geneva,DejaVu Sans,sans-serif" font-size="11">`)
	for _, part := range []struct {
		x, wide float64
		text    string
	}{{pad, left, subject}, {cut + pad, right, message}} {
		if part.text == "" {
			continue
		}
		w.raw(`<text x="`, number(part.x), `" y="14" textLength="`, number(part.wide), `" lengthAdjust="spacingAndGlyphs">`)
		w.text(part.text)
		w.raw(`</text>`)
	}
	w.raw("</g></svg>\n")
	return w.Bytes()
}
