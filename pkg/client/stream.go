package client

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/outcryhq/outcry/pkg/outage"
)

// The types of events.
const (
	EventOutage = "outage" // Data is an OutageChange
	EventSpike  = "spike"  // Data is a SpikeChange
	EventSpikes = "spikes" // Data is CurrentSpikes
	EventStatus = "status" // Data is a LiveStatus
	EventReset  = "reset"  // Data is a Reset: what is ongoing follows
)

// Event is one event of the stream.
type Event struct {
	// ID is what to come back with. Never empty once an event had one.
	ID   string
	Type string
	Data json.RawMessage
}

// OutageChange is the data of an event "outage".
type OutageChange struct {
	Change string           `json:"change"` // opened, changed, ended, remarked
	Outage outage.Published `json:"outage"`
	Remark *outage.Remark   `json:"remark,omitempty"` // remarked only
}

// SpikeChange is the data of an event "spike".
type SpikeChange struct {
	Change string       `json:"change"` // began, changed, ended
	Spike  outage.Spike `json:"spike"`
}

// CurrentSpikes is the data of an event "spikes": all there are now.
type CurrentSpikes struct {
	Spikes []outage.Spike `json:"spikes"`
}

// LiveStatus is the data of an event "status".
type LiveStatus struct {
	Live  string    `json:"live"` // ok, away
	Since time.Time `json:"since"`
}

// Reset is the data of an event "reset".
type Reset struct {
	Reason string `json:"reason"` // new, expired, unknown, lost
}

const (
	// maxEvent bounds what a server may send as one event, in bytes.
	maxEvent = 8 << 20
	// silence is how long a server may say nothing, which sends a comment every
	// 15 seconds, before the connection is taken for broken.
	silence = 45 * time.Second
	// firstWait and longestWait bound the back-off between two connections.
	firstWait, longestWait = time.Second, time.Minute
)

// StreamOptions is what Stream asks for. The zero value is all outages.
type StreamOptions struct {
	Services  []string // slugs; none: all
	Countries []string // codes; none: all
	Spikes    bool
	// LastEventID is the id of the last event of an earlier stream; "": begin anew.
	LastEventID string
	// Disconnected, if set, is told why a connection ended and when the next is tried.
	Disconnected func(err error, wait time.Duration)
}

// Stream follows GET /v1/stream. When a connection breaks, or the server says
// that it is busy, it tries again, ever more rarely up to once a minute, from the
// event after the last one: Retries and MaxWait are for other calls. It ends when
// ctx does or when the loop is left, and with an error when trying again cannot
// help: an *Error with a status below 500, ErrNoStream, or what is wrong with the
// configuration.
func Stream(ctx context.Context, cfg Config, options StreamOptions) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		s := &following{options: options, http: cfg.HTTP, agent: cfg.UserAgent, lastID: options.LastEventID, yield: yield, retry: firstWait}
		if s.http == nil {
			s.http = http.DefaultClient
		}
		if s.agent == "" {
			s.agent = DefaultUserAgent
		}
		var err error
		if s.target, err = streamAddress(cfg.BaseURL, options); err != nil {
			yield(Event{}, err)
			return
		}
		s.follow(ctx)
	}
}

// ErrNoStream says that something answers that is no event stream.
var ErrNoStream = errors.New("the answer is no event stream; is an Outcry at this address?")

func streamAddress(address string, options StreamOptions) (string, error) {
	base, err := url.Parse(address)
	if err != nil || base.Scheme != "http" && base.Scheme != "https" || base.Host == "" {
		return "", errors.New(`client: base URL: want one like "https://outcry.example"`)
	}
	target := base.JoinPath("v1", "stream")
	query := url.Values{}
	if len(options.Services) > 0 {
		query.Set("service", strings.Join(options.Services, ","))
	}
	if len(options.Countries) > 0 {
		query.Set("country", strings.Join(options.Countries, ","))
	}
	if options.Spikes {
		query.Set("spikes", "true")
	}
	target.RawQuery, target.Fragment = query.Encode(), ""
	return target.String(), nil
}

// following is a stream over all of its connections.
type following struct {
	options StreamOptions
	http    *http.Client
	agent   string
	target  string
	lastID  string
	retry   time.Duration // the server's wish
	failed  int           // connections in a row that brought nothing
	yield   func(Event, error) bool
}

// errLeft: the loop was left.
var errLeft = errors.New("left")

