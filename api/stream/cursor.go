package stream

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/outcryhq/outcry/pkg/outage"
)

const (
	// cursorVersion is the first byte of a cursor.
	cursorVersion = 1
	// maxListed is how many outages a cursor names at most. 128 of them take
	// about 1,500 characters; headers may have 16 KiB.
	maxListed = 128
	// maxCursor bounds what is read, in characters.
	maxCursor = 4096
	// listedFor is how long an outage that is final stays in the cursors after
	// it closed. It must exceed the time from closing to becoming final, and is
	// part of the format.
	listedFor = 30 * time.Minute
	// keyLen is how many bytes of an outage's id name it in a cursor: the last
	// ones, which are random or a hash.
	keyLen = 6
	// farAhead is how far ahead of our clock a cursor may be.
	farAhead = time.Hour
	// reachesBack is how old a cursor may be: the live state keeps final
	// outages for a day.
	reachesBack = 23 * time.Hour
)

var errCursor = errors.New("not a cursor")

type key [keyLen]byte

func keyOf(id outage.ID) (k key) {
	copy(k[:], id[len(id)-keyLen:])
	return k
}

// told is what a cursor knows of an outage.
type told struct {
	fence, revision uint64
	ended           bool
	closed          time.Time // if final; not written
}

func toldOf(c outage.Change) told {
	t := told{fence: c.Fence, revision: c.Outage.Revision, ended: c.Outage.State == outage.Ended}
	if c.Outage.Final && c.Outage.ClosedAt != nil {
		t.closed = *c.Outage.ClosedAt
	}
	return t
}

// cursor is what has been told.
type cursor struct {
	at time.Time // of the reading of the live state, ms
	// remarksAt is the time of the last look for remarks; zero: not yet.
	remarksAt time.Time
	// partial says that outages is not all: what it lacks may have been told.
	partial  bool
	outages  map[key]told
	original string // as it was read
}

// label is what happened to an outage.
type label int

const (
	opened label = iota
	changed
	ended
	remarked
	labels // how many
)

func (l label) String() string { return [labels]string{"opened", "changed", "ended", "remarked"}[l] }

// relevant reports whether an outage has to be in the cursor's list if it had
// been told by then.
func (c *cursor) relevant(o *outage.Outage) bool {
	return !o.Final || o.ClosedAt == nil || o.ClosedAt.After(c.at.Add(-listedFor))
}

// missed returns what happened to an outage since the cursor.
func (c *cursor) missed(now outage.Change) []label {
	o := &now.Outage
	over := o.State == outage.Ended
	if before, ok := c.outages[keyOf(o.ID)]; ok {
		switch {
		case !now.Supersedes(outage.Change{Fence: before.fence, Outage: outage.Outage{Revision: before.revision}}):
			return nil
		case over && !before.ended:
			return []label{ended}
		case !over && before.ended:
			return []label{opened}
		default:
			return []label{changed}
		}
	}
	switch {
	case !c.relevant(o):
		return nil
	case c.partial && !o.DetectedAt.After(c.at):
		if over && o.ClosedAt != nil && o.ClosedAt.After(c.at) {
			return []label{ended}
		}
		return []label{changed}
	case over:
		return []label{opened, ended}
	default:
		return []label{opened}
	}
}

// note takes in that the outage has been told as it is.
func (c *cursor) note(now outage.Change) { c.outages[keyOf(now.Outage.ID)] = toldOf(now) }

// advance moves the cursor's time, never back, and drops what need not be
// listed any more.
func (c *cursor) advance(at time.Time) {
	at = at.UTC().Truncate(time.Millisecond)
	if !at.After(c.at) {
		return
	}
	c.at = at
	for k, t := range c.outages {
		if !t.closed.IsZero() && !t.closed.After(at.Add(-listedFor)) {
			delete(c.outages, k)
		}
	}
}

// encode writes the cursor in characters of base64url.
func (c *cursor) encode() []byte {
	b := []byte{cursorVersion, 0}
	b = binary.AppendUvarint(b, uint64(max(c.at.UnixMilli(), 0)))
	if !c.remarksAt.IsZero() {
		b[1] |= 2
		b = binary.AppendUvarint(b, uint64(max(c.remarksAt.UnixMilli(), 0)))
	}
	if c.partial || len(c.outages) > maxListed {
		b[1] |= 1
	} else {
		keys := make([]key, 0, len(c.outages))
		for k := range c.outages {
			keys = append(keys, k)
		}
		slices.SortFunc(keys, func(a, b key) int { return slices.Compare(a[:], b[:]) })
		for _, k := range keys {
			t := c.outages[k]
			b = append(b, k[:]...)
			state := t.revision << 1
			if t.ended {
				state |= 1
			}
			b = binary.AppendUvarint(binary.AppendUvarint(b, t.fence), state)
		}
	}
	return base64.RawURLEncoding.AppendEncode(nil, b)
}

// parseCursor reads what encode wrote.
func parseCursor(text string) (*cursor, error) {
	// Line breaks, which base64 passes over, would be others' fields of the event.
	if len(text) > maxCursor || strings.ContainsAny(text, "\r\n") {
		return nil, errCursor
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(b) < 3 || b[0] != cursorVersion || b[1] > 3 {
		return nil, errCursor
	}
	r := bytesReader{b: b[2:]}
	c := &cursor{original: text, partial: b[1]&1 != 0, outages: map[key]told{}, at: r.time()}
	if b[1]&2 != 0 {
		c.remarksAt = r.time()
	}
	for !r.bad && len(r.b) > 0 {
		var k key
		copy(k[:], r.take(keyLen))
		fence, state := r.uvarint(), r.uvarint()
		c.outages[k] = told{fence: fence, revision: state >> 1, ended: state&1 != 0}
	}
	if r.bad || len(c.outages) > maxListed || c.partial && len(c.outages) > 0 {
		return nil, errCursor
	}
	return c, nil
}

// bytesReader takes values off the front; bad is set when there are too few bytes.
type bytesReader struct {
	b   []byte
	bad bool
}

func (r *bytesReader) take(n int) []byte {
	if len(r.b) < n {
		r.bad, r.b = true, nil
		return nil
	}
	taken := r.b[:n]
	r.b = r.b[n:]
	return taken
}

func (r *bytesReader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.bad, r.b = true, nil
		return 0
	}
	r.b = r.b[n:]
	return v
}

// lastMilli is the end of the year 9999.
const lastMilli = 253402300799999

func (r *bytesReader) time() time.Time {
	ms := r.uvarint()
	if ms > lastMilli {
		r.bad = true
		return time.Time{}
	}
	return time.UnixMilli(int64(ms)).UTC()
}
