package bluesky

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"
)

// setAside is how long a host that refuses is left alone while others are there.
const setAside = 10 * time.Minute

// DefaultHosts are Bluesky's own, which anybody may use.
func DefaultHosts() []string {
	return []string{
		"jetstream1.us-east.bsky.network", "jetstream2.us-east.bsky.network",
		"jetstream1.us-west.bsky.network", "jetstream2.us-west.bsky.network",
	}
}

// hosts are tried in turn.
type hosts struct {
	mu      sync.Mutex
	list    []*host
	current int
}

type host struct {
	url     *url.URL
	until   time.Time // before it, the host wants to be left alone
	refused bool      // the last answer was that asking again is useless
}

// parseHosts reads host names, host:port, or URLs with the scheme ws or wss.
func parseHosts(names []string) (*hosts, error) {
	if len(names) == 0 {
		return nil, errors.New("bluesky: no host is named")
	}
	h := &hosts{}
	known := map[string]bool{}
	for _, name := range names {
		u, err := parseHost(name)
		if err != nil {
			return nil, err
		}
		if known[u.String()] {
			return nil, fmt.Errorf("bluesky: the host %q is named twice", name)
		}
		known[u.String()] = true
		h.list = append(h.list, &host{url: u})
	}
	return h, nil
}

func parseHost(name string) (*url.URL, error) {
	if strings.Contains(name, "@") { // not shown: it may hold a password
		return nil, errors.New("bluesky: a host is named with a user, which none needs")
	}
	text := name
	if !strings.Contains(text, "://") {
		text = "wss://" + text
	}
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || (u.Scheme != "wss" && u.Scheme != "ws") ||
		u.RawQuery != "" || u.ForceQuery || strings.ContainsAny(text, "#,") {
		return nil, fmt.Errorf("bluesky: %q is not a host, such as jetstream1.us-east.bsky.network or ws://127.0.0.1:6008", name)
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = "/subscribe"
	}
	return u, nil
}

// pick returns the host to ask: the current one, or the next that may be asked
// now, or else the one that may be asked first.
func (h *hosts) pick(now time.Time) *host {
	h.mu.Lock()
	defer h.mu.Unlock()
	best := h.current
	for i := range h.list {
		n := (h.current + i) % len(h.list)
		if !h.list[n].until.After(now) {
			best = n
			break
		}
		if h.list[n].until.Before(h.list[best].until) {
			best = n
		}
	}
	h.current = best
	return h.list[best]
}

// welcomed notes that the current host has taken the connection.
func (h *hosts) welcomed() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.list[h.current].refused = false
	h.list[h.current].until = time.Time{}
}

// failed moves on to the next host. The current one is left alone for a while,
// if it is not 0; refused says that it is not worth another try. It returns how
// long it takes until any host may be asked, and whether all have refused.
func (h *hosts) failed(now time.Time, pause time.Duration, refused bool) (wait time.Duration, all bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	failed := h.list[h.current]
	failed.refused = refused
	if pause > 0 {
		failed.until = now.Add(pause)
	}
	h.current = (h.current + 1) % len(h.list)
	wait, all = failed.until.Sub(now), true
	for _, other := range h.list {
		wait = min(wait, other.until.Sub(now))
		all = all && other.refused
	}
	return max(wait, 0), all
}
