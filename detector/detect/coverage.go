package detect

import "math/bits"

// coverage remembers for the last days in which minutes anyone listened, and in
// which of those sources were away that bring much.
type coverage struct {
	said, heard, partly bitmap
}

// bitmap is a ring over minutes; those that fell out of it are not set.
type bitmap struct {
	words  [64]uint64
	newest int // the number of the newest word: minute/64
}

func (b *bitmap) put(at minute, set bool) {
	word := int(at) / 64
	if word <= b.newest-len(b.words) {
		return
	}
	if word > b.newest {
		if word-b.newest >= len(b.words) {
			b.words = [64]uint64{}
		} else {
			for w := b.newest + 1; w <= word; w++ {
				b.words[w%len(b.words)] = 0
			}
		}
		b.newest = word
	}
	bit := uint64(1) << (at % 64)
	if set {
		b.words[word%len(b.words)] |= bit
	} else {
		b.words[word%len(b.words)] &^= bit
	}
}

func (b *bitmap) word(number int) uint64 {
	if number > b.newest || number <= b.newest-len(b.words) || number < 0 {
		return 0
	}
	return b.words[number%len(b.words)]
}

// count is the number of covered minutes from one to another, both included.
func (c *coverage) count(first, last minute) int {
	first = max(first, 0)
	var n int
	for word := int(first) / 64; word <= int(last)/64; word++ {
		w := c.said.word(word) | c.heard.word(word)
		if word == int(first)/64 {
			w &= ^uint64(0) << (first % 64)
		}
		if word == int(last)/64 {
			w &= ^uint64(0) >> (63 - last%64)
		}
		n += bits.OnesCount64(w)
	}
	return n
}

func (c *coverage) at(m minute) bool { return c.count(m, m) == 1 }

// whole says that a minute's silence means something: nothing that brings much
// was away.
func (c *coverage) whole(m minute) bool { return c.at(m) && c.partly.word(int(m)/64)>>(m%64)&1 == 0 }

// parts is the number of minutes from one to another, both included, that were
// listened to, but not whole.
func (c *coverage) parts(first, last minute) (n int) {
	for m := first; m <= last; m++ {
		if c.at(m) && !c.whole(m) {
			n++
		}
	}
	return n
}

// gap is a stretch of minutes in which nobody listened, up to the next one in
// which somebody did.
type gap struct{ from, next minute }

// gaps lists the stretches of more than so many minutes between first and last
// that are over, by time.
func (c *coverage) gaps(first, last, most minute) []gap {
	var found []gap
	from := first
	for m := first; m <= last; m++ {
		if !c.at(m) {
			continue
		}
		if m-from > most {
			found = append(found, gap{from, m})
		}
		from = m + 1
	}
	return found
}

// back is the earliest minute, not before first, from which at most so many
// minutes were covered up to last.
func (c *coverage) back(first, last, most minute) minute {
	for m := last; m >= first; m-- {
		if !c.at(m) {
			continue
		}
		if most == 0 {
			return m + 1
		}
		most--
	}
	return first
}
