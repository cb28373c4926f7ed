// Package gazette holds names of places and the countries that they may be in.
//
// A [Table] is made by a [Builder] (the tool beside this package runs it) and embedded as a file: zstd over the names,
// sorted, each as what differs from the one before, and for each name its marks and the number of its set of countries.
// Decoded, a table is three slices and a string: look-ups neither allocate nor fail.
package gazette

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/bits"
	"slices"
	"unicode/utf8"

	"github.com/klauspost/compress/zstd"
)

const (
	// magic begins every file, before compression.
	magic = "outcry gazette 1\n"
	// maxDecoded bounds the size of a file once decompressed.
	maxDecoded = 32 << 20
	// beginBits is the number of bits for first words and for first runes: 32 KiB, so that few share one.
	beginBits = 1 << 18
	// MaxName is the length of the longest folded name, in bytes.
	MaxName = 120
)

var (
	errFormat    = errors.New("not a table of names")
	errTruncated = errors.New("the table of names ends early")
)

// Marks say what a name is and how much it takes to believe it.
type Marks uint8

// The low three bits are a rank; see Rank.
const (
	rankMask Marks = 7
	// Country is the name of a country.
	Country Marks = 1 << 3
	// Region is the name of a state, a province or another part of a country.
	Region Marks = 1 << 4
	// Word is also a word when it is written without a capital.
	Word Marks = 1 << 5
	// Never is a word first: it is a place only beside one that it agrees with.
	Never Marks = 1 << 6
	// Person is also a name of people or firms: in running text it wants a word like "in" before it.
	Person Marks = 1 << 7
)

// The ranks of cities by people. Countries and regions have rank Largest.
const (
	Town    = iota // fewer than 100,000
	City           // at least 100,000
	Large          // at least 300,000
	Major          // at least 1,000,000, or a capital of 200,000
	Largest        // at least 3,000,000, or a capital of 500,000
)

// Rank returns how large the largest city of the name is.
func (m Marks) Rank() int { return int(m & rankMask) }

// Has reports whether any of the marks is set.
func (m Marks) Has(these Marks) bool { return m&these != 0 }

// Set is a set of countries, by their numbers in the table.
type Set [4]uint64

// Add puts a country into the set.
func (s *Set) Add(country uint8) { s[country>>6] |= 1 << (country & 63) }

// Has reports whether a country is in the set.
func (s *Set) Has(country uint8) bool { return s[country>>6]>>(country&63)&1 == 1 }

// And returns what is in both sets.
func (s *Set) And(o *Set) Set { return Set{s[0] & o[0], s[1] & o[1], s[2] & o[2], s[3] & o[3]} }

// Len returns the number of countries in the set.
func (s *Set) Len() int {
	return bits.OnesCount64(s[0]) + bits.OnesCount64(s[1]) + bits.OnesCount64(s[2]) + bits.OnesCount64(s[3])
}

// First returns the country with the lowest number, or 0 if there is none.
func (s *Set) First() uint8 {
	for i, word := range s {
		if word != 0 {
			return uint8(i<<6 + bits.TrailingZeros64(word)) //nolint:gosec // below 256
		}
	}
	return 0
}

// Candidates are the countries that a name may be in.
type Candidates struct {
	// Countries are all that have a place of the name.
	Countries Set
	// Winner is the one that is meant unless something else is said; 0 if none stands out.
	Winner uint8
}

// Entry is what a table knows of a name.
type Entry struct {
	*Candidates
	Marks Marks
}

// entry is 8 bytes, so that a table of two hundred thousand names is small.
type entry struct {
	start uint32 // in names
	size  uint8
	marks Marks
	set   uint16
}

// Table looks up names. It is immutable.
type Table struct {
	codes   string // two letters a country; number n is at 2n-2
	sets    []Candidates
	names   []byte
	entries []entry
	slots   []uint32 // numbers of entries plus one by hash, 0 where empty; a power of two
	begins  []uint64 // bits by hash of the first words of names of several
	starts  []uint64 // bits by hash of the first two runes of names
}

// Len returns the number of names.
func (t *Table) Len() int { return len(t.entries) }

