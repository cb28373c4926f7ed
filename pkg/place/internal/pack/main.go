// Command pack builds the embedded tables of package place from the files of
// the data sets that data/README.md names.
//
//	pack countries FILE.mmdb OUT
//	pack networks IPV4.csv IPV6.csv OUT
package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"strconv"

	"github.com/oschwald/maxminddb-golang/v2"

	"github.com/outcryhq/outcry/pkg/place/internal/ranges"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "pack:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 3 && args[0] == "countries":
		return countries(args[1], args[2])
	case len(args) == 4 && args[0] == "networks":
		return networks(args[1:3], args[3])
	default:
		return errors.New("usage: pack countries FILE.mmdb OUT | pack networks IPV4.csv IPV6.csv OUT")
	}
}

// countries packs a MaxMind DB with the field country_code: the value of a
// range is the first letter times 256 plus the second.
func countries(in, out string) error {
	file, err := os.ReadFile(in) //nolint:gosec // named on the command line
	if err != nil {
		return err
	}
	table, err := ranges.FromMMDB(file, func(record maxminddb.Result) (uint32, error) {
		var code string
		if err := record.DecodePath(&code, "country_code"); err != nil {
			return 0, err
		}
		if len(code) != 2 {
			return 0, fmt.Errorf("country_code is %q, expected two letters", code)
		}
		return uint32(code[0])<<8 | uint32(code[1]), nil
	})
	if err != nil {
		return fmt.Errorf("%s: %w", in, err)
	}
	return write(table, out)
}

// networks packs CSV files with the columns first address, last address, AS
// number, organisation, sorted by address: the value of a range is the number.
func networks(in []string, out string) error {
	var b ranges.Builder
	for _, name := range in {
		if err := addNetworks(&b, name); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return write(b.Table(), out)
}

func addNetworks(b *ranges.Builder, name string) error {
	file, err := os.Open(name) //nolint:gosec // named on the command line
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // only read
	rows := csv.NewReader(file)
	rows.FieldsPerRecord = 4
	rows.ReuseRecord = true
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := addRow(b, row); err != nil {
			line, _ := rows.FieldPos(0)
			return fmt.Errorf("line %d: %w", line, err)
		}
	}
}

func addRow(b *ranges.Builder, row []string) error {
	first, err := netip.ParseAddr(row[0])
	if err != nil {
		return err
	}
	last, err := netip.ParseAddr(row[1])
	if err != nil {
		return err
	}
	number, err := strconv.ParseUint(row[2], 10, 32)
	if err != nil {
		return err
	}
	return b.Add(first, last, uint32(number))
}

func write(table *ranges.Table, out string) error {
	packed, err := table.Encode()
	if err != nil {
		return err
	}
	fmt.Printf("%s: %d changes, %d bytes\n", out, table.Len(), len(packed))
	return os.WriteFile(out, packed, 0o644) //nolint:gosec // public data
}
