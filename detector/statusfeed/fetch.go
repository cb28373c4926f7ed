package statusfeed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"syscall"
	"time"
)

const (
	// fetchTimeout bounds one answer, redirects and body included.
	fetchTimeout = 15 * time.Second
	// largestBody is how much of an answer is read, in bytes.
	largestBody = 1 << 20
	// mostHops is how many redirects are followed.
	mostHops = 3
)

var (
	errTooLarge = errors.New("the answer is larger than a megabyte")
	errRedirect = errors.New("the redirect leads where it may not")
	errPrivate  = errors.New("the address is not a public one")
)

// statusError is an answer that is no feed.
type statusError struct {
	status int
	wait   time.Duration // as the server asked; 0 for nothing
}

// Error implements error.
func (e statusError) Error() string { return "the answer is " + strconv.Itoa(e.status) }

// getter asks for feeds.
type getter struct {
	// chosen asks where the operator said; elsewhere where a redirect leads, and
	// connects to public addresses only, whatever a name resolves to.
	chosen, elsewhere *http.Client
}

func newGetter() *getter {
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	own, public := transport(nil), transport(publicOnly)
	own.Proxy = http.ProxyFromEnvironment
	return &getter{
		chosen:    &http.Client{Transport: own, CheckRedirect: stay},
		elsewhere: &http.Client{Transport: public, CheckRedirect: stay},
	}
}

func (g *getter) close() {
	g.chosen.CloseIdleConnections()
	g.elsewhere.CloseIdleConnections()
}

func transport(control func(network, address string, _ syscall.RawConn) error) *http.Transport {
	dialer := &net.Dialer{Timeout: 5 * time.Second, Control: control}
	return &http.Transport{
		DialContext: dialer.DialContext, TLSHandshakeTimeout: 5 * time.Second, ForceAttemptHTTP2: true,
		ResponseHeaderTimeout: 10 * time.Second, MaxResponseHeaderBytes: 64 << 10,
		MaxIdleConns: 16, MaxIdleConnsPerHost: 1, IdleConnTimeout: time.Minute,
	}
}

// publicOnly refuses to connect to what is not on the public internet: a
// redirect must not make this process ask its own network.
func publicOnly(_, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil || !public(to.Addr()) {
		return errPrivate
	}
	return nil
}

//nolint:gochecknoglobals // constant tables
var reserved = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("240.0.0.0/4"), netip.MustParsePrefix("64:ff9b::/96"),
	netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("2002::/16"), netip.MustParsePrefix("2001::/32"),
}

func public(ip netip.Addr) bool {
	ip = ip.Unmap()
	for _, prefix := range reserved {
		if prefix.Contains(ip) {
			return false
		}
	}
	return ip.IsGlobalUnicast() && !ip.IsPrivate()
}

// said is what a server says of a feed, to be asked again with.
type said struct{ tag, modified string }

// get asks for a feed, and returns nil for one that has not changed since.
func (g *getter) get(ctx context.Context, address string, last *said) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	client := g.chosen
	for range mostHops + 1 {
		resp, err := ask(ctx, client, address, *last)
		if err != nil {
			return nil, err
		}
		if next, ok := leads(resp); ok {
			_ = resp.Body.Close() // nothing in it matters
			if next == nil || next.Scheme != "https" || next.User != nil {
				return nil, errRedirect
			}
			client, address = g.elsewhere, next.String()
			continue
		}
		return read(resp, last)
	}
	return nil, errRedirect
}

func ask(ctx context.Context, client *http.Client, address string, last said) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, withoutURL(err)
	}
	req.Header.Set("User-Agent", "Outcry (status feed reader)")
	req.Header.Set("Accept", "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, */*;q=0.1")
	if last.tag != "" {
		req.Header.Set("If-None-Match", last.tag)
	}
	if last.modified != "" {
		req.Header.Set("If-Modified-Since", last.modified)
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, withoutURL(err)
	}
	return resp, nil
}

// withoutURL drops the address, which may hold a token.
func withoutURL(err error) error {
	if failed, ok := errors.AsType[*url.Error](err); ok {
		err = failed.Err
	}
	return fmt.Errorf("ask for the feed: %w", err)
}

// leads says whether an answer is a redirect, and where to; nil for nowhere.
func leads(resp *http.Response) (*url.URL, bool) {
	switch resp.StatusCode {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		next, err := resp.Location()
		if err != nil {
			return nil, true
		}
		return next, true
	}
	return nil, false
}

// read takes the body, at most largestBody after unpacking, and notes what to ask with.
func read(resp *http.Response, last *said) (_ []byte, err error) {
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	switch resp.StatusCode {
	case http.StatusOK:
	case http.StatusNotModified:
		return nil, nil
	default:
		return nil, statusError{resp.StatusCode, retryAfter(resp.Header.Get("Retry-After"))}
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, largestBody+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read the feed: %w", err)
	case len(body) > largestBody:
		return nil, errTooLarge
	}
	*last = said{tag: bounded(resp.Header.Get("ETag")), modified: bounded(resp.Header.Get("Last-Modified"))}
	return body, nil
}

// longestTag bounds what a server may have us say again.
const longestTag = 256

func bounded(header string) string {
	if len(header) > longestTag {
		return ""
	}
	return header
}

// retryAfter reads seconds; a date is rare, and the back-off serves as well.
func retryAfter(value string) time.Duration {
	seconds, err := strconv.Atoi(value)
	if err != nil || seconds < 0 {
		return 0
	}
	return time.Duration(min(seconds, int(slowest/time.Second))) * time.Second
}
