// Command gazetteer builds data/names.gazette, the embedded table of names of places, of GeoNames' cities500.txt, the
// names of countries that golang.org/x/text has, and two lists beside the table.
//
//	gazetteer CITIES500.txt NAMES.tsv WORDS.txt OUT
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"github.com/outcryhq/outcry/pkg/place"
	"github.com/outcryhq/outcry/pkg/place/internal/gazette"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "gazetteer:", err)
		os.Exit(1)
	}
}

// run builds the table that args name and says to out how large it is.
func run(args []string, out io.Writer) error {
	if len(args) != 4 {
		return errors.New("usage: gazetteer CITIES500.txt NAMES.tsv WORDS.txt OUT")
	}
	var codes strings.Builder
	for _, code := range place.Codes() {
		codes.WriteString(code)
	}
	b := gazette.NewBuilder(codes.String())
	cities, err := readCities(args[0])
	if err != nil {
		return fmt.Errorf("%s: %w", args[0], err)
	}
	addCities(b, cities)
	addCountries(b, cities)
	if err := eachLine(args[1], func(line string) error { return addLine(b, line) }); err != nil {
		return err
	}
	addHomonyms(b, cities)
	if err := eachLine(args[2], func(line string) error { return markLine(b, line) }); err != nil {
		return err
	}
	table, err := b.Table()
	if err != nil {
		return fmt.Errorf("build the table: %w", err)
	}
	packed, err := table.Encode()
	if err != nil {
		return fmt.Errorf("build the table: %w", err)
	}
	if _, err := fmt.Fprintf(out, "%s: %d names, %d bytes\n", args[3], table.Len(), len(packed)); err != nil {
		return fmt.Errorf("print: %w", err)
	}
	if err := os.WriteFile(args[3], packed, 0o600); err != nil { //nolint:gosec // named on the command line
		return fmt.Errorf("write the table: %w", err)
	}
	return nil
}

// languages are those in which countries are named: the ones that complaints are understood in, and a few with many
// readers. Those of all 190 languages that x/text has would be words of one another.
const languages = "ar bn cs da de el en es fa fi fr he hi hu id it ja ko ms nl no pl pt ro ru sv ta th tr uk vi zh zh-Hant"

// addCountries adds the names of the countries in several languages.
func addCountries(b *gazette.Builder, cities []city) {
	people := map[string]float64{}
	for _, c := range cities {
		people[c.country] += float64(c.people)
	}
	var tags []language.Tag
	for name := range strings.FieldsSeq(languages) {
		tags = append(tags, language.Make(name))
	}
	for _, code := range place.Codes() {
		weight := countryWeight(people[code])
		b.Add(place.Name(code), code, gazette.Country|gazette.Largest, weight)
		region, err := language.ParseRegion(code)
		if err != nil {
			continue
		}
		for _, tag := range tags {
			namer := display.Regions(tag)
			if namer == nil {
				continue
			}
			if name := namer.Name(region); name != "" && name != code {
				b.Add(name, code, gazette.Country|gazette.Largest, weight)
				b.Add(plain(name), code, gazette.Country|gazette.Largest, weight)
			}
		}
	}
}

// countryWeight makes a country with so many people in cities weigh as a city of which fifty names are known.
func countryWeight(people float64) float64 { return max(people*50/1e6, 1) }

// plain leaves out what stands in brackets: "Myanmar (Burma)".
func plain(name string) string {
	before, _, _ := strings.Cut(name, "(")
	return strings.TrimSpace(before)
}

// addLine adds the names of a line of names.tsv.
func addLine(b *gazette.Builder, line string) error {
	fields := strings.Split(line, "\t")
	if len(fields) != 3 {
		return fmt.Errorf("%d fields, expected 3", len(fields))
	}
	var marks gazette.Marks
	var weight float64
	switch fields[1] {
	case "country":
		marks, weight = gazette.Country|gazette.Largest, 1000
	case "region":
		marks, weight = gazette.Region|gazette.Largest, 50
	case "city":
		marks, weight = gazette.Largest, 300
	default:
		return fmt.Errorf("kind %q, expected country, region or city", fields[1])
	}
	for code := range strings.SplitSeq(fields[0], ",") {
		if !place.Valid(code) {
			return fmt.Errorf("country %q is not assigned", code)
		}
		for name := range strings.SplitSeq(fields[2], ";") {
			b.Add(strings.TrimSpace(name), code, marks, weight)
		}
	}
	return nil
}

// markLine marks the words of a line of words.txt.
func markLine(b *gazette.Builder, line string) error {
	kind, words, _ := strings.Cut(line, " ")
	var marks gazette.Marks
	switch kind {
	case "never":
		marks = gazette.Never
	case "word":
		marks = gazette.Word
	case "person":
		marks = gazette.Person
	default:
		return fmt.Errorf("mark %q, expected never, word or person", kind)
	}
	for word := range strings.FieldsSeq(words) {
		b.Mark(strings.ReplaceAll(word, "_", " "), marks)
	}
	return nil
}

// eachLine calls f for the lines of a file that are neither empty nor comments.
func eachLine(name string, f func(line string) error) error {
	file, err := os.Open(name) //nolint:gosec // named on the command line
	if err != nil {
		return fmt.Errorf("open: %w", err)
	}
	defer func() { _ = file.Close() }() // only read
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for number := 1; lines.Scan(); number++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if err := f(line); err != nil {
			return fmt.Errorf("%s: line %s: %w", name, strconv.Itoa(number), err)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}
