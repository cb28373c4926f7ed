package web

import (
	"cmp"
	_ "embed"
	"slices"
	"strings"
	"sync"
)

//go:embed world/countries.tsv
var worldFile string

// Map is the world with the countries where services fail.
type Map struct {
	Places []Place // the most outages first
}

// Place is a country on the map.
type Place struct {
	Country string // its code
	Outages int    // ongoing
	// Path is SVG path data; "" if the country is a dot around X and Y, or not on the map.
	Path, X, Y string
}

// Shade grades the number of outages for the style sheet: 1, 2 or 3.
func (p Place) Shade() int {
	switch {
	case p.Outages >= 5:
		return 3
	case p.Outages >= 2:
		return 2
	default:
		return 1
	}
}

// shapes are the countries' shapes by code, as world/README.md describes them.
//
//nolint:gochecknoglobals // read once from what is embedded, and never changed
var shapes = sync.OnceValue(func() map[string]string {
	found := map[string]string{}
	for line := range strings.Lines(worldFile) {
		code, shape, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		found[code] = shape
	}
	return found
})

// NewMap shows how many outages go on in each country, by code.
func NewMap(outages map[string]int) Map {
	var m Map
	for country, n := range outages {
		place := Place{Country: country, Outages: n}
		shape := shapes()[country]
		if strings.HasPrefix(shape, "M") {
			place.Path = shape
		} else {
			place.X, place.Y, _ = strings.Cut(shape, " ")
		}
		m.Places = append(m.Places, place)
	}
	slices.SortFunc(m.Places, func(a, b Place) int {
		return cmp.Or(cmp.Compare(b.Outages, a.Outages), cmp.Compare(a.Country, b.Country))
	})
	return m
}
