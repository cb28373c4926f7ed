package twitter

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/outcryhq/outcry/pkg/catalog"
	"github.com/outcryhq/outcry/pkg/outage"
)

const (
	// MostTerms is how many terms a v1.1 stream can track.
	MostTerms = 400
	// longestTerm is the longest of them, in bytes.
	longestTerm = 60
	// A shorter name is in too many posts that are about something else.
	shortestName     = 3
	longestHandle    = 15
	handleCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"
)

// Terms returns what to track for a catalog, MostTerms at most, and the slugs of
// the services for which there was no room, so that they can be named: a catalog
// of a few hundred services is too large, one of a country is not.
//
// A term is an account that is complained to, or a name that is not ambiguous. A
// name finds the account and the hashtag of the same name too, and stands for
// them. First comes one term for each service that is used worldwide, then the
// people whom users blame, then one term for each service of some countries, the
// most countries first, then the rest.
func Terms(c *catalog.Catalog) (terms, unheard []string) {
	services := c.Services()
	slices.SortStableFunc(services, func(a, b catalog.Service) int { return cmp.Compare(reach(b), reach(a)) })
	all := make([]terming, len(services))
	most := 0
	for i, service := range services {
		all[i] = termsOf(service)
		most = max(most, len(all[i].own))
	}
	t := tracking{known: map[string]bool{}}
	for rank := range most {
		for i, service := range services {
			if rank == 0 && i > 0 && len(service.Countries) > 0 && len(services[i-1].Countries) == 0 {
				t.addPeople(all)
			}
			if rank < len(all[i].own) && !t.add(all[i].own[rank]) && rank == 0 {
				unheard = append(unheard, service.Slug)
			}
		}
		t.addPeople(all)
	}
	slices.Sort(unheard)
	return t.terms, unheard
}

// reach is for sorting: services without countries are used worldwide.
func reach(service catalog.Service) int {
	if len(service.Countries) == 0 {
		return math.MaxInt
	}
	return len(service.Countries)
}

// tracking is a list of terms that is being made.
type tracking struct {
	terms []string
	known map[string]bool
}

// add says whether the term is tracked now.
func (t *tracking) add(term string) bool {
	key := strings.ToLower(term)
	switch {
	case t.known[key] || t.known[strings.TrimPrefix(key, "@")]:
		return true
	case len(t.terms) == MostTerms:
		return false
	}
	t.known[key] = true
	t.terms = append(t.terms, term)
	return true
}

func (t *tracking) addPeople(all []terming) {
	for _, terms := range all {
		for _, person := range terms.people {
			t.add(person)
		}
	}
}

// terming is the terms for one service, the best first.
type terming struct{ own, people []string }

func termsOf(service catalog.Service) terming {
	ambiguous := map[string]bool{}
	for _, name := range service.Ambiguous {
		ambiguous[strings.ToLower(name)] = true
	}
	named := map[string]string{}
	var terms terming
	var names []string
	for _, name := range append([]string{service.Name}, service.Aliases...) {
		if key := strings.ToLower(name); !ambiguous[key] && isTerm(name) && utf8.RuneCountInString(name) >= shortestName {
			named[key] = name
			names = append(names, name)
		}
	}
	for _, handle := range service.Handles {
		if name, ok := named[strings.ToLower(handle)]; ok {
			terms.own = append(terms.own, name)
		} else if isHandle(handle) {
			terms.own = append(terms.own, "@"+handle)
		}
	}
	terms.own = append(terms.own, names...)
	for _, person := range service.People {
		if isHandle(person) {
			terms.people = append(terms.people, "@"+person)
		}
	}
	return terms
}

// isHandle says whether an account can be one of Twitter's: the catalog names
// those of other networks too.
func isHandle(s string) bool {
	return s != "" && len(s) <= longestHandle &&
		!strings.ContainsFunc(s, func(r rune) bool { return !strings.ContainsRune(handleCharacters, r) })
}

// isTerm says whether a text can be tracked: a comma would part it.
func isTerm(s string) bool {
	return strings.TrimSpace(s) != "" && len(s) <= longestTerm && !strings.ContainsAny(s, ",\r\n")
}

func checkTerms(terms []string) error {
	if len(terms) == 0 || len(terms) > MostTerms {
		return fmt.Errorf("twitter: %w: a gateway tracks 1 to %d terms, not %d", outage.ErrInvalid, MostTerms, len(terms))
	}
	for i, term := range terms {
		if !isTerm(term) {
			return fmt.Errorf("twitter: %w: term %d is empty, longer than %d bytes, or has a comma in it", outage.ErrInvalid, i+1, longestTerm)
		}
	}
	return nil
}
