package place

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/outcryhq/outcry/pkg/place/internal/gazette"
)

// inflected looks for a name under its endings and prefixes: Turkish and English after an apostrophe, Korean
// particles, Russian and Ukrainian cases after a preposition, the Arabic "in".
func (w *walk) inflected(folded []byte) (gazette.Entry, bool) {
	name := w.text[w.window[0].start:w.window[0].end]
	first, _ := utf8.DecodeRuneInString(name)
	switch {
	case unicode.Is(unicode.Latin, first):
		return w.beforeApostrophe(name)
	case unicode.Is(unicode.Hangul, first):
		return w.withoutParticle(folded)
	case unicode.Is(unicode.Cyrillic, first):
		return w.nominative(folded)
	case unicode.Is(unicode.Arabic, first):
		return w.withoutPrefix(folded)
	default:
		return gazette.Entry{}, false
	}
}

// turkish reports whether what follows an apostrophe is a Turkish ending that says where.
func turkish(ending string) bool {
	switch ending {
	case "da", "de", "ta", "te", "dan", "den", "tan", "ten", "daki", "deki", "taki", "teki", "ya", "ye", "a", "e":
		return true
	default:
		return false
	}
}

func (w *walk) beforeApostrophe(name string) (gazette.Entry, bool) {
	at := strings.IndexAny(name, "'’")
	if at < 4 {
		return gazette.Entry{}, false
	}
	ending := strings.TrimLeft(name[at:], "'’")
	if w.profile && ending == "s" { // "Paris's biggest fan"
		return gazette.Entry{}, false
	}
	if ending != "s" && !turkish(ending) && ending != "nın" && ending != "nin" && ending != "un" && ending != "ın" {
		return gazette.Entry{}, false
	}
	var room [2 * gazette.MaxName]byte
	if at > gazette.MaxName {
		return gazette.Entry{}, false
	}
	return w.g.table.Lookup(gazette.Fold(room[:0], name[:at]))
}

// particles are endings of Korean words, longest first.
const particles = "에서는 에서도 지역은 지역도 입니다 에서 에선 에도 에만 지역 인데 으로 부터 까지 에 은 는 이 가 도 의 시 쪽 로 만 요"

func (w *walk) withoutParticle(folded []byte) (gazette.Entry, bool) {
	for particle := range strings.FieldsSeq(particles) {
		if rest := folded[:max(0, len(folded)-len(particle))]; string(folded[len(rest):]) == particle && len(rest) >= 6 {
			entry, found := w.g.table.Lookup(rest)
			if found && (entry.Marks.Rank() >= gazette.Major || len(rest) > 6) {
				return entry, true
			}
		}
	}
	return gazette.Entry{}, false
}

// nominative tries the endings that the form after a preposition stands for: "в Москве", "из Казани".
func (w *walk) nominative(folded []byte) (gazette.Entry, bool) {
	if !w.window[0].joined || !w.is(w.last, locatives) || len(folded) < 8 || len(folded) > gazette.MaxName {
		return gazette.Entry{}, false
	}
	last, size := utf8.DecodeLastRune(folded)
	var endings string
	switch last {
	case 'е':
		endings = "а,,о"
	case 'и':
		endings = "ь,я,ія,а,и"
	case 'ы':
		endings = "а"
	case 'і':
		endings = "а,"
	case 'а', 'у':
		endings = ","
	default:
		return gazette.Entry{}, false
	}
	var room [2 * gazette.MaxName]byte
	for ending := range strings.SplitSeq(endings, ",") {
		name := append(room[:0], folded[:len(folded)-size]...)
		if entry, ok := w.g.table.Lookup(append(name, ending...)); ok {
			return entry, true
		}
	}
	return gazette.Entry{}, false
}

func (w *walk) withoutPrefix(folded []byte) (gazette.Entry, bool) {
	first, size := utf8.DecodeRune(folded)
	if first != 'ب' && first != 'و' || len(folded) < 10 {
		return gazette.Entry{}, false
	}
	return w.g.table.Lookup(folded[size:])
}

// spaceless reports whether a rune's script is written without spaces between words.
func spaceless(r rune) bool {
	return r >= 0xe00 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar) || r == 'ー'
}

// maxSpaceless is the length of the longest name looked for in such a script, in runes.
const maxSpaceless = 14

// scanSpaceless looks for names anywhere in the last word read, which is of a script without spaces.
func (g *Gazetteer) scanSpaceless(found *hits, w *walk) {
	for w.size > 1 {
		w.match(found)
	}
	if w.size == 0 { // the end of a longer name
		return
	}
	defer w.forget(1)
	run := w.text[w.window[0].start:w.window[0].end]
	var room [maxSpaceless * 12]byte
	for i := 0; i < len(run); {
		step := g.longest(found, run, i, w.profile, room[:0])
		if step == 0 {
			_, step = utf8.DecodeRuneInString(run[i:])
		}
		i += step
	}
}

// longest adds the longest name that begins at a place of a run and returns its length, 0 if there is none.
func (g *Gazetteer) longest(found *hits, run string, at int, profile bool, room []byte) int {
	var ends [maxSpaceless][2]int // of every rune: in the run, and of what it folds to
	end, runes := at, 0
	folded := room
	for end < len(run) && runes < maxSpaceless {
		_, size := utf8.DecodeRuneInString(run[end:])
		end += size
		folded = gazette.Fold(folded, run[end-size:end])
		ends[runes] = [2]int{end, len(folded)}
		if runes++; runes == 2 && !g.table.Starts(folded) {
			return 0
		}
	}
	for ; runes >= 2; runes-- {
		end = ends[runes-1][0]
		entry, ok := g.table.Lookup(folded[:ends[runes-1][1]])
		if ok && believedSpaceless(entry.Marks, run, at, end, profile) {
			// Names in one run are not beside one another: each speaks for itself.
			place := maxText * (found.size + 1)
			found.add(hit{Candidates: *entry.Candidates, kind: kindOf(entry.Marks), alone: true, at: place, end: place + 1})
			return end - at
		}
	}
	return 0
}

// believedSpaceless reports whether a name inside a run is a place: small ones want something around them that says so.
func believedSpaceless(marks gazette.Marks, run string, at, end int, profile bool) bool {
	runes := utf8.RuneCountInString(run[at:end])
	first, _ := utf8.DecodeRuneInString(run[at:])
	after, _ := utf8.DecodeRuneInString(run[end:])
	before, _ := utf8.DecodeLastRuneInString(run[:at])
	if unicode.Is(unicode.Mn, after) || strings.ContainsRune("語语人文", after) {
		return false // inside a character; a language or a people
	}
	located := strings.ContainsRune("市都府県县省區区でのにはも在", after) && after != utf8.RuneError || strings.ContainsRune("在于於从從住", before) && before != utf8.RuneError ||
		strings.HasSuffix(run[:at], "ที่") || strings.HasSuffix(run[:at], "ใน") || strings.HasSuffix(run[:at], "แถว")
	switch {
	case marks.Has(gazette.Never):
		return false
	case marks.Has(gazette.Person) && !located && !profile:
		return false
	case !unicode.In(first, unicode.Han, unicode.Hiragana, unicode.Katakana):
		return runes >= 5 && marks.Rank() >= gazette.Major || runes >= 6 && located && marks.Rank() >= gazette.City
	case marks.Rank() == gazette.Largest:
		return true
	case runes == 2:
		return located && marks.Rank() >= gazette.Major
	default:
		return marks.Rank() >= gazette.Major || located && marks.Rank() >= gazette.City
	}
}
