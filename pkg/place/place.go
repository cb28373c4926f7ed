package place

import (
	_ "embed"
	"errors"
	"fmt"
	"net/netip"
	"os"

	"github.com/oschwald/maxminddb-golang/v2"

	"github.com/outcryhq/outcry/pkg/place/internal/ranges"
)

//go:embed data/country.ranges
var embeddedCountries []byte

//go:embed data/network.ranges
var embeddedNetworks []byte

// Config names the files that replace the embedded data. Its zero value keeps all of it.
type Config struct {
	// CountryPath is a MaxMind DB whose records have country.iso_code
	// (GeoLite2, GeoIP2, DB-IP) or country_code (iptoasn); "" for the embedded data.
	CountryPath string
	// NetworkPath is a MaxMind DB whose records have autonomous_system_number;
	// "" for the embedded data.
	NetworkPath string
}

// Locator answers where addresses are. It is immutable, so it may be used from
// many goroutines at once, and it holds nothing that has to be closed.
type Locator struct {
	countries *ranges.Table
	networks  *ranges.Table
}

// Open reads the data. Its errors name the file and what was expected of it.
func Open(cfg Config) (*Locator, error) {
	countries, err := load(cfg.CountryPath, embeddedCountries, countryOf, "country.iso_code or country_code")
	if err != nil {
		return nil, fmt.Errorf("open country data: %w", err)
	}
	networks, err := load(cfg.NetworkPath, embeddedNetworks, networkOf, "autonomous_system_number")
	if err != nil {
		return nil, fmt.Errorf("open network data: %w", err)
	}
	return &Locator{countries: countries, networks: networks}, nil
}

// Lookup returns the country and the network of an address: ZZ and 0 where they
// are unknown, and for addresses that are nobody's on the public Internet
// (private, loopback, link-local, carrier NAT, documentation and the like).
func (l *Locator) Lookup(addr netip.Addr) (country string, network uint32) {
	addr = addr.Unmap()
	if !public(addr) {
		return Unknown, 0
	}
	return unpack(l.countries.Value(addr)), l.networks.Value(addr)
}

// load reads the file at path or, without one, the embedded table.
func load(path string, embedded []byte, value func(maxminddb.Result) (uint32, error), expected string,
) (*ranges.Table, error) {
	if path == "" {
		table, err := ranges.Decode(embedded)
		if err != nil {
			return nil, fmt.Errorf("embedded: %w", err)
		}
		return table, nil
	}
	file, err := os.ReadFile(path) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, err
	}
	table, err := ranges.FromMMDB(file, value)
	if errors.Is(err, ranges.ErrNoValues) {
		return nil, fmt.Errorf("%s: expected a MaxMind DB whose records have %s: none has", path, expected)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: expected a MaxMind DB whose records have %s: %w", path, expected, err)
	}
	return table, nil
}

// countryOf reads the country of a record, packed, in either layout.
func countryOf(record maxminddb.Result) (uint32, error) {
	var fields struct {
		Country struct {
			ISOCode string `maxminddb:"iso_code"`
		} `maxminddb:"country"`
		CountryCode string `maxminddb:"country_code"`
	}
	if err := record.Decode(&fields); err != nil {
		return 0, err //nolint:wrapcheck // wrapped by the caller, with the network
	}
	if fields.Country.ISOCode != "" {
		return pack(fields.Country.ISOCode), nil
	}
	return pack(fields.CountryCode), nil
}

// networkOf reads the AS number of a record.
func networkOf(record maxminddb.Result) (uint32, error) {
	var fields struct {
		Number uint32 `maxminddb:"autonomous_system_number"`
	}
	if err := record.Decode(&fields); err != nil {
		return 0, err //nolint:wrapcheck // wrapped by the caller, with the network
	}
	return fields.Number, nil
}

// pack puts a valid country code into a number, and anything else into 0.
func pack(code string) uint32 {
	if code == Unknown || !Valid(code) {
		return 0
	}
	return uint32(code[0])<<8 | uint32(code[1])
}

// unpack is the reverse of pack. It returns a part of a constant: no allocation.
func unpack(packed uint32) string {
	if packed > 0xffff {
		return Unknown
	}
	at := find(byte(packed>>8&0xff), byte(packed&0xff))
	if at < 0 {
		return Unknown
	}
	return assigned[at : at+2]
}
