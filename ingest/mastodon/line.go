package mastodon

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"github.com/outcryhq/outcry/ingest/social"
	"github.com/outcryhq/outcry/pkg/archive"
)

const (
	// largestMessage is the longest message that is read, in bytes.
	largestMessage = 1 << 20
	// waiting is how many events wait while the timeline is asked. When they are
	// too many, the stream is not read on.
	waiting = 512
	// looks is how often in the time of Quiet somebody looks whether the
	// connection is alive.
	looks = 6
)

var (
	errTooLarge = errors.New("a message was too large")
	errSilent   = social.Caused(archive.CauseSilent, errors.New("the connection was silent for too long"))
)

// line is one connection to the stream. One goroutine reads it and decodes,
// another asks for signs of life.
type line struct {
	conn   *websocket.Conn
	host   string
	now    func() time.Time
	quiet  time.Duration
	began  time.Time
	events chan event    // closed at the end, after err is set
	heard  chan struct{} // something has come
	err    error

	lastHeard atomic.Int64 // nanoseconds after began
	reading   atomic.Bool  // and not waiting for those who take events
	silent    atomic.Bool
	end       context.CancelFunc
	running   sync.WaitGroup
}

// connect opens the stream.
func (n *Network) connect(ctx context.Context) (*line, error) {
	stream, err := n.streaming(ctx)
	if err != nil {
		return nil, err
	}
	l := &line{
		host: n.base.Host, now: n.now, quiet: n.quiet, began: time.Now(),
		events: make(chan event, waiting), heard: make(chan struct{}, 1),
	}
	shaking, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	//nolint:bodyclose // Dial has closed it
	conn, res, err := websocket.Dial(shaking, stream.String(), &websocket.DialOptions{
		HTTPClient: n.client, HTTPHeader: n.header(),
		OnPingReceived: func(context.Context, []byte) bool { l.hear(); return true },
		OnPongReceived: func(context.Context, []byte) { l.hear() },
	})
	if err != nil {
		n.stream = nil // it may have moved
		if res != nil && res.StatusCode != http.StatusSwitchingProtocols {
			return nil, n.refusal(res)
		}
		return nil, fmt.Errorf("mastodon: connect to %s: %w", n.base.Host, err)
	}
	conn.SetReadLimit(largestMessage)
	l.conn = conn
	ctx, l.end = context.WithCancel(ctx)
	l.running.Go(func() { l.read(ctx) })
	l.running.Go(func() { l.watch(ctx) })
	return l, nil
}

// close ends the connection and waits for the goroutines.
func (l *line) close() {
	l.end()
	_ = l.conn.CloseNow()
	l.running.Wait()
}

func (l *line) hear() {
	l.lastHeard.Store(int64(time.Since(l.began)))
	select {
	case l.heard <- struct{}{}:
	default: // it is told once
	}
}

func (l *line) read(ctx context.Context) {
	defer close(l.events)
	for {
		l.lastHeard.Store(int64(time.Since(l.began)))
		l.reading.Store(true)
		kind, message, err := l.conn.Read(ctx)
		l.reading.Store(false)
		if err != nil {
			l.err = l.why(err)
			return
		}
		l.hear()
		e := event{kind: malformed}
		if kind == websocket.MessageText {
			e = decode(message, l.host, l.now())
		}
		select {
		case l.events <- e:
		case <-ctx.Done():
			l.err = fmt.Errorf("mastodon: %w", ctx.Err())
			return
		}
	}
}

// why says why reading has ended. What a server says in its farewell is not repeated.
func (l *line) why(err error) error {
	code := websocket.CloseStatus(err)
	switch {
	case l.silent.Load():
		err = errSilent
	case errors.Is(err, websocket.ErrMessageTooBig):
		err = errTooLarge
	case code >= 0:
		return fmt.Errorf("mastodon: %s closed the stream with code %d", l.host, int(code))
	}
	return fmt.Errorf("mastodon: stream of %s: %w", l.host, err)
}

// watch asks for a sign of life where there was none for a while, so that minutes
// without a post count as listened to, and ends a connection that gives none.
func (l *line) watch(ctx context.Context) {
	every := max(l.quiet/looks, time.Millisecond)
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if !l.reading.Load() {
			continue // a pong would not be seen
		}
		silence := time.Since(l.began) - time.Duration(l.lastHeard.Load())
		if silence >= l.quiet {
			l.silent.Store(true)
			l.end()
			return
		}
		if silence >= every {
			asking, cancel := context.WithTimeout(ctx, every)
			_ = l.conn.Ping(asking) // the pong is heard, or not
			cancel()
		}
	}
}
