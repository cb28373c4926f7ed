package twitter

import (
	"fmt"
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

// Terms returns what to track for a catalog: the accounts that are complained
// to, and every name that is not ambiguous, MostTerms of them at most. When
// there are more, each service gives up its last ones: first comes an account of
// its own, then the people, other accounts and the names, since most of those
// who complain turn to an account. A name finds the account and the hashtag of
// the same name too, and stands for them.
func Terms(c *catalog.Catalog) []string {
	var lists [][]string
	for _, service := range c.Services() {
		lists = append(lists, termsOf(service))
	}
	var terms []string
	known := map[string]bool{}
	for rank, more := 0, true; more; rank++ {
		more = false
		for _, list := range lists {
			if rank >= len(list) {
				continue
			}
			more = true
			if key := strings.ToLower(list[rank]); !known[key] && !known[strings.TrimPrefix(key, "@")] {
				known[key] = true
				terms = append(terms, list[rank])
			}
			if len(terms) == MostTerms {
				return terms
			}
		}
	}
	return terms
}

// termsOf lists a service's terms, the best first.
func termsOf(service catalog.Service) []string {
	ambiguous := map[string]bool{}
	for _, name := range service.Ambiguous {
		ambiguous[strings.ToLower(name)] = true
	}
	named := map[string]string{}
	var names []string
	for _, name := range append([]string{service.Name}, service.Aliases...) {
		if key := strings.ToLower(name); !ambiguous[key] && isTerm(name) && utf8.RuneCountInString(name) >= shortestName {
			named[key] = name
			names = append(names, name)
		}
	}
	var accounts []string
	for _, handle := range service.Handles {
		if name, ok := named[strings.ToLower(handle)]; ok {
			accounts = append(accounts, name)
		} else if isHandle(handle) {
			accounts = append(accounts, "@"+handle)
		}
	}
	var people []string
	for _, person := range service.People {
		if isHandle(person) {
			people = append(people, "@"+person)
		}
	}
	first := min(len(accounts), 1)
	return slices.Concat(accounts[:first], people, accounts[first:], names)
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
