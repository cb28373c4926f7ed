package web

import (
	"cmp"
	"slices"
)

// Map is the world with the countries where services fail.
type Map struct {
	Places []Place // the most outages first
}

// Place is a country on the map.
type Place struct {
	Country string // its code
	Outages int    // ongoing
}

// NewMap shows how many outages go on in each country, by code.
func NewMap(outages map[string]int) Map {
	var m Map
	for country, n := range outages {
		m.Places = append(m.Places, Place{Country: country, Outages: n})
	}
	slices.SortFunc(m.Places, func(a, b Place) int {
		return cmp.Or(cmp.Compare(b.Outages, a.Outages), cmp.Compare(a.Country, b.Country))
	})
	return m
}
