package stream

import (
	"slices"
)

// Filter says what a reader wants. The zero Filter is all outages.
type Filter struct {
	Services  []string // any of these; none: every service
	Countries []string // any of these; none: wherever it is
	Spikes    bool     // spikes too
}

// wants reports whether something of a service in some countries is asked for.
func (f Filter) wants(service string, countries []string) bool {
	if len(f.Services) > 0 && !slices.Contains(f.Services, service) {
		return false
	}
	return len(f.Countries) == 0 || f.touches(countries)
}

// touches reports whether one of the countries is asked for by name.
func (f Filter) touches(countries []string) bool {
	for _, country := range countries {
		if slices.Contains(f.Countries, country) {
			return true
		}
	}
	return false
}

// index finds the readers of a service or country. A reader is filed under its
// services if it names any, else under its countries, else under all.
type index struct {
	all       map[*reader]struct{}
	byService map[string]map[*reader]struct{}
	byCountry map[string]map[*reader]struct{}
	search    uint64 // the number of the search, so that none meets a reader twice
}

func newIndex() index {
	return index{all: map[*reader]struct{}{}, byService: map[string]map[*reader]struct{}{}, byCountry: map[string]map[*reader]struct{}{}}
}

func (x *index) add(r *reader) {
	switch {
	case len(r.want.Services) > 0:
		file(x.byService, r, r.want.Services)
	case len(r.want.Countries) > 0:
		file(x.byCountry, r, r.want.Countries)
	default:
		x.all[r] = struct{}{}
	}
}

func (x *index) remove(r *reader) {
	unfile(x.byService, r, r.want.Services)
	unfile(x.byCountry, r, r.want.Countries)
	delete(x.all, r)
}

func file(under map[string]map[*reader]struct{}, r *reader, names []string) {
	for _, name := range names {
		if under[name] == nil {
			under[name] = map[*reader]struct{}{}
		}
		under[name][r] = struct{}{}
	}
}

func unfile(under map[string]map[*reader]struct{}, r *reader, names []string) {
	for _, name := range names {
		delete(under[name], r)
		if len(under[name]) == 0 {
			delete(under, name)
		}
	}
}

// find calls with each reader that wants something of the service in the countries, once.
func (x *index) find(service string, countries []string, with func(*reader)) {
	x.search++
	visit := func(readers map[*reader]struct{}) {
		for r := range readers {
			if r.found != x.search && r.want.wants(service, countries) {
				r.found = x.search
				with(r)
			}
		}
	}
	visit(x.all)
	visit(x.byService[service])
	for _, country := range countries {
		visit(x.byCountry[country])
	}
}
