package outage

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"time"
)

// ID names a report or an outage: a 128-bit UUID (RFC 9562).
type ID [16]byte

// NewID returns a random, time-ordered UUID (version 7). The randomness is the
// operating system's; at gives the 48-bit millisecond prefix.
func NewID(at time.Time) ID {
	var id ID
	// crypto/rand.Read never returns an error: it ends the process instead.
	_, _ = io.ReadFull(rand.Reader, id[:])
	return id.withTime(at)
}

// DeriveID returns the UUID that belongs to the parts: the same parts always
// give the same one. It is a version 8 UUID over the SHA-256 of the parts,
// each preceded by its length so that ("ab","c") and ("a","bc") differ.
func DeriveID(parts ...string) ID {
	h := sha256.New()
	for _, part := range parts {
		var n [4]byte
		binary.BigEndian.PutUint32(n[:], uint32(len(part))) //nolint:gosec // parts are bounded by the callers
		h.Write(n[:])
		h.Write([]byte(part))
	}
	var id ID
	copy(id[:], h.Sum(nil))
	id[6] = id[6]&0x0f | 0x80
	id[8] = id[8]&0x3f | 0x80
	return id
}

// DeriveIDAt is DeriveID with the version 7 layout: its first 48 bits are at in
// milliseconds, so that derived ids sort by time.
func DeriveIDAt(at time.Time, parts ...string) ID {
	return DeriveID(parts...).withTime(at)
}

func (id ID) withTime(at time.Time) ID {
	ms := uint64(max(at.UnixMilli(), 0))
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], ms<<16)
	copy(id[:6], b[:6])
	id[6] = id[6]&0x0f | 0x70
	id[8] = id[8]&0x3f | 0x80
	return id
}

// IsZero reports whether the id is unset.
func (id ID) IsZero() bool { return id == ID{} }

// String gives the usual 36-character form in lower case.
func (id ID) String() string {
	var b [36]byte
	hex.Encode(b[0:8], id[0:4])
	b[8] = '-'
	hex.Encode(b[9:13], id[4:6])
	b[13] = '-'
	hex.Encode(b[14:18], id[6:8])
	b[18] = '-'
	hex.Encode(b[19:23], id[8:10])
	b[23] = '-'
	hex.Encode(b[24:36], id[10:16])
	return string(b[:])
}

// ParseID reads the 36-character form, in either case.
func ParseID(s string) (ID, error) {
	var id ID
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return id, fmt.Errorf("%w: an id looks like 0199f2c5-0000-7000-8000-000000000000", ErrInvalid)
	}
	compact := s[0:8] + s[9:13] + s[14:18] + s[19:23] + s[24:36]
	if _, err := hex.Decode(id[:], []byte(compact)); err != nil {
		return ID{}, fmt.Errorf("%w: an id has hexadecimal digits and hyphens only", ErrInvalid)
	}
	return id, nil
}

// MarshalText implements [encoding.TextMarshaler].
func (id ID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (id *ID) UnmarshalText(text []byte) error {
	parsed, err := ParseID(string(text))
	if err != nil {
		return err
	}
	*id = parsed
	return nil
}
