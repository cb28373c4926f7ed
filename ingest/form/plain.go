package form

// plainJSON reads what nearly every body is: one object of strings without
// escapes. It allocates only the values, which a sixth of all the work on a report
// went into otherwise. Of everything else, right or wrong, it says that it is not plain;
// then decodeAnyJSON reads it again and knows what to answer.
func plainJSON(body []byte) (a ask, plain bool) {
	p := plainParser{rest: body}
	if !p.take('{') {
		return a, false
	}
	for first := true; ; first = false {
		if !first && !p.take(',') {
			break
		}
		name, ok := p.text()
		if !ok || !p.take(':') {
			return ask{}, false
		}
		value := a.field(string(name))
		text, ok := p.text()
		// An empty value might come first of two, so that it is not plain.
		if !ok || value == nil || *value != "" || len(text) == 0 {
			return ask{}, false
		}
		*value = string(text)
	}
	if !p.take('}') || !p.end() {
		return ask{}, false
	}
	return a, true
}

// plainParser is what has not been read yet.
type plainParser struct{ rest []byte }

// end skips white space and reports whether nothing follows.
func (p *plainParser) end() bool {
	for len(p.rest) > 0 {
		switch p.rest[0] {
		case ' ', '\t', '\r', '\n':
			p.rest = p.rest[1:]
		default:
			return false
		}
	}
	return true
}

// take reads one byte after white space, if it is that one.
func (p *plainParser) take(want byte) bool {
	if p.end() || p.rest[0] != want {
		return false
	}
	p.rest = p.rest[1:]
	return true
}

// text reads a string of printable ASCII without escapes.
func (p *plainParser) text() ([]byte, bool) {
	if !p.take('"') {
		return nil, false
	}
	for i, b := range p.rest {
		switch {
		case b == '"':
			text := p.rest[:i]
			p.rest = p.rest[i+1:]
			return text, true
		case b < ' ' || b > '~' || b == '\\':
			return nil, false
		}
	}
	return nil, false
}
