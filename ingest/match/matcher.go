package match

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/outcryhq/outcry/pkg/catalog"
)

// entry is one meaning of a key of the trie.
type entry struct {
	kind     kind
	half     kind  // what the whole is that this is half of
	line     int32 // whose halves belong together
	gap      bool  // there may be words between them
	exact    bool  // the marks must be as in attr
	stem     bool  // the word may go on
	handle   bool  // only after @
	tag      bool  // only after #
	doubtful bool  // an ambiguous name
	vague    bool  // needs a sign that a person complains
	language uint8 // index
	id       int32 // of the phrase, or of the first half of one with a gap
	services []int32
	attr     []byte // the marks, if exact
}

// group is all meanings of one key.
type group struct {
	entries []entry
	dense   bool // ends in a script without spaces
}

// Matcher classifies posts. It does not change after New.
type Matcher struct {
	services  []catalog.Service
	gazetteer Gazetteer
	folder    *folder
	trie      *trie
	groups    []group
	languages []string
	phrases   []string         // texts
	joined    map[string]int32 // phrases without spaces, for #tags: index in tails
	tails     []entry
	names     map[string]int32 // names without spaces: index in named
	named     []entry
	suffixes  map[string]bool
	tongues   []tongue // by language
	scratch   sync.Pool
}

// New makes a matcher for the services of a catalog. Without a gazetteer only a
// post's own place and services of one country tell countries. It takes about a
// tenth of a second and 20 MB.
func New(c *catalog.Catalog, g Gazetteer) (*Matcher, error) {
	phrases, err := readLexicons()
	if err != nil {
		return nil, fmt.Errorf("match: %w", err)
	}
	m := &Matcher{
		services: c.Services(), gazetteer: g, folder: newFolder(), suffixes: suffixes(),
		joined: make(map[string]int32, len(phrases)/4), names: make(map[string]int32),
		phrases: make([]string, 0, len(phrases)),
	}
	m.scratch.New = func() any { return new(scratch) }
	names, err := namesOf(m.services)
	if err != nil {
		return nil, fmt.Errorf("match: %w", err)
	}
	b := &matcherBuilder{
		m: m, keys: make(map[string]int, len(phrases)), lists: make([][]entry, 0, len(phrases)), ids: make(map[string]int32, len(phrases)),
	}
	for _, p := range phrases {
		b.phrase(p)
	}
	for _, n := range names {
		b.name(n)
	}
	b.qualifiers()
	b.build()
	return m, nil
}

const (
	// shortWord is up to how many bytes the marks of a word matter.
	shortWord = 4
	// longTag is how many bytes of a phrase are joined to a #tag.
	longTag = 20
)

type matcherBuilder struct {
	m     *Matcher
	text  text
	keys  map[string]int // to index in lists
	lists [][]entry
	ids   map[string]int32
}

// qualifiers adds the words that make an ambiguous name clear, each once.
func (b *matcherBuilder) qualifiers() {
	services := make(map[string][]int32)
	for i, s := range b.m.services {
		for _, word := range s.Qualifiers {
			key, _ := b.normal(word)
			services[key] = append(services[key], int32(i))
		}
	}
	for key, of := range services {
		b.add(key, entry{kind: firm, services: of})
	}
}

// normal returns the normal form of a phrase or name, without the spaces around.
func (b *matcherBuilder) normal(s string) (key string, attr []byte) {
	b.text.read(b.m.folder, s)
	from, to := 1, max(1, len(b.text.buf)-1)
	attr = slices.Clone(b.text.attr[from:to])
	for i := range attr {
		attr[i] &^= attrUpper
	}
	return string(b.text.buf[from:to]), attr
}

func (b *matcherBuilder) add(key string, e entry) {
	if key == "" {
		return
	}
	at, ok := b.keys[key]
	if !ok {
		at = len(b.lists)
		b.keys[key] = at
		b.lists = append(b.lists, nil)
	}
	b.lists[at] = append(b.lists[at], e)
}

