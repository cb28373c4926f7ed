package form

import (
	"net/http"
	"net/netip"
	"strings"
)

// cookieName is the cookie that carries a browser's token.
const cookieName = "outcry"

// address returns the client's address.
//
// Without trusted proxies that is the peer, whatever the headers say. With N of
// them it is the Nth entry from the right of X-Forwarded-For: the one that
// the outermost of our own proxies wrote. If there are fewer entries, or that one is no
// address, the request has not come through all of the proxies, or one does not
// write the header; then the peer is taken, so that all such requests together
// are one reporter, and nobody gains by leaving the header out.
//
// A peer without an address (a Unix socket) is "::".
func (h *Handler) address(r *http.Request) netip.Addr {
	if h.config.TrustedProxies == 1 {
		if addr, plain := lastForwarded(r.Header["X-Forwarded-For"]); plain {
			return addr
		}
	}
	if h.forwarded != nil {
		if addr, err := netip.ParseAddr(h.forwarded.ClientIP(r.Header, r.RemoteAddr)); err == nil {
			return addr.Unmap().WithZone("")
		}
	}
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.IPv6Unspecified()
	}
	addr := peer.Addr().Unmap().WithZone("")
	if h.forwarded == nil && (addr.IsLoopback() || addr.IsPrivate()) && r.Header["X-Forwarded-For"] != nil {
		h.proxyHint.Do(func() {
			h.config.Logger.Warn("requests seem to come through a proxy, but none is trusted: all their senders are taken for one",
				"trusted_proxies", 0)
		})
	}
	return addr
}

// lastForwarded reads the usual header, in which the one proxy has written a bare
// address at the end, without the lists that the general way makes. Of all else it
// says that it is not plain.
func lastForwarded(values []string) (addr netip.Addr, plain bool) {
	if len(values) != 1 {
		return addr, false
	}
	last := values[0][strings.LastIndexByte(values[0], ',')+1:]
	addr, err := netip.ParseAddr(strings.TrimSpace(last))
	addr = addr.Unmap().WithZone("")
	return addr, err == nil && !addr.IsUnspecified()
}

// token returns the token that the browser carries, "" for none.
func token(r *http.Request) string {
	if r.Header["Cookie"] == nil {
		return ""
	}
	cookie, err := r.Cookie(cookieName)
	if err != nil {
		return ""
	}
	return cookie.Value
}