// Code returns the ISO 3166-1 alpha-2 code of a country's number, "" for 0.
func (t *Table) Code(country uint8) string {
	if country == 0 || int(country) > len(t.codes)/2 {
		return ""
	}
	return t.codes[2*int(country)-2 : 2*int(country)]
}

// Number returns the number of a country, 0 if there is none of that code.
func (t *Table) Number(code string) uint8 {
	for i := 0; len(code) == 2 && i < len(t.codes); i += 2 {
		if t.codes[i:i+2] == code {
			return uint8(i/2 + 1)
		}
	}
	return 0
}

// Lookup finds a folded name.
func (t *Table) Lookup(folded []byte) (Entry, bool) {
	mask := uint64(len(t.slots) - 1) //nolint:gosec // never empty
	for at := hash(folded) & mask; t.slots[at] != 0; at = (at + 1) & mask {
		e := &t.entries[t.slots[at]-1]
		if bytes.Equal(t.name(e), folded) {
			return Entry{Candidates: &t.sets[e.set], Marks: e.marks}, true
		}
	}
	return Entry{}, false
}

// Begins reports whether a name of several words may begin with a folded word. It is wrong about a few words, which
// begin none.
func (t *Table) Begins(folded []byte) bool {
	bit := hash(folded) % beginBits
	return t.begins[bit/64]>>(bit%64)&1 == 1
}

// Starts reports whether a name may start with the first two runes of a folded text. It is wrong about a few.
func (t *Table) Starts(folded []byte) bool {
	bit := hash(firstRunes(folded)) % beginBits
	return t.starts[bit/64]>>(bit%64)&1 == 1
}

// firstRunes returns the first two runes of a folded text.
func firstRunes(folded []byte) []byte {
	_, first := utf8.DecodeRune(folded)
	_, second := utf8.DecodeRune(folded[first:])
	return folded[:first+second]
}

func (t *Table) name(e *entry) []byte { return t.names[e.start : e.start+uint32(e.size)] }

// hash is FNV-1a, mixed once more so that its low bits are as good as its high ones.
func hash(name []byte) uint64 {
	h := uint64(14695981039346656037)
	for _, c := range name {
		h = (h ^ uint64(c)) * 1099511628211
	}
	return h ^ h>>29
}

// Encode returns the table as a file.
func (t *Table) Encode() ([]byte, error) {
	raw := binary.AppendUvarint([]byte(magic), uint64(len(t.codes)))
	raw = append(raw, t.codes...)
	raw = binary.AppendUvarint(raw, uint64(len(t.sets)))
	for i := range t.sets {
		raw = append(raw, t.sets[i].Winner)
		for _, word := range t.sets[i].Countries {
			raw = binary.LittleEndian.AppendUint64(raw, word)
		}
	}
	raw = binary.AppendUvarint(raw, uint64(len(t.entries)))
	var before []byte
	for i := range t.entries {
		name := t.name(&t.entries[i])
		same := shared(before, name)
		raw = append(raw, byte(same), byte(len(name)-same)) //nolint:gosec // names are at most MaxName bytes
		raw = append(raw, name[same:]...)
		before = name
	}
	for i := range t.entries {
		raw = append(raw, byte(t.entries[i].marks))
	}
	for i := range t.entries {
		raw = binary.LittleEndian.AppendUint16(raw, t.entries[i].set)
	}
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBestCompression), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, fmt.Errorf("encode names: %w", err)
	}
	packed := enc.EncodeAll(raw, nil)
	if err := enc.Close(); err != nil {
		return nil, fmt.Errorf("encode names: %w", err)
	}
	return packed, nil
}

func shared(a, b []byte) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// Decode reads what Encode wrote. Anything else is an error, never a panic.
func Decode(packed []byte) (*Table, error) {
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxDecoded), zstd.WithDecoderLowmem(true))
	if err != nil {
		return nil, fmt.Errorf("decode names: %w", err)
	}
	defer dec.Close()
	raw, err := dec.DecodeAll(packed, nil)
	if err != nil {
		return nil, fmt.Errorf("decode names: %w", err)
	}
	raw, ok := bytes.CutPrefix(raw, []byte(magic))
	if !ok {
		return nil, fmt.Errorf("decode names: %w", errFormat)
	}
	t := &Table{}
	r := reader{raw: raw}
	if err := t.read(&r); err != nil {
		return nil, fmt.Errorf("decode names: %w", err)
	}
	return t, nil
}

