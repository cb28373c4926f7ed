package twitter

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/outcryhq/outcry/pkg/catalog"
)

const (
	// longestV2Term bounds a term of a rule, in characters.
	longestV2Term = 100
	// mostLocal is in how many countries a service may be at home so that a post
	// to its account is narrow enough to be asked for whatever it says.
	mostLocal = 3
	// mostQualifiers is how many qualifiers make one ambiguous name clear.
	mostQualifiers = 4
)

// v2Complaints are words of complaints, one at least of which stands beside a
// name: the most telling of each language, the most used languages first. They
// ask for more than there are complaints; the matcher decides.
var v2Complaints = []string{ //nolint:gochecknoglobals // a constant table
	"down", "outage", "not working", "error", "caído", "caiu", "gangguan", "障害", "no funciona", "não funciona",
	"panne", "störung", "storing", "non funziona", "çöktü", "не работает", "معطل", "fora do ar", "marche pas", "geht nicht",
	"werkt niet", "сбой", "عطل", "먹통", "ล่ม", "nie działa", "awaria", "çalışmıyor", "doesn't work", "isn't working",
	"काम नहीं", "nahi chal", "落ちてる", "繋がらない", "gak bisa", "장애", "lỗi", "sập", "no carga", "sin servicio",
	"fonctionne pas", "funktioniert nicht", "kesinti", "can't log in", "crashing", "no signal", "ใช้ไม่ได้", "لا يعمل", "안됨", "disservizio",
	"instabilidade", "sem sinal", "sin señal", "упал", "tidak bisa", "lemot", "使えない", "ausgefallen", "broken", "offline",
	"bugado", "arıza", "ligt eruit", "不具合", "ठप", "مو شغال", "오류", "ขัดข้อง",
}

// v2Terms is what rules ask for on behalf of one service.
type v2Terms struct {
	slug string
	// alone say enough by themselves; beside count with a word of complaint.
	alone, beside []string
	// core are the few best of both, for plans with few rules. They count with
	// a word of complaint.
	core []string
}

// v2TermsOf lists a service's terms as rules have them.
func v2TermsOf(service catalog.Service) v2Terms {
	ambiguous := map[string]bool{}
	for _, name := range service.Ambiguous {
		ambiguous[strings.ToLower(name)] = true
	}
	t := v2Terms{slug: service.Slug}
	var names, qualified []string
	for i, name := range append([]string{service.Name}, service.Aliases...) {
		unclear := ambiguous[strings.ToLower(name)]
		if isASCII(name) && (i == 0 || unclear) {
			t.alone = append(t.alone, hashtag(name+"down"))
		}
		if !unclear {
			names = append(names, v2Word(name))
			continue
		}
		if isASCII(name) {
			t.alone = append(t.alone, v2Word(name+" down"), v2Word(name+" is down"))
		}
		qualified = append(qualified, qualifiedName(name, service.Qualifiers))
	}
	names = withoutLonger(usable(names))
	accounts := mentions(service.Handles)
	people := mentions(service.People)
	if n := len(service.Countries); n > 0 && n <= mostLocal {
		t.alone = append(t.alone, accounts...)
	} else {
		t.beside = append(t.beside, accounts...)
	}
	t.beside = slices.Concat(t.beside, people, names, qualified)
	for _, tag := range service.Hashtags {
		t.beside = append(t.beside, hashtag(tag))
	}
	t.core = slices.Concat(first(names), first(accounts), first(people))
	if len(names) == 0 {
		t.core = append(t.core, first(t.alone)...)
	}
	t.alone, t.beside, t.core = usable(t.alone), usable(t.beside), usable(t.core)
	return t
}

// withoutLonger drops phrases that have another of the names in them as a word:
// who says the phrase says the word.
func withoutLonger(names []string) []string {
	words := map[string]bool{}
	for _, name := range names {
		if !strings.HasPrefix(name, `"`) {
			words[strings.ToLower(name)] = true
		}
	}
	return slices.DeleteFunc(names, func(name string) bool {
		return strings.HasPrefix(name, `"`) &&
			slices.ContainsFunc(strings.Fields(strings.ToLower(strings.Trim(name, `"`))), func(word string) bool { return words[word] })
	})
}

func first(list []string) []string { return list[:min(len(list), 1)] }

// usable drops terms that are empty or too long.
func usable(terms []string) []string {
	return slices.DeleteFunc(terms, func(term string) bool { return term == "" || length(term) > longestV2Term })
}

func mentions(accounts []string) []string {
	var terms []string
	for _, account := range accounts {
		if isHandle(account) {
			terms = append(terms, "@"+account)
		}
	}
	return terms
}

// qualifiedName asks for an ambiguous name with one of the words that make it clear.
func qualifiedName(name string, qualifiers []string) string {
	var words []string
	for _, qualifier := range qualifiers {
		if word := v2Word(qualifier); word != "" && len(words) < mostQualifiers {
			words = append(words, word)
		}
	}
	name = v2Word(name)
	if name == "" || len(words) == 0 {
		return ""
	}
	return "(" + name + " (" + strings.Join(words, " OR ") + "))"
}

// hashtag gives "" for what cannot be one.
func hashtag(text string) string {
	text = strings.ReplaceAll(strings.TrimPrefix(text, "#"), " ", "")
	if text == "" || strings.ContainsFunc(text, notInWords) || !strings.ContainsFunc(text, unicode.IsLetter) {
		return ""
	}
	return "#" + text
}

// v2Word is a word or a phrase as rules have it: quoted unless it is one plain
// word, for anything else could be an operator. It gives "" for what has no
// letter or digit.
func v2Word(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.IsControl(r) || r == '"' || r == '\\' || r == utf8.RuneError {
			return ' '
		}
		return r
	}, text)
	text = strings.Join(strings.Fields(text), " ")
	if !strings.ContainsFunc(text, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }) {
		return ""
	}
	switch strings.ToLower(text) {
	case "or", "and", "not":
		return `"` + text + `"`
	}
	if strings.ContainsFunc(text, notInWords) {
		return `"` + text + `"`
	}
	return text
}

func notInWords(r rune) bool {
	return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) && r != '_'
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= utf8.RuneSelf })
}

// length is a rule's in characters, as X counts them.
func length(s string) int { return utf8.RuneCountInString(s) }
