package match

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/outcryhq/outcry/pkg/outage"
)

// How near things must be, in quarters of a word; a Han character counts as half
// a word, a Thai one as a quarter.
const (
	oneWord    = 4
	mostGap    = 4 * oneWord  // in a phrase with a gap
	weakNear   = 5 * oneWord  // between a name and a weak phrase
	weakHandle = 12 * oneWord // between a handle and a weak phrase
	near       = 8 * oneWord  // between a name and a phrase, across sentences
	sameNear   = 16 * oneWord // in one sentence
	doubtNear  = 4 * oneWord  // for an ambiguous name
	nameNear   = 9 * oneWord  // for one that is written as a name
	aside      = 6 * oneWord  // between a phrase and what says that it was long ago
	denied     = 2 * oneWord  // between a phrase and what denies it
	acrossStop = 3 * oneWord  // what an end of a sentence adds to a distance
	acrossStep = oneWord      // what an end of a clause adds
)

// Classify decides what a post is. It is safe for many goroutines; it reads the
// first 2,000 characters.
func (m *Matcher) Classify(p Post) Verdict {
	s, ok := m.scratch.Get().(*scratch)
	if !ok {
		s = new(scratch)
	}
	defer m.scratch.Put(s)
	v := Verdict{Country: outage.UnknownCountry, CountryFrom: outage.FromNothing}
	if p.Repost || strings.HasPrefix(p.Text, "RT @") {
		v.Reason = reasonRepost
		return v
	}
	s.text.read(m.folder, p.Text)
	m.scan(s)
	if len(s.names) == 0 {
		v.Reason = reasonNoService
		return v
	}
	s.tidyNames()
	d := m.decide(s, m.said(p.Language))
	if d.name >= 0 {
		name := &s.names[d.name]
		language := p.Language
		if d.phrase >= 0 {
			language = m.languages[s.hits[d.phrase].language]
		}
		v.Service = m.pick(name.services, p, language).Slug
	}
	if d.reason != "" {
		v.Reason = d.reason
		return v
	}
	h := &s.hits[d.phrase]
	if m.impersonal(s, p.Text, &s.names[d.name], h) {
		v.Reason = reasonImpersonal
		return v
	}
	v.Complaint = true
	v.Phrase, v.Language = m.phraseOf(h), m.languageOf(s, h, p.Language)
	m.country(&v, p, s)
	return v
}

// phraseOf is the text of a phrase.
func (m *Matcher) phraseOf(h *hit) string {
	switch {
	case h.rest == 0:
		return m.phrases[h.id]
	case h.whole:
		return m.phrases[h.id] + " ... " + m.phrases[h.rest]
	default:
		return m.phrases[h.id] + " " + m.phrases[h.rest]
	}
}

// said is the index of the language that a post says it is in, -1 if no lexicon
// has it.
func (m *Matcher) said(language string) int {
	language, _, _ = strings.Cut(language, "-")
	return slices.Index(m.languages, strings.ToLower(language))
}

// languageOf is the language of a phrase; if several lexicons have it, the
// post's own.
func (m *Matcher) languageOf(s *scratch, h *hit, said string) string {
	if said, _, _ = strings.Cut(said, "-"); said != "" {
		for i := range s.hits {
			o := &s.hits[i]
			if o.start == h.start && o.end == h.end && o.kind == h.kind && strings.EqualFold(m.languages[o.language], said) {
				return m.languages[o.language]
			}
		}
	}
	return m.languages[h.language]
}

// decision is what was found: indices of the name and the phrase, -1 for none.
type decision struct {
	name, phrase int
	reason       string
}

// tidyNames keeps the longest of names that overlap.
func (s *scratch) tidyNames() {
	for i := range s.names {
		a := &s.names[i]
		for j := range s.names {
			b := &s.names[j]
			longer := b.end-b.start > a.end-a.start || b.end-b.start == a.end-a.start && (b.handle && !a.handle || b.handle == a.handle && j < i)
			if i != j && !b.dropped && a.start < b.end && b.start < a.end && longer {
				a.dropped = true
				break
			}
		}
	}
}

