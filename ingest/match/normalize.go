package match

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

const (
	// maxRunes is how much of a post is read. Posts are shorter, but for those
	// of a few servers.
	maxRunes = 2000
	// maxBytes bounds what a post may bring along besides letters, such as marks.
	maxBytes = 12 << 10
	// longRun is from how many equal letters in a row on they are one: "downnnn".
	longRun = 3
)

// attrUpper in text.attr: it was a capital. The low bits are the mark.
const attrUpper = 0x80

// pause is an end of a sentence (hard) or of a clause before a position.
type pause struct {
	at   int32
	hard bool
}

// word is where a match may begin, and where that was in the post.
type word struct {
	at, raw int32
}

// text is a post in normal form: words in lower case, without marks, one space
// between them and around them; #tags and @handles keep their sign. It is
// reused from post to post.
type text struct {
	buf    []byte
	attr   []byte // for each byte of buf: attrUpper and the mark
	words  []word
	pauses []pause
	upper  bool // it has capitals
	lower  bool // it has small letters

	handle bool // inside of an @handle, where _ is a letter
	tag    bool // inside of a #tag
	last   rune // the letter written last, to see runs
	run    int
	runLen int // bytes of one of the run
	class  uint8
}

func (t *text) reset() {
	t.buf, t.attr = append(t.buf[:0], ' '), append(t.attr[:0], 0)
	t.words, t.pauses = t.words[:0], t.pauses[:0]
	t.upper, t.lower, t.handle, t.tag = false, false, false, false
	t.last, t.run, t.runLen, t.class = 0, 0, 0, classGap
}

// read normalises a post.
func (t *text) read(f *folder, s string) {
	if len(s) > maxBytes {
		s = s[:maxBytes]
	}
	t.reset()
	if !t.scan(f, s) {
		// Syllables and kana in pieces: put them together first.
		t.reset()
		t.scan(f, norm.NFC.String(s))
	}
	t.space()
}

