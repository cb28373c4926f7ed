package identity

import (
	"crypto/sha256"
	"net/netip"

	"github.com/outcryhq/outcry/pkg/outage"
)

// keySize is the size of the key of a day in bytes.
const keySize = 32

// secret is a key for HMAC-SHA256. It is kept in one place and wiped there.
type secret [keySize]byte

// The labels keep hashes apart that serve different ends under one key: the
// same message under two labels gives unrelated hashes.
const (
	labelReporter  = 'r'
	labelAccount   = 'a'
	labelSeat      = 's'
	labelOrigin    = 'o'
	labelPseudonym = 'p'
	labelToken     = 't'
	labelStamp     = 'm'
	labelPost      = 'n'
)

const (
	blockSize  = sha256.BlockSize
	maxMessage = 32 // an address and a token's random part
)

// mac is HMAC-SHA256 (RFC 2104) of a label and a short message. It works on the
// stack: nothing is allocated, and no cached state of the key outlives the call,
// which crypto/hmac cannot promise.
func (k *secret) mac(label byte, message []byte) [sha256.Size]byte {
	var inner [blockSize + 1 + maxMessage]byte
	var outer [blockSize + sha256.Size]byte
	for i := range blockSize {
		var b byte
		if i < keySize {
			b = k[i]
		}
		inner[i], outer[i] = b^0x36, b^0x5c
	}
	inner[blockSize] = label
	n := blockSize + 1 + copy(inner[blockSize+1:], message)
	digest := sha256.Sum256(inner[:n])
	copy(outer[blockSize:], digest[:])
	sum := sha256.Sum256(outer[:])
	clear(inner[:])
	clear(outer[:])
	return sum
}

// hash is mac truncated to what is kept.
func (k *secret) hash(label byte, message []byte) outage.Hash {
	sum := k.mac(label, message)
	return outage.Hash(sum[:len(outage.Hash{})])
}

// dayKey is the key of a day with the keys derived from it.
type dayKey struct {
	root, token, stamp secret
}

func newDayKey(key []byte) *dayKey {
	d := &dayKey{}
	copy(d.root[:], key)
	d.token = d.root.mac(labelToken, nil)
	d.stamp = d.root.mac(labelStamp, nil)
	return d
}

// wipe overwrites the keys.
func (d *dayKey) wipe() { *d = dayKey{} }

// Widths of the prefixes that stand for one connection and for one
// neighbourhood, in bits.
const (
	personBits6 = 64
	originBits4 = 24
	originBits6 = 48
)

// Person is the address that stands for one connection: an IPv4 address as
// it is, an IPv6 address's /64. A zone is stripped, and an IPv4 address in IPv6 form
// is taken for the IPv4 address. The invalid address becomes "::".
func Person(addr netip.Addr) netip.Addr {
	return mask(addr, 32, personBits6)
}

func mask(addr netip.Addr, bits4, bits6 int) netip.Addr {
	addr = addr.Unmap().WithZone("")
	bits := bits6
	switch {
	case !addr.IsValid():
		return netip.IPv6Unspecified()
	case addr.Is4():
		bits = bits4
	}
	prefix, err := addr.Prefix(bits)
	if err != nil { // not with these widths
		return netip.IPv6Unspecified()
	}
	return prefix.Addr()
}
