package twitter

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/outcryhq/outcry/ingest/social"
	"github.com/outcryhq/outcry/pkg/catalog"
	"github.com/outcryhq/outcry/pkg/outage"
)

const (
	defaultV2URL = "https://api.x.com"
	// v2Quiet is how long a connection may be silent: a keep-alive comes every 20 s.
	v2Quiet = 21 * time.Second
	// X allows 50 connections in 15 minutes. Some are left to whoever restarts us.
	mostConnects  = 40
	connectWindow = 15 * time.Minute
)

// V2Config says how to follow X's filtered stream. Bearer and Catalog, Now and
// Logger are required.
type V2Config struct {
	BaseURL    string // where the API's paths begin; "" means https://api.x.com
	Bearer     string // OAuth 2, of an app
	Catalog    *catalog.Catalog
	HTTPClient *http.Client // nil: one of its own. Its Timeout is not used.
	Now        func() time.Time
	Logger     *slog.Logger
	Rules      int           // the most rules that the plan allows; 0 means MostRules
	RuleLength int           // the most characters of a rule; 0 means LongestRule
	Quiet      time.Duration // silence after which a connection is given up; 0 means 21 s
}

// V2 follows the filtered stream of X's API v2, with rules that it makes from
// the catalog. Before the first connection it sets them in the account, where it
// touches none but its own.
//
// The stream has no cursor: what is said while no connection is up is not heard,
// and the minutes in question do not count as listened to. It does not tell of
// deletions either.
type V2 struct {
	base           *url.URL
	bearer         string
	catalog        *catalog.Catalog
	client         *http.Client
	now            func() time.Time
	logger         *slog.Logger
	rules, longest int
	quiet          time.Duration

	// Read, of which one runs at a time, keeps these.
	pauses   v2Pauses
	ruled    bool // the account has our rules
	told     bool
	garbage  social.Garbage
	connects []time.Time // those of the last 15 minutes
}

var _ social.Network = (*V2)(nil)

// NewV2 checks the configuration. A bad one is outage.ErrInvalid.
func NewV2(cfg V2Config) (*V2, error) {
	if cfg.BaseURL == "" {
		cfg.BaseURL = defaultV2URL
	}
	base, err := url.Parse(cfg.BaseURL)
	switch {
	case err != nil || base.Host == "" || base.User != nil || base.RawQuery != "" || base.Fragment != "":
		return nil, fmt.Errorf("twitter: %w: X's API is a URL such as %s", outage.ErrInvalid, defaultV2URL)
	case base.Scheme != "https" && (base.Scheme != "http" || !social.Loopback(base.Hostname())):
		return nil, fmt.Errorf("twitter: %w: the bearer token needs https", outage.ErrInvalid)
	case !isBearer(cfg.Bearer):
		return nil, fmt.Errorf("twitter: %w: a bearer token of printable characters without spaces is required", outage.ErrInvalid)
	case cfg.Catalog == nil || cfg.Now == nil || cfg.Logger == nil:
		return nil, fmt.Errorf("twitter: %w: catalog, clock and logger are required", outage.ErrInvalid)
	case cfg.Rules < 0 || cfg.Rules > MostRules:
		return nil, fmt.Errorf("twitter: %w: X allows 1 to %d rules, not %d", outage.ErrInvalid, MostRules, cfg.Rules)
	case cfg.RuleLength != 0 && (cfg.RuleLength < shortestRule || cfg.RuleLength > LongestRule):
		return nil, fmt.Errorf("twitter: %w: a rule has %d to %d characters, not %d", outage.ErrInvalid, shortestRule, LongestRule, cfg.RuleLength)
	}
	n := &V2{
		base: base, bearer: cfg.Bearer, catalog: cfg.Catalog, client: patient(cfg.HTTPClient), now: cfg.Now, logger: cfg.Logger,
		rules: cfg.Rules, longest: cfg.RuleLength, quiet: cfg.Quiet,
	}
	if n.rules == 0 {
		n.rules = MostRules
	}
	if n.longest == 0 {
		n.longest = LongestRule
	}
	if n.quiet <= 0 {
		n.quiet = v2Quiet
	}
	return n, nil
}

