package stream_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/api/stream"
	"github.com/outcryhq/outcry/pkg/outage"
)

var morning = time.Date(2017, 11, 3, 8, 0, 0, 0, time.UTC)

var errGone = errors.New("gone")

// source is a live state, with the clock that it goes by.
type source struct {
	mu      sync.Mutex
	now     time.Time
	away    bool
	outages map[outage.ID]outage.Change
	remarks map[outage.ID][]outage.Remark
	spikes  []outage.Spike
	blind   bool // not all is watched
	archive bool // is away
}

func newSource() *source {
	return &source{now: morning, outages: map[outage.ID]outage.Change{}, remarks: map[outage.ID][]outage.Remark{}}
}

func (s *source) clock() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *source) read(context.Context) (stream.State, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.away {
		return stream.State{}, errGone
	}
	state := stream.State{Spikes: slices.Clone(s.spikes), Watched: !s.blind}
	for _, c := range s.outages {
		state.Outages = append(state.Outages, c)
	}
	return state, nil
}

func (s *source) readRemarks(_ context.Context, of ...outage.ID) (map[outage.ID][]outage.Remark, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.archive {
		return nil, errGone
	}
	found := map[outage.ID][]outage.Remark{}
	for _, id := range of {
		if r := s.remarks[id]; len(r) > 0 {
			found[id] = slices.Clone(r)
		}
	}
	return found, nil
}

// with changes the source.
func (s *source) with(change func(*source)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s)
}

func (s *source) pass(d time.Duration) { s.with(func(s *source) { s.now = s.now.Add(d) }) }

// put writes an outage with a new revision, and returns it.
func (s *source) put(o outage.Outage) outage.Outage {
	s.mu.Lock()
	defer s.mu.Unlock()
	o.Revision++
	s.outages[o.ID] = outage.Change{Fence: 3, Outage: o}
	return o
}

// begin makes an outage that has just been noticed; put it.
func (s *source) begin(service string, countries ...string) outage.Outage {
	now := s.clock()
	o := outage.Outage{
		ID: outage.NewID(now), Service: service, State: outage.Ongoing,
		StartedAt: now.Add(-3 * time.Minute), DetectedAt: now, Peak: outage.Peak{At: now},
	}
	for _, country := range countries {
		o.Impacts = append(o.Impacts, outage.Impact{Country: country, State: outage.Ongoing, StartedAt: o.StartedAt, DetectedAt: now})
	}
	return o
}

// over ends it now.
func (s *source) over(o outage.Outage) outage.Outage {
	now := s.clock()
	ended := now.Add(-10 * time.Minute)
	o.State, o.EndedAt, o.ClosedAt = outage.Ended, &ended, &now
	return o
}

// hub is a running hub behind HTTP.
type hub struct {
	*stream.Hub
	url      string
	registry *prometheus.Registry
	stop     func()
}

func startHub(t *testing.T, s *source, change ...func(*stream.Config)) *hub {
	t.Helper()
	h := &hub{registry: prometheus.NewRegistry()}
	cfg := stream.Config{
		Read: s.read, Remarks: s.readRemarks, Now: s.clock, Logger: slog.New(slog.DiscardHandler),
		Registerer: h.registry, PollEvery: 2 * time.Millisecond,
	}
	for _, c := range change {
		c(&cfg)
	}
	made, err := stream.New(cfg)
	require.NoError(t, err)
	h.Hub = made
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- made.Run(ctx) }()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		asked := stream.Request{LastID: r.Header.Get("Last-Event-ID"), From: netip.MustParseAddrPort(r.RemoteAddr).Addr()}
		asked.Spikes = query.Has("spikes")
		asked.Services, asked.Countries = words(query.Get("service")), words(query.Get("country"))
		if err := made.Serve(w, r, asked); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
		}
	}))
	h.url = server.URL
	h.stop = sync.OnceFunc(func() {
		cancel()
		require.NoError(t, <-ended)
		server.Close()
	})
	t.Cleanup(h.stop)
	return h
}

func words(list string) []string {
	if list == "" {
		return nil
	}
	return strings.Split(list, ",")
}

// event is what a reader got.
type event struct {
	ID, Type string
	Change   string           `json:"change"`
	Outage   outage.Published `json:"outage"`
	Remark   *outage.Remark   `json:"remark"`
	Spike    outage.Spike     `json:"spike"`
	Spikes   []outage.Spike   `json:"spikes"`
	Live     string           `json:"live"`
	Since    time.Time        `json:"since"`
	Reason   string           `json:"reason"`
}

// short says what an event was, in a word or two.
func (e event) short() string {
	switch e.Type {
	case "outage":
		return e.Change + " " + e.Outage.Service
	case "spike":
		return e.Change + " " + e.Spike.String()
	case "status":
		return "live " + e.Live
	case "reset":
		return "reset " + e.Reason
	default:
		return e.Type
	}
}

// line is a connection that is read event by event.
type line struct {
	t      testing.TB
	resp   *http.Response
	scan   *bufio.Scanner
	lastID string
	retry  string
}

func connect(t testing.TB, h *hub, query, lastID string) *line {
	t.Helper()
	l, err := dial(t.Context(), t, h, query, lastID)
	require.NoError(t, err)
	t.Cleanup(l.cut)
	return l
}

// dial is connect for as long as the context lasts.
func dial(ctx context.Context, t testing.TB, h *hub, query, lastID string) (*line, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, h.url+"/?"+query, nil)
	require.NoError(t, err)
	if lastID != "" {
		req.Header.Set("Last-Event-ID", lastID)
	}
	resp, err := http.DefaultClient.Do(req) //nolint:bodyclose // cut closes it
	if err != nil {
		return nil, err
	}
	require.Equal(t, http.StatusOK, resp.StatusCode)
	l := &line{t: t, resp: resp, scan: bufio.NewScanner(resp.Body), lastID: lastID}
	l.scan.Buffer(nil, 16<<20)
	return l, nil
}

// next returns the next event; false at the end of the connection.
func (l *line) next() (event, bool) {
	var e event
	var data string
	for l.scan.Scan() {
		field, value, _ := strings.Cut(l.scan.Text(), ": ")
		switch field {
		case "id":
			e.ID = value
		case "event":
			e.Type = value
		case "data":
			data = value
		case "retry":
			l.retry = value
		case "":
			if l.scan.Text() != "" {
				continue // a comment
			}
			if e.ID != "" {
				l.lastID = e.ID
			}
			if data == "" {
				e = event{}
				continue
			}
			require.NoError(l.t, json.Unmarshal([]byte(data), &e))
			return e, true
		}
	}
	return e, false
}

// until reads events up to the one that is named, and returns what they were.
func (l *line) until(last string) []string {
	l.t.Helper()
	var seen []string
	for {
		e, ok := l.next()
		require.True(l.t, ok, "the connection ended after %v, before %q", seen, last)
		seen = append(seen, e.short())
		if e.short() == last {
			return seen
		}
	}
}

func (l *line) cut() { _ = l.resp.Body.Close() }
