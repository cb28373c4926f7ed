package match

import (
	"bufio"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

//go:embed lexicon/*.tsv
var lexicons embed.FS

// kind is what a phrase of a lexicon does.
type kind byte

const (
	strong    kind = 'P' // says that something does not work
	weak      kind = 'W' // may say so, right beside a service
	friend    kind = 'F' // looks like a phrase and is none: hides what it overlaps
	keep      kind = 'K' // hides the refusals that it overlaps: "since yesterday", "still not fixed"
	past      kind = 'T' // it was long ago
	recovered kind = 'R' // it works again
	negated   kind = 'N' // it works
	advert    kind = 'A' // advertising, share prices and the like
	official  kind = 'O' // how the service itself writes
	question  kind = 'Q' // how to do something
	matter    kind = 'X' // another matter than a disturbance: a parcel, a bill, a dull film
	news      kind = 'H' // reports of others, talk about outages
	breaker   kind = 'B' // begins another clause: but
	noName    kind = 'S' // contains a service's name and is none: "three hours"
	firm      kind = 'U' // beside an ambiguous name it makes it one: "app"
	vague     kind = 'V' // weak, and an everyday word of other languages: only with a sign that a person complains
	everyday  kind = 'Y' // a word of this language that is a service's name: "du"
	jargon    kind = 'G' // a service's name that is a word of software: "line"
	person    kind = 'I' // people say it of a disturbance, and manuals do not: that it is them, that it is now, that they are angry
	function  kind = 'L' // a short word by which the language is known

	service kind = 's' // a service's name; not in lexicons
	head    kind = 'h' // the first half of a phrase with a gap
	tail    kind = 't' // its second half
)

const lexiconKinds = "PWFKTRNAOQXHBSUVYGIL"

// gapMark stands for up to four words.
const gapMark = " ... "

// manyExpansions is from how many phrases on a line is not spelt out, but halved.
const manyExpansions = 150

// halves parts a line at its gap, or where it takes the fewest phrases if it would take
// many; the second half is "" if it is left whole.
func halves(line string, p *phrase) (first, second string) {
	first, second, p.gap = strings.Cut(line, gapMark)
	if p.gap = p.gap && strings.Count(first, "[") == strings.Count(first, "]"); p.gap {
		return first, second
	}
	if p.exact || strings.Contains(line, gapMark) || expansions(line) < manyExpansions {
		return line, ""
	}
	fewest, first := expansions(line), line
	depth := 0
	for i := range len(line) {
		a, b := "", ""
		switch line[i] {
		case '[':
			depth++
		case ']':
			depth--
			if i+1 < len(line) && line[i+1] == '[' { // in a script without spaces
				a, b = line[:i+1], line[i+1:]
			}
		case ' ':
			a, b = line[:i], line[i+1:]
		}
		if b == "" || depth > 0 || mayBeEmpty(a) || mayBeEmpty(b) {
			continue
		}
		if n := expansions(a) + expansions(b); n < fewest {
			fewest, first, second = n, a, b
		}
	}
	return first, second
}

// expansions is how many phrases a line stands for.
func expansions(line string) int {
	n := 1
	for {
		at := strings.IndexByte(line, '[')
		if at < 0 {
			return n
		}
		end := strings.IndexByte(line[at:], ']')
		if end < 0 {
			return n
		}
		n *= 1 + strings.Count(line[at:at+end], "|")
		line = line[at+end:]
	}
}

// mayBeEmpty reports whether a part of a line may stand for nothing, or for what is joined
// to the next word.
func mayBeEmpty(part string) bool {
	return strings.Contains(part, "|]") || strings.Contains(part, "[|") || strings.Contains(part, "||") || strings.Contains(part, " |")
}

// spell adds the phrases that a line stands for, of which some may have gaps of their own.
func spell(phrases []phrase, p phrase, line string, count *int32) ([]phrase, error) {
	all, err := expand(line)
	if err != nil {
		return nil, err
	}
	for _, one := range all {
		if first, second, ok := strings.Cut(one, gapMark); ok && p.half == 0 {
			*count++
			half := p
			half.line, half.gap = *count, true
			half.half, half.text = head, first
			phrases = append(phrases, half)
			half.half, half.text = tail, second
			phrases = append(phrases, half)
			continue
		}
		p.text = strings.Join(strings.Fields(one), " ")
		if p.text == "" {
			return nil, errors.New("stands for nothing")
		}
		phrases = append(phrases, p)
		if p.language == "de" && strings.ContainsAny(p.text, "äöü") {
			p.text = strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue").Replace(p.text)
			phrases = append(phrases, p)
		}
	}
	return phrases, nil
}

// maxExpansions bounds what one line of a lexicon may stand for.
const maxExpansions = 12_000

// phrase is one line of a lexicon, spelt out.
type phrase struct {
	kind     kind
	language string
	text     string
	exact    bool  // the marks matter
	stem     bool  // the word may go on
	half     kind  // head or tail of the phrases of a line; 0 if it is whole
	line     int32 // whose halves belong together
	gap      bool  // there may be words between them
}

// readLexicons reads the embedded lexicons; a file is named for its language. In
// a file a line is a kind, a tab and a phrase, where [a|b|] is any of a, b and
// nothing, {1..3} a range of numbers, " ... " a gap of up to four words; a phrase
// that begins with = must have its marks, and after ~ a word may go on.
func readLexicons() ([]phrase, error) {
	files, err := fs.Glob(lexicons, "lexicon/*.tsv")
	if err != nil {
		return nil, fmt.Errorf("list lexicons: %w", err)
	}
	var phrases []phrase
	lines := int32(0)
	for _, file := range files {
		language := strings.TrimSuffix(path.Base(file), ".tsv")
		if language == "names" {
			continue
		}
		text, err := lexicons.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("read lexicon: %w", err)
		}
		more, err := parseLexicon(language, string(text), &lines)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		phrases = append(phrases, more...)
	}
	return phrases, nil
}

