package main

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/outcryhq/outcry/pkg/place/internal/gazette"
)

// The columns of GeoNames' table of cities that are used.
const (
	columnName       = 1
	columnASCII      = 2
	columnAlternates = 3
	columnFeature    = 7
	columnCountry    = 8
	columnPeople     = 14
	columns          = 19
)

// townNames is the length from which the name of a town of fewer than 100,000 people is taken in, if it is the only one.
const townNames = 7

// otherName is the share of a city's weight that another of its names in Latin letters has.
const otherName = 0.2

type city struct {
	name, ascii string
	alternates  []string
	country     string
	people      int
	capital     bool
}

func readCities(name string) ([]city, error) {
	var cities []city
	err := eachLine(name, func(line string) error {
		fields := strings.Split(line, "\t")
		if len(fields) != columns {
			return fmt.Errorf("%d columns, expected %d", len(fields), columns)
		}
		people, err := strconv.Atoi(fields[columnPeople])
		if err != nil {
			return fmt.Errorf("people: %w", err)
		}
		c := city{
			name: fields[columnName], ascii: fields[columnASCII], country: fields[columnCountry], people: people,
			capital: fields[columnFeature] == "PPLC",
		}
		if fields[columnAlternates] != "" {
			c.alternates = strings.Split(fields[columnAlternates], ",")
		}
		cities = append(cities, c)
		return nil
	})
	return cities, err
}

// weight says how likely a city is to be meant by its name: by its people and by how many names it has, because who
// is known in many languages is known.
func (c *city) weight() float64 { return float64(c.people) * float64(len(c.alternates)+1) / 1e6 }

func (c *city) rank() gazette.Marks {
	switch {
	case c.people >= 3_000_000, c.capital && c.people >= 500_000:
		return gazette.Largest
	case c.people >= 1_000_000, c.capital && c.people >= 200_000:
		return gazette.Major
	case c.people >= 300_000:
		return gazette.Large
	case c.people >= 100_000:
		return gazette.City
	default:
		return gazette.Town
	}
}

// addCities adds the cities of at least 100,000 people and the capitals with all their names, and towns by the one
// name that nowhere else has.
func addCities(b *gazette.Builder, cities []city) {
	countries := map[string]string{} // "" for names in several
	for i := range cities {
		name := string(gazette.Fold(nil, cities[i].name))
		if had, ok := countries[name]; ok && had != cities[i].country {
			countries[name] = ""
		} else if !ok {
			countries[name] = cities[i].country
		}
	}
	for i := range cities {
		c := &cities[i]
		if c.people >= 100_000 || c.capital {
			for name, share := range c.names() {
				b.Add(name, c.country, c.rank(), c.weight()*share)
			}
			continue
		}
		name := string(gazette.Fold(nil, c.name))
		if c.people > 15_000 && utf8.RuneCountInString(name) >= townNames && countries[name] != "" {
			b.Add(c.name, c.country, c.rank(), c.weight())
		}
	}
}

// addHomonyms lets a known name stand for smaller places too, beside the country that they are in: "Paris, Texas".
func addHomonyms(b *gazette.Builder, cities []city) {
	for i := range cities {
		b.Also(cities[i].name, cities[i].country)
		b.Also(cities[i].ascii, cities[i].country)
	}
}

// names returns the names of a city that people may write, and the share of its weight that each has: other names in
// Latin letters may be those of old, or of another language (Chittagong was Islamabad).
func (c *city) names() map[string]float64 {
	names := map[string]float64{}
	for _, name := range c.alternates {
		first, _ := utf8.DecodeRuneInString(name)
		switch {
		case !c.writes(name):
		case unicode.In(first, unicode.Latin):
			names[name] = otherName
		default:
			names[name] = 1
		}
	}
	names[c.name], names[c.ascii] = 1, 1
	return names
}

// writes tells names from transliterations ("shou er", "jkarta"), codes of airports and nicknames of a few letters.
func (c *city) writes(name string) bool {
	first, _ := utf8.DecodeRuneInString(name)
	size := utf8.RuneCountInString(name)
	switch {
	case size > 40 || strings.ContainsAny(name, "()0123456789"):
		return false
	case unicode.In(first, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul):
		return size >= 2
	case !unicode.IsUpper(first) && !unicode.IsTitle(first) && unicode.In(first, unicode.Latin):
		return false
	case !unicode.IsLetter(first):
		return false
	case unicode.In(first, unicode.Latin):
		return size > 4 || size == 4 && c.capital
	default:
		return size > 3
	}
}
