package ranges

import (
	"errors"
	"fmt"

	"github.com/oschwald/maxminddb-golang/v2"
)

// ErrNoValues says that no record of a MaxMind DB had the field looked for.
var ErrNoValues = errors.New("no record has the field")

// FromMMDB reads a whole MaxMind DB into a table. The function gives the value
// of a record; it is called once for each distinct record, and 0 means that
// the record says nothing. Reading all of it finds a damaged file at start
// and not in the middle of the night, and lets the file be replaced meanwhile.
func FromMMDB(file []byte, value func(maxminddb.Result) (uint32, error)) (*Table, error) {
	db, err := maxminddb.OpenBytes(file)
	if err != nil {
		return nil, fmt.Errorf("not a MaxMind DB: %w", err)
	}
	var (
		b     Builder
		known = make(map[uintptr]uint32) // by the record's offset
		found bool
	)
	for network := range db.Networks() {
		if err := network.Err(); err != nil {
			return nil, fmt.Errorf("damaged MaxMind DB: %w", err)
		}
		v, ok := known[network.Offset()]
		if !ok {
			if v, err = value(network); err != nil {
				return nil, fmt.Errorf("record of %s: %w", network.Prefix(), err)
			}
			known[network.Offset()] = v
		}
		found = found || v != 0
		if err := b.AddPrefix(network.Prefix(), v); err != nil {
			return nil, fmt.Errorf("network %s: %w", network.Prefix(), err)
		}
	}
	if !found {
		return nil, ErrNoValues
	}
	return b.Table(), nil
}
