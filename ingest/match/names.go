package match

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/outcryhq/outcry/pkg/catalog"
)

// name is something that services are called.
type name struct {
	text      string
	services  []int32 // indices; more than one if they share the name
	ambiguous bool    // it needs a sign that the service is meant
	sure      bool    // it needs none, though the catalog says so: several services share it, or it is a word that is rare in posts
	handle    bool    // only with @
	tag       bool    // only with #
}

// shortName is up to how many letters a name is ambiguous, whatever it is.
const shortName = 2

// namesOf lists what the services of a catalog are called. Names in other
// scripts, which the lexicon has, are added where the service is there; a ? behind one
// says that it is ambiguous, a ! that it is not.
func namesOf(services []catalog.Service) ([]name, error) {
	n := &namer{index: make(map[string]int)}
	bySlug := make(map[string]int32)
	for i, s := range services {
		index := int32(i)
		bySlug[s.Slug] = index
		for _, text := range append([]string{s.Name}, s.Aliases...) {
			n.add(name{text: text, ambiguous: isAmbiguous(s, text)}, index)
		}
		for _, text := range s.Handles {
			n.add(name{text: text, handle: true}, index)
		}
		for _, text := range s.People {
			n.add(name{text: text, handle: true}, index)
		}
		for _, text := range s.Hashtags {
			n.add(name{text: text, tag: true}, index)
		}
	}
	more, err := lexicons.ReadFile("lexicon/names.tsv")
	if err != nil {
		return nil, fmt.Errorf("read names: %w", err)
	}
	for line := range strings.Lines(string(more)) {
		fields := strings.Split(strings.TrimSpace(line), "\t")
		index, ok := bySlug[fields[0]]
		if !ok {
			continue // this catalog does not have it
		}
		for _, text := range fields[1:] {
			text, doubtful := strings.CutSuffix(text, "?")
			text, sure := strings.CutSuffix(text, "!")
			n.add(name{text: text, sure: sure, ambiguous: doubtful || isAmbiguous(services[index], text)}, index)
		}
	}
	return n.names, nil
}

type namer struct {
	names []name
	index map[string]int
}

func (n *namer) add(one name, service int32) {
	key := fmt.Sprintf("%t%t%s", one.handle, one.tag, strings.ToLower(one.text))
	if at, ok := n.index[key]; ok {
		if !slices.Contains(n.names[at].services, service) {
			n.names[at].services = append(n.names[at].services, service)
		}
		n.names[at].sure = n.names[at].sure || one.sure
		n.names[at].ambiguous = n.names[at].ambiguous || one.ambiguous
		return
	}
	one.services = []int32{service}
	n.index[key] = len(n.names)
	n.names = append(n.names, one)
}

// isAmbiguous reports whether a name of a service needs a sign that the service
// is meant: the catalog says so, or it is as short as "x".
func isAmbiguous(s catalog.Service, text string) bool {
	return utf8.RuneCountInString(text) <= shortName && text[0] < utf8.RuneSelf ||
		slices.ContainsFunc(s.Ambiguous, func(name string) bool { return strings.EqualFold(name, text) })
}

// suffixes are what names get in some languages: cases, articles, plurals. They
// are in normal form.
func suffixes() map[string]bool {
	set := make(map[string]bool)
	for _, list := range []string{
		"s a u e o i y em ie om ow owi iem ami ach ze zie owie owy in un nin nun im um da de ta te dan den tan ten ya ye yi yu daki deki taki teki la le im nya ku mu lah kah",
		"а у е ом ем ы и ой ю я ам ами ах ов ем ой ою ові",
		"ه ي",
		"lar ler lari leri taki mi mu dir",
		"et en n ed an yn",
		"की का के में पर",
	} {
		for one := range strings.FieldsSeq(list) {
			set[one] = true
		}
	}
	return set
}
