package twitter

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	v1 "github.com/dghubble/go-twitter/twitter" //nolint:staticcheck // final, as the format is
	"github.com/dghubble/oauth1"

	"github.com/outcryhq/outcry/ingest/social"
	"github.com/outcryhq/outcry/pkg/archive"
	"github.com/outcryhq/outcry/pkg/outage"
)

// v1Quiet is how long a connection may be silent, keep-alives included: they
// come every 30 s, and the API's guide says to reconnect after three.
const v1Quiet = 90 * time.Second

// V1Keys sign requests with OAuth 1.0a.
type V1Keys struct {
	ConsumerKey, ConsumerSecret, Token, TokenSecret string
}

// V1Config says which gateway to follow, and what for. Either a Token or all
// Keys may be given, or neither.
type V1Config struct {
	// BaseURL is where the gateway's paths begin: /1.1/statuses/filter.json is
	// added. It is required.
	BaseURL string
	Token   string // OAuth 2 bearer
	Keys    V1Keys
	// Track are the terms, such as those of Terms: 1 to MostTerms.
	Track     []string
	Transport http.RoundTripper // nil: that of net/http
	Quiet     time.Duration     // silence after which a connection is given up; 0 means 90 s
}

// V1 follows the filter stream of a gateway that speaks the v1.1 API. The
// format has no cursor: what is said while the connection is down is not heard.
type V1 struct {
	base      *url.URL
	token     string
	keys      V1Keys
	track     []string
	transport http.RoundTripper
	quiet     time.Duration
	refusals  atomic.Int32 // in a row
}

var _ social.Network = (*V1)(nil)

// NewV1 checks the configuration. A bad one is outage.ErrInvalid.
func NewV1(cfg V1Config) (*V1, error) {
	base, err := url.Parse(cfg.BaseURL)
	if err != nil || base.Host == "" || (base.Scheme != "https" && base.Scheme != "http") || base.RawQuery != "" || base.Fragment != "" {
		return nil, fmt.Errorf("twitter: %w: a gateway is a URL such as https://gateway.example", outage.ErrInvalid)
	}
	if base.User != nil {
		return nil, fmt.Errorf("twitter: %w: a gateway's URL has no user; give a token or keys", outage.ErrInvalid)
	}
	if cfg.Token != "" && base.Scheme != "https" && !social.Loopback(base.Hostname()) {
		return nil, fmt.Errorf("twitter: %w: a gateway gets its token over https only", outage.ErrInvalid)
	}
	if k := cfg.Keys; k != (V1Keys{}) {
		if cfg.Token != "" {
			return nil, fmt.Errorf("twitter: %w: a gateway takes a token or keys, not both", outage.ErrInvalid)
		}
		if k.ConsumerKey == "" || k.ConsumerSecret == "" || k.Token == "" || k.TokenSecret == "" {
			return nil, fmt.Errorf("twitter: %w: the keys of a gateway are four", outage.ErrInvalid)
		}
	}
	if err := checkTerms(cfg.Track); err != nil {
		return nil, err
	}
	if cfg.Transport == nil {
		cfg.Transport = http.DefaultTransport
	}
	if cfg.Quiet <= 0 {
		cfg.Quiet = v1Quiet
	}
	return &V1{
		base: base, token: cfg.Token, keys: cfg.Keys, track: cfg.Track,
		transport: cfg.Transport, quiet: cfg.Quiet,
	}, nil
}

// Source implements [social.Network].
func (n *V1) Source() outage.Source { return outage.SourceTwitter }

// Instance is the gateway's host.
func (n *V1) Instance() string { return n.base.Host }

// Backoff is that of the API for connections that break.
func (n *V1) Backoff() social.Backoff {
	return social.Backoff{First: 250 * time.Millisecond, Most: 16 * time.Second}
}

