package match

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// What a character is to the matcher.
const (
	classGap    = iota // separates words
	classSoft          // separates words, and clauses
	classHard          // separates sentences
	classWord          // part of a word in a script that has spaces or the like
	classDense         // part of a word in a script without: each may begin a match
	classMark          // a combining mark that is folded away
	classSymbol        // an emoji: a word of its own
	classNone          // as if it was not there
	classOther         // anything that folds to more than fits; folded when met
)

// folded is what a character becomes: at most five bytes of lower case, without
// the marks in which people are sloppy.
type folded struct {
	class uint8
	mark  uint8 // which marks were folded away; 0: none
	size  uint8
	text  [5]byte
}

const (
	foldFirst = 0x80
	foldEnd   = 0x3400 // below: a table; above, but for the compatibility forms: nothing to fold
	compFirst = 0xF900
	compEnd   = 0x10000
)

// folder holds what characters fold to. It is never changed after it was made.
type folder struct {
	low  []folded // foldFirst to foldEnd
	comp []folded // compFirst to compEnd
}

func newFolder() *folder {
	f := &folder{low: make([]folded, foldEnd-foldFirst), comp: make([]folded, compEnd-compFirst)}
	for i := range f.low {
		f.low[i] = foldRune(rune(foldFirst + i))
	}
	for i := range f.comp {
		f.comp[i] = foldRune(rune(compFirst + i))
	}
	return f
}

// rune looks up what a character that is not ASCII folds to.
func (f *folder) rune(r rune) folded {
	switch {
	case r < foldEnd:
		return f.low[r-foldFirst]
	case r >= compFirst && r < compEnd:
		return f.comp[r-compFirst]
	case r < compFirst: // Han, Hangul, and what is rare
		return plain(r, classOf(r), 0)
	}
	return foldRune(r)
}

func plain(r rune, class, mark uint8) folded {
	out := folded{class: class, mark: mark}
	out.size = uint8(utf8.EncodeRune(out.text[:], r)) //nolint:gosec // at most 4
	return out
}

// foldRune folds a character by its compatibility decomposition.
func foldRune(r rune) folded {
	if class := classOf(r); class != classWord && class != classDense && class != classOther || r >= 0x3040 && r < 0x3100 {
		return plain(r, class, 0)
	}
	out := folded{class: classNone}
	var encoded [utf8.UTFMax]byte
	for _, part := range string(norm.NFKD.AppendString(nil, string(r))) {
		class := classOf(part)
		if class == classMark {
			out.mark = markOf(part)
			continue
		}
		if class == classNone {
			continue
		}
		out.class = class
		for _, letter := range letters(part) {
			n := utf8.EncodeRune(encoded[:], letter)
			if int(out.size)+n > len(out.text) {
				out.class = classOther
				return out
			}
			out.size += uint8(copy(out.text[out.size:], encoded[:n])) //nolint:gosec // at most 5
		}
	}
	return out
}

// markOf tells marks apart; 0 is none.
func markOf(r rune) uint8 { return uint8(r%62) + 1 } //nolint:gosec // below 64

// letters is what a letter is written as: small, and without strokes that are
// no combining marks.
func letters(r rune) string {
	r = unicode.ToLower(r)
	switch r {
	case 'ı':
		return "i"
	case 'ł':
		return "l"
	case 'đ', 'ð':
		return "d"
	case 'ø':
		return "o"
	case 'ß':
		return "ss"
	case 'æ':
		return "ae"
	case 'œ':
		return "oe"
	case 'þ':
		return "th"
	case 'ς':
		return "σ"
	case 'ى', 'ی':
		return "ي"
	case 'ة':
		return "ه"
	case 'ک', 'ڪ':
		return "ك"
	case 'ۀ', 'ە':
		return "ه"
	case 'ँ':
		return "ं"
	}
	return string(r)
}

// classOf says what a character that is not ASCII is; for ASCII see asciiClass.
func classOf(r rune) uint8 {
	switch {
	case r < utf8.RuneSelf:
		return asciiClass(byte(r)) //nolint:gosec // below 128
	case isFoldedMark(r):
		return classMark
	case r == '。' || r == '！' || r == '？' || r == '؟' || r == '।' || r == '…' || r == '\u2028' || r == '\u2029' || r == '۔' || r == '；' || r == '؛' || r == '\u0085':
		return classHard
	case r == '、' || r == '，' || r == '،' || r == '—' || r == '–' || r == '「' || r == '」' || r == '（' || r == '）' || r == '：' || r == '・' || r == '\u30fb' || r == '｡' || r == '､':
		return classSoft
	case isDense(r):
		return classDense
	case unicode.IsLetter(r) || unicode.IsNumber(r) && !unicode.Is(unicode.No, r) || unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Mc, r):
		if r >= 0xFE00 && r <= 0xFE0F {
			return classNone // variation selectors
		}
		return classWord
	case unicode.Is(unicode.Cf, r) || r >= 0x1F3FB && r <= 0x1F3FF || unicode.Is(unicode.Me, r):
		return classNone // zero-width and soft hyphen, skin tones, enclosing key caps
	case unicode.Is(unicode.So, r):
		return classSymbol
	}
	return classGap
}

func asciiClass(c byte) uint8 {
	switch {
	case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9':
		return classWord
	case c == '!' || c == '?' || c == '\n' || c == ';' || c == '.':
		return classHard
	case c == ',' || c == ':' || c == '(' || c == ')' || c == '|':
		return classSoft
	}
	return classGap
}

// isFoldedMark reports whether a character is a mark that people leave out or
// write in two ways. The vowel signs of Indic scripts and of Thai are letters.
func isFoldedMark(r rune) bool {
	return r >= 0x0300 && r <= 0x036F || // Latin, Greek, Cyrillic
		r >= 0x064B && r <= 0x065F || r == 0x0670 || r == 0x0640 || // Arabic, with the elongation
		r == 0x093C // nukta
}

// isDense reports whether a character belongs to a script that is written
// without spaces, or, as Korean is, with particles joined to the words.
func isDense(r rune) bool {
	switch {
	case r < 0x0E00:
		return false
	case r < 0x1100:
		return r <= 0x0EFF && r != 0x0E2F || r >= 0x1000 && r < 0x10A0 // Thai, Lao, Burmese
	case r < 0x1200:
		return true // Hangul letters
	case r >= 0x1780 && r < 0x1800:
		return true // Khmer
	case r >= 0x3005 && r <= 0x3007 || r >= 0x3040 && r < 0x3190 && r != 0x30FB:
		return true // Kana, Hangul letters
	}
	return r >= 0x3400 && r < 0xA000 || r >= 0xAC00 && r < 0xD7B0 || r >= 0xF900 && r < 0xFB00 ||
		r >= 0xFF66 && r < 0xFFE0 || r >= 0x20000 && r < 0x32000
}