func (b *matcherBuilder) phrase(p phrase) {
	language := slices.Index(b.m.languages, p.language)
	if language < 0 {
		language = len(b.m.languages)
		b.m.languages = append(b.m.languages, p.language)
		b.m.tongues = append(b.m.tongues, tongue{personal: make(map[string]bool), function: make(map[string]bool)})
	}
	if p.kind == person || p.kind == function {
		b.tongueWord(language, p)
		return
	}
	id, ok := b.ids[p.text]
	if !ok {
		id = int32(len(b.m.phrases)) //nolint:gosec // far below
		b.ids[p.text] = id
		b.m.phrases = append(b.m.phrases, p.text)
	}
	e := entry{kind: p.kind, exact: p.exact, stem: p.stem, language: uint8(language), id: id} //nolint:gosec // far below
	if p.kind == vague {
		e.kind, e.vague = weak, true
	}
	if p.half != 0 {
		e.half, e.kind, e.line, e.gap = e.kind, p.half, p.line, p.gap
		e.exact, e.stem = false, p.stem && p.half == tail
		key, _ := b.normal(p.text)
		b.add(key, e)
		return
	}
	key, attr := b.normal(p.text)
	if len(key) <= shortWord && key != p.text && !strings.Contains(key, " ") && slices.Max(attr) > 0 {
		e.exact = true // without its marks it is a word of another language: "đơ", do
	}
	if p.language == "vi" && p.kind == weak && slices.Max(attr) > 0 {
		e.exact = true // "vấn đề", van de
	}
	if e.exact {
		e.attr = attr
	}
	b.add(key, e)
	if p.kind == strong || p.kind == weak {
		if tag := strings.ReplaceAll(key, " ", ""); len(tag) > 3 && len(tag) <= longTag {
			if _, ok := b.m.joined[tag]; !ok {
				b.m.joined[tag] = int32(len(b.m.tails)) //nolint:gosec // far below
				e.exact, e.kind = false, strong
				b.m.tails = append(b.m.tails, e)
			}
		}
	}
}

func (b *matcherBuilder) name(n name) {
	e := entry{kind: service, services: n.services, handle: n.handle, tag: n.tag, doubtful: n.ambiguous && !n.sure}
	sign := ""
	if n.handle {
		sign = "@"
	}
	key, _ := b.normal(sign + strings.TrimPrefix(n.text, "@"))
	if len(key) == 1 && !strings.EqualFold(key, n.text) {
		return // nothing but a letter is left of "e&"
	}
	b.add(key, e)
	if n.handle {
		return
	}
	if tag := strings.ReplaceAll(key, " ", ""); len(tag) > 0 {
		if _, ok := b.m.names[tag]; !ok {
			b.m.names[tag] = int32(len(b.m.named)) //nolint:gosec // far below
			b.m.named = append(b.m.named, e)
		}
		if tag != key && len(tag) > shortName { // #bankofamerica
			e.tag = true
			b.add(tag, e)
		}
	}
}

// build makes the trie.
func (b *matcherBuilder) build() {
	keys := make([][]byte, 0, len(b.keys))
	for key := range b.keys {
		keys = append(keys, []byte(key))
	}
	keys = sortKeys(keys)
	b.m.groups = make([]group, len(keys))
	for i, key := range keys {
		last, _ := utf8.DecodeLastRune(key)
		b.m.groups[i] = group{entries: b.lists[b.keys[string(key)]], dense: isDense(last) || last >= 0x2190 && classOf(last) == classSymbol}
	}
	b.m.trie = newTrie(keys)
}

// hit is an entry found in a text, from byte start to end.
type hit struct {
	start, end int32
	kind       kind
	doubtful   bool
	vague      bool
	handle     bool  // a service by its handle, or in a #tag
	whole      bool  // a phrase with a gap: what is in the gap is not part of it
	line       int32 // of a half
	rest       int32 // the text of the second half; 0: there is none
	dropped    bool
	language   uint8
	id         int32
	services   []int32
}

// scratch is what one call of Classify works in.
type scratch struct {
	text  text
	hits  []hit // of phrases
	names []hit // of services
	heads []hit
	tails []hit
	units []int32
}

// scan finds all entries of a text.
func (m *Matcher) scan(s *scratch) {
	s.hits, s.names, s.heads, s.tails = s.hits[:0], s.names[:0], s.heads[:0], s.tails[:0]
	buf := s.text.buf
	for _, w := range s.text.words {
		start := w.at
		m.walk(s, start)
		if buf[start]&0xFE == 0xD8 && buf[start-1] == ' ' {
			m.walkArabic(s, start)
		}
	}
}

// walkArabic looks behind the particles that Arabic joins to words.
func (m *Matcher) walkArabic(s *scratch, start int32) {
	buf := s.text.buf
	for range 2 {
		switch string(buf[start : start+2]) { // the buffer ends with a space
		case "و", "ب", "ل", "ف", "ك":
			start += 2
			m.walk(s, start)
		}
		if buf[start]&0xFE != 0xD8 {
			return
		}
	}
	if int(start)+4 < len(buf) && string(buf[start:start+4]) == "ال" {
		m.walk(s, start+4)
	}
}

// walk finds the entries that begin at a position.
func (m *Matcher) walk(s *scratch, start int32) {
	nodes, buf := m.trie.nodes, s.text.buf
	state := int32(0)
	for i := int(start); i < len(buf); i++ {
		next := nodes[state].base + int32(buf[i])
		if nodes[next].check != state {
			return
		}
		state = next
		if value := nodes[state].value; value != noValue {
			m.found(s, start, int32(i+1), &m.groups[value]) //nolint:gosec // bounded by maxBytes
		}
	}
}

