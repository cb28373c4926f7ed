package catalog

import (
	"cmp"
	"slices"
	"strings"
)

// nameKey is one folded name of a service.
type nameKey struct {
	key     string
	service int
}

// match is how well a service fits a search: the smaller, the better.
type match struct {
	service  int
	quality  quality
	distance int
}

// quality is the way in which a name fits what was typed.
type quality int

const (
	same     quality = iota // the name itself
	prefix                  // the name begins with it
	word                    // a word of the name begins with it
	within                  // it is somewhere in the name
	contains                // the name is a word of it: "whatsapp web"
	similar                 // few letters differ
	none
)

// Search returns the services whose name, alias or slug fits a text as a person
// types it, best first, at most n: without regard to case, accents and
// punctuation, whole or in part. Only when none fits are similar names taken.
func (c *Catalog) Search(text string, n int) []Service {
	matches := c.matches(text)
	if len(matches) > 0 && matches[0].quality < similar {
		matches = slices.DeleteFunc(matches, func(m match) bool { return m.quality == similar })
	}
	var found []Service
	for _, m := range matches[:min(len(matches), max(n, 0))] {
		found = append(found, c.services[m.service])
	}
	return found
}

// Nearest returns the slugs of the services that a text that is no slug was
// perhaps meant to be, best first, at most n.
func (c *Catalog) Nearest(text string, n int) []string {
	matches := c.matches(text)
	var slugs []string
	for _, m := range matches[:min(len(matches), max(n, 0))] {
		slugs = append(slugs, c.services[m.service].Slug)
	}
	return slugs
}

// matches returns the services that fit at all, each once, best first.
func (c *Catalog) matches(text string) []match {
	query := fold(text)
	if query == "" {
		return nil
	}
	best := make([]match, len(c.services))
	for i := range best {
		best[i] = match{service: i, quality: none}
	}
	for _, name := range c.names {
		m := compare(query, name.key)
		m.service = name.service
		if better(m, best[name.service]) < 0 {
			best[name.service] = m
		}
	}
	best = slices.DeleteFunc(best, func(m match) bool { return m.quality == none })
	slices.SortFunc(best, better)
	return best
}

// better orders matches, best first; equal ones by the services' names.
func better(a, b match) int {
	return cmp.Or(cmp.Compare(a.quality, b.quality), cmp.Compare(a.distance, b.distance), cmp.Compare(a.service, b.service))
}

// compare says how a folded name fits a folded query. Where several names fit
// in the same way, the one that leaves fewest letters over is nearest.
func compare(query, name string) match {
	at := strings.Index(name, query)
	over := len(name) - len(query)
	switch {
	case at == 0 && over == 0:
		return match{quality: same}
	case at == 0:
		return match{quality: prefix, distance: over}
	case at > 0 && beginsWord(name, query, at):
		return match{quality: word, distance: over}
	case at > 0 && len(query) >= 3:
		return match{quality: within, distance: over}
	case over < 0 && holdsWord(query, name):
		return match{quality: contains, distance: -over}
	}
	longer := max(len(query), len(name))
	if limit := min(longer/3, maxDistance); limit > 0 {
		if d := distance(query, name, limit); d <= limit {
			return match{quality: similar, distance: d}
		}
	}
	return match{quality: none}
}

// beginsWord reports whether a word of name begins with start, which is first
// found at.
func beginsWord(name, start string, at int) bool {
	for {
		if at == 0 || name[at-1] == ' ' {
			return true
		}
		next := strings.Index(name[at+1:], start)
		if next < 0 {
			return false
		}
		at += 1 + next
	}
}

// holdsWord reports whether text, with a space between words, has these words.
func holdsWord(text, words string) bool {
	for at := 0; ; at++ {
		next := strings.Index(text[at:], words)
		if next < 0 {
			return false
		}
		at += next
		end := at + len(words)
		if (at == 0 || text[at-1] == ' ') && (end == len(text) || text[end] == ' ') {
			return true
		}
	}
}

// nameKeys returns the folded names of the services: name, slug and aliases,
// with and without spaces, each once.
func nameKeys(services []Service) []nameKey {
	var keys []nameKey
	for i, s := range services {
		var own []string
		for _, name := range append([]string{s.Name, s.Slug}, s.Aliases...) {
			key := fold(name)
			own = append(own, key, strings.ReplaceAll(key, " ", ""))
		}
		slices.Sort(own)
		for _, key := range slices.Compact(own) {
			if key != "" {
				keys = append(keys, nameKey{key: key, service: i})
			}
		}
	}
	return keys
}
