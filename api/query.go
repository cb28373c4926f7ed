package api

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"github.com/outcryhq/outcry/api/spec"
	"github.com/outcryhq/outcry/pkg/outage"
	"github.com/outcryhq/outcry/pkg/place"
	"github.com/outcryhq/outcry/pkg/problem"
)

// maxText bounds free text in a query, in bytes.
const maxText = 80

// query reads a request's parameters. The first mistake is kept, and what is
// read after it is worthless: check err before using anything.
type query struct {
	values url.Values
	err    *problem.Problem
}

// readQuery refuses what the description of the call does not know, so that a
// mistyped filter is an error and not a longer list.
func readQuery(c *gin.Context) *query {
	return queryOf(c, knownParameters[c.FullPath()]...)
}

// knownParameters are those of each call, by its path.
//
//nolint:gochecknoglobals // a constant table
var knownParameters = func() map[string][]string {
	known := map[string][]string{}
	for _, call := range spec.Calls() {
		known[call.Path] = call.Query
	}
	return known
}()

// queryOf is readQuery for what is not described, such as pages.
func queryOf(c *gin.Context, known ...string) *query {
	values, err := url.ParseQuery(c.Request.URL.RawQuery)
	q := &query{values: values}
	if err != nil {
		q.err = problem.New(outage.ErrInvalid, "the query is not properly percent-encoded")
		return q
	}
	for _, name := range sorted(values) {
		switch {
		case !slices.Contains(known, name):
			q.fail(clip(name), unknownParameter(known))
		case len(values[name]) > 1:
			q.fail(name, "give it once")
		case !utf8.ValidString(values.Get(name)) || strings.ContainsRune(values.Get(name), 0):
			q.fail(name, "expected UTF-8 text")
		}
	}
	return q
}

func unknownParameter(known []string) string {
	if len(known) == 0 {
		return "unknown parameter; this call takes none"
	}
	return "unknown parameter; known are " + strings.Join(known, ", ")
}

func sorted(values url.Values) []string {
	names := make([]string, 0, len(values))
	for name := range values {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// clip shortens what is quoted back to whoever sent it.
func clip(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) <= maxText {
		return s
	}
	return strings.ToValidUTF8(s[:maxText], "") + "…"
}

func (q *query) fail(field, detail string) {
	if q.err == nil {
		q.err = problem.Invalid(field, detail)
	}
}

func (q *query) text(name string) string {
	value := strings.TrimSpace(q.values.Get(name))
	if len(value) > maxText {
		q.fail(name, fmt.Sprintf("expected at most %d bytes", maxText))
	}
	return value
}

// slug reads the slug of a service, "" if there is none.
func (q *query) slug(name string) string {
	value := q.values.Get(name)
	if q.values.Has(name) && !isSlug(value) {
		q.fail(name, "expected the slug of a service, such as whatsapp")
	}
	return value
}

func isSlug(s string) bool {
	for _, r := range s {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '_' && r != '.' {
			return false
		}
	}
	return s != "" && len(s) <= maxText
}

// country reads the parameter "country", a code or "" if there is none; all says
// whether "*" is one.
func (q *query) country(all bool) string {
	const name = "country"
	value := q.values.Get(name)
	if !q.values.Has(name) || all && value == outage.AllCountries {
		return value
	}
	code, ok := place.Normalize(value)
	if !ok {
		expected := "expected an ISO 3166-1 alpha-2 code such as ID, or ZZ for unknown"
		if all {
			expected += ", or * for all countries together"
		}
		q.fail(name, expected)
	}
	return code
}

// oneOf reads a word, the first of them if there is none.
func oneOf[T ~string](q *query, name string, words ...T) T {
	value := T(q.values.Get(name))
	if !q.values.Has(name) {
		return words[0]
	}
	if value == "" || !slices.Contains(words, value) {
		expected := make([]string, 0, len(words))
		for _, word := range words {
			if word != "" {
				expected = append(expected, string(word))
			}
		}
		q.fail(name, "expected one of "+strings.Join(expected, ", "))
	}
	return value
}

// firstYear and lastYear bound the times that may be asked for.
const firstYear, lastYear = 2000, 9000

// time reads an RFC 3339 time, zero if there is none.
func (q *query) time(name string) time.Time {
	if !q.values.Has(name) {
		return time.Time{}
	}
	// A plus that was not percent-encoded arrives as a space.
	value := strings.Replace(q.values.Get(name), " ", "+", 1)
	t, err := time.Parse(time.RFC3339, value)
	if err != nil {
		q.fail(name, "expected an RFC 3339 time such as 2017-11-03T08:00:00Z")
		return time.Time{}
	}
	if t.Year() < firstYear || t.Year() > lastYear {
		q.fail(name, fmt.Sprintf("expected an RFC 3339 time in the years %d to %d", firstYear, lastYear))
		return time.Time{}
	}
	return t.UTC()
}

func (q *query) limit() int { return q.upTo(maxLimit, defaultLimit) }

// upTo reads the parameter "limit".
func (q *query) upTo(most, usual int) int {
	if !q.values.Has("limit") {
		return usual
	}
	n, err := strconv.Atoi(q.values.Get("limit"))
	if err != nil || n < 1 || n > most {
		q.fail("limit", fmt.Sprintf("expected a whole number from 1 to %d", most))
	}
	return n
}

// number reads a whole number from 1 to most, 0 if there is none.
func (q *query) number(name string, most int) int {
	if !q.values.Has(name) {
		return 0
	}
	n, err := strconv.Atoi(q.values.Get(name))
	if err != nil || n < 1 || n > most {
		q.fail(name, fmt.Sprintf("expected a whole number from 1 to %d", most))
	}
	return n
}

// cursor reads the parameter of that name, written by encodeCursor for the
// same kind of list. It returns nil if there is none.
func (q *query) cursor(kind string, parts int) []string {
	if !q.values.Has("cursor") {
		return nil
	}
	decoded, err := decodeCursor(kind, parts, q.values.Get("cursor"))
	if err != nil {
		q.badCursor()
		return nil
	}
	return decoded
}

func (q *query) badCursor() {
	q.fail("cursor", "expected the next_cursor of the page before, as it was given")
}
