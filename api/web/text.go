package web

import (
	"fmt"
	"reflect"
	"time"
)

// Moment is a time as a page of now shows it.
type Moment struct {
	At, Now time.Time
}

// ISO gives the time for machines: RFC 3339, UTC.
func (m Moment) ISO() string { return m.At.UTC().Format(time.RFC3339) }

// first returns at most the first n elements of a slice of any type.
func first(n int, list any) (any, error) {
	v := reflect.ValueOf(list)
	if v.Kind() != reflect.Slice {
		return nil, fmt.Errorf("first: %T is not a slice", list)
	}
	return v.Slice(0, min(n, v.Len())).Interface(), nil
}
