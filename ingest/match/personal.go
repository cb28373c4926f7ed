package match

import (
	"bytes"
	"slices"
	"strings"
	"unicode/utf8"
)

// How long a post is, in quarters of a word, that needs no sign of a person: "spotify error".
const (
	shortPost  = 8 * oneWord
	doubtPost  = 4 * oneWord // with an ambiguous name
	jargonPost = 3 * oneWord // with one that is a word of software
)

// tongue is what is known of a language besides its phrases, in normal form.
type tongue struct {
	personal map[string]bool
	inside   []string // personal too, in a script without spaces
	function map[string]bool
}

// tongueWord notes a word of a language that is looked for only in posts that might
// be complaints.
func (b *matcherBuilder) tongueWord(language int, p phrase) {
	t := &b.m.tongues[language]
	key, _ := b.normal(p.text)
	last, _ := utf8.DecodeLastRuneInString(key)
	switch {
	case key == "":
	case p.kind == function:
		t.function[key] = true
	case isDense(last):
		t.inside = append(t.inside, key)
	default:
		t.personal[key] = true
	}
}

// impersonal reports whether a phrase beside a bare name is what a manual or a
// program says rather than a person: it looks like code, or it is one weak phrase
// without any sign that somebody complains.
func (m *Matcher) impersonal(s *scratch, raw string, n, h *hit) bool {
	if n.handle {
		return false
	}
	if isCode(raw[:min(len(raw), maxBytes)]) {
		return true
	}
	if h.kind != weak && !s.isWeak(h) && !s.isJargon(n, h) {
		return false
	}
	if s.compound(raw, h) {
		return true
	}
	if h.vague { // an emoji is not enough
		return !m.isPersonal(s, h)
	}
	most := int32(shortPost)
	switch {
	case s.isJargon(n, h):
		most = jargonPost
	case n.doubtful:
		most = doubtPost
	}
	short := s.units[len(s.text.buf)-1] <= most
	return !short && !s.another(h) && !exclaims(raw[:min(len(raw), maxBytes)]) && !m.isPersonal(s, h)
}

// isJargon reports whether a name is a word of software in the language of a phrase.
func (s *scratch) isJargon(n, h *hit) bool {
	return slices.ContainsFunc(s.hits, func(o hit) bool {
		return o.kind == jargon && o.start == n.start && o.end == n.end && s.speaks(h, o.language)
	})
}

// compound reports whether a phrase is the end of a word with a hyphen, such as
// "perform-maintenance".
func (s *scratch) compound(raw string, h *hit) bool {
	i, ok := slices.BinarySearchFunc(s.text.words, h.start, func(w word, start int32) int { return int(w.at - start) })
	if !ok {
		return false
	}
	at := int(s.text.words[i].raw)
	return at > 1 && at <= len(raw) && raw[at-1] == '-' && isAlnum(raw[at-2])
}

// isWeak reports whether a phrase of one word is weak in another language: "error".
func (s *scratch) isWeak(h *hit) bool {
	if bytes.IndexByte(s.text.buf[h.start:h.end], ' ') >= 0 {
		return false
	}
	return slices.ContainsFunc(s.hits, func(o hit) bool {
		return o.kind == weak && o.start == h.start && o.end == h.end
	})
}

// another reports whether a post says twice that something fails.
func (s *scratch) another(h *hit) bool {
	return slices.ContainsFunc(s.hits, func(o hit) bool {
		return says(o.kind) && !o.dropped && o.id != h.id && (o.start >= h.end || o.end <= h.start) && s.speaks(h, o.language)
	})
}

// isPersonal looks for a personal word of a language that has the phrase.
func (m *Matcher) isPersonal(s *scratch, h *hit) bool {
	text := string(s.text.buf)
	for i := range m.tongues {
		if !s.speaks(h, uint8(i)) {
			continue
		}
		p := &m.tongues[i]
		if slices.ContainsFunc(p.inside, func(one string) bool { return strings.Contains(text, one) }) {
			return true
		}
		for word := range strings.FieldsSeq(text) {
			if p.personal[word] {
				return true
			}
		}
	}
	return false
}