// decide weighs phrases and names.
func (m *Matcher) decide(s *scratch, said int) decision {
	s.measure()
	s.closeGaps()
	masked := s.mask(said)
	none := decision{name: -1, phrase: -1}
	first := -1
	for i := range s.names {
		if !s.names[i].dropped && (first < 0 || s.names[first].doubtful && !s.names[i].doubtful) {
			first = i
		}
	}
	if first < 0 {
		none.reason = reasonAmbiguous
		return none
	}
	s.confirm()
	best, refused := m.best(s, said)
	switch {
	case best.name >= 0:
		return best
	case refused.name >= 0:
		return refused
	}
	out := decision{name: first, phrase: -1}
	doubtful := s.names[first].doubtful
	switch phrases := s.has(strong) || s.has(weak); {
	case phrases && doubtful:
		out.reason = reasonAmbiguous
	case s.has(strong):
		out.reason = reasonTooFar
	case masked && s.has(advert):
		out.reason = reasonAdvert
	case masked && s.has(past):
		out.reason = reasonPast
	case masked:
		out.reason = reasonFriend
	case s.has(recovered):
		out.reason = reasonRecovered
	case s.has(negated):
		out.reason = reasonNegated
	case phrases:
		out.reason = reasonTooFar
	default:
		out.reason = reasonNoPhrase
	}
	return out
}

func (s *scratch) has(k kind) bool {
	for i := range s.hits {
		if s.hits[i].kind == k && !s.hits[i].dropped {
			return true
		}
	}
	return false
}

// measure counts the words before each byte.
func (s *scratch) measure() {
	buf := s.text.buf
	if cap(s.units) <= len(buf) {
		s.units = make([]int32, len(buf)+len(buf)/2+64)
	}
	s.units = s.units[:len(buf)+1]
	words := s.text.words
	total := int32(0)
	spaced := false // the last word has begun behind a space
	for i, at := 0, 0; i <= len(buf); i++ {
		s.units[i] = total
		if at >= len(words) || int(words[at].at) != i {
			continue
		}
		at++
		switch c := buf[i]; {
		case c == '@' || c == '#':
		case c < 0xE0: // spaced scripts of Europe and the Near East
			total += oneWord
		case c == 0xE0 && buf[i+1] >= 0xB8 && buf[i+1] <= 0xBB: // Thai, Lao
			total++
		case c >= 0xEA && c <= 0xED && (c != 0xEA || buf[i+1] >= 0xB0): // Hangul: by the spaces
			if buf[i-1] == ' ' || !spaced {
				total += oneWord
			}
		case c >= 0xE3 && c <= 0xE9: // Kana and Han
			total += oneWord / 2
		default:
			total += oneWord
		}
		spaced = buf[i] >= 0xEA && buf[i] <= 0xED
	}
}

// closeGaps joins the halves of phrases.
func (s *scratch) closeGaps() {
	for i := range s.heads {
		h := &s.heads[i]
		for j := range s.tails {
			t := &s.tails[j]
			if t.line != h.line || t.start < h.end || t.start > h.end+1 && (!h.whole || s.units[t.start]-s.units[h.end] > mostGap) {
				continue
			}
			if hard, _ := s.pauses(h.end, t.start); hard > 0 {
				continue
			}
			joined := *h
			joined.end, joined.rest = t.end, t.id
			s.hits = append(s.hits, joined)
			break
		}
	}
}

// pauses counts the ends of sentences and of clauses between two bytes.
func (s *scratch) pauses(from, to int32) (hard, soft int32) {
	for _, p := range s.text.pauses {
		if p.at > from && p.at <= to {
			if p.hard {
				hard++
			} else {
				soft++
			}
		}
	}
	for i := range s.hits {
		if h := &s.hits[i]; h.kind == breaker && h.start >= from && h.end <= to {
			soft += 2
		}
	}
	return hard, soft
}

// mask drops what only looks like a phrase or a name, and reports whether a
// phrase was hidden so.
func (s *scratch) mask(said int) bool {
	hidden := false
	for i := range s.hits {
		a := &s.hits[i]
		if hard, _ := s.pauses(a.start, a.end-1); hard > 0 {
			a.dropped = true
			continue
		}
		if s.maskPhrase(a, said) {
			hidden = true
		}
	}
	for i := range s.names {
		if n := &s.names[i]; !n.handle && s.isNoName(n) {
			n.dropped = true
		}
	}
	return hidden
}

