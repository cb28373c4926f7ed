package bluesky

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/coder/websocket"

	"github.com/outcryhq/outcry/ingest/social"
	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

const (
	// rewind is how far before the cursor is asked for again: hosts do not see the
	// same event at the same time, nor all in the order of their times.
	rewind = 5 * time.Second
	// handshakeWithin bounds how long a connection may take to be there.
	handshakeWithin = 15 * time.Second
	defaultSilence  = 30 * time.Second
	// politePause is for a host that wants to be left alone and does not say how long.
	politePause = time.Minute
	mostPause   = time.Hour
)

// Config is what a Network needs.
type Config struct {
	// Hosts are names, host:port, or URLs with the scheme ws or wss; nil means DefaultHosts.
	Hosts  []string
	Logger *slog.Logger
	Now    func() time.Time // nil means time.Now
	// Silence is after how long without an event a host has failed; 0 means 30 s.
	Silence time.Duration
}

// Network is Bluesky. Its Read may be called again, but not twice at once.
type Network struct {
	hosts   *hosts
	logger  *slog.Logger
	now     func() time.Time
	silence time.Duration
	client  *http.Client
}

var _ social.Network = (*Network)(nil)

// New returns a Network, which connects when it is read. The error says which
// host cannot be one.
func New(config Config) (*Network, error) {
	if config.Hosts == nil {
		config.Hosts = DefaultHosts()
	}
	switch {
	case config.Logger == nil:
		return nil, errors.New("bluesky: a logger is required")
	case config.Silence < 0:
		return nil, errors.New("bluesky: the silence must not be negative")
	}
	parsed, err := parseHosts(config.Hosts)
	if err != nil {
		return nil, err
	}
	n := &Network{
		hosts: parsed, logger: config.Logger.With("source", string(outage.SourceBluesky)),
		now: config.Now, silence: config.Silence,
		client: &http.Client{
			Transport: &http.Transport{
				Proxy: http.ProxyFromEnvironment, TLSHandshakeTimeout: handshakeWithin, DisableKeepAlives: true,
			},
			// A host speaks for itself alone; the operator has named it.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	if n.now == nil {
		n.now = time.Now
	}
	if n.silence == 0 {
		n.silence = defaultSilence
	}
	return n, nil
}

// Source implements social.Network.
func (n *Network) Source() outage.Source { return outage.SourceBluesky }

// Instance implements social.Network. There is one Bluesky, whichever host is asked.
func (n *Network) Instance() string { return "" }

// Resumes implements social.Resumes: hosts keep what happened for longer than it counts.
func (n *Network) Resumes() bool { return true }

// Backoff says how long to wait between connections. Hosts that are restarted
// say so, and posts wait on the next one: so the first pause is short.
func (n *Network) Backoff() social.Backoff {
	return social.Backoff{First: 500 * time.Millisecond, Most: 30 * time.Second}
}

// Read implements social.Network: it asks one host. The next call asks the next
// one if this has failed.
func (n *Network) Read(ctx context.Context, cursor string, out social.Out) error {
	asked := n.hosts.pick(n.now())
	err := n.readHost(ctx, asked, cursor, out)
	if ctx.Err() != nil {
		return nil //nolint:nilerr // the end that was wanted
	}
	return n.judge(asked, err)
}

// readHost connects and reads until something fails.
func (n *Network) readHost(ctx context.Context, asked *host, cursor string, out social.Out) error {
	conn, err := n.dial(ctx, n.address(asked, cursor), out)
	if err != nil {
		return err
	}
	defer func() { _ = conn.CloseNow() }()
	n.hosts.welcomed()
	out.Connected()
	s, err := newStream(conn, out, n.silence)
	if err != nil {
		return err
	}
	return s.read(ctx)
}

// address is the URL of a subscription to posts that goes on after the cursor.
func (n *Network) address(asked *host, cursor string) string {
	query := url.Values{
		"wantedCollections":   {collection},
		"compress":            {"true"},
		"maxMessageSizeBytes": {strconv.Itoa(maxMessage)},
	}
	if cursor != "" {
		at, err := strconv.ParseInt(cursor, 10, 64)
		if err != nil || at < leastTime || at > mostTime {
			n.logger.Warn("the cursor that was kept is not one of this network; reading from now on")
		} else {
			// Posts that are too old to count would only delay those that are not.
			oldest := n.now().Add(-live.LateAfter).UnixMicro()
			at = min(at, n.now().UnixMicro()) // a host may have sent a time that is yet to come
			query.Set("cursor", strconv.FormatInt(max(at-rewind.Microseconds(), oldest, leastTime), 10))
		}
	}
	u := *asked.url
	u.RawQuery = query.Encode()
	return u.String()
}

func (n *Network) dial(ctx context.Context, address string, out social.Out) (*websocket.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, handshakeWithin)
	defer cancel()
	conn, resp, err := websocket.Dial(ctx, address, &websocket.DialOptions{ //nolint:bodyclose // Dial has closed it
		HTTPClient: n.client,
		HTTPHeader: http.Header{"User-Agent": {"outcry (+https://github.com/outcryhq/outcry)"}},
		// A host refuses both kinds of compression at once.
		CompressionMode: websocket.CompressionDisabled,
		OnPingReceived: func(context.Context, []byte) bool {
			out.Alive()
			return true
		},
	})
	if err == nil {
		return conn, nil
	}
	if resp != nil && resp.StatusCode != http.StatusSwitchingProtocols {
		return nil, &refusalError{status: resp.StatusCode, after: social.RetryAfter(resp.Header.Get("Retry-After"), n.now(), mostPause)}
	}
	return nil, fmt.Errorf("connect: %w", err)
}

// refusalError is an answer that is not the upgrade.
type refusalError struct {
	status int
	after  time.Duration // as the host asked; 0 if it did not
}

func (e *refusalError) Error() string {
	return fmt.Sprintf("the host answered with status %d", e.status)
}

// final says that the same request will be refused again.
func (e *refusalError) final() bool {
	switch e.status {
	case http.StatusTooManyRequests, http.StatusRequestTimeout, http.StatusTooEarly:
		return false
	default:
		return e.status >= 400 && e.status < 500
	}
}

// pause is how long to leave the host alone at least.
func (e *refusalError) pause() time.Duration {
	switch {
	case e.final():
		return setAside
	case e.after > 0:
		return e.after
	case e.status == http.StatusTooManyRequests:
		return politePause
	default:
		return 0
	}
}

// judge says what a failure means for the next try.
func (n *Network) judge(asked *host, err error) error {
	err = fmt.Errorf("%s: %w", asked.url.Host, err)
	refusal, refused := errors.AsType[*refusalError](err)
	if !refused {
		_, _ = n.hosts.failed(n.now(), 0, false)
		return err
	}
	wait, all := n.hosts.failed(n.now(), refusal.pause(), refusal.final())
	switch {
	case all:
		return social.Permanent(err)
	case wait > 0:
		return &social.RetryError{After: wait, Err: err}
	default:
		return err
	}
}
