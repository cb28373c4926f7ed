package baseline

import (
	"iter"
	"math"
	"math/bits"
	"slices"
	"strings"
)

// service is what the countries of one service have in common.
type service struct {
	series  []series    // by country, so that sums have one order
	sums    []packed    // of all series' hours, series by series
	reports float64     // of all series
	blind   []blindHour // by time
	blinded float64     // the sum of blind
	// forgot is the minutes by local hour of the week that count no more for a
	// country: few have any.
	forgot map[*country]*week168
	shape  [week]packed
	shaped int // the version of the model that shape belongs to
}

// series is what one country has heard of one service. There may be millions, so
// they and their sums lie side by side in their service: a pointer to one is good
// until another is added.
type series struct {
	land  *country
	total float64
	hours hourSet // the local hours of the week with reports
	first uint32  // where the sums of hours begin in those of the service
	run   int32   // hours in a row above (positive) or below the expected range
}

// of returns the series of a country, nil if there is none.
func (s *service) of(code string) *series {
	if s == nil {
		return nil
	}
	if i, found := s.find(code); found {
		return &s.series[i]
	}
	return nil
}

func (s *service) find(code string) (int, bool) {
	lo, hi := 0, len(s.series)
	for lo < hi {
		mid := (lo + hi) / 2
		switch order := strings.Compare(s.series[mid].land.code, code); {
		case order == 0:
			return mid, true
		case order < 0:
			lo = mid + 1
		default:
			hi = mid
		}
	}
	return lo, false
}

// country returns a country's series; there is one from then on.
func (s *service) country(land *country) *series {
	i, found := s.find(land.code)
	if !found {
		first := len(s.sums)
		if i < len(s.series) {
			first = int(s.series[i].first)
		}
		s.series = insert(s.series, i, series{land: land, first: uint32(first)}) //nolint:gosec // 168 for each country
	}
	return &s.series[i]
}

// setForgot sets the minutes that count no more for a country; nil for none.
func (s *service) setForgot(land *country, minutes *week168) {
	switch {
	case minutes == nil:
		delete(s.forgot, land)
	case s.forgot == nil:
		s.forgot = map[*country]*week168{land: minutes}
	default:
		s.forgot[land] = minutes
	}
}

// sumsOf are the sums of a series' hours.
func (s *service) sumsOf(ser *series) []packed { return s.sums[ser.first:][:ser.hours.len()] }

// at is what a series has heard in a local hour of the week.
func (s *service) at(ser *series, slot int) float64 {
	if !ser.hours.has(slot) {
		return 0
	}
	return s.sums[int(ser.first)+ser.hours.before(slot)].value()
}

// each gives what a series has heard by local hour of the week.
func (s *service) each(ser *series) iter.Seq2[int, float64] {
	return func(yield func(int, float64) bool) {
		sums := s.sumsOf(ser)
		for slot := range ser.hours.all() {
			if !yield(slot, sums[0].value()) {
				return
			}
			sums = sums[1:]
		}
	}
}

// add adds reports in a local hour of the week, and returns by how much the sum
// grew when rounded.
func (s *service) add(ser *series, slot int, reports float64) float64 {
	i := int(ser.first) + ser.hours.before(slot)
	if !ser.hours.has(slot) {
		ser.hours.add(slot)
		s.sums = insert(s.sums, i, 0)
		for j := len(s.series) - 1; &s.series[j] != ser; j-- {
			s.series[j].first++
		}
	}
	before := s.sums[i].value()
	s.sums[i] = pack(before + reports)
	grown := s.sums[i].value() - before
	ser.total += grown
	return grown
}

// insert is slices.Insert without spare room beyond what the allocator rounds up
// to, a fifth at most: twice the size would waste a quarter of everything.
func insert[E any](s []E, i int, x E) []E {
	if len(s) == cap(s) {
		s = append(slices.Grow([]E(nil), len(s)+1), s...)
	}
	return slices.Insert(s, i, x)
}

// hourSet is a set of hours of the week.
type hourSet [(week + 63) / 64]uint64

func (h *hourSet) has(slot int) bool { return h[slot/64]>>(slot%64)&1 != 0 }

func (h *hourSet) add(slot int) { h[slot/64] |= 1 << (slot % 64) }

func (h *hourSet) len() int { return h.before(len(h) * 64) }

// before is how many hours come before one.
func (h *hourSet) before(slot int) int {
	var n int
	for _, word := range h[:slot/64] {
		n += bits.OnesCount64(word)
	}
	if slot%64 != 0 {
		n += bits.OnesCount64(h[slot/64] & (1<<(slot%64) - 1))
	}
	return n
}

func (h *hourSet) all() iter.Seq[int] {
	return func(yield func(int) bool) {
		for i, word := range h {
			for ; word != 0; word &= word - 1 {
				if !yield(i*64 + bits.TrailingZeros64(word)) {
					return
				}
			}
		}
	}
}

// packed is a sum of reports, or a share, as a floating-point number of 16 bits, 6 of
// them of exponent, none of sign: off by 1/2048 of it at most, which is far less than
// chance. It reaches from 2⁻²⁰ to 2⁴⁴; what is less is nothing, what is more the most.
// An addition too small to be seen would have been a two-thousandth; as the past
// fades it is seen again.
type packed uint16

const (
	packShift = 23 - 10          // the bits of a float32's fraction that are not kept
	packLeast = (127 - 20) << 23 // 2⁻²⁰ as a float32
	packHalf  = 1 << (packShift - 1)
)

// pack rounds to nearest.
func pack(x float64) packed {
	rounded := math.Float32bits(float32(max(x, 0))) + packHalf
	if rounded < packLeast {
		return 0
	}
	return packed(min((rounded-packLeast)>>packShift, math.MaxUint16))
}

func (p packed) value() float64 {
	if p == 0 {
		return 0
	}
	return float64(math.Float32frombits(uint32(p)<<packShift + packLeast))
}
