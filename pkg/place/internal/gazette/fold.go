package gazette

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Fold appends to dst the form of a name under which it is looked up: letters without case, accents and width, words
// parted by one space. What two people may write differently folds to the same bytes: "İstanbul" and "istanbul",
// "São Paulo" and "sao paulo", "Saint-Denis" and "saint denis", "القاهرة" and "القاهره", "ﾄｳｷｮｳ" and "トウキョウ".
// It does not allocate when dst has room, unless name is in decomposed Hangul.
func Fold(dst []byte, name string) []byte {
	if hasJamo(name) {
		name = norm.NFC.String(name)
	}
	start := len(dst)
	for i := 0; i < len(name); {
		if c := name[i]; c < utf8.RuneSelf {
			dst = foldRune(dst, start, rune(c))
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(name[i:])
		if r >= 0xac00 && r <= 0xd7a3 { // whole syllables are better to read than their parts
			dst = utf8.AppendRune(dst, r)
			i += size
			continue
		}
		parts := norm.NFKD.PropertiesString(name[i:]).Decomposition()
		if parts == nil {
			dst = foldRune(dst, start, r)
		}
		for j := 0; j < len(parts); {
			part, n := utf8.DecodeRune(parts[j:])
			dst = foldRune(dst, start, part)
			j += n
		}
		i += size
	}
	if len(dst) > start && dst[len(dst)-1] == ' ' {
		dst = dst[:len(dst)-1]
	}
	return dst
}

// hasJamo reports whether text has parts of Hangul syllables.
func hasJamo(text string) bool {
	for i := 0; i+1 < len(text); i++ {
		if text[i] == 0xe1 && text[i+1] >= 0x84 && text[i+1] <= 0x87 { // U+1100 to U+11FF
			return true
		}
	}
	return false
}

// foldRune appends one decomposed rune, or nothing, or what is written instead of it.
func foldRune(dst []byte, start int, r rune) []byte {
	switch {
	case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
		return utf8.AppendRune(dst, r)
	case r >= 'A' && r <= 'Z':
		return utf8.AppendRune(dst, r+'a'-'A')
	case ignored(r):
		return dst
	}
	if with, ok := replacement(r); ok {
		return append(dst, with...)
	}
	if unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r) {
		return utf8.AppendRune(dst, unicode.ToLower(r))
	}
	if len(dst) > start && dst[len(dst)-1] != ' ' {
		dst = append(dst, ' ')
	}
	return dst
}

// ignored reports whether a rune is one that people leave out or add without meaning another name.
func ignored(r rune) bool {
	switch {
	case r == '\'', r == '.', r == '`', r == '’', r == '‘', r == 'ʼ', r == 'ʻ', r == 'ʿ', r == 'ʾ', r == '´':
		return true
	case r >= 0x300 && r <= 0x36f: // accents of Latin, Greek and Cyrillic
		return true
	case r >= 0x64b && r <= 0x655, r == 0x670, r == 0x640: // Arabic vowel signs, hamza above and below, the stretched line
		return true
	case r >= 0x591 && r <= 0x5c7: // Hebrew points
		return true
	case r == 0x93c, r == 0x9bc, r == 0xa3c, r == 0xabc, r == 0xb3c, r == 0xcbc: // the dot of Indic letters
		return true
	case r >= 0x200b && r <= 0x200f, r >= 0x202a && r <= 0x202e, r >= 0x2060 && r <= 0x2069, r == 0xfeff, r == 0xad:
		return true
	case r >= 0xfe00 && r <= 0xfe0f: // variation selectors
		return true
	}
	return false
}

// replacement returns the plain letters for one that does not decompose.
func replacement(r rune) (string, bool) {
	switch r {
	case 'ı':
		return "i", true
	case 'ß', 'ẞ':
		return "ss", true
	case 'ł', 'Ł':
		return "l", true
	case 'ø', 'Ø':
		return "o", true
	case 'đ', 'Đ', 'ð', 'Ð':
		return "d", true
	case 'æ', 'Æ':
		return "ae", true
	case 'œ', 'Œ':
		return "oe", true
	case 'þ', 'Þ':
		return "th", true
	case 'ə', 'Ə':
		return "e", true
	case 'ς':
		return "σ", true
	case 'ة':
		return "ه", true
	case 'ى', 'ی':
		return "ي", true
	case 'ک':
		return "ك", true
	case 'ヶ':
		return "ケ", true
	}
	return "", false
}
