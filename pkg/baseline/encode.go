package baseline

import (
	"encoding/binary"
	"hash/crc32"
	"maps"
	"math"
	"slices"
)

// Version is the version of the encoded model. A decoder refuses others, and
// the model is learned anew from the archive.
const Version = 3

// magic begins every encoded model.
const magic = "OCB"

// Encode returns the model as bytes, for Decode: a decoded model goes on as if it
// were this one. What other models shared is not part of it.
//
// The format: magic, version; ref, until and observed; the covered minutes of
// the hours before until, as runs of equal ones; the services by name, each with
// its blind hours, counted from the one before, and its series by country, each
// with the minutes it forgot; a CRC-32 (IEEE) of all that. Integers are varints,
// weighted minutes are 64-bit floats, reports 32-bit ones, little endian; strings
// and lists are preceded by their length.
func (m *Model) Encode() []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	e := encoder{}
	e.buf = append(e.buf, magic...)
	e.buf = append(e.buf, Version)
	e.int(m.ref)
	e.int(m.until)
	e.uint(uint64(m.observed)) //nolint:gosec // not negative
	e.covered(m.covered)
	names := sortedKeys(m.services)
	e.uint(uint64(len(names)))
	for _, name := range names {
		e.service(name, m.services[name], m.start())
	}
	return binary.LittleEndian.AppendUint32(e.buf, crc32.ChecksumIEEE(e.buf))
}

type encoder struct{ buf []byte }

func (e *encoder) uint(x uint64) { e.buf = binary.AppendUvarint(e.buf, x) }

func (e *encoder) int(x int64) { e.buf = binary.AppendVarint(e.buf, x) }

func (e *encoder) string(s string) {
	e.uint(uint64(len(s)))
	e.buf = append(e.buf, s...)
}

func (e *encoder) minutes(x float64) {
	e.buf = binary.LittleEndian.AppendUint64(e.buf, math.Float64bits(x))
}

func (e *encoder) reports(x float32) {
	e.buf = binary.LittleEndian.AppendUint32(e.buf, math.Float32bits(x))
}

func (e *encoder) week(w *week168) {
	for _, x := range w.by {
		e.minutes(x)
	}
}

// covered writes the number of hours, and how many in a row had so many minutes.
func (e *encoder) covered(minutes []uint8) {
	e.uint(uint64(len(minutes)))
	for len(minutes) > 0 {
		run := 1
		for run < len(minutes) && minutes[run] == minutes[0] {
			run++
		}
		e.uint(uint64(run))
		e.uint(uint64(minutes[0]))
		minutes = minutes[run:]
	}
}

// perhaps writes a week, and whether there is one.
func (e *encoder) perhaps(w *week168) {
	if w == nil {
		e.uint(0)
		return
	}
	e.uint(1)
	e.week(w)
}

func (e *encoder) service(name string, svc *service, start int64) {
	e.string(name)
	e.uint(uint64(len(svc.blind)))
	for _, b := range svc.blind {
		e.uint(uint64(int64(b.hour) - start)) //nolint:gosec // ascending from start
		e.uint(uint64(b.minutes))
		start = int64(b.hour)
	}
	e.uint(uint64(len(svc.series)))
	for i := range svc.series {
		ser := &svc.series[i]
		e.string(ser.land.code)
		e.perhaps(svc.forgot[ser.land])
		e.int(int64(ser.run))
		e.uint(uint64(ser.hours.len())) //nolint:gosec // not negative
		for slot, reports := range svc.each(ser) {
			e.buf = append(e.buf, uint8(slot)) //nolint:gosec // below 168
			e.reports(float32(reports))
		}
	}
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
