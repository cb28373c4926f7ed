package place

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/outcryhq/outcry/pkg/place/internal/gazette"
)

// Text returns the country of the places that a post names. It asks for more than [Gazetteer.Profile]: names are
// written with a capital where the script has them or are long and nothing else, at least four letters (two in Chinese,
// Japanese and Korean) but for a few such as UK, and smaller cities and names that people or firms have stand after a
// word like "in". It is not ok where two countries are named. Only the first 4,096 bytes count. It does not allocate.
func (g *Gazetteer) Text(text string) (country string, ok bool) {
	text = clip(text, maxText)
	var found hits
	g.scan(&found, text, false)
	return g.answer(found.inText())
}

// inText returns the one country of a post's places. Places that stand side by side tell each other apart, as in
// a profile; then all that mean a country have to mean the same.
func (h *hits) inText() uint8 {
	var country uint8
	for i := 0; i < h.size; {
		group := hits{}
		end := h.list[i].at
		for i < h.size && h.list[i].at == end {
			group.add(h.list[i])
			end = h.list[i].end
			i++
		}
		one := group.country()
		if one == 0 && group.size > 1 && group.differ() {
			return 0
		}
		if one != 0 && country != 0 && one != country {
			return 0
		}
		if one != 0 {
			country = one
		}
	}
	return country
}

// differ reports whether the hits mean different countries.
func (h *hits) differ() bool {
	var winner uint8
	for i := range h.list[:h.size] {
		if one := h.list[i].Winner; one != 0 && h.list[i].alone {
			if winner != 0 && one != winner {
				return true
			}
			winner = one
		}
	}
	return false
}

// locatives are the folded words before a place, in eighteen languages.
const locatives = " in from at near around across outside to di dari daerah area wilayah kota kat dekat seluruh sekitar uit te rond regio omgeving naar heel aus bei raum nach ganz au aux en a sur depuis dans vers desde em no na nos nas do de da dal dalla nel nella w we z ze в во из у з в'о по г о tai tp khu_vuc ở mein me में से في من ب ที่ ใน rejon okolice zona provincia region live living based "

// scan looks for places in running text, or in a part of a profile that is not one name.
func (g *Gazetteer) scan(found *hits, text string, profile bool) {
	w := walk{g: g, text: text, profile: profile, shouted: shouted(text)}
	for w.next() {
		if w.size == 0 {
			continue
		}
		if spaceless(w.first) {
			g.scanSpaceless(found, &w)
			continue
		}
		if w.size < maxWords {
			continue
		}
		w.match(found)
	}
	for w.size > 0 {
		w.match(found)
	}
}

// word is one word of a text.
type word struct {
	start, end int
	comma      bool // only spaces or a comma stand between it and the word before
	joined     bool // only spaces or a dash do
	tag        bool // a hash sign stands before it
}

// walk goes through the words of a text with a window of as many as a name may have.
type walk struct {
	g       *Gazetteer
	text    string
	profile bool
	shouted bool // written in capitals throughout

	at     int
	window [maxWords]word
	size   int
	count  int  // of the words that have left the window
	first  rune // of the last word read
	last   word // that left the window, for the word before a name
}

// next reads a word into the window.
func (w *walk) next() bool {
	next := word{comma: true, joined: true}
	for w.at < len(w.text) {
		r, size := utf8.DecodeRuneInString(w.text[w.at:])
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			if skipped := w.skipLink(); skipped {
				next.comma, next.joined, next.tag = false, false, false
				continue
			}
			w.read(next)
			w.first = r
			return true
		case r == '@':
			w.skipHandle()
			next.comma, next.joined = false, false
			continue
		case r == '#':
			next.tag, next.comma, next.joined = true, false, false
		case r == ',':
			next.joined = false
		case r != ' ' && r != '-' && r != '.':
			next.comma, next.joined = false, false
		}
		w.at += size
	}
	return false
}

