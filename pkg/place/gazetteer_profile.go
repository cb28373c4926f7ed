package place

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/outcryhq/outcry/pkg/place/internal/gazette"
)

// Profile returns the country that the free-text location of a profile names: by flags, countries, their parts and
// cities, and by codes in capitals after a separator. It is not ok where none is named, where several are, and where a
// name alone does not say which of its places is meant. Only the first 256 bytes count. It does not allocate.
func (g *Gazetteer) Profile(text string) (country string, ok bool) {
	text = clip(text, maxProfile)
	var found hits
	var flags profileFlags
	part := segment{}
	start := 0
	for i := 0; i < len(text); {
		if code, size := flagAt(text[i:]); size > 0 {
			part = g.segment(&found, text[start:i], part)
			flags.add(g.table.Number(code))
			i += size
			start = i
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		if !inName(r) && !dashInName(text, i, r) {
			part = g.segment(&found, text[start:i], part)
			part.separated = true
			start = i + size
		}
		i += size
	}
	g.segment(&found, text[start:], part)
	return g.answer(flags.with(&found))
}

// profileFlags are the flags of a profile.
type profileFlags struct {
	set   gazette.Set
	count int
}

func (f *profileFlags) add(country uint8) {
	if country != 0 && !f.set.Has(country) {
		f.set.Add(country)
		f.count++
	}
}

// with returns the country of the places, told apart by the flags. People put flags of others' countries beside their
// own, so that several only have to hold the country of the places.
func (f *profileFlags) with(found *hits) uint8 {
	if f.count == 0 {
		return found.country()
	}
	if f.count == 1 {
		found.add(hit{Candidates: gazette.Candidates{Countries: f.set, Winner: f.set.First()}, kind: aRegion, alone: true})
		return found.country()
	}
	if country := found.country(); country != 0 && f.set.Has(country) {
		return country
	}
	return 0
}

// segment is what is known of the parts of a profile before the one at hand.
type segment struct {
	known     bool // the part before was a place
	titled    bool // the part before looks like a name
	separated bool // something parts it from the one at hand
}

// segment looks for places in one part of a profile.
func (g *Gazetteer) segment(found *hits, text string, before segment) segment {
	text = strings.TrimFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsMark(r) && r != '.' })
	if text == "" {
		return before
	}
	if candidates, ok := g.codes.find(text); ok && before.separated {
		if before.known || before.titled && clearCode(text, &candidates) {
			found.add(hit{Candidates: candidates, kind: aRegion, alone: candidates.Winner != 0})
			return segment{known: true}
		}
	}
	if g.whole(found, text) {
		return segment{known: true}
	}
	if city, code, ok := cutCode(text); ok {
		candidates, isCode := g.codes.find(code)
		var beside hits
		if isCode && g.whole(&beside, city) {
			if common := beside.list[0].Countries.And(&candidates.Countries); common.Len() > 0 {
				found.add(beside.list[0])
				found.add(hit{Candidates: candidates, kind: aRegion, alone: candidates.Winner != 0})
				return segment{known: true}
			}
		}
	}
	size := found.size
	g.scan(found, text, true)
	return segment{known: found.size > size, titled: titled(text)}
}

// whole takes a part of a profile for one name.
func (g *Gazetteer) whole(found *hits, text string) bool {
	var room [gazette.MaxName + 40]byte
	if len(text) > gazette.MaxName {
		return false
	}
	entry, ok := g.table.Lookup(gazette.Fold(room[:0], text))
	if !ok {
		return false
	}
	first, _ := utf8.DecodeRuneInString(text)
	alone := !entry.Marks.Has(gazette.Never)
	if entry.Marks.Has(gazette.Word) && unicode.IsLower(first) {
		alone = false
	}
	if len(text) == 2 && strings.ToUpper(text) != text { // "No", "la": two letters are a name in capitals only
		alone = false
	}
	found.add(hit{Candidates: *entry.Candidates, kind: kindOf(entry.Marks), alone: alone})
	return true
}

func kindOf(marks gazette.Marks) kind {
	if marks.Has(gazette.Country | gazette.Region) {
		return aRegion
	}
	return aCity
}

// cutCode parts a code in capitals from the name before it: "Austin TX".
func cutCode(text string) (name, code string, ok bool) {
	at := strings.LastIndexByte(text, ' ')
	if at <= 0 || len(text)-at-1 < 2 || len(text)-at-1 > 3 {
		return "", "", false
	}
	return strings.TrimSpace(text[:at]), text[at+1:], true
}

// titled reports whether a part of a profile looks like a name: at most three words that begin with capitals.
func titled(text string) bool {
	count := 0
	for word := range strings.FieldsSeq(text) {
		first, _ := utf8.DecodeRuneInString(word)
		if count++; count > 3 || len(word) < 4 || !unicode.IsUpper(first) || strings.ToUpper(word) == word {
			return false
		}
	}
	return count > 0
}

// inName reports whether a rune can stand in a name.
func inName(r rune) bool {
	switch r {
	case ' ', '.', '\'', '’', '‘', 'ʻ', 'ʼ', 0x200c, 0x200d:
		return true
	}
	return unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r)
}

// dashInName reports whether a dash joins two letters: "Saint-Denis", but not "Paris - Berlin".
func dashInName(text string, at int, r rune) bool {
	if r != '-' || at == 0 || at+1 >= len(text) {
		return false
	}
	before, _ := utf8.DecodeLastRuneInString(text[:at])
	after, _ := utf8.DecodeRuneInString(text[at+1:])
	return unicode.IsLetter(before) && unicode.IsLetter(after)
}
