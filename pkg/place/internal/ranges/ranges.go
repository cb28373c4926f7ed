// Package ranges holds tables from ranges of IP addresses to small numbers:
// which country, which network. A table is a sorted list of the addresses at
// which the answer changes, so that a look-up is one binary search and
// allocates nothing. Tables are built in ascending order, once, and never
// change afterwards.
//
// IPv6 is told apart down to the /64, which is what a subscriber gets; where
// two ranges meet within one /64 the first keeps it.
package ranges

import (
	"encoding/binary"
	"errors"
	"net/netip"
)

// ErrOrder says that ranges were not added in ascending order.
var ErrOrder = errors.New("ranges are out of order")

// Table answers which value an address has. Its zero value answers 0 for all.
type Table struct {
	v4 index[uint32]
	v6 index[uint64] // the upper half of the address
}

// index is the list of changes of one address family: from starts[i] up to
// starts[i+1] the value is values[i]. Before the first start it is 0.
type index[K uint32 | uint64] struct {
	starts []K
	values []uint32
}

// Value returns the value of the range that holds addr, or 0 if none does. The
// address must not be an IPv4-mapped IPv6 address: unmap it first.
func (t *Table) Value(addr netip.Addr) uint32 {
	switch {
	case addr.Is4():
		return t.v4.value(key4(addr))
	case addr.Is6():
		return t.v6.value(key6(addr))
	default:
		return 0
	}
}

// Len returns the number of changes, of both families together.
func (t *Table) Len() int { return len(t.v4.starts) + len(t.v6.starts) }

func (x *index[K]) value(key K) uint32 {
	// A binary search for the last start that is not after the key, without a call a step.
	at, n := -1, len(x.starts)
	for n > 0 {
		half := (n + 1) / 2
		if x.starts[at+half] <= key {
			at += half
		}
		n -= half
	}
	if at < 0 {
		return 0
	}
	return x.values[at]
}

// change notes that the value is value from start on.
func (x *index[K]) change(start K, value uint32) {
	last := len(x.starts) - 1
	switch {
	case last >= 0 && x.starts[last] == start:
		x.values[last] = value
		if last > 0 && x.values[last-1] == value || last == 0 && value == 0 {
			x.starts, x.values = x.starts[:last], x.values[:last]
		}
	case last >= 0 && x.values[last] == value, last < 0 && value == 0:
	default:
		x.starts = append(x.starts, start)
		x.values = append(x.values, value)
	}
}

// Builder collects ranges in ascending order; Table hands them over. Where
// ranges overlap, the one added first keeps what they share.
type Builder struct {
	v4 growing[uint32]
	v6 growing[uint64]
}

// growing is an index that is being built.
type growing[K uint32 | uint64] struct {
	index[K]
	first K    // of the range added last
	next  K    // the first key not yet covered
	full  bool // all keys are covered, and next has wrapped
}

// Add gives the addresses from first to last, both included, a value. It
// returns an error that wraps [ErrOrder] when the range begins before one that
// was added earlier, or is none.
func (b *Builder) Add(first, last netip.Addr, value uint32) error {
	if first.BitLen() != last.BitLen() || last.Less(first) {
		return ErrOrder
	}
	if first.Is4() {
		return b.v4.add(key4(first), key4(last), value)
	}
	return b.v6.add(key6(first), key6(last), value)
}

// AddPrefix gives the addresses of a prefix a value, as Add does.
func (b *Builder) AddPrefix(prefix netip.Prefix, value uint32) error {
	first := prefix.Masked().Addr()
	return b.Add(first, lastOf(first, prefix.Bits()), value)
}

// Table returns what was added. The builder must not be used afterwards.
func (b *Builder) Table() *Table { return &Table{v4: b.v4.index, v6: b.v6.index} }

func (g *growing[K]) add(first, last K, value uint32) error {
	if first < g.first {
		return ErrOrder
	}
	g.first = first
	first = max(first, g.next)
	if g.full || first > last {
		return nil
	}
	g.change(first, value)
	g.next = last + 1
	if g.full = g.next == 0; !g.full {
		g.change(g.next, 0)
	}
	return nil
}

// lastOf returns the last address of the prefix of that many bits.
func lastOf(first netip.Addr, bits int) netip.Addr {
	raw := first.As16()
	offset := 128 - first.BitLen()
	for bit := bits + offset; bit < 128; bit++ {
		raw[bit/8] |= 0x80 >> (bit % 8)
	}
	last := netip.AddrFrom16(raw)
	if first.Is4() {
		return last.Unmap()
	}
	return last
}

func key4(addr netip.Addr) uint32 {
	raw := addr.As4()
	return binary.BigEndian.Uint32(raw[:])
}

func key6(addr netip.Addr) uint64 {
	raw := addr.As16()
	return binary.BigEndian.Uint64(raw[:8])
}
