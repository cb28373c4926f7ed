package web

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// Moment is a time as a page of now shows it.
type Moment struct {
	At, Now time.Time
}

// ISO gives the time for machines: RFC 3339, UTC.
func (m Moment) ISO() string { return m.At.UTC().Format(time.RFC3339) }

// Text gives the time of day, with the date unless it is today's: "08:00 UTC",
// "2 Nov, 08:00 UTC".
func (m Moment) Text() string {
	at, now := m.At.UTC(), m.Now.UTC()
	switch {
	case at.Year() != now.Year():
		return at.Format("2 Jan 2006, 15:04 UTC")
	case at.YearDay() != now.YearDay():
		return at.Format("2 Jan, 15:04 UTC")
	default:
		return at.Format("15:04 UTC")
	}
}

// Short is Text without the zone, for where it is said once for many.
func (m Moment) Short() string { return strings.TrimSuffix(m.Text(), " UTC") }

// Ago gives how long ago it was: "just now", "42 min ago", "2 h 5 min ago".
func (m Moment) Ago() string {
	d := m.Now.Sub(m.At)
	if d < time.Minute {
		return "just now"
	}
	return Span(d) + " ago"
}

// Span gives a duration in its two largest units, rounded down.
func Span(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d < time.Minute:
		return "less than a minute"
	case d < time.Hour:
		return fmt.Sprintf("%d min", d/time.Minute)
	case d < day && d%time.Hour < time.Minute:
		return fmt.Sprintf("%d h", d/time.Hour)
	case d < day:
		return fmt.Sprintf("%d h %d min", d/time.Hour, d%time.Hour/time.Minute)
	case d < 2*day:
		return "1 day"
	default:
		return fmt.Sprintf("%d days", d/day)
	}
}

// Thousands groups a number's digits: 10,412.
func Thousands(n int) string {
	digits := strconv.Itoa(n)
	sign := ""
	if n < 0 {
		sign, digits = "-", digits[1:]
	}
	var b strings.Builder
	b.WriteString(sign)
	for i, digit := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(digit)
	}
	return b.String()
}

// first returns at most the first n elements of a slice of any type.
func first(n int, list any) (any, error) {
	v := reflect.ValueOf(list)
	if v.Kind() != reflect.Slice {
		return nil, fmt.Errorf("first: %T is not a slice", list)
	}
	return v.Slice(0, min(n, v.Len())).Interface(), nil
}
