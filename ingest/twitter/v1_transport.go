package twitter

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/outcryhq/outcry/ingest/social"
)

// The waits after refusals that the API asks for, which double with each.
const (
	firstLimited, mostLimited = time.Minute, 16 * time.Minute
	firstRefused, mostRefused = 5 * time.Second, 320 * time.Second
	// mostAsked is the longest Retry-After that is honoured.
	mostAsked = time.Hour
	// statusCalm is the status of early versions for too many requests.
	statusCalm = 420
)

type tripper func(*http.Request) (*http.Response, error)

// RoundTrip implements [http.RoundTripper].
func (t tripper) RoundTrip(req *http.Request) (*http.Response, error) { return t(req) }

// aim turns go-twitter's request, which goes to the hosted API, towards the
// gateway. The terms go from the query into the body, as the API's guide has it:
// four hundred are too long for many servers' request lines.
func (n *V1) aim(ctx context.Context, req *http.Request) (*http.Request, error) {
	target := n.base.JoinPath(req.URL.Path)
	aimed, err := http.NewRequestWithContext(ctx, req.Method, target.String(), strings.NewReader(req.URL.RawQuery)) //nolint:gosec // the operator names the gateway
	if err != nil {
		return nil, fmt.Errorf("ask the gateway: %w", err)
	}
	aimed.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	aimed.Header.Set("User-Agent", "outcry")
	if n.token != "" {
		aimed.Header.Set("Authorization", "Bearer "+n.token)
	}
	return aimed, nil
}

// refusal says what a status means. Only the status is repeated: what else the
// gateway said may be anything.
func (n *V1) refusal(res *http.Response) error {
	err := fmt.Errorf("the gateway answered with status %d", res.StatusCode)
	switch res.StatusCode {
	case http.StatusUnauthorized, http.StatusForbidden,
		http.StatusNotAcceptable, http.StatusRequestEntityTooLarge, http.StatusRequestedRangeNotSatisfiable:
		return social.Permanent(err)
	case statusCalm, http.StatusTooManyRequests:
		return n.retry(err, firstLimited, mostLimited, res)
	}
	return n.retry(err, firstRefused, mostRefused, res)
}

// retry says how long to wait: as long as the gateway asks, else twice as long
// with each refusal in a row.
func (n *V1) retry(err error, first, most time.Duration, res *http.Response) error {
	wait := first
	for refused := n.refusals.Add(1); refused > 1 && wait < most; refused-- {
		wait = min(2*wait, most)
	}
	if asked, ok := seconds(res.Header.Get("Retry-After")); ok {
		wait = asked
	}
	return &social.RetryError{After: wait, Err: err}
}

// v1Line is the body of one response as go-twitter may see it: whole messages of
// bounded length, no keep-alives. It is read by go-twitter and told about to
// relay, so that social.Out is used by one goroutine.
type v1Line struct {
	used     atomic.Bool // the one request was made
	opened   atomic.Bool // it was answered with 200, and relay has not said so yet
	tooLarge atomic.Int64
	alive    atomic.Bool
	heard    chan struct{} // there is something to tell
	failure  atomic.Pointer[error]

	quiet    time.Duration
	watchdog *time.Timer // runs while the gateway is waited for, and not us

	body io.ReadCloser
	in   *bufio.Reader
	buf  []byte // the message
	left []byte // what go-twitter has not taken of it
}

func newV1Line(quiet time.Duration, silent func()) *v1Line {
	l := &v1Line{heard: make(chan struct{}, 1), quiet: quiet, watchdog: time.AfterFunc(quiet, silent)}
	l.watchdog.Stop()
	return l
}

func (l *v1Line) listen() { l.watchdog.Reset(l.quiet) }
func (l *v1Line) rest()   { l.watchdog.Stop() }

func (l *v1Line) open(body io.ReadCloser) {
	l.body, l.in = body, bufio.NewReaderSize(body, 64<<10)
	l.opened.Store(true)
	l.wake()
}

func (l *v1Line) wake() {
	select {
	case l.heard <- struct{}{}:
	default: // it is told about all at once
	}
}

// tell passes on what happened below the messages.
func (l *v1Line) tell(out social.Out) {
	if l.opened.CompareAndSwap(true, false) {
		out.Connected()
	}
	if l.alive.CompareAndSwap(true, false) {
		out.Alive()
	}
	for range l.tooLarge.Swap(0) {
		out.Skipped("too_large")
	}
}

// end is why the connection ended.
func (l *v1Line) end() error {
	if err := l.failure.Load(); err != nil && !errors.Is(*err, io.EOF) {
		return fmt.Errorf("%w: %w", errV1Ended, *err)
	}
	return errV1Ended
}

// Read implements [io.Reader].
func (l *v1Line) Read(p []byte) (int, error) {
	for len(l.left) == 0 {
		if err := l.next(); err != nil {
			l.failure.CompareAndSwap(nil, &err)
			return 0, err
		}
	}
	n := copy(p, l.left)
	l.left = l.left[n:]
	return n, nil
}

// Close implements [io.Closer].
func (l *v1Line) Close() error {
	l.rest()
	return l.body.Close() //nolint:wrapcheck // nobody looks
}

// next reads a message into left. It ends in a carriage return and a line feed;
// line feeds alone may stand within it.
func (l *v1Line) next() error {
	l.buf = l.buf[:0]
	dropped := 0
	for {
		l.listen()
		part, err := l.in.ReadSlice('\n')
		l.rest()
		if len(part) > 0 {
			l.alive.Store(true)
			l.wake()
		}
		l.buf = append(l.buf, part...)
		if len(l.buf) > longestV1 || dropped > 0 {
			dropped += len(l.buf)
			l.buf = append(l.buf[:0], l.buf[max(len(l.buf)-2, 0):]...) // to see the end, which may be cut in two
		}
		switch {
		case dropped > mostDropped:
			return errV1Long
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF) && dropped == 0 && len(bytes.TrimSpace(l.buf)) > 0:
			l.left = append(l.buf, "\r\n"...) // a last message without its end
			return nil
		case err != nil:
			return err //nolint:wrapcheck // end does
		case !bytes.HasSuffix(l.buf, []byte("\r\n")):
			continue
		case dropped > 0:
			l.tooLarge.Add(1)
			l.wake()
			return nil
		}
		if len(bytes.TrimSpace(l.buf)) > 0 {
			l.left = l.buf
		}
		return nil
	}
}