// maskPhrase drops a phrase that a false friend overlaps, and reports whether it
// has; and a refusal that a longer complaint contains.
func (s *scratch) maskPhrase(a *hit, said int) bool {
	hidden := false
	for i := range s.hits {
		b := &s.hits[i]
		if a == b || b.start >= a.end || a.start >= b.end {
			continue
		}
		longer := b.end-b.start >= a.end-a.start
		switch {
		case b.kind == friend && says(a.kind) && (int(b.language) == said || s.speaks(a, b.language)) && (longer || b.start < a.start || b.end > a.end):
			a.dropped, hidden = true, true
		case b.kind == keep && refuses(a.kind):
			a.dropped = true
		}
	}
	return hidden
}

// isNoName reports whether a name is part of something else, such as "three hours".
func (s *scratch) isNoName(n *hit) bool {
	for i := range s.hits {
		h := &s.hits[i]
		if h.whole || h.start > n.start || h.end < n.end {
			continue
		}
		if h.kind == noName || (says(h.kind) || h.kind == friend) && n.doubtful && h.end-h.start > n.end-n.start {
			return true
		}
	}
	return false
}

// says reports whether a kind says that something does not work.
func says(k kind) bool { return k == strong || k == weak }

func refuses(k kind) bool {
	switch k {
	case past, recovered, negated, advert, official, question, matter, news:
		return true
	default:
		return false
	}
}

// confirm makes ambiguous names sure that have a word such as "app" beside them.
func (s *scratch) confirm() {
	for i := range s.names {
		n := &s.names[i]
		if !n.doubtful || n.dropped {
			continue
		}
		for j := range s.hits {
			h := &s.hits[j]
			if h.kind != firm || h.start < n.end && n.start < h.end {
				continue
			}
			own := len(h.services) == 0 && !s.isParticle(n) || len(h.services) > 0 && slices.ContainsFunc(n.services, func(one int32) bool { return slices.Contains(h.services, one) })
			if own && s.between(h.start, h.end, n.start, n.end) == 0 {
				n.doubtful = false
			}
		}
	}
}

// isParticle reports whether a name is two letters that are not capitals in a text
// that has capitals: "du serveur".
func (s *scratch) isParticle(n *hit) bool {
	return n.end-n.start == 2 && s.text.buf[n.start] < 0x80 && s.text.upper && s.text.attr[n.end-1]&attrUpper == 0
}

// between is the distance of two spans, with what pauses add.
func (s *scratch) between(start, end, start2, end2 int32) int32 {
	if start2 < start {
		end, start2 = end2, start
	}
	if start2 < end {
		return 0
	}
	hard, soft := s.pauses(end, start2)
	return s.units[start2] - s.units[end] + hard*acrossStop + soft*acrossStep
}

// best is the pair of name and phrase that are nearest, and the nearest one that
// is refused.
func (m *Matcher) best(s *scratch, said int) (best, refused decision) {
	best, refused = decision{name: -1, phrase: -1}, decision{name: -1, phrase: -1}
	bestAt, refusedAt := int32(1<<30), int32(1<<30)
	plain := s.hasPlainName()
	for i := range s.hits {
		h := &s.hits[i]
		if h.dropped || !says(h.kind) {
			continue
		}
		name, at := s.nearest(h, plain)
		if name < 0 {
			continue
		}
		reason := s.refusal(h, said)
		if reason == "" && m.isForeign(s, h, said) {
			reason = reasonFriend
		}
		if reason == "" && at < bestAt {
			best, bestAt = decision{name: name, phrase: i}, at
		}
		if reason != "" && at < refusedAt {
			refused, refusedAt = decision{name: name, phrase: i, reason: reason}, at
		}
	}
	return best, refused
}

// nearest is the name that a phrase is about, -1 if none is near enough, and how
// far it is; plain says that the post has a sure name that is no handle.
func (s *scratch) nearest(h *hit, plain bool) (name int, at int32) {
	name, at = -1, 1<<30
	for i := range s.names {
		n := &s.names[i]
		if n.dropped || s.isEveryday(n, h) {
			continue
		}
		distance, ok := s.reach(n, h)
		if !ok {
			continue
		}
		if n.start > h.start {
			distance++ // what comes first is what the phrase is about
		}
		if n.handle && plain && s.text.buf[n.start] == '@' {
			distance += near // "@support my Netflix is down"
		}
		if h.kind == weak {
			distance += oneWord
		}
		distance = 64*distance - min(h.end-h.start, 63) // of two, the one that says more
		if distance < at {
			name, at = i, distance
		}
	}
	return name, at
}