// patient is a client that a stream can use: without a timeout for the whole,
// and without redirects, which the API has none of.
func patient(client *http.Client) *http.Client {
	if client == nil {
		client = &http.Client{}
	}
	own := *client
	own.Timeout = 0
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &own
}

func isBearer(token string) bool {
	return token != "" && !strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' })
}

// Source implements [social.Network].
func (n *V2) Source() outage.Source { return outage.SourceTwitter }

// Instance is the API's host.
func (n *V2) Instance() string { return n.base.Host }

// Backoff is that of the API for connections that break.
func (n *V2) Backoff() social.Backoff {
	return social.Backoff{First: 250 * time.Millisecond, Most: 16 * time.Second}
}

// Read implements [social.Network]. There is no cursor.
func (n *V2) Read(ctx context.Context, _ string, out social.Out) error {
	if !n.ruled {
		if err := n.reconcile(ctx); err != nil {
			return ended(ctx, fmt.Errorf("rules of the stream of X: %w", err))
		}
		n.ruled = true
	}
	if err := n.pace(); err != nil {
		return err
	}
	if err := n.follow(ctx, out); err != nil {
		return ended(ctx, fmt.Errorf("stream of X: %w", err))
	}
	return nil
}

// ended is err, or nil if it is the end of ctx.
func ended(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil //nolint:nilerr // the end that was asked for
	}
	return err
}

// pace keeps us from using up the connections that X allows.
func (n *V2) pace() error {
	now := n.now()
	for len(n.connects) > 0 && now.Sub(n.connects[0]) >= connectWindow {
		n.connects = n.connects[1:]
	}
	if len(n.connects) >= mostConnects {
		wait := connectWindow - now.Sub(n.connects[0])
		return &social.RetryError{After: wait, Err: errors.New("connected to X too often")}
	}
	n.connects = append(n.connects, now)
	return nil
}

// follow reads one connection.
func (n *V2) follow(ctx context.Context, out social.Out) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watchdog := time.AfterFunc(n.quiet, func() { cancel(errV2Quiet) })
	defer watchdog.Stop()
	res, err := n.request(ctx, http.MethodGet, streamPath, v2Fields, nil)
	if err != nil {
		return causeOf(ctx, err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		body, _ := io.ReadAll(io.LimitReader(res.Body, longestRefusal)) // the status says enough
		if res.StatusCode == http.StatusConflict {
			n.ruled = false // there are no rules: somebody has deleted them
		}
		return n.refusal(res, body)
	}
	watchdog.Stop()
	out.Connected()
	n.garbage.Over()
	lines := newV2Lines(res.Body, n.quiet, watchdog)
	for {
		line, err := lines.next()
		switch {
		case errors.Is(err, errTooLong):
			out.Skipped("too_large")
			continue
		case err != nil:
			return causeOf(ctx, err)
		}
		if err := n.take(ctx, line, out); err != nil {
			return err
		}
	}
}

// take hands over one line.
func (n *V2) take(ctx context.Context, line []byte, out social.Out) error {
	if len(line) == 0 {
		n.pauses = v2Pauses{}
		out.Alive()
		return nil
	}
	post, ok, err := decodeV2(line)
	switch {
	case errors.Is(err, ErrMalformed):
		out.Skipped("malformed")
		return n.garbage.Another()
	case errors.Is(err, errV2TooMany):
		return n.tooMany()
	case err != nil:
		return err
	case !ok:
		n.garbage.Over()
		out.Skipped("other_kind")
		return nil
	}
	n.garbage.Over()
	n.pauses = v2Pauses{}
	return out.Post(ctx, post)
}

// causeOf is why the watchdog or the caller has ended ctx, if one of them has.
func causeOf(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause //nolint:wrapcheck // it is our own error
	}
	return err
}