func (s *following) follow(ctx context.Context) {
	for {
		wait, err := s.connect(ctx)
		if ctx.Err() != nil || errors.Is(err, errLeft) {
			return
		}
		if !passing(err) {
			s.yield(Event{}, err)
			return
		}
		s.failed++
		backOff := min(s.retry<<min(s.failed-1, 10), longestWait)
		wait = max(wait, backOff/2+rand.N(backOff/2+1)) //nolint:gosec // nobody gains by guessing it
		if s.options.Disconnected != nil {
			s.options.Disconnected(err, wait)
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
	}
}

// connect reads one connection to its end, and says how long the server wants
// one to wait.
func (s *following) connect(ctx context.Context) (wait time.Duration, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	quiet := time.AfterFunc(silence, func() { cancel(errSilence) })
	defer quiet.Stop()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.target, nil)
	if err != nil {
		return 0, fmt.Errorf("ask for the stream: %w", err)
	}
	req.Header.Set("Accept", "text/event-stream")
	if s.lastID != "" {
		req.Header.Set("Last-Event-ID", s.lastID)
	}
	req.Header.Set("User-Agent", s.agent)
	resp, err := s.http.Do(req)
	if err != nil {
		return 0, causeOf(ctx, err)
	}
	defer func() { _ = resp.Body.Close() }()
	if wait, err := acceptable(resp); err != nil {
		return wait, err
	}
	events := newEventReader(&heard{resp.Body, quiet})
	for {
		event, err := events.next()
		if events.retry > 0 {
			s.retry = min(events.retry, longestWait)
		}
		if events.lastID != "" {
			s.lastID = events.lastID
		}
		if err != nil {
			return 0, causeOf(ctx, err)
		}
		s.failed = 0
		event.ID = s.lastID
		if !s.yield(event, nil) {
			return 0, errLeft
		}
	}
}

var errSilence = errors.New("the server has fallen silent")

// causeOf prefers our own reason for the end of a connection.
func causeOf(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause //nolint:wrapcheck // it is ours
	}
	if errors.Is(err, io.EOF) {
		return errors.New("the server ended the connection")
	}
	return err
}

// passing reports whether an error may be over the next time.
func passing(err error) bool {
	if said, ok := errors.AsType[*Error](err); ok {
		return said.Status == http.StatusTooManyRequests || said.Status >= http.StatusInternalServerError
	}
	return !errors.Is(err, ErrNoStream)
}

// acceptable reads the head of an answer, and says how long the server asks one
// to wait if it is no stream.
func acceptable(resp *http.Response) (time.Duration, error) {
	if resp.StatusCode >= http.StatusBadRequest {
		failed := readError(resp)
		return min(failed.RetryAfter, longestWait), failed
	}
	mediaType, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if err != nil || resp.StatusCode != http.StatusOK || mediaType != "text/event-stream" {
		return 0, ErrNoStream
	}
	return 0, nil
}

// heard puts off the end of a connection while it brings anything.
type heard struct {
	from  io.Reader
	quiet *time.Timer
}

func (h *heard) Read(p []byte) (int, error) {
	n, err := h.from.Read(p)
	if n > 0 {
		h.quiet.Reset(silence)
	}
	return n, err //nolint:wrapcheck // as the reader has it
}

// eventReader reads server-sent events as the HTML standard, section 9.2.6,
// says, one after another.
type eventReader struct {
	from   *bufio.Reader
	begun  bool
	lastID string
	retry  time.Duration
	line   []byte
	afterR bool // the last line ended with CR: an LF belongs to it
}

func newEventReader(from io.Reader) *eventReader {
	return &eventReader{from: bufio.NewReader(from)}
}

var (
	errTooLong = errors.New("an event is longer than any should be")
	bom        = []byte("\xEF\xBB\xBF") //nolint:gochecknoglobals // constant
)

// next returns the next event that has data. What is left at the end of the
// input without an empty line after it is no event.
func (r *eventReader) next() (Event, error) {
	var event Event
	var data []byte
	some := false
	id := r.lastID
	for {
		line, err := r.readLine()
		if err != nil {
			return Event{}, err
		}
		if len(line) == 0 {
			r.lastID = id
			if !some {
				event.Type = ""
				continue
			}
			event.Data = data[:len(data)-1]
			event.ID = id
			if event.Type == "" {
				event.Type = "message"
			}
			return event, nil
		}
		field, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimPrefix(value, []byte(" "))
		switch string(field) {
		case "event":
			event.Type = string(value)
		case "data":
			if len(data)+len(value) > maxEvent {
				return Event{}, errTooLong
			}
			data, some = append(append(data, value...), '\n'), true
		case "id":
			if bytes.IndexByte(value, 0) < 0 {
				id = string(value)
			}
		case "retry":
			if ms, err := strconv.ParseUint(string(value), 10, 31); err == nil && value[0] != '+' {
				r.retry = time.Duration(ms) * time.Millisecond
			}
		}
	}
}

// readLine returns a line without its end: LF, CR or both. It is good until the
// next call.
func (r *eventReader) readLine() ([]byte, error) {
	r.line = r.line[:0]
	for {
		b, err := r.from.ReadByte()
		if err != nil {
			return nil, err //nolint:wrapcheck // as the reader has it
		}
		if r.afterR {
			r.afterR = false
			if b == '\n' {
				continue
			}
		}
		if b == '\n' || b == '\r' {
			r.afterR = b == '\r'
			if !r.begun {
				r.begun = true
				r.line = bytes.TrimPrefix(r.line, bom)
			}
			return r.line, nil
		}
		if len(r.line) >= maxEvent {
			return nil, errTooLong
		}
		r.line = append(r.line, b)
	}
}