// read takes the word at hand into the window. A word ends where its script begins or stops to be one without spaces.
func (w *walk) read(next word) {
	next.start = w.at
	first, _ := utf8.DecodeRuneInString(w.text[w.at:])
	for w.at < len(w.text) {
		r, size := utf8.DecodeRuneInString(w.text[w.at:])
		inside := unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r) || r == 0x200c || r == 0x200d
		if !inside && !w.inside(r, size) || inside && !unicode.IsMark(r) && spaceless(r) != spaceless(first) {
			break
		}
		w.at += size
	}
	next.end = w.at
	w.window[w.size] = next
	w.size++
}

// inside reports whether an apostrophe or a full stop stands between letters: "Xi'an", "D.C".
func (w *walk) inside(r rune, size int) bool {
	if r != '\'' && r != '’' && r != '.' || w.at+size >= len(w.text) {
		return false
	}
	after, _ := utf8.DecodeRuneInString(w.text[w.at+size:])
	return unicode.IsLetter(after)
}

// skipLink goes past a web address.
func (w *walk) skipLink() bool {
	rest := w.text[w.at:]
	if !strings.HasPrefix(rest, "http://") && !strings.HasPrefix(rest, "https://") && !strings.HasPrefix(rest, "www.") {
		return false
	}
	if end := strings.IndexAny(rest, " \n\t"); end >= 0 {
		w.at += end
	} else {
		w.at = len(w.text)
	}
	return true
}

// skipHandle goes past the name of an account.
func (w *walk) skipHandle() {
	w.at++
	for w.at < len(w.text) {
		r, size := utf8.DecodeRuneInString(w.text[w.at:])
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_' && r != '.' {
			return
		}
		w.at += size
	}
}

// match looks for the longest name at the start of the window and goes past it, or past one word.
func (w *walk) match(found *hits) {
	var room [512]byte
	first := w.window[0]
	if first.end-first.start > gazette.MaxName {
		w.forget(1)
		return
	}
	folded := gazette.Fold(room[:0], w.text[first.start:first.end])
	most := 1
	if w.g.table.Begins(firstWord(folded)) {
		for most < w.size && w.window[most].joined {
			most++
		}
	}
	for n := most; n > 1; n-- {
		name := w.text[first.start:w.window[n-1].end]
		if len(name) <= gazette.MaxName && w.try(found, gazette.Fold(folded[len(folded):], name), n) {
			return
		}
	}
	if !w.try(found, folded, 1) {
		w.forget(1)
	}
}

// firstWord is what stands before the first space of a folded word, which may have one where a mark was.
func firstWord(folded []byte) []byte {
	first, _, _ := bytes.Cut(folded, []byte{' '})
	return first
}

// try looks up a name, and what is left of a single word without its ending.
func (w *walk) try(found *hits, folded []byte, n int) bool {
	entry, ok := w.g.table.Lookup(folded)
	if !ok && n == 1 {
		entry, ok = w.inflected(folded)
	}
	if !ok {
		return false
	}
	alone := w.believed(entry.Marks, folded, n)
	beside := found.size > 0 && found.list[found.size-1].end == w.count && w.window[0].comma
	region := kindOf(entry.Marks) == aRegion
	if !alone && (n == 1 && w.lower(0) || entry.Marks.Rank() == gazette.Town || !region && !w.nextIsRegion(n)) {
		return false
	}
	at, end := w.count, w.count+n
	if !beside && found.size > 0 && found.list[found.size-1].end == at {
		at++ // a sentence or a word ends between them
		end++
	}
	found.add(hit{Candidates: *entry.Candidates, kind: kindOf(entry.Marks), alone: alone, at: at, end: end})
	w.forget(n)
	return true
}

// nextIsRegion reports whether a name's next word, after a comma, begins with a capital: "Reading, Berkshire".
func (w *walk) nextIsRegion(n int) bool {
	return n < w.size && w.window[n].comma && !w.window[n].joined && !w.lower(n)
}

