package catalog

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"

	"github.com/goccy/go-yaml"

	"github.com/outcryhq/outcry/pkg/outage"
)

// Finding is one thing in a catalog that is wrong or doubtful.
type Finding struct {
	Line    int    // in the file, from 1; 0 if it belongs to no line
	Service string // slug of the service, category or problem kind, or ""
	Text    string // what it is, and what was expected
}

// Linted is what [Lint] has seen.
type Linted struct {
	Services  int // with those of the catalog that the file extends
	Countries int // at least one service is at home there
	Findings  []Finding
}

// LintDefault lints the catalog that Outcry ships; see [Lint].
func LintDefault() (Linted, error) { return Lint(strings.NewReader(string(embedded))) }

// Lint reads a catalog as [Load] does, and finds what Load refuses and what it
// takes but would make reports of posts go to the wrong service: names that two
// services share, names that are ordinary words. Of what a file extends only its
// own services are judged. An error, which wraps [outage.ErrInvalid] unless r
// could not be read, means that the file is no YAML or not made as a catalog is.
func Lint(r io.Reader) (Linted, error) {
	raw, err := readAll(r)
	if err != nil {
		return Linted{}, err
	}
	f, err := decode(raw)
	if unknown, ok := errors.AsType[*yaml.UnknownFieldError](err); ok {
		return Linted{Findings: []Finding{{
			Line: unknown.Token.Position.Line,
			Text: unknown.Message + "; expected the keys that the head of the shipped catalog explains",
		}}}, nil
	}
	if err != nil {
		return Linted{}, fmt.Errorf("load catalog: %w: %w", outage.ErrInvalid, err)
	}
	own := len(f.Services)
	findings, err := f.complete()
	if err != nil {
		return Linted{}, fmt.Errorf("load catalog: %w: %w", outage.ErrInvalid, err)
	}
	l := newLinter(f.Services, own)
	l.lint()
	findings = append(findings, l.findings...)
	slices.SortStableFunc(findings, func(a, b Finding) int { return cmp.Compare(a.Line, b.Line) })
	countries := make(map[string]bool)
	for _, s := range f.Services {
		for _, country := range s.Countries {
			countries[country] = true
		}
	}
	return Linted{Services: len(f.Services), Countries: len(countries), Findings: findings}, nil
}

// linter looks at services that have been read. It is made for one file.
type linter struct {
	services []service
	first    int // the first service of the file's own
	common   map[string]bool
	findings []Finding
}

func newLinter(services []service, own int) *linter {
	l := &linter{services: services, first: len(services) - own, common: make(map[string]bool)}
	for word := range strings.FieldsSeq(commonWords) {
		l.common[fold(word)] = true
	}
	return l
}

func (l *linter) lint() {
	for _, s := range l.services[l.first:] {
		l.names(s)
		l.hashtags(s)
		if s.Home == "" {
			l.find(s, "no home page, expected home: https://…")
		}
	}
	l.collisions("name", func(s service) []string { return append([]string{s.Name}, s.Aliases...) })
	l.collisions("handle", func(s service) []string { return s.Handles })
	l.collisions("hashtag", func(s service) []string { return s.Hashtags })
}

// names looks at what a service is called, and at what it says of that.
func (l *linter) names(s service) {
	seen := make(map[string]bool)
	for _, name := range append([]string{s.Name}, s.Aliases...) {
		key := fold(name)
		switch {
		case key == "":
			l.find(s, "name %q has no letter or digit, expected one", clip(name))
			continue
		case seen[key]:
			l.find(s, "name %q is there twice, expected once", clip(name))
		case s.ambiguous(key):
		case short(key):
			l.find(s, "name %q has one or two letters, expected it among ambiguous", clip(name))
		case l.common[key]:
			l.find(s, "name %q is an ordinary word, expected it among ambiguous", clip(name))
		}
		seen[key] = true
	}
	for _, name := range s.Ambiguous {
		if !seen[fold(name)] {
			l.find(s, "ambiguous %q is neither its name nor an alias, expected one of them", clip(name))
		}
	}
	if len(s.Qualifiers) > 0 && len(s.Ambiguous) == 0 {
		l.find(s, "qualifiers without an ambiguous name, expected both or neither")
	}
}

// hashtags finds those that follow from a name.
func (l *linter) hashtags(s service) {
	for _, tag := range s.Hashtags {
		for _, name := range append([]string{s.Name}, s.Aliases...) {
			if key := squeezed(name); fold(tag) == key || fold(tag) == key+"down" {
				l.find(s, "hashtag %q follows from the name %q, expected only others", clip(tag), clip(name))
				break
			}
		}
	}
}

// collisions finds what two services have in common, unless each of them says
// that it is ambiguous. The finding is at the later one.
func (l *linter) collisions(what string, entries func(service) []string) {
	owners := make(map[string][]int)
	for i, s := range l.services {
		told := make(map[int]bool) // one finding for each pair is enough
		for _, entry := range entries(s) {
			key := squeezed(entry)
			if what == "handle" {
				key = strings.ToLower(entry) // _ tells accounts apart
			}
			for _, other := range owners[key] {
				both := what == "name" && s.ambiguous(fold(entry)) && l.services[other].ambiguousSqueezed(key)
				if i < l.first || other == i || both || told[other] || key == "" {
					continue
				}
				told[other] = true
				l.find(s, "%s %q belongs to %s too, expected %s", what, clip(entry), l.services[other].Slug, remedy(what))
			}
			owners[key] = append(owners[key], i)
		}
	}
}

func remedy(what string) string {
	if what == "name" {
		return "it among ambiguous of both, or at one only"
	}
	return "it at one only"
}

func (l *linter) find(s service, format string, args ...any) {
	l.findings = append(l.findings, Finding{Line: s.line, Service: s.Slug, Text: fmt.Sprintf(format, args...)})
}

// ambiguous reports whether a folded name is one that the service calls ambiguous.
func (s service) ambiguous(key string) bool {
	return slices.ContainsFunc(s.Ambiguous, func(name string) bool { return fold(name) == key })
}

func (s service) ambiguousSqueezed(key string) bool {
	return slices.ContainsFunc(s.Ambiguous, func(name string) bool { return squeezed(name) == key })
}

// squeezed is a folded text without spaces: "whats app" is "whatsapp".
func squeezed(text string) string { return strings.ReplaceAll(fold(text), " ", "") }

// short reports whether a folded name is too short to stand for itself: one
// character, or two of an alphabet. Elsewhere a character is a syllable or a word.
func short(key string) bool {
	runes := []rune(key)
	return len(runes) < 2 || len(runes) == 2 && (unicode.IsDigit(runes[0]) ||
		unicode.In(runes[0], unicode.Latin, unicode.Cyrillic, unicode.Greek, unicode.Arabic, unicode.Hebrew))
}