// isEveryday reports whether a name is a word of all languages that have a phrase, as in
// "erreur du".
func (s *scratch) isEveryday(n, h *hit) bool {
	if n.handle || s.text.attr[n.start]&attrUpper != 0 && s.text.lower && n.end-n.start > shortName {
		return false
	}
	word := func(language uint8) bool {
		return slices.ContainsFunc(s.hits, func(o hit) bool {
			return o.kind == everyday && o.language == language && o.start == n.start && o.end == n.end
		})
	}
	return word(h.language) && !slices.ContainsFunc(s.hits, func(o hit) bool {
		return says(o.kind) && o.start == h.start && o.end == h.end && !word(o.language)
	})
}

func (s *scratch) hasPlainName() bool {
	for i := range s.names {
		if n := &s.names[i]; !n.dropped && !n.handle && !n.doubtful {
			return true
		}
	}
	return false
}

// reach says how far a phrase is from a name, and whether that is near enough.
func (s *scratch) reach(n, h *hit) (int32, bool) {
	if n.start == h.start && n.end == h.end {
		return 0, false // one word is not both
	}
	distance := s.between(n.start, n.end, h.start, h.end)
	from, to := min(n.end, h.end), max(n.start, h.start)
	hard, _ := s.pauses(from, to)
	switch {
	case n.doubtful:
		most := int32(doubtNear)
		written := s.text.attr[n.start]&attrUpper != 0 && !s.isParticle(n)
		if written && s.text.lower || s.text.buf[n.start] >= 0x80 {
			most = nameNear
		} else if s.isWritten() {
			return 0, false // "line" in a text that has capitals
		}
		if h.kind == weak {
			most = oneWord
		}
		return distance, distance <= most
	case h.kind == weak && n.handle:
		return distance, distance <= weakHandle
	case h.kind == weak:
		return distance, distance <= weakNear
	case n.handle:
		return distance, true
	case hard == 0:
		return distance, distance <= sameNear
	}
	return distance, distance <= near+acrossStop
}

// isWritten reports whether a text has capitals where they belong.
func (s *scratch) isWritten() bool {
	if !s.text.upper || !s.text.lower {
		return false
	}
	first := s.text.words[0].at
	if c := s.text.buf[first]; c == '@' || c == '#' {
		return true
	}
	return s.text.buf[first] >= utf8.RuneSelf || s.text.attr[first]&attrUpper != 0
}

// speaks reports whether a phrase is in the lexicon of a language too.
func (s *scratch) speaks(h *hit, language uint8) bool {
	if h.language == language {
		return true
	}
	for i := range s.hits {
		o := &s.hits[i]
		if o.language == language && o.start == h.start && o.end == h.end && (o.kind == strong || o.kind == weak) {
			return true
		}
	}
	return false
}

// matterNear is how near to a phrase another matter is that it is about.
func matterNear(h *hit) int32 {
	if h.kind == weak {
		return aside
	}
	return denied
}

// refusal says why a phrase is no complaint, "" if it is one. Only the lexicon of
// the phrase's language has a say, or that of the language that the post says it is in:
// "hier" is here in one language and yesterday in another.
func (s *scratch) refusal(h *hit, said int) string {
	saidSo := said >= 0 && s.speaks(h, uint8(said)) //nolint:gosec // an index of few
	for i := range s.hits {
		o := &s.hits[i]
		if o.dropped || !refuses(o.kind) {
			continue
		}
		if int(o.language) != said && (saidSo || !s.speaks(h, o.language)) {
			continue
		}
		distance := s.between(o.start, o.end, h.start, h.end)
		switch o.kind {
		case past:
			if distance <= aside {
				return reasonPast
			}
		case negated:
			if distance <= denied {
				return reasonNegated
			}
		case recovered:
			if h.start < o.end || distance <= denied {
				return reasonRecovered
			}
		case advert:
			return reasonAdvert
		case official:
			return reasonOfficial
		case question:
			return reasonQuestion
		case matter:
			if distance <= matterNear(h) {
				return reasonMatter
			}
		case news:
			return reasonNews
		default:
		}
	}
	return ""
}
