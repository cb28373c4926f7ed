package catalog

import (
	"bytes"
	_ "embed"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/outcryhq/outcry/pkg/outage"
)

// maxFile bounds the size of a catalog file, in bytes.
const maxFile = 4 << 20

//go:embed catalog.yaml
var embedded []byte

// Service is one service that can be reported. Its slices are shared: they must
// not be changed.
type Service struct {
	Slug     string   `yaml:"slug"`     // its name in links and in the API
	Name     string   `yaml:"name"`     // as its owner writes it
	Category string   `yaml:"category"` // a slug
	Aliases  []string `yaml:"aliases"`  // other names that people use, in any script
	Handles  []string `yaml:"handles"`  // its accounts on social networks, without @
	Hashtags []string `yaml:"hashtags"` // without #; the names, and the names with "down", are hashtags anyway
	People   []string `yaml:"people"`   // accounts of persons to whom its users complain
	// Ambiguous are those of the name and the aliases that are ordinary words
	// or belong to others as well ("Line", "X", "wa"). In a post such a name
	// counts only with a handle, a hashtag, a qualifier or a phrase right next
	// to it. Every other name counts wherever it stands.
	Ambiguous []string `yaml:"ambiguous"`
	// Qualifiers are the words that make an ambiguous name clear when they stand
	// beside it: "livebox" for Orange, "app" for Line. They say nothing alone.
	Qualifiers []string `yaml:"qualifiers"`
	// Countries are where it is at home, ISO 3166-1 alpha-2; empty if it is
	// used worldwide.
	Countries []string `yaml:"countries"`
	// Problems are the slugs of the problem kinds that it can have, most
	// frequent first; never empty.
	Problems []string `yaml:"problems"`
	Home     string   `yaml:"home"`   // URL, or ""
	Status   string   `yaml:"status"` // URL of its own status page, or ""
}

// Problem is a kind of problem.
type Problem struct {
	Slug  string `yaml:"slug"`
	Label string `yaml:"label"` // English, as a person would say it
}

// Catalog is the services that there are.
type Catalog struct {
	services []Service // by name, without regard to case and accents
	bySlug   map[string]int
	labels   map[string]string // of problem kinds
	names    []nameKey         // for the search
}

// Default returns the catalog that Outcry ships.
func Default() (*Catalog, error) {
	return Load(bytes.NewReader(embedded))
}

// LoadFile reads a catalog from a file; see [Load].
func LoadFile(path string) (*Catalog, error) {
	file, err := os.Open(path) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, fmt.Errorf("load catalog: %w", err)
	}
	defer func() { _ = file.Close() }() // only read
	c, err := Load(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

// Load reads a catalog in YAML, of at most 4 MB. A file that begins with
// "extends: default" adds to the catalog that Outcry ships; its services,
// categories and problem kinds replace those of the same slug. Errors wrap
// [outage.ErrInvalid] and name the line, unless r could not be read.
func Load(r io.Reader) (*Catalog, error) {
	raw, err := readAll(r)
	if err != nil {
		return nil, err
	}
	f, err := parse(raw)
	if err != nil {
		return nil, fmt.Errorf("load catalog: %w: %w", outage.ErrInvalid, err)
	}
	return build(f), nil
}

// readAll reads a file of at most maxFile bytes.
func readAll(r io.Reader) ([]byte, error) {
	raw, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("load catalog: %w", err)
	}
	if len(raw) > maxFile {
		return nil, fmt.Errorf("load catalog: %w: larger than %d bytes", outage.ErrInvalid, maxFile)
	}
	return raw, nil
}

// Service returns the service of that slug, and whether there is one.
func (c *Catalog) Service(slug string) (Service, bool) {
	i, ok := c.bySlug[slug]
	if !ok {
		return Service{}, false
	}
	return c.services[i], true
}

// Services returns all services, sorted by name. The slice is the caller's.
func (c *Catalog) Services() []Service { return slices.Clone(c.services) }

// Problems returns the kinds of problem that a service can have, most frequent
// first, or nil if there is no such service.
func (c *Catalog) Problems(slug string) []Problem {
	service, ok := c.Service(slug)
	if !ok {
		return nil
	}
	problems := make([]Problem, len(service.Problems))
	for i, kind := range service.Problems {
		problems[i] = Problem{Slug: kind, Label: c.labels[kind]}
	}
	return problems
}

// build makes the catalog of a file that has been checked.
func build(f *file) *Catalog {
	c := &Catalog{bySlug: make(map[string]int), labels: make(map[string]string)}
	for _, p := range f.Problems {
		c.labels[p.Slug] = p.Label
	}
	usual := make(map[string][]string)
	for _, category := range f.Categories {
		usual[category.Slug] = category.Problems
	}
	for _, s := range f.Services {
		if len(s.Problems) == 0 {
			s.Problems = usual[s.Category]
		}
		c.services = append(c.services, s.Service)
	}
	slices.SortFunc(c.services, func(a, b Service) int {
		if order := strings.Compare(fold(a.Name), fold(b.Name)); order != 0 {
			return order
		}
		return strings.Compare(a.Slug, b.Slug)
	})
	for i, s := range c.services {
		c.bySlug[s.Slug] = i
	}
	c.names = nameKeys(c.services)
	return c
}
