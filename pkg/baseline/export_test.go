package baseline

import (
	"encoding/binary"
	"hash/crc32"
	"time"

	"github.com/outcryhq/outcry/pkg/outage"
)

// Sealed gives bytes a checksum that matches, so that a fuzzer gets past it.
func Sealed(encoded []byte) []byte {
	if len(encoded) < 4 {
		return encoded
	}
	body := encoded[:len(encoded)-4]
	return binary.LittleEndian.AppendUint32(append([]byte(nil), body...), crc32.ChecksumIEEE(body))
}

// Clocks is how many weeks of minutes a model keeps for the countries it knows, and
// how many hours of coverage.
func (m *Model) Clocks() (weeks, hours int) {
	for _, land := range m.countries {
		m.local(land)
	}
	return len(m.locals), len(m.covered)
}

// EveryCountry lists the codes of the countries that have a zone.
func EveryCountry() []string {
	var codes []string
	for _, z := range zones {
		codes = append(codes, z[:2])
	}
	return codes
}

// Rounded is a number of reports as a series keeps it.
func Rounded(reports float64) float64 { return pack(reports).value() }

// Heard is C_h: the reports that a series keeps for the hour of the week of t.
func (m *Model) Heard(s outage.Series, t time.Time) float64 {
	svc := m.services[s.Service]
	return m.at(svc, m.country(s.Country), svc.of(s.Country), hourOf(t)).heard
}
