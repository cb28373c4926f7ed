package form

import (
	"slices"
	"strings"

	"github.com/outcryhq/outcry/pkg/catalog"
	"github.com/outcryhq/outcry/pkg/place"
)

// lists are what the page offers, made once.
type lists struct {
	services, countries []Option
}

func newLists(services Catalog) lists {
	var l lists
	for _, service := range services.Services() {
		l.services = append(l.services, Option{Value: service.Slug, Label: service.Name})
	}
	for _, code := range place.Codes() {
		l.countries = append(l.countries, Option{Value: code, Label: place.Name(code)})
	}
	return l
}

// slug returns the slug of the service whose name or slug somebody typed, or
// what was typed.
func (l lists) slug(typed string) string {
	typed = strings.TrimSpace(typed)
	for _, option := range l.services {
		if strings.EqualFold(typed, option.Value) || strings.EqualFold(typed, option.Label) {
			return option.Value
		}
	}
	return typed
}

// newPage returns the page with what was typed.
func (h *Handler) newPage(a ask) *Page {
	page := &Page{
		Title: say("report.title"), Honeypot: honeypot, Works: a.works(),
		Service: a.service, Problem: a.problem, Country: a.country,
	}
	if service, known := h.config.Catalog.Service(a.service); known {
		page.ServiceName = service.Name
		page.Title = say("report.title_of", service.Name)
		if !page.Works {
			page.Problems = choose(kinds(h.config.Catalog.Problems(service.Slug)), a.problem)
		}
	}
	if page.Works {
		page.Title = say("works.title")
		if page.ServiceName != "" {
			page.Title = say("works.title_of", page.ServiceName)
		}
	}
	country, _ := place.Normalize(a.country)
	page.Services = choose(h.lists.services, a.service)
	page.Countries = choose(h.lists.countries, country)
	return page
}

func kinds(problems []catalog.Problem) []Option {
	options := make([]Option, len(problems))
	for i, kind := range problems {
		options[i] = Option{Value: kind.Slug, Label: kind.Label}
	}
	return options
}

// choose returns a list with one value selected. The list itself stays as it is.
func choose(options []Option, value string) []Option {
	at := slices.IndexFunc(options, func(o Option) bool { return o.Value == value })
	if at < 0 {
		return options
	}
	chosen := slices.Clone(options)
	chosen[at].Selected = true
	return chosen
}
