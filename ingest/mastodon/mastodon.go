package mastodon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/outcryhq/outcry/ingest/social"
	"github.com/outcryhq/outcry/pkg/outage"
)

const (
	defaultQuiet = 90 * time.Second
	longestToken = 512
)

// Config says which instance to follow.
type Config struct {
	// Instance is a URL such as https://mastodon.example, or a host alone. HTTP
	// without TLS is for loopback addresses.
	Instance string
	// Token is a user's, with the scope read:statuses.
	Token string

	Quiet     time.Duration    // silence after which a connection is given up; 0 means 90 s
	Now       func() time.Time // nil: time.Now
	Logger    *slog.Logger     // nil: none
	Transport *http.Transport  // nil: like that of net/http
}

// Network follows one instance. Read is for one goroutine at a time.
type Network struct {
	base   *url.URL
	token  string
	quiet  time.Duration
	now    func() time.Time
	logger *slog.Logger
	client *http.Client

	stream *url.URL // where the instance streams; nil until it has said so
	known  *known
}

var _ social.Network = (*Network)(nil)

// New checks the configuration. A bad one is outage.ErrInvalid.
func New(config Config) (*Network, error) {
	base, err := instanceURL(config.Instance)
	if err != nil {
		return nil, err
	}
	if err := checkToken(config.Token); err != nil {
		return nil, fmt.Errorf("%w, for %s", err, base.Host)
	}
	if config.Quiet <= 0 {
		config.Quiet = defaultQuiet
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	n := &Network{
		base: base, token: config.Token, quiet: config.Quiet, now: config.Now,
		logger: config.Logger, known: newKnown(mostKnown),
	}
	if n.client, err = newClient(config.Transport); err != nil {
		return nil, err
	}
	return n, nil
}

// CheckInstance says whether New would take an instance, and returns its host.
func CheckInstance(instance string) (host string, err error) {
	base, err := instanceURL(instance)
	if err != nil {
		return "", err
	}
	return base.Host, nil
}

// instanceURL reads an instance's URL. Errors do not show it: it may hold a
// secret that does not belong there.
func instanceURL(instance string) (*url.URL, error) {
	if !strings.Contains(instance, "://") {
		instance = "https://" + instance
	}
	u, err := url.Parse(instance)
	switch {
	case err != nil || u.Hostname() == "" || strings.ContainsAny(u.Host, ", \t") || u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "":
		return nil, fmt.Errorf("mastodon: %w: an instance is a URL such as https://mastodon.example", outage.ErrInvalid)
	case u.User != nil:
		return nil, fmt.Errorf("mastodon: %w: an instance's URL has no user and no token; tokens are in a file of their own", outage.ErrInvalid)
	case u.Scheme == "https", u.Scheme == "http" && social.Loopback(u.Hostname()):
		return &url.URL{Scheme: u.Scheme, Host: strings.ToLower(u.Host)}, nil
	}
	return nil, fmt.Errorf("mastodon: %w: an instance is spoken to over https, because of the token", outage.ErrInvalid)
}

func checkToken(token string) error {
	if token == "" || len(token) > longestToken {
		return fmt.Errorf("mastodon: %w: a token has 1 to %d characters", outage.ErrInvalid, longestToken)
	}
	for i := range len(token) {
		if token[i] <= ' ' || token[i] > '~' {
			return fmt.Errorf("mastodon: %w: a token has visible ASCII characters alone", outage.ErrInvalid)
		}
	}
	return nil
}

// Source implements [social.Network].
func (n *Network) Source() outage.Source { return outage.SourceMastodon }

// Instance is the instance's host.
func (n *Network) Instance() string { return n.base.Host }

// Resumes implements [social.Resumes]: the timeline gives what was missed.
func (n *Network) Resumes() bool { return true }

// Read implements [social.Network].
func (n *Network) Read(ctx context.Context, cursor string, out social.Out) error {
	defer n.client.CloseIdleConnections()
	err := n.read(ctx, cursor, out)
	if ctx.Err() != nil {
		return nil // the end of ctx breaks whatever was under way
	}
	return err
}

func (n *Network) read(ctx context.Context, cursor string, out social.Out) error {
	line, err := n.connect(ctx)
	if err != nil {
		return err
	}
	defer line.close()
	out.Connected()

	r := reading{Network: n, out: out}
	since, ok := parseCursor(cursor)
	if ok {
		if now := n.now(); since.After(now) {
			since = now // a clock was wrong; what is kept would stay until then
		}
		r.reached = since
		err = r.catchUp(ctx, since)
	} else {
		r.advanceTo(n.now())
	}
	if err != nil {
		return err
	}
	return r.follow(ctx, line)
}

// reading is one connection's worth of posts.
type reading struct {
	*Network
	out     social.Out
	reached time.Time           // the newest post's, as the cursor says it
	caught  map[string]struct{} // ids that the timeline gave, and the stream may give again
	garbage social.Garbage
}

// follow hands over what the stream brings until it ends.
func (r *reading) follow(ctx context.Context, line *line) error {
	for {
		select {
		case <-ctx.Done():
			return fmt.Errorf("mastodon: %w", ctx.Err())
		case <-line.heard:
			r.out.Alive()
		case e, open := <-line.events:
			if !open {
				if errors.Is(line.err, errTooLarge) {
					r.out.Skipped("too_large")
				}
				return line.err
			}
			if err := r.take(ctx, e); err != nil {
				return err
			}
		}
	}
}

// take hands over one event of the stream.
func (r *reading) take(ctx context.Context, e event) error {
	if e.kind != malformed {
		r.garbage.Over()
	}
	switch e.kind {
	case aPost:
		if _, again := r.caught[e.local]; again {
			return nil
		}
		if err := r.post(ctx, e); err != nil {
			return err
		}
		r.advance(e)
	case aDeletion:
		if err := r.out.Delete(ctx, idOf(r.base.Host, e.local)); err != nil {
			return fmt.Errorf("mastodon: %w", err)
		}
	case aRefusal:
		return r.refusedWithin(e.status)
	case ofOtherKind:
		r.out.Skipped("other_kind")
	case malformed:
		r.out.Skipped("malformed")
		if err := r.garbage.Another(); err != nil {
			return fmt.Errorf("mastodon: %w", err)
		}
	}
	return nil
}

func (r *reading) post(ctx context.Context, e event) error {
	if err := r.out.Post(ctx, e.post); err != nil {
		return fmt.Errorf("mastodon: %w", err)
	}
	r.known.add(e.local)
	return nil
}

// advance moves the cursor to a post's time, if that can be. It never goes back:
// a post may come late.
func (r *reading) advance(e event) {
	if !e.forged {
		r.advanceTo(e.post.At)
	}
}

func (r *reading) advanceTo(to time.Time) {
	if to.After(r.reached) {
		r.reached = to
		r.out.Advance(strconv.FormatInt(to.UnixMilli(), 10))
	}
}

func parseCursor(cursor string) (time.Time, bool) {
	ms, err := strconv.ParseInt(cursor, 10, 64)
	if err != nil || ms <= 0 || len(cursor) > 15 {
		return time.Time{}, false
	}
	return time.UnixMilli(ms).UTC(), true
}
