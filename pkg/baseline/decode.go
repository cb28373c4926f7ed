package baseline

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
	"slices"

	"github.com/outcryhq/outcry/pkg/outage"
)

const (
	longestName = 256     // bytes of a service's slug or a country's code
	mostHours   = 1 << 30 // since 1970: far beyond any clock
)

// Decode reads what Encode wrote. Anything else is outage.ErrInvalid.
func Decode(encoded []byte) (*Model, error) {
	d := decoder{rest: encoded}
	if len(encoded) < len(magic)+1+4 || string(encoded[:len(magic)]) != magic {
		return nil, fmt.Errorf("decode a baseline: %w: not a baseline", outage.ErrInvalid)
	}
	if v := encoded[len(magic)]; v != Version {
		return nil, fmt.Errorf("decode a baseline: %w: version %d, expected %d", outage.ErrInvalid, v, Version)
	}
	end := len(encoded) - 4
	if binary.LittleEndian.Uint32(encoded[end:]) != crc32.ChecksumIEEE(encoded[:end]) {
		return nil, fmt.Errorf("decode a baseline: %w: checksum does not match", outage.ErrInvalid)
	}
	d.rest = encoded[len(magic)+1 : end]
	m := d.model()
	if d.bad || len(d.rest) != 0 {
		return nil, fmt.Errorf("decode a baseline: %w: damaged", outage.ErrInvalid)
	}
	m.derive()
	return m, nil
}

// decoder reads from rest until it is bad; then every read gives zero.
type decoder struct {
	rest []byte
	bad  bool
}

func (d *decoder) model() *Model {
	m := New()
	m.ref, m.until = d.int(), d.int()
	m.observed = int(d.uint(60 * mostHours)) //nolint:gosec // bounded
	if m.ref < 0 || m.until < m.ref || m.until > m.ref+2*week || m.until > mostHours {
		d.bad = true
	}
	m.covered = d.covered(min(m.until, remembered+2*week))
	previous := ""
	for range d.uint(math.MaxInt32) {
		name := d.name(&previous)
		if d.bad {
			break
		}
		m.services[name] = d.service(m)
	}
	return m
}

func (d *decoder) service(m *Model) *service {
	svc := &service{blind: d.blind(m.start(), m.until)}
	previous := ""
	for range d.uint(math.MaxInt32) {
		code := d.name(&previous)
		ser, forgot := series{first: uint32(len(svc.sums))}, d.perhaps() //nolint:gosec // far below
		ser.run = int32(min(max(d.int(), -mostHours), mostHours))
		ser.hours, svc.sums = d.hours(svc.sums)
		if d.bad {
			break
		}
		ser.land = m.country(code)
		svc.setForgot(ser.land, forgot)
		svc.series = append(svc.series, ser)
	}
	svc.series, svc.sums = slices.Clone(svc.series), slices.Clone(svc.sums) // without room for more
	return svc
}

// covered reads the covered minutes of at most so many hours.
func (d *decoder) covered(most int64) []uint8 {
	n := d.uint(uint64(max(most, 0)))
	var minutes []uint8
	for left := n; left > 0; {
		run, of := d.uint(left), d.uint(60)
		if d.bad || run == 0 {
			d.bad = true
			return nil
		}
		minutes = append(minutes, slices.Repeat([]uint8{uint8(of)}, int(run))...) //nolint:gosec // bounded
		left -= run
	}
	return minutes
}

// blind reads hours from start on, ascending, before until.
func (d *decoder) blind(start, until int64) []blindHour {
	var blind []blindHour
	hour := start
	for i := range d.uint(math.MaxInt32) {
		after := d.uint(remembered + 2*week)
		hour += int64(after) //nolint:gosec // bounded
		minutes := d.uint(60)
		if d.bad || hour >= until || minutes == 0 || i > 0 && after == 0 {
			d.bad = true
			return nil
		}
		blind = append(blind, newBlindHour(hour, int(minutes))) //nolint:gosec // bounded
	}
	return blind
}

// hours reads the hours of a series, ascending, and adds what was heard to sums.
func (d *decoder) hours(sums []packed) (hourSet, []packed) {
	var hours hourSet
	after := -1
	for range d.uint(week) {
		b := d.take(1)
		if d.bad || b[0] >= week || int(b[0]) <= after {
			d.bad = true
			return hours, sums
		}
		after = int(b[0])
		hours.add(after)
		sums = append(sums, pack(d.reports()))
	}
	return hours, sums
}

func (d *decoder) take(n int) []byte {
	if d.bad || n > len(d.rest) {
		d.bad = true
		return nil
	}
	taken := d.rest[:n]
	d.rest = d.rest[n:]
	return taken
}

func (d *decoder) uint(most uint64) uint64 {
	x, n := binary.Uvarint(d.rest)
	if d.bad || n <= 0 || x > most {
		d.bad = true
		return 0
	}
	d.rest = d.rest[n:]
	return x
}

func (d *decoder) int() int64 {
	x, n := binary.Varint(d.rest)
	if d.bad || n <= 0 {
		d.bad = true
		return 0
	}
	d.rest = d.rest[n:]
	return x
}

// name reads a string that sorts after the previous one.
func (d *decoder) name(previous *string) string {
	name := string(d.take(int(d.uint(longestName)))) //nolint:gosec // bounded
	if name <= *previous {
		d.bad = true
	}
	*previous = name
	return name
}

func (d *decoder) minutes() float64 {
	b := d.take(8)
	if d.bad {
		return 0
	}
	return d.sane(math.Float64frombits(binary.LittleEndian.Uint64(b)))
}

func (d *decoder) reports() float64 {
	b := d.take(4)
	if d.bad {
		return 0
	}
	return d.sane(float64(math.Float32frombits(binary.LittleEndian.Uint32(b))))
}

// sane lets only numbers pass that are finite and not negative.
func (d *decoder) sane(x float64) float64 {
	if x >= 0 && x < 1e15 {
		return x
	}
	d.bad = true
	return 0
}

// perhaps reads a week if there is one.
func (d *decoder) perhaps() *week168 {
	if d.uint(1) == 0 {
		return nil
	}
	w := d.week()
	return &w
}

func (d *decoder) week() week168 {
	var w week168
	for slot := range week {
		w.add(slot, d.minutes())
	}
	return w
}