// mostFunction is how many function words of another language a post may have, unless it
// says that it is in that one.
const mostFunction = 1

// isForeign reports whether a post is in another language than a phrase: it says so and the
// phrase is one word that English does not have either, or it has several function words of
// one, and none of any that has the phrase.
func (m *Matcher) isForeign(s *scratch, h *hit, said int) bool {
	if s.text.buf[h.start] >= 0xC4 || said >= 0 && s.speaks(h, uint8(said)) { //nolint:gosec // an index of few
		return false // a script tells
	}
	english := slices.Index(m.languages, "en")
	if said >= 0 && said != english && bytes.IndexByte(s.text.buf[h.start:h.end], ' ') < 0 && !s.speaks(h, uint8(english)) { //nolint:gosec // an index of few
		return true
	}
	most := 0
	for i := range m.tongues {
		t := &m.tongues[i]
		own := s.speaks(h, uint8(i))
		if len(t.function) == 0 {
			if own {
				return false
			}
			continue
		}
		found := s.countWords(t.function, h)
		if own && found > 0 {
			return false
		}
		if i == said && found > 0 {
			found += mostFunction
		}
		most = max(most, found)
	}
	return most > mostFunction
}

// countWords counts the words of a set that are not part of a phrase.
func (s *scratch) countWords(set map[string]bool, h *hit) int {
	n := 0
	for _, w := range s.text.words {
		if (w.at < h.start || w.at >= h.end) && set[string(wordRest(s.text.buf, w.at))] {
			n++
		}
	}
	return n
}

// exclaims looks for what only people write: "!!", "?", drawn-out letters and emoji.
func exclaims(raw string) bool {
	if strings.ContainsAny(raw, "?？؟") || strings.Contains(raw, "!!") || strings.Contains(raw, "！！") {
		return true
	}
	run, last := 0, rune(0)
	for _, r := range raw {
		if r >= 0x1F300 && r <= 0x1FAFF || r == 0x2639 || r == 0x263A {
			return true
		}
		if r != last {
			run, last = 0, r
		}
		run++
		if run > longRun && (r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= 0xC0 && r < 0xE000) {
			return true
		}
	}
	return false
}

// isCode looks for options, placeholders, calls and the like.
func isCode(raw string) bool {
	for i := range len(raw) {
		switch raw[i] {
		case '\t': // a table
			return true
		case '-', '%', '(', '[', '{', '}', '\\', '<', '`', '=', '$':
			if isCodeAt(byteAt(raw, i-1), raw[i], byteAt(raw, i+1), byteAt(raw, i+2)) {
				return true
			}
		}
	}
	return false
}

// byteAt is a byte of a text, or a space outside of it.
func byteAt(raw string, i int) byte {
	if i < 0 || i >= len(raw) {
		return ' '
	}
	return raw[i]
}

// isCodeAt judges a sign by the byte before and the two behind.
func isCodeAt(before, sign, after, next byte) bool {
	switch sign {
	case '-': // --option
		return after == '-' && isAlnum(next) && !isAlnum(before) && before < utf8.RuneSelf && before != '-'
	case '%': // %s, but not 50%
		return strings.IndexByte("sdquxpPX(", after) >= 0 && (before < '0' || before > '9') && !isAlnum(next)
	case '(': // call()
		return after == ')' && isAlnum(before)
	case '[': // [OPTION
		return after == '-' || isCapital(after) && isCapital(next)
	case '=': // key=value
		return isAlnum(before) && isAlnum(after)
	case '$': // a prompt, $a_variable
		return after == ' ' && before == ' ' || isAlnum(after) && next == '_'
	default:
		return isAlnum(after) && !isAlnum(before)
	}
}

func isCapital(c byte) bool { return c >= 'A' && c <= 'Z' }