// believed reports whether a name is a place by itself here.
func (w *walk) believed(marks gazette.Marks, folded []byte, n int) bool {
	if marks.Has(gazette.Never) || w.firm(n) {
		return false
	}
	located := w.located(n)
	first, _ := utf8.DecodeRuneInString(w.text[w.window[0].start:])
	cased := unicode.IsUpper(first) || unicode.IsLower(first)
	capital := unicode.IsUpper(first) && !w.shouted && !w.lower(n-1)
	size := utf8.RuneCount(folded)
	if size < 4 && cased || size < 3 && !unicode.Is(unicode.Hangul, first) {
		return shortName(w.text[w.window[0].start:w.window[0].end], located && !w.shouted)
	}
	rank := marks.Rank()
	least := gazette.Major
	if located || w.window[0].tag {
		least = gazette.City
	}
	if w.profile {
		least = gazette.City
	}
	switch {
	case rank < least, marks.Has(gazette.Person) && !located:
		return false
	case !cased:
		return size >= 4 || rank == gazette.Largest
	case capital:
		return !marks.Has(gazette.Word) || located || rank == gazette.Largest && w.count > 0
	default: // in small letters, or all is in capitals
		return !marks.Has(gazette.Word) && rank >= gazette.Major && (size >= 6 || size >= 5 && (located || w.profile))
	}
}

// shortName knows the names of two and three letters that are believed in capitals.
func shortName(name string, located bool) bool {
	switch name {
	case "UK", "U.K", "USA", "U.S.A", "UAE", "NYC", "KSA", "DRC":
		return true
	case "US", "U.S", "LA", "NZ", "NL", "KL", "SF", "DC", "RJ", "SP", "JKT", "Jkt", "HCM":
		return located
	default:
		return false
	}
}

// located reports whether a word like "in" stands before the name, or one of its language after it.
func (w *walk) located(n int) bool {
	if n < w.size && w.window[n].joined && strings.Contains(" में से मे mein me ", " "+w.text[w.window[n].start:w.window[n].end]+" ") {
		return true
	}
	name := w.text[w.window[0].start:w.window[0].end]
	if i := strings.IndexAny(name, "'’"); i > 0 && turkish(strings.TrimLeft(name[i:], "'’")) {
		return true
	}
	return w.window[0].joined && w.is(w.last, locatives) || w.window[0].joined && w.is(w.last, " the ")
}

// is reports whether a word is in a list.
func (w *walk) is(one word, list string) bool {
	if one.end == 0 {
		return false
	}
	var room [64]byte
	if one.end-one.start > 24 {
		return false
	}
	folded := append(room[:0], ' ')
	folded = gazette.Fold(folded, w.text[one.start:one.end])
	folded = append(folded, ' ')
	for at := 0; at+len(folded) <= len(list); at++ {
		if list[at] == ' ' && list[at:at+len(folded)] == string(folded) {
			return true
		}
	}
	return false
}

// firm reports whether the words around a name make it another: "Bank of America", "Kuwait Airways".
func (w *walk) firm(n int) bool {
	if n < w.size && w.window[n].joined && w.is(w.window[n], " airways airlines airline times post bank today herald united fc city_fc hilton tribune ") {
		return true
	}
	return w.window[0].joined && w.is(w.last, " of air virgin bank miss radio fc real inter ")
}

func (w *walk) lower(i int) bool {
	first, _ := utf8.DecodeRuneInString(w.text[w.window[i].start:])
	return unicode.IsLower(first)
}

// forget drops words from the start of the window.
func (w *walk) forget(n int) {
	w.last = w.window[n-1]
	copy(w.window[:], w.window[n:w.size])
	w.size -= n
	w.count += n
}

// shouted reports whether a text has more capitals than small letters, so that capitals say nothing.
func shouted(text string) bool {
	upper, lower := 0, 0
	for _, r := range text {
		switch {
		case unicode.IsUpper(r):
			upper++
		case unicode.IsLower(r):
			lower++
		}
	}
	return upper > lower && upper+lower > 12
}
