package httpserver

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"sync"

	"github.com/realclientip/realclientip-go"
)

// Clients tells from which address a request comes. It may be used by many
// goroutines at once.
type Clients struct {
	trusted   int
	forwarded realclientip.Strategy // nil if no proxy is trusted
	logger    *slog.Logger
	hint      sync.Once
}

// NewClients returns a Clients that trusts so many proxies of our own, all of
// which each request passes.
func NewClients(trustedProxies int, logger *slog.Logger) (*Clients, error) {
	c := &Clients{trusted: trustedProxies, logger: logger}
	if trustedProxies == 0 {
		return c, nil
	}
	strategy, err := realclientip.NewRightmostTrustedCountStrategy("X-Forwarded-For", trustedProxies)
	if err != nil {
		return nil, fmt.Errorf("trusted proxies: %w", err)
	}
	c.forwarded = strategy
	return c, nil
}

// Address returns the client's address.
//
// Without trusted proxies that is the peer, whatever the headers say. With N of
// them it is the Nth entry from the right of X-Forwarded-For: the one that
// the outermost of our own proxies wrote. If there are fewer entries, or that one is no
// address, the request has not come through all of the proxies, or one does not
// write the header; then the peer is taken, so that all such requests together
// are one client, and nobody gains by leaving the header out.
//
// A peer without an address (a Unix socket) is "::".
func (c *Clients) Address(r *http.Request) netip.Addr {
	if c.trusted == 1 {
		if addr, plain := lastForwarded(r.Header["X-Forwarded-For"]); plain {
			return addr
		}
	}
	if c.forwarded != nil {
		if addr, err := netip.ParseAddr(c.forwarded.ClientIP(r.Header, r.RemoteAddr)); err == nil {
			return addr.Unmap().WithZone("")
		}
	}
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.IPv6Unspecified()
	}
	addr := peer.Addr().Unmap().WithZone("")
	if c.forwarded == nil && (addr.IsLoopback() || addr.IsPrivate()) && r.Header["X-Forwarded-For"] != nil {
		c.hint.Do(func() {
			c.logger.Warn("requests seem to come through a proxy, but none is trusted: all their senders are taken for one",
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