var (
	errV1Ended = errors.New("the gateway ended the stream")
	errV1Quiet = social.Caused(archive.CauseSilent, errors.New("the gateway was silent for too long"))
	errV1Long  = social.Caused(archive.CauseUnreadable, errors.New("the gateway sends a message without end"))
)

// Read implements [social.Network]. The cursor is of no use here.
func (n *V1) Read(ctx context.Context, _ string, out social.Out) error {
	connected, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	line := newV1Line(n.quiet, func() { cancel(errV1Quiet) })
	client := v1.NewClient(n.client(connected, line))
	stream, err := client.Streams.Filter(&v1.StreamFilterParams{Track: n.track, StallWarnings: v1.Bool(true)})
	if err != nil {
		return fmt.Errorf("ask the gateway for a stream: %w", err)
	}
	err = n.relay(connected, stream.Messages, line, out)
	cancel(err)
	// go-twitter sends without looking whether anybody has gone: it ends at the
	// first failure after this, and only then may its Stop be called, which
	// would race with it.
	for range stream.Messages {
	}
	stream.Stop()
	if ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("twitter v1.1 gateway: %w", err)
}

// client is what go-twitter is given: one connection, signed.
func (n *V1) client(ctx context.Context, line *v1Line) *http.Client {
	transport := n.signed(ctx)
	return &http.Client{Transport: tripper(func(req *http.Request) (*http.Response, error) {
		if !line.used.CompareAndSwap(false, true) {
			// It would go on at once, at any pace.
			return nil, line.end()
		}
		req, err := n.aim(ctx, req)
		if err != nil {
			return nil, err
		}
		line.listen()
		res, err := transport.RoundTrip(req)
		line.rest()
		if err != nil {
			return nil, err //nolint:wrapcheck // relay does
		}
		if res.StatusCode != http.StatusOK {
			_ = res.Body.Close()
			return nil, n.refusal(res)
		}
		line.open(res.Body)
		res.Body = line
		return res, nil
	})}
}

// signed is the transport below, which signs requests if there is something to
// sign them with.
func (n *V1) signed(ctx context.Context) http.RoundTripper {
	if n.keys == (V1Keys{}) {
		return n.transport
	}
	ctx = context.WithValue(ctx, oauth1.HTTPClient, &http.Client{Transport: n.transport})
	return oauth1.NewConfig(n.keys.ConsumerKey, n.keys.ConsumerSecret).
		Client(ctx, oauth1.NewToken(n.keys.Token, n.keys.TokenSecret)).Transport
}

// relay hands over what go-twitter reads, until the connection ends.
func (n *V1) relay(ctx context.Context, messages <-chan any, line *v1Line, out social.Out) error {
	var garbage social.Garbage
	for {
		line.tell(out)
		select {
		case <-ctx.Done():
			return context.Cause(ctx) //nolint:wrapcheck // Read does
		case <-line.heard:
		case message, ok := <-messages:
			line.tell(out)
			if !ok {
				return line.end()
			}
			if err, failed := message.(*url.Error); failed { // its text holds the URL and all terms
				if cause := context.Cause(ctx); cause != nil {
					return cause //nolint:wrapcheck // Read does
				}
				return err.Err
			}
			n.refusals.Store(0)
			if err := take(ctx, message, out, &garbage); err != nil {
				return err
			}
		}
	}
}

// take hands over one message.
func take(ctx context.Context, message any, out social.Out, garbage *social.Garbage) error {
	switch m := message.(type) {
	case *v1.Tweet:
		post, err := fromTweet(m).post()
		if err != nil {
			out.Skipped("malformed")
			return garbage.Another()
		}
		garbage.Over()
		return out.Post(ctx, post)
	case *v1.StatusDeletion:
		if m == nil || !isID(m.IDStr) {
			out.Skipped("malformed")
			return garbage.Another()
		}
		garbage.Over()
		return out.Delete(ctx, m.IDStr)
	case error:
		out.Skipped("malformed")
		return garbage.Another()
	default:
		garbage.Over()
		out.Skipped("other_kind")
	}
	return nil
}