// scan reports whether it could read the text as it is; it gives up on the
// pieces of Hangul and kana.
func (t *text) scan(f *folder, s string) bool {
	composed := false
	for i, n := 0, 0; i < len(s) && n < maxRunes; n++ {
		c := s[i]
		if c < utf8.RuneSelf {
			i += t.ascii(s, i)
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if !composed && (r == 0x3099 || r == 0x309A || r == 0xFF9E || r == 0xFF9F || r >= 0x1160 && r < 0x1200) {
			if !norm.NFC.IsNormalString(s) {
				return false
			}
			composed = true
		}
		t.rune(f, s, i, r)
		i += size
	}
	return true
}

// ascii reads the character s[i], and says how many bytes it has taken.
func (t *text) ascii(s string, i int) int {
	c := s[i]
	switch {
	case c >= 'a' && c <= 'z':
		if t.class != classWord && (c == 'h' || c == 'w') {
			if n := linkLength(s[i:]); n > 0 {
				t.space()
				return n
			}
		}
		t.lower = true
		t.letter(rune(c), classWord, 0, i)
	case c >= 'A' && c <= 'Z':
		if t.class != classWord && (c == 'H' || c == 'W') {
			if n := linkLength(s[i:]); n > 0 {
				t.space()
				return n
			}
		}
		t.upper = true
		t.letter(rune(c|0x20), classWord, attrUpper, i)
	case c >= '0' && c <= '9':
		t.letter(rune(c), classWord, 0, i)
	default:
		t.sign(s, i)
	}
	return 1
}

// sign reads an ASCII character that is no letter or digit.
func (t *text) sign(s string, i int) {
	before, after := i > 0 && isAlnum(s[i-1]), i+1 < len(s) && isAlnum(s[i+1])
	switch c := s[i]; c {
	case '@', '#':
		if before || !after && (i+1 >= len(s) || s[i+1] < utf8.RuneSelf) {
			t.space()
			return
		}
		t.space()
		t.begin(i)
		t.write(rune(c), 0)
		t.handle, t.tag = c == '@', c == '#'
	case '_':
		t.underscore(before && after, i)
	case '\'', '`':
		t.apostrophe(s, i, i+1)
	case '+':
		t.space()
		if before && !after {
			for _, r := range "plus" { // Disney+
				t.letter(r, classWord, 0, i)
			}
			t.space()
		}
	case '.':
		t.space()
		if !before || !after {
			t.pause(true)
		}
	case '-':
		t.space()
		if !before && !after {
			t.pause(false)
		}
	default:
		t.space()
		switch asciiClass(c) {
		case classHard:
			t.pause(true)
		case classSoft:
			t.pause(false)
		}
	}
}

// underscore reads a _, which joins what is around it: my_variable is no name of a
// service, but in a #tag of several words each is one.
func (t *text) underscore(inside bool, i int) {
	if t.handle || inside && !t.tag {
		t.letter('_', classWord, 0, i)
		return
	}
	tag := t.tag
	t.space()
	t.tag = tag
}

// apostrophe drops the apostrophe of "don't", and parts "l'appli" in two.
func (t *text) apostrophe(s string, i, end int) {
	n := len(t.buf)
	if end < len(s) && s[end]|0x20 == 't' && t.buf[n-1] == 'n' && i > 0 && isAlnum(s[i-1]) {
		return
	}
	t.space()
}

func (t *text) rune(f *folder, s string, i int, r rune) {
	switch r {
	case '’', '‘', 'ʼ', '´', '＇', '′':
		t.apostrophe(s, i, i+utf8.RuneLen(r))
		return
	case '＃':
		t.space()
		t.begin(i)
		t.write('#', 0)
		t.tag = true
		return
	}
	out := f.rune(r)
	switch out.class {
	case classWord, classDense:
		attr := out.mark
		if isUpper(r) {
			attr |= attrUpper
		}
		t.folded(out, attr, i)
	case classMark:
		if n := len(t.buf); t.buf[n-1] != ' ' {
			t.attr[n-1] |= markOf(r)
		}
	case classSymbol:
		t.space()
		t.begin(i)
		t.write(r, 0)
		t.space()
	case classHard:
		t.space()
		t.pause(true)
	case classSoft:
		t.space()
		t.pause(false)
	case classOther:
		for _, part := range norm.NFKC.String(string(r)) {
			if part < utf8.RuneSelf {
				if isAlnum(byte(part)) { //nolint:gosec // below 128
					t.letter(part|0x20, classWord, 0, i)
				}
			} else if one := f.rune(part); one.class == classWord || one.class == classDense {
				t.folded(one, one.mark, i)
			}
		}
	case classNone:
	default:
		t.space()
	}
}

// folded writes a folded character, which may be several letters.
func (t *text) folded(out folded, attr uint8, raw int) {
	for part := out.text[:out.size]; len(part) > 0; {
		r, n := utf8.DecodeRune(part)
		t.letter(r, out.class, attr, raw)
		part = part[n:]
	}
}

// isUpper knows the capitals of Latin, Greek and Cyrillic, roughly: it matters
// for names that are words too, and these are Latin.
func isUpper(r rune) bool {
	return r >= 0xC0 && r <= 0xDE || r >= 0x391 && r <= 0x3A9 || r >= 0x400 && r <= 0x42F || r >= 0xFF21 && r <= 0xFF3A
}

// letter writes one letter, unless it is one too many of its kind.
func (t *text) letter(r rune, class, attr uint8, raw int) {
	joined := t.class == classWord || t.class == classDense
	if joined && r == t.last && r != 'x' && r != 'w' && (r < '0' || r > '9') {
		t.run++
		switch {
		case t.run > longRun:
			return
		case t.run == longRun: // the second one goes too
			n := len(t.buf) - t.runLen
			t.buf, t.attr = t.buf[:n], t.attr[:n]
			for len(t.words) > 0 && int(t.words[len(t.words)-1].at) >= n {
				t.words = t.words[:len(t.words)-1]
			}
			return
		}
	} else {
		t.last, t.run = r, 1
	}
	if class == classDense || t.class != classWord {
		t.begin(raw)
	}
	t.class = class
	t.runLen = t.write(r, attr)
}

// begin notes that a match may begin here.
func (t *text) begin(raw int) {
	t.words = append(t.words, word{at: int32(len(t.buf)), raw: int32(raw)}) //nolint:gosec // both are bounded by maxBytes
}

func (t *text) write(r rune, attr uint8) int {
	if r < utf8.RuneSelf {
		t.buf = append(t.buf, byte(r)) //nolint:gosec // below 128
		t.attr = append(t.attr, attr)
		return 1
	}
	n := len(t.buf)
	t.buf = utf8.AppendRune(t.buf, r)
	for range len(t.buf) - n {
		t.attr = append(t.attr, attr)
	}
	return len(t.buf) - n
}

func (t *text) space() {
	t.class, t.last, t.run, t.handle, t.tag = classGap, 0, 0, false, false
	if t.buf[len(t.buf)-1] != ' ' {
		t.buf, t.attr = append(t.buf, ' '), append(t.attr, 0)
	}
}

func (t *text) pause(hard bool) {
	at := int32(len(t.buf)) //nolint:gosec // bounded by maxBytes
	if n := len(t.pauses); n > 0 && t.pauses[n-1].at == at {
		t.pauses[n-1].hard = t.pauses[n-1].hard || hard
		return
	}
	t.pauses = append(t.pauses, pause{at: at, hard: hard})
}

func isAlnum(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// linkLength is how long the link is with which s begins, 0 if it does not.
func linkLength(s string) int {
	rest := s[min(len(s), 8):]
	switch {
	case len(s) > 4 && strings.EqualFold(s[:4], "www."):
	case len(s) > 7 && strings.EqualFold(s[:7], "http://"):
	case len(s) > 8 && strings.EqualFold(s[:8], "https://"):
	default:
		return 0
	}
	for i := range len(rest) {
		if c := rest[i]; c <= ' ' || c >= utf8.RuneSelf {
			return 8 + i
		}
	}
	return len(s)
}
