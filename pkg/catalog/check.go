package catalog

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/outcryhq/outcry/pkg/outage"
	"github.com/outcryhq/outcry/pkg/place"
)

const (
	maxName   = 60  // characters of a name, an alias or a label
	maxList   = 64  // entries of one list of a service
	maxURL    = 300 // characters
	maxErrors = 20  // errors that are told at once
)

// checker gathers what is wrong with a file. It is made for one file.
type checker struct {
	slug   *regexp.Regexp
	found  []Finding
	kinds  map[string]int // slug to line
	groups map[string]int
	seen   map[string]int
}

func newChecker() *checker {
	return &checker{
		slug:  regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,39}$`),
		kinds: make(map[string]int), groups: make(map[string]int), seen: make(map[string]int),
	}
}

// check returns what is wrong with a whole file.
func (f *file) check() []Finding {
	c := newChecker()
	for _, p := range f.Problems {
		c.entry("problem kind", p.Slug, p.line, c.kinds)
		c.text(p.line, "problem kind", p.Slug, "label", p.Label)
	}
	for _, group := range f.Categories {
		c.entry("category", group.Slug, group.line, c.groups)
		if len(group.Problems) == 0 {
			c.fail(group.line, "category %q has no problems", group.Slug)
		}
		c.problems(group.line, "category", group.Slug, group.Problems)
	}
	for _, s := range f.Services {
		c.service(s)
	}
	if len(f.Services) == 0 {
		c.found = append(c.found, Finding{Text: "there are no services"})
	}
	return c.found
}

// refusal is the error of a file with such findings, nil if there are none. It
// tells at most the first 20.
func refusal(found []Finding) error {
	var errs []error
	for i, finding := range found {
		if i == maxErrors {
			errs = append(errs, fmt.Errorf("and %d more", len(found)-maxErrors))
			break
		}
		if finding.Line == 0 {
			errs = append(errs, errors.New(finding.Text))
			continue
		}
		errs = append(errs, fmt.Errorf("line %d: %s", finding.Line, finding.Text))
	}
	return errors.Join(errs...)
}

// checkUnique finds the slugs that are there twice.
func (f *file) checkUnique() []Finding {
	c := newChecker()
	for _, p := range f.Problems {
		c.entry("problem kind", p.Slug, p.line, c.kinds)
	}
	for _, group := range f.Categories {
		c.entry("category", group.Slug, group.line, c.groups)
	}
	for _, s := range f.Services {
		c.entry("service", s.Slug, s.line, c.seen)
	}
	return c.found
}

func (c *checker) service(s service) {
	c.entry("service", s.Slug, s.line, c.seen)
	c.text(s.line, "service", s.Slug, "name", s.Name)
	if _, ok := c.groups[s.Category]; !ok {
		c.fail(s.line, "service %q has the category %q, which is not in categories", s.Slug, clip(s.Category))
	}
	c.problems(s.line, "service", s.Slug, s.Problems)
	for _, country := range s.Countries {
		if country == outage.UnknownCountry || !place.Valid(country) {
			c.fail(s.line, "service %q is at home in %q, which is not a country of ISO 3166-1 alpha-2", s.Slug, clip(country))
		}
	}
	lists := []struct {
		what    string
		entries []string
	}{
		{"alias", s.Aliases},
		{"handle", s.Handles},
		{"hashtag", s.Hashtags},
		{"person", s.People},
		{"ambiguous name", s.Ambiguous},
		{"qualifier", s.Qualifiers},
	}
	for _, list := range lists {
		c.list(s, list.what, list.entries)
	}
	c.link(s, "home", s.Home)
	c.link(s, "status", s.Status)
}

// entry checks a slug, and that it was not there before.
func (c *checker) entry(what, slug string, line int, before map[string]int) {
	if !c.slug.MatchString(slug) {
		c.fail(line, "the slug of a %s is %q; it must have 1 to 40 of a-z, 0-9 and -, and not begin with -", what, clip(slug))
	}
	if first, ok := before[slug]; ok {
		c.fail(line, "%s %q is there already, in line %d", what, clip(slug), first)
		return
	}
	before[slug] = line
}

// text checks a text that people get to see.
func (c *checker) text(line int, what, slug, field, text string) {
	switch {
	case strings.TrimSpace(text) == "":
		c.fail(line, "%s %q has an empty %s", what, slug, field)
	case len([]rune(text)) > maxName:
		c.fail(line, "%s %q has a %s of more than %d characters", what, slug, field, maxName)
	case strings.ContainsFunc(text, unicode.IsControl):
		c.fail(line, "%s %q has a control character in its %s", what, slug, field)
	}
}

func (c *checker) problems(line int, what, slug string, problems []string) {
	for i, kind := range problems {
		if _, ok := c.kinds[kind]; !ok {
			c.fail(line, "%s %q has the problem %q, which is not in problems", what, slug, clip(kind))
		}
		if slices.Contains(problems[:i], kind) {
			c.fail(line, "%s %q has the problem %q twice", what, slug, clip(kind))
		}
	}
}

func (c *checker) list(s service, what string, entries []string) {
	if len(entries) > maxList {
		c.fail(s.line, "service %q has more than %d entries of the kind %s", s.Slug, maxList, what)
		return
	}
	for _, entry := range entries {
		c.text(s.line, "service", s.Slug, what, entry)
		if account := what == "handle" || what == "hashtag" || what == "person"; account && strings.ContainsAny(entry, "@# ") {
			c.fail(s.line, "service %q has the %s %q; write it without @, # and spaces", s.Slug, what, clip(entry))
		}
	}
}

// link checks the address of a page. It becomes a link on Outcry's pages, so
// nothing but https and http will do.
func (c *checker) link(s service, what, address string) {
	if address == "" {
		return
	}
	u, err := url.Parse(address)
	if err != nil || len(address) > maxURL || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		c.fail(s.line, "service %q has the %s page %q; it must look like https://example.com/", s.Slug, what, clip(address))
	}
}

func (c *checker) fail(line int, format string, args ...any) {
	c.found = append(c.found, Finding{Line: line, Text: fmt.Sprintf(format, args...)})
}

// clip bounds a text from a file for an error.
func clip(text string) string {
	if runes := []rune(text); len(runes) > maxName {
		return string(runes[:maxName]) + "…"
	}
	return text
}