// parseLexicon counts the lines of all lexicons in count.
func parseLexicon(language, text string, count *int32) ([]phrase, error) {
	var phrases []phrase
	lines := bufio.NewScanner(strings.NewReader(text))
	for number := 1; lines.Scan(); number++ {
		line := lines.Text()
		if line == "" || line[0] == '#' {
			continue
		}
		code, rest, ok := strings.Cut(line, "\t")
		if !ok || len(code) != 1 || !strings.Contains(lexiconKinds, code) {
			return nil, fmt.Errorf("line %d: expected one of %s, a tab and a phrase", number, lexiconKinds)
		}
		*count++
		p := phrase{kind: kind(code[0]), language: language, line: *count}
		rest, p.exact = strings.CutPrefix(strings.TrimSpace(rest), "=")
		rest, p.stem = strings.CutSuffix(rest, "~")
		first, second := halves(rest, &p)
		p.half = 0
		if second != "" {
			p.half = head
		}
		var err error
		if phrases, err = spell(phrases, p, first, count); err == nil && second != "" {
			p.half = tail
			phrases, err = spell(phrases, p, second, count)
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
	}
	return phrases, lines.Err() //nolint:wrapcheck // a string is always read
}

// choicesOf lists what a group stands for: a range, or choices that may contain ranges.
func choicesOf(inside string, isRange bool) ([]string, error) {
	var choices []string
	if !isRange {
		for choice := range strings.SplitSeq(inside, "|") {
			all, err := expand(choice)
			if err != nil {
				return nil, err
			}
			choices = append(choices, all...)
		}
		return choices, nil
	}
	from, to, _ := strings.Cut(inside, "..")
	first, err1 := strconv.Atoi(from)
	last, err2 := strconv.Atoi(to)
	if err1 != nil || err2 != nil || first > last || last-first > 200 {
		return nil, fmt.Errorf("{%s} is no range", inside)
	}
	for i := first; i <= last; i++ {
		choices = append(choices, strconv.Itoa(i))
	}
	return choices, nil
}

// expand spells out the [a|b] and {1..3} of a line; of groups, only ranges may be inside
// of another.
func expand(line string) ([]string, error) {
	at := strings.IndexAny(line, "[{")
	if at < 0 {
		return []string{line}, nil
	}
	closing := byte(']')
	if line[at] == '{' {
		closing = '}'
	}
	end := strings.IndexByte(line[at:], closing)
	if end < 0 {
		return nil, fmt.Errorf("%q is not closed", line[at:])
	}
	inside := line[at+1 : at+end]
	choices, err := choicesOf(inside, closing == '}')
	if err != nil {
		return nil, err
	}
	rest, err := expand(line[at+end+1:])
	if err != nil {
		return nil, err
	}
	if len(rest)*len(choices) > maxExpansions {
		return nil, fmt.Errorf("stands for more than %d phrases", maxExpansions)
	}
	all := make([]string, 0, len(rest)*len(choices))
	for _, choice := range choices {
		for _, end := range rest {
			all = append(all, line[:at]+choice+end)
		}
	}
	return slices.Compact(all), nil
}
