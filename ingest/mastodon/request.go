package mastodon

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/publicsuffix"

	"github.com/outcryhq/outcry/ingest/social"
)

const (
	requestTimeout = 20 * time.Second
	// mostRedirects, all on the same host.
	mostRedirects = 3
	// largestPage bounds an answer in bytes; 40 posts have some 200,000.
	largestPage = 4 << 20
	// limitedFor is how long to wait after 429 if the instance does not say.
	limitedFor = time.Minute
	// mostAsked is the longest wait that is honoured.
	mostAsked = time.Hour
)

var (
	errRedirect = errors.New("a redirect to another host is not followed")
	errLarge    = errors.New("the answer is too large")
)

// newClient returns a client that follows redirects on the same host alone.
func newClient(transport *http.Transport) (*http.Client, error) {
	if transport == nil {
		usual, ok := http.DefaultTransport.(*http.Transport)
		if !ok {
			return nil, errors.New("mastodon: net/http's transport is none of its own")
		}
		transport = usual.Clone() // its idle connections are this client's to close
	}
	return &http.Client{
		Transport: transport,
		CheckRedirect: func(req *http.Request, via []*http.Request) error {
			if first := via[0].URL; req.URL.Host != first.Host || req.URL.Scheme != first.Scheme || len(via) > mostRedirects {
				return errRedirect
			}
			return nil
		},
	}, nil
}

func (n *Network) header() http.Header {
	return http.Header{
		"Authorization": {"Bearer " + n.token}, "User-Agent": {"outcry"}, "Accept": {"application/json"},
	}
}

// get returns an answer of 200 and its header. Others are errors, of which 404
// is errNone.
func (n *Network) get(ctx context.Context, path string, query url.Values) ([]byte, http.Header, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	target := *n.base
	target.Path, target.RawQuery = path, query.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), http.NoBody)
	if err != nil {
		return nil, nil, fmt.Errorf("mastodon: ask %s: %w", n.base.Host, err)
	}
	req.Header = n.header()
	res, err := n.client.Do(req)
	if err != nil {
		return nil, nil, fmt.Errorf("mastodon: ask %s: %w", n.base.Host, err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return nil, nil, n.refusal(res)
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, largestPage+1))
	if err != nil {
		return nil, nil, fmt.Errorf("mastodon: read from %s: %w", n.base.Host, err)
	}
	if len(body) > largestPage {
		return nil, nil, fmt.Errorf("mastodon: %s: %w", n.base.Host, errLarge)
	}
	return body, res.Header, nil
}

var errNone = errors.New("there is no such page")

// refusal says what an answer means. Only its status is repeated: what else
// the instance said may be anything.
func (n *Network) refusal(res *http.Response) error {
	err := fmt.Errorf("mastodon: %s answered with status %d", n.base.Host, res.StatusCode)
	switch code := res.StatusCode; {
	case code == http.StatusUnauthorized, code == http.StatusForbidden:
		return n.tokenRefused()
	case code == http.StatusNotFound:
		return fmt.Errorf("%w: %w", err, errNone)
	case code == http.StatusTooManyRequests:
		after := max(social.RetryAfter(res.Header.Get("Retry-After"), n.now(), mostAsked), reset(res.Header, n.now()))
		if after == 0 {
			after = limitedFor
		}
		return &social.RetryError{After: after, Err: err}
	case code >= http.StatusInternalServerError:
		return &social.RetryError{After: social.RetryAfter(res.Header.Get("Retry-After"), n.now(), mostAsked), Err: err}
	}
	return err
}

func (n *Network) tokenRefused() error {
	return social.Permanent(fmt.Errorf("mastodon: token refused by %s; it needs a user's, with the scope read:statuses", n.base.Host))
}

// refusedWithin is for an instance that accepts the connection, and then says
// that there is no stream. Some say 401 for what another try mends.
func (n *Network) refusedWithin(status int) error {
	if status == http.StatusUnauthorized || status == http.StatusForbidden {
		return n.tokenRefused()
	}
	return &social.RetryError{After: limitedFor, Err: fmt.Errorf("mastodon: %s refuses to stream its public timeline", n.base.Host)}
}

// reset reads when the limit of requests starts anew: RFC 3339 at Mastodon,
// seconds since 1970 at others.
func reset(header http.Header, now time.Time) time.Duration {
	value := header.Get("X-RateLimit-Reset")
	if at, err := time.Parse(time.RFC3339, value); err == nil {
		return within(at.Sub(now))
	}
	if seconds, err := strconv.ParseInt(value, 10, 64); err == nil {
		return within(time.Unix(seconds, 0).Sub(now))
	}
	return 0
}

func within(wait time.Duration) time.Duration { return min(max(wait, 0), mostAsked) }

// streaming is the URL of the stream. Large instances have a host of its own for
// it, which they name; until that is known, each connection asks.
func (n *Network) streaming(ctx context.Context) (*url.URL, error) {
	if n.stream != nil {
		return n.stream, nil
	}
	body, _, err := n.get(ctx, "/api/v2/instance", nil)
	var instance struct {
		Configuration struct {
			URLs struct {
				Streaming string `json:"streaming"`
			} `json:"urls"`
		} `json:"configuration"`
	}
	switch {
	case errors.Is(err, errNone): // an older version, which streams from its own host
	case err != nil:
		return nil, err
	case json.Unmarshal(body, &instance) != nil:
		return nil, fmt.Errorf("mastodon: %s does not describe itself as an instance does", n.base.Host)
	}
	u := *n.base
	if named := instance.Configuration.URLs.Streaming; named != "" {
		if u, err = n.streamHost(named); err != nil {
			return nil, err
		}
	}
	u.Path, u.RawQuery = "/api/v1/streaming", "stream=public"
	n.stream = &u
	return n.stream, nil
}

// streamHost reads where an instance says that it streams. The token goes to no
// other site than its own.
func (n *Network) streamHost(named string) (url.URL, error) {
	u, err := url.Parse(named)
	if err != nil {
		return url.URL{}, fmt.Errorf("mastodon: %s streams from what is no URL", n.base.Host)
	}
	scheme := map[string]string{"wss": "https", "ws": "http"}[u.Scheme]
	if scheme != n.base.Scheme || !sameSite(u, n.base) {
		return url.URL{}, social.Permanent(fmt.Errorf("mastodon: %s streams from another site, which is not given its token", n.base.Host))
	}
	return url.URL{Scheme: scheme, Host: u.Host}, nil
}

// sameSite says that hosts are the same, or below one registered domain and on
// the usual port.
func sameSite(a, b *url.URL) bool {
	if strings.EqualFold(a.Host, b.Host) {
		return true
	}
	if a.Port() != "" && a.Port() != b.Port() {
		return false
	}
	one, err := publicsuffix.EffectiveTLDPlusOne(strings.ToLower(a.Hostname()))
	other, errOther := publicsuffix.EffectiveTLDPlusOne(strings.ToLower(b.Hostname()))
	return err == nil && errOther == nil && one == other
}
