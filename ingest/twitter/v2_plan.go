package twitter

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"sort"
	"strings"

	"github.com/outcryhq/outcry/pkg/catalog"
)

const (
	// MostRules is how many rules X allows at most; plans may allow fewer.
	MostRules = 1000
	// LongestRule is how many characters of a rule X allows at most.
	LongestRule = 1024
	// shortestRule leaves room for words of complaint and a term beside them.
	shortestRule = 256
	// ruleTag begins the tags of our rules. An account's other rules are left alone.
	ruleTag = "outcry:"

	noReposts = " -is:retweet"
	or        = " OR "
)

// v2Rule is a rule as X has it.
type v2Rule struct {
	ID    string `json:"id,omitempty"`
	Value string `json:"value"`
	Tag   string `json:"tag,omitempty"`
}

func newRule(value string) v2Rule {
	sum := sha256.Sum256([]byte(value))
	return v2Rule{Value: value, Tag: ruleTag + hex.EncodeToString(sum[:8])}
}

// v2Plan is the rules for a catalog.
type v2Plan struct {
	rules []v2Rule // sorted by value
	// left are the slugs of services that no rule asks for, the most important
	// first: there is no room for them, or nothing to ask for.
	left []string
	core bool // there is room only for the best terms of each service
}

// planRules packs what a catalog asks for into as few rules as it can: at most
// so many, each of at most so many characters. Where there is no room for all
// terms the best of each service remain, and then the most important services.
// The same catalog and limits give the same rules.
func planRules(c *catalog.Catalog, most, longest int) v2Plan {
	var services []v2Terms
	var without []string
	for _, service := range byImportance(c) {
		if terms := v2TermsOf(service); len(terms.alone)+len(terms.beside) > 0 {
			services = append(services, terms)
		} else {
			without = append(without, terms.slug)
		}
	}
	if rules := packAll(services, longest); len(rules) <= most {
		return v2Plan{rules: rules, left: without}
	}
	for i := range services {
		if len(services[i].core) == 0 {
			services[i].core = first(slices.Concat(services[i].beside, services[i].alone))
		}
		services[i].alone, services[i].beside = nil, services[i].core
	}
	// The first row of services that is too long for the rules, less one.
	fits := max(0, sort.Search(len(services)+1, func(n int) bool { return len(packAll(services[:n], longest)) > most })-1)
	plan := v2Plan{core: true, rules: packAll(services[:fits], longest)}
	for _, service := range services[fits:] {
		plan.left = append(plan.left, service.slug)
	}
	plan.left = append(plan.left, without...)
	return plan
}

// byImportance sorts services: those used worldwide first, then by what breaks
// most people's day, then by how many names people have for them.
func byImportance(c *catalog.Catalog) []catalog.Service {
	order := []string{"messenger", "social", "carrier", "bank", "payment", "streaming", "games", "cloud", "work", "assistant", "shopping"}
	services := c.Services()
	slices.SortStableFunc(services, func(a, b catalog.Service) int {
		return cmp.Or(
			cmp.Compare(min(len(a.Countries), 1), min(len(b.Countries), 1)),
			cmp.Compare(rankOf(order, a.Category), rankOf(order, b.Category)),
			-cmp.Compare(nameCount(a), nameCount(b)),
			strings.Compare(a.Slug, b.Slug),
		)
	})
	return services
}

func rankOf(order []string, category string) int {
	if i := slices.Index(order, category); i >= 0 {
		return i
	}
	return len(order)
}

func nameCount(s catalog.Service) int { return len(s.Aliases) + len(s.Handles) + len(s.Hashtags) }

// packAll makes the rules for services.
func packAll(services []v2Terms, longest int) []v2Rule {
	var alone, beside [][]string
	known := map[string]bool{}
	fresh := func(terms []string) []string {
		var left []string
		for _, term := range terms {
			if key := strings.ToLower(term); !known[key] {
				known[key] = true
				left = append(left, term)
			}
		}
		return left
	}
	for _, service := range services {
		alone = append(alone, fresh(service.alone))
	}
	for _, service := range services {
		beside = append(beside, fresh(service.beside))
	}
	complaints := " (" + complaintWords(longest/2) + ")"
	var rules []v2Rule
	for _, kind := range []struct {
		terms  [][]string
		suffix string
	}{{alone, noReposts}, {beside, complaints + noReposts}} {
		for _, terms := range pack(kind.terms, longest-length("()"+kind.suffix)) {
			rules = append(rules, newRule("("+strings.Join(terms, or)+")"+kind.suffix))
		}
	}
	slices.SortFunc(rules, func(a, b v2Rule) int { return strings.Compare(a.Value, b.Value) })
	return rules
}

// complaintWords are as many words of complaint as fit, the most used first.
func complaintWords(room int) string {
	var words []string
	for _, word := range v2Complaints {
		word = v2Word(word)
		if room -= length(word) + len(or); room < 0 {
			break
		}
		words = append(words, word)
	}
	return strings.Join(words, or)
}

// bin is a rule in the making.
type bin struct {
	terms []string
	left  int // characters
}

// pack puts lists of terms into bins, each list into one where it can be, by
// first fit in the order of falling length: at most 11/9 of the fewest bins
// (Johnson 1973).
func pack(lists [][]string, room int) [][]string {
	room += len(or) // every term brings one, the first too
	items := make([]bin, 0, len(lists))
	for _, terms := range lists {
		items = append(items, split(terms, room)...)
	}
	slices.SortStableFunc(items, func(a, b bin) int { return cmp.Compare(a.left, b.left) })
	var bins []bin
	for _, item := range items {
		size := room - item.left
		i := slices.IndexFunc(bins, func(b bin) bool { return b.left >= size })
		if i < 0 {
			i = len(bins)
			bins = append(bins, bin{left: room})
		}
		bins[i].terms = append(bins[i].terms, item.terms...)
		bins[i].left -= size
	}
	packed := make([][]string, len(bins))
	for i := range bins {
		slices.Sort(bins[i].terms)
		packed[i] = bins[i].terms
	}
	return packed
}

// split parts a list of terms that is too long for one rule.
func split(terms []string, room int) []bin {
	var items []bin
	for _, term := range terms {
		size := length(term) + len(or)
		if len(items) == 0 || items[len(items)-1].left < size {
			items = append(items, bin{left: room})
		}
		last := &items[len(items)-1]
		last.terms = append(last.terms, term)
		last.left -= size
	}
	return items
}
