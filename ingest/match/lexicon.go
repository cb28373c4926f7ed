package match

import (
	"bufio"
	"embed"
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

	service kind = 's' // a service's name; not in lexicons
	head    kind = 'h' // the first half of a phrase with a gap
	tail    kind = 't' // its second half
)

const lexiconKinds = "PWFKTRNAOQXHBSU"

// maxExpansions bounds what one line of a lexicon may stand for.
const maxExpansions = 12_000

// phrase is one line of a lexicon, spelt out.
type phrase struct {
	kind     kind
	language string
	text     string // as the lexicon has it, with "..." for a gap
	exact    bool   // the marks matter
	stem     bool   // the word may go on
}

// readLexicons reads the embedded lexicons; a file is named for its language. In
// a file, a line is a kind, a tab and a phrase, where [a|b|] is any of a, b and
// nothing, {1..3} a range of numbers, " ... " a gap of up to four words; a phrase
// that begins with = must have its marks, and after ~ a word may go on.
func readLexicons() ([]phrase, error) {
	files, err := fs.Glob(lexicons, "lexicon/*.tsv")
	if err != nil {
		return nil, fmt.Errorf("list lexicons: %w", err)
	}
	var phrases []phrase
	for _, file := range files {
		language := strings.TrimSuffix(path.Base(file), ".tsv")
		if language == "names" {
			continue
		}
		text, err := lexicons.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("read lexicon: %w", err)
		}
		more, err := parseLexicon(language, string(text))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		phrases = append(phrases, more...)
	}
	return phrases, nil
}

func parseLexicon(language, text string) ([]phrase, error) {
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
		p := phrase{kind: kind(code[0]), language: language}
		rest, p.exact = strings.CutPrefix(strings.TrimSpace(rest), "=")
		rest, p.stem = strings.CutSuffix(rest, "~")
		all, err := expand(rest)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		for _, one := range all {
			p.text = strings.Join(strings.Fields(one), " ")
			if p.text == "" {
				return nil, fmt.Errorf("line %d: stands for nothing", number)
			}
			phrases = append(phrases, p)
			if language == "de" && strings.ContainsAny(p.text, "äöü") {
				p.text = strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue").Replace(p.text)
				phrases = append(phrases, p)
			}
		}
	}
	return phrases, lines.Err() //nolint:wrapcheck // a string is always read
}

// expand spells out the [a|b] and {1..3} of a line; groups do not nest.
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
	choices := strings.Split(inside, "|")
	if closing == '}' {
		from, to, _ := strings.Cut(inside, "..")
		first, err1 := strconv.Atoi(from)
		last, err2 := strconv.Atoi(to)
		if err1 != nil || err2 != nil || first > last || last-first > 200 {
			return nil, fmt.Errorf("{%s} is no range", inside)
		}
		choices = nil
		for i := first; i <= last; i++ {
			choices = append(choices, strconv.Itoa(i))
		}
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
