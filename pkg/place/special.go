package place

import "net/netip"

// public reports whether an address can be somebody's on the public Internet.
// Data sets disagree about the others, and some place them in a country.
func public(addr netip.Addr) bool {
	if !addr.IsGlobalUnicast() || addr.IsPrivate() {
		return false // loopback, link-local, multicast, unspecified, invalid; RFC 1918 and fc00::/7
	}
	if addr.Is4() {
		return public4(addr.As4())
	}
	raw := addr.As16()
	documentation := raw[0] == 0x20 && raw[1] == 0x01 && raw[2] == 0x0d && raw[3] == 0xb8 // 2001:db8::/32
	return raw[0]&0xe0 == 0x20 && !documentation                                          // 2000::/3 is all that IANA has given out
}

// public4 leaves out what the IANA registry of special-purpose IPv4 addresses
// does not call globally reachable and netip has no name for.
func public4(a [4]byte) bool {
	switch {
	case a[0] == 0, a[0] >= 240: // this network; reserved
		return false
	case a[0] == 100 && a[1]&0xc0 == 64: // 100.64.0.0/10, carrier NAT
		return false
	case a[0] == 192 && a[1] == 0 && (a[2] == 0 || a[2] == 2): // protocol assignments, documentation
		return false
	case a[0] == 198 && a[1]&0xfe == 18: // 198.18.0.0/15, benchmarks
		return false
	case a[0] == 198 && a[1] == 51 && a[2] == 100, a[0] == 203 && a[1] == 0 && a[2] == 113: // documentation
		return false
	default:
		return true
	}
}
