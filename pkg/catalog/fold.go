package catalog

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// maxQuery is how many bytes of a search are looked at.
const maxQuery = 128

// fold makes texts that people take for the same one equal: case, accents,
// width and punctuation go, and words are separated by one space.
func fold(text string) string {
	if len(text) > maxQuery {
		text = strings.ToValidUTF8(text[:maxQuery], "")
	}
	var b strings.Builder
	space := false
	for _, r := range norm.NFKD.String(text) {
		switch {
		case unicode.Is(unicode.Mn, r):
			continue
		case unicode.IsLetter(r), unicode.IsDigit(r), unicode.Is(unicode.Mc, r):
		case r == '+':
			r = '+' // as in Disney+
		default:
			space = b.Len() > 0
			continue
		}
		if space {
			b.WriteByte(' ')
			space = false
		}
		if plain := undecomposed(r); plain != "" {
			b.WriteString(plain)
			continue
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// undecomposed returns the plain letters for those that Unicode does not take apart.
func undecomposed(r rune) string {
	switch r {
	case 'ı':
		return "i"
	case 'ø', 'Ø':
		return "o"
	case 'ł', 'Ł':
		return "l"
	case 'đ', 'Đ':
		return "d"
	case 'ß':
		return "ss"
	case 'æ', 'Æ':
		return "ae"
	case 'œ', 'Œ':
		return "oe"
	default:
		return ""
	}
}
