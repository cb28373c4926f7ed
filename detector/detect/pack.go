package detect

import "math/bits"

// An entry of counts is packed as its count and the gap to the minute of the
// entry before it, in a form that its last byte tells, so that it can be read
// backwards. The low four bits of that byte are
//
//	1–12  the count; the high four bits are the gap, less 1
//	13–14 a count of 1 or 2; the high four bits and the byte before are the gap
//	15    as 13, and the count is one more byte before
//	0     any gap and count: the high four bits hold how many bytes, less 1, the
//	      gap has (two bits) and the count before it (two bits)
//
// Numbers of several bytes have the lowest first. The gap of the oldest entry
// says nothing.
const (
	packedShort  = 12
	packedOne    = 13
	packedTwo    = 14
	packedByte   = 15
	packedMost   = 9 // bytes
	gapShort     = 16
	gapMedium    = 1 << 12
	countOneByte = 1 << 8
)

// pack appends an entry; count is above 0, and gap as well.
//
//nolint:gosec // bytes are cut off a number on purpose
func pack(to []byte, gap minute, count int32) []byte {
	g, n := uint32(gap), uint32(count)
	switch packedSize(gap, count) {
	case 1:
		return append(to, byte((g-1)<<4|n))
	case 2:
		return append(to, byte(g), byte(g>>8<<4|(packedOne-1+n)))
	case 3:
		return append(to, byte(n), byte(g), byte(g>>8<<4|packedByte))
	}
	gapBytes, countBytes := bytesOf(g), bytesOf(n)
	for i := range countBytes {
		to = append(to, byte(n>>(8*i)))
	}
	for i := range gapBytes {
		to = append(to, byte(g>>(8*i)))
	}
	return append(to, byte((gapBytes-1)<<6|(countBytes-1)<<4))
}

// packedSize is how many bytes an entry takes; more than 3 are of the last form.
func packedSize(gap minute, count int32) int {
	g, n := uint32(gap), uint32(count) //nolint:gosec // positive
	switch {
	case g <= gapShort && n <= packedShort:
		return 1
	case g < gapMedium && n <= packedTwo-packedOne+1:
		return 2
	case g < gapMedium && n < countOneByte:
		return 3
	}
	return max(bytesOf(g)+bytesOf(n)+1, 4)
}

// bytesOf is how many bytes a number needs, at least 1.
func bytesOf(n uint32) int { return max((bits.Len32(n)+7)/8, 1) }

// more reads the entry before, and says whether there was one.
func (r *reader) more() bool {
	i := len(r.packed) - 1
	if i < 0 {
		return false
	}
	end := r.packed[i]
	var gap minute
	var n int32
	switch low := end & 0xf; {
	case 1 <= low && low <= packedShort:
		gap, n = minute(end>>4)+1, int32(low)
	case low == 0:
		i, gap, n = r.long(i, end)
	default:
		gap = minute(end>>4)<<8 | minute(r.packed[i-1])
		i--
		n = int32(low) - packedOne + 1
		if low == packedByte {
			i--
			n = int32(r.packed[i])
		}
	}
	r.entry = minuteCount{r.next, n}
	r.next -= gap
	r.packed = r.packed[:i]
	return true
}

// long reads an entry of the last form, which ends at i.
func (r *reader) long(i int, end byte) (start int, gap minute, n int32) {
	for range int(end>>6) + 1 {
		i--
		gap = gap<<8 | minute(r.packed[i])
	}
	for range int(end>>4&3) + 1 {
		i--
		n = n<<8 | int32(r.packed[i])
	}
	return i, gap, n
}