// found notes the entries of a key where it stands alone.
func (m *Matcher) found(s *scratch, start, end int32, g *group) {
	buf := s.text.buf
	alone := end >= int32(len(buf)) || buf[end] == ' ' || g.dense //nolint:gosec // bounded by maxBytes
	if !alone && buf[end] >= utf8.RuneSelf {
		r, _ := utf8.DecodeRune(buf[end:])
		alone = isDense(r)
	}
	before := buf[start-1]
	for i := range g.entries {
		e := &g.entries[i]
		switch {
		case e.kind == service:
			m.foundName(s, start, end, e, alone)
		case before == '@':
		case !alone && !e.stem:
			if before == '#' && e.kind == strong {
				m.foundTag(s, start, end, e)
			}
		case e.exact && !sameMarks(s.text.attr[start:end], e.attr):
		default:
			h := hit{start: start, end: end, kind: e.kind, vague: e.vague, language: e.language, id: e.id, services: e.services}
			switch e.kind {
			case head:
				h.kind, h.line, h.whole = e.half, e.line, e.gap
				s.heads = append(s.heads, h)
			case tail:
				h.line = e.line
				s.tails = append(s.tails, h)
			default:
				s.hits = append(s.hits, h)
			}
		}
	}
}

// foundName notes a service.
func (m *Matcher) foundName(s *scratch, start, end int32, e *entry, alone bool) {
	buf := s.text.buf
	before := buf[start-1]
	if e.tag && before != '#' {
		return
	}
	h := hit{start: start, end: end, kind: service, doubtful: e.doubtful, services: e.services, handle: e.handle || before == '@' || before == '#'}
	if before == '@' && buf[end] != ' ' {
		return // somebody else's account
	}
	if h.handle {
		h.doubtful = e.doubtful && before == '#'
	}
	if h.doubtful && s.inCompound(start, end) {
		return
	}
	if alone {
		s.names = append(s.names, h)
		return
	}
	rest := wordRest(buf, end)
	if m.suffixes[string(rest)] && (end-start) >= 4 && !e.handle && (!e.doubtful || buf[start] >= utf8.RuneSelf) {
		s.names = append(s.names, h)
		return
	}
	if at, ok := m.joined[string(rest)]; ok && (before == '#' || end-start >= 2 && string(rest) == "down") {
		t := &m.tails[at]
		h.handle, h.doubtful = true, false
		s.names = append(s.names, h)
		s.hits = append(s.hits, hit{start: end, end: end + int32(len(rest)), kind: strong, language: t.language, id: t.id}) //nolint:gosec // bounded by maxBytes
	}
}

// inCompound reports whether a name is part of a longer word in katakana or Hangul:
// "line" in "command line".
func (s *scratch) inCompound(start, end int32) bool {
	buf := s.text.buf
	first, size := utf8.DecodeRune(buf[start:])
	before, _ := utf8.DecodeLastRune(buf[:start])
	after, _ := utf8.DecodeRune(buf[end:])
	switch {
	case isKatakana(first):
		return isKatakana(before) || isKatakana(after) && !bytes.HasPrefix(buf[end:], []byte("アプリ"))
	case first >= 0xAC00 && first < 0xD7B0:
		return before >= 0xAC00 && before < 0xD7B0 || end-start == int32(size) && after >= 0xAC00 && after < 0xD7B0 //nolint:gosec // at most 4
	default:
		return false
	}
}

func isKatakana(r rune) bool { return r >= 0x30A1 && r <= 0x30FC && r != 0x30FB }

// foundTag notes a phrase at the beginning of a #tag that goes on with a name.
func (m *Matcher) foundTag(s *scratch, start, end int32, e *entry) {
	rest := wordRest(s.text.buf, end)
	at, ok := m.names[string(rest)]
	if !ok {
		return
	}
	n := &m.named[at]
	s.hits = append(s.hits, hit{start: start, end: end, kind: strong, language: e.language, id: e.id})
	s.names = append(s.names, hit{start: end, end: end + int32(len(rest)), kind: service, services: n.services, handle: true}) //nolint:gosec // bounded by maxBytes
}

// wordRest is what follows up to the end of the word.
func wordRest(buf []byte, from int32) []byte {
	end := int(from)
	for end < len(buf) && buf[end] != ' ' {
		end++
	}
	return buf[from:end]
}

func sameMarks(a, b []byte) bool {
	for i := range a {
		if a[i]&^attrUpper != b[i] {
			return false
		}
	}
	return true
}