// read fills the table.
func (t *Table) read(r *reader) error {
	t.codes = string(r.take(r.count(1)))
	if len(t.codes)%2 != 0 || len(t.codes) > 2*math.MaxUint8 {
		return errFormat
	}
	t.sets = make([]Candidates, r.count(33))
	for i := range t.sets {
		raw := r.take(33)
		if r.err != nil {
			return r.err
		}
		t.sets[i].Winner = raw[0]
		for j := range t.sets[i].Countries {
			t.sets[i].Countries[j] = binary.LittleEndian.Uint64(raw[1+8*j:])
		}
	}
	t.entries = make([]entry, r.count(5)) // two lengths, marks and a set each, and a name
	if err := t.readNames(r); err != nil {
		return err
	}
	marks, sets := r.take(len(t.entries)), r.take(2*len(t.entries))
	if r.err != nil {
		return r.err
	}
	for i := range t.entries {
		t.entries[i].marks = Marks(marks[i])
		t.entries[i].set = binary.LittleEndian.Uint16(sets[2*i:])
		if int(t.entries[i].set) >= len(t.sets) {
			return errFormat
		}
	}
	if len(r.raw) != 0 {
		return fmt.Errorf("%w: %d bytes too many", errFormat, len(r.raw))
	}
	t.index()
	return nil
}

func (t *Table) readNames(r *reader) error {
	t.names = make([]byte, 0, len(r.raw))
	var before []byte
	for i := range t.entries {
		lengths := r.take(2)
		if r.err != nil {
			return r.err
		}
		same, more := int(lengths[0]), int(lengths[1])
		if same > len(before) || same+more == 0 || same+more > MaxName || len(t.names) > maxDecoded {
			return errFormat
		}
		start := len(t.names)
		t.names = append(t.names, before[:same]...)
		t.names = append(t.names, r.take(more)...)
		if r.err != nil {
			return r.err
		}
		name := t.names[start:]
		if i > 0 && bytes.Compare(before, name) >= 0 {
			return errFormat
		}
		t.entries[i] = entry{start: uint32(start), size: uint8(len(name))} //nolint:gosec // both bounded above
		before = name
	}
	t.names = slices.Clip(slices.Clone(t.names))
	return nil
}

// index fills the slots, at most half of them, and the bits of how names begin.
func (t *Table) index() {
	t.begins, t.starts = make([]uint64, beginBits/64), make([]uint64, beginBits/64)
	for i := range t.entries {
		bit := hash(firstRunes(t.name(&t.entries[i]))) % beginBits
		t.starts[bit/64] |= 1 << (bit % 64)
		if first, _, several := bytes.Cut(t.name(&t.entries[i]), []byte{' '}); several {
			bit := hash(first) % beginBits
			t.begins[bit/64] |= 1 << (bit % 64)
		}
	}
	t.slots = make([]uint32, 1<<bits.Len(uint(2*len(t.entries))))
	mask := uint64(len(t.slots) - 1) //nolint:gosec // never empty
	for i := range t.entries {
		at := hash(t.name(&t.entries[i])) & mask
		for t.slots[at] != 0 {
			at = (at + 1) & mask
		}
		t.slots[at] = uint32(i + 1)
	}
}

// reader takes a file apart. After its first error it gives nothing more.
type reader struct {
	raw []byte
	err error
}

func (r *reader) take(n int) []byte {
	if r.err == nil && n > len(r.raw) {
		r.err = errTruncated
	}
	if r.err != nil {
		return nil
	}
	taken := r.raw[:n]
	r.raw = r.raw[n:]
	return taken
}

// count reads how many things follow that take at least size bytes each.
func (r *reader) count(size int) int {
	value, n := binary.Uvarint(r.raw)
	if r.err == nil && (n <= 0 || value > uint64(len(r.raw)/size)) { //nolint:gosec // a length
		r.err = errTruncated
	}
	if r.err != nil {
		return 0
	}
	r.raw = r.raw[n:]
	return int(value) //nolint:gosec // at most the file's size
}
