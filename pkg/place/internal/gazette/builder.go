package gazette

import (
	"errors"
	"maps"
	"math"
	"slices"
	"unicode/utf8"
)

// standsOut is how many times the weight of all other countries' places a country's place of the same name needs to be meant.
const standsOut = 5

// Builder collects names.
type Builder struct {
	codes string
	names map[string]*named
	marks map[string]Marks
}

type named struct {
	weights map[uint8]float64 // by country; 0 for places too small to be meant
	marks   Marks
}

// NewBuilder starts a table for countries whose codes stand one after another, two letters each.
func NewBuilder(codes string) *Builder {
	return &Builder{codes: codes, names: map[string]*named{}, marks: map[string]Marks{}}
}

// Add adds a place of a country under one of its names. Marks are those of [Country] and [Region] and a rank. Of
// places of one name the country with by far the most weight is meant. Countries and names that cannot be are left out.
func (b *Builder) Add(name, code string, marks Marks, weight float64) {
	table := Table{codes: b.codes}
	country := table.Number(code)
	folded := string(Fold(nil, name))
	if country == 0 || utf8.RuneCountInString(folded) < 2 || len(folded) > MaxName {
		return
	}
	n := b.names[folded]
	if n == nil {
		n = &named{weights: map[uint8]float64{}}
		b.names[folded] = n
	}
	n.weights[country] = max(n.weights[country], weight)
	n.marks = n.marks&^rankMask | marks&^rankMask | max(n.marks&rankMask, marks&rankMask)
}

// Also adds a country to a name that is known, without making it one that is meant by itself.
func (b *Builder) Also(name, code string) {
	if n := b.names[string(Fold(nil, name))]; n != nil {
		b.Add(name, code, n.marks, 0)
	}
}

// Mark adds marks to a name, whether it is known or not.
func (b *Builder) Mark(name string, marks Marks) {
	b.marks[string(Fold(nil, name))] |= marks
}

// Table returns what has been added.
func (b *Builder) Table() (*Table, error) {
	t := &Table{codes: b.codes}
	sets := map[Candidates]uint16{}
	for _, name := range slices.Sorted(maps.Keys(b.names)) {
		n := b.names[name]
		candidates := n.candidates()
		set, ok := sets[candidates]
		if !ok {
			if len(t.sets) > math.MaxUint16 {
				return nil, errors.New("too many different sets of countries")
			}
			set = uint16(len(t.sets)) //nolint:gosec // just checked
			sets[candidates] = set
			t.sets = append(t.sets, candidates)
		}
		t.entries = append(t.entries, entry{
			start: uint32(len(t.names)), size: uint8(len(name)), marks: n.marks | b.marks[name], set: set, //nolint:gosec // names are at most MaxName bytes
		})
		t.names = append(t.names, name...)
	}
	t.index()
	return t, nil
}

// candidates weighs the countries of a name.
func (n *named) candidates() Candidates {
	var c Candidates
	var best uint8
	var all float64
	for _, country := range slices.Sorted(maps.Keys(n.weights)) { // sums of floats depend on their order
		weight := n.weights[country]
		c.Countries.Add(country)
		all += weight
		if best == 0 || weight > n.weights[best] {
			best = country
		}
	}
	if rest := all - n.weights[best]; n.weights[best] >= standsOut*rest && n.weights[best] > 0 {
		c.Winner = best
	}
	return c
}
