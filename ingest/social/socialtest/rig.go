package socialtest

import (
	"context"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/ingest/identity"
	"github.com/outcryhq/outcry/ingest/match"
	"github.com/outcryhq/outcry/ingest/social"
	"github.com/outcryhq/outcry/pkg/archive"
	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

const (
	// patience is how long a test waits for what must happen.
	patience = 20 * time.Second
	look     = 5 * time.Millisecond
	// inFlight is smaller than usual, so that tests reach it.
	inFlight = 16
)

// rig is a Listener over a server, with all around it in memory. What it keeps
// outlives the Listener, so that another one can go on.
type rig struct {
	*testing.T
	server Server
	sink   *sink
	store  *store

	listener *social.Listener
	end      context.CancelFunc
	ended    chan error
}

func newRig(t *testing.T, server Server) *rig {
	r := &rig{T: t, server: server, sink: &sink{reports: map[outage.ID]outage.Report{}}, store: &store{forgotten: map[outage.ID]bool{}}}
	t.Cleanup(r.stop)
	return r
}

// start runs a new Listener.
func (r *rig) start() {
	r.Helper()
	listener, err := social.New(social.Config{
		Network: r.server.Network(), Classifier: classifier{}, Sink: r.sink, Hasher: hasher{}, IDs: hasher{}, Cursors: r.store, Coverer: r.store,
		Forgetter: r.store, KeepLinks: true, Now: time.Now, Logger: slog.New(slog.DiscardHandler), InFlight: inFlight,
		Backoff: social.Backoff{First: 5 * time.Millisecond, Most: 50 * time.Millisecond}, Connects: 1000,
	})
	require.NoError(r, err)
	ctx, cancel := context.WithCancel(r.Context())
	r.listener, r.end, r.ended = listener, cancel, make(chan error, 1)
	go func() { r.ended <- listener.Run(ctx) }()
}

// stop ends the Listener, if there is one, within a few seconds.
func (r *rig) stop() {
	r.Helper()
	if r.listener == nil {
		return
	}
	r.end()
	select {
	case err := <-r.ended:
		require.NoError(r, err)
	case <-time.After(patience):
		require.Fail(r, "the listener does not end")
	}
	r.listener = nil
}

// startListening runs a new Listener and waits until it is connected.
func (r *rig) startListening() {
	r.Helper()
	r.start()
	r.awaitConnection()
}

func (r *rig) awaitConnection() {
	r.Helper()
	r.await("a connection", func() bool { return r.state().Status == archive.SourceListening })
}

// awaitCursor waits for the first cursor: before it, a lost connection goes on
// with what comes then.
func (r *rig) awaitCursor() {
	r.Helper()
	if r.server.Abilities().Resumes {
		r.await("a cursor", func() bool { return r.state().Cursor != "" })
	}
}

// await waits until something holds.
func (r *rig) await(what string, holds func() bool) {
	r.Helper()
	require.Eventually(r, holds, patience, look, what)
}

func (r *rig) state() social.State { return r.listener.State() }

// emit sends complaints with the numbers from up to, but without, to.
func (r *rig) emit(from, to int) {
	for n := from; n < to; n++ {
		r.server.Emit(complaint(n))
	}
}

// complaint is a post that the suite's classifier takes.
func complaint(n int) social.Post {
	return social.Post{
		ID: strconv.Itoa(n), Author: strconv.Itoa(100_000 + n), Text: fmt.Sprintf("This is complaint %d, in several words.", n),
		Language: "en", At: time.Now().UTC().Truncate(time.Millisecond), Link: "https://social.example/" + strconv.Itoa(n),
	}
}

// awaitRecorded waits until the complaints with the numbers from up to, but
// without, to have been recorded, and nothing else.
func (r *rig) awaitRecorded(from, to int) {
	r.Helper()
	r.await(fmt.Sprintf("complaints %d to %d", from, to-1), func() bool { return len(r.sink.services()) >= to-from })
	want := make([]string, 0, to-from)
	for n := from; n < to; n++ {
		want = append(want, service(n))
	}
	slices.Sort(want)
	require.Equal(r, want, r.sink.services())
}

func service(n int) string { return "service-" + strconv.Itoa(n) }

// classifier takes the posts that complaint makes, each about its own service.
type classifier struct{}

var number = regexp.MustCompile(`complaint (\d+), in several words\.`) //nolint:gochecknoglobals // a constant

// Classify implements social.Classifier.
func (classifier) Classify(p match.Post) match.Verdict {
	found := number.FindStringSubmatch(p.Text)
	if found == nil || p.Repost {
		return match.Verdict{Reason: "no_phrase"}
	}
	return match.Verdict{Complaint: true, Service: "service-" + found[1], Country: "NL", CountryFrom: outage.FromText}
}

// hasher names accounts by a hash without a key.
type hasher struct{}

// Account implements social.Hasher.
func (hasher) Account(_ context.Context, _ time.Time, source outage.Source, account string) (identity.Who, error) {
	id := outage.DeriveID(string(source), account)
	hash := outage.Hash(id[:12])
	return identity.Who{Reporter: hash, Origin: hash}, nil
}

// PostID implements social.IDs.
func (hasher) PostID(_ context.Context, source outage.Source, post string) (outage.ID, error) {
	return outage.DeriveID(string(source), post), nil
}

// sink records each id once, as the live state does. It can refuse or hold reports.
type sink struct {
	mu       sync.Mutex
	reports  map[outage.ID]outage.Report
	refusing func(outage.Report) error // nil: nothing is refused
	gate     chan struct{}             // if set, reports wait until it is closed
	waiting  int
}

// Submit implements ingest.Sink.
func (s *sink) Submit(ctx context.Context, report outage.Report) (live.Result, error) {
	s.mu.Lock()
	gate := s.gate
	if gate != nil {
		s.waiting++
	}
	s.mu.Unlock()
	if gate != nil {
		select {
		case <-gate:
		case <-ctx.Done():
			return live.Result{}, fmt.Errorf("%w: %w", outage.ErrUnavailable, ctx.Err())
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refusing != nil {
		if err := s.refusing(report); err != nil {
			return live.Result{}, err
		}
	}
	_, again := s.reports[report.ID]
	if !again {
		s.reports[report.ID] = report
	}
	receipt := outage.Receipt{ID: report.ID, Service: report.Service, Country: report.Country, Outcome: outage.Counted}
	return live.Result{Receipt: receipt, Replayed: again}, nil
}

// services are those of all recorded reports, sorted: a post under two ids is there twice.
func (s *sink) services() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	names := make([]string, 0, len(s.reports))
	for _, report := range s.reports {
		names = append(names, report.Service)
	}
	slices.Sort(names)
	return names
}

func (s *sink) report(n int) (outage.Report, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, report := range s.reports {
		if report.Service == service(n) {
			return report, true
		}
	}
	return outage.Report{}, false
}

func (s *sink) refuse(why func(outage.Report) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refusing = why
}

// hold makes reports wait until what it returns is called.
func (s *sink) hold() (release func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	gate := make(chan struct{})
	s.gate = gate
	return sync.OnceFunc(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.gate = nil
		close(gate)
	})
}

func (s *sink) held() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.waiting
}

// store is the part of the archive and of the live state that sources use.
type store struct {
	mu        sync.Mutex
	state     archive.SourceState
	forgotten map[outage.ID]bool
	unlinked  []string
}

// Cursor implements social.Cursors.
func (s *store) Cursor(context.Context, outage.Source, string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state.Cursor, nil
}

// SaveSources implements social.Cursors.
func (s *store) SaveSources(_ context.Context, states ...archive.SourceState) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, state := range states {
		if state.Cursor == "" {
			state.Cursor = s.state.Cursor
		}
		s.state = state
	}
	return nil
}

// ForgetReports implements social.Forgetter.
func (s *store) ForgetReports(_ context.Context, ids []outage.ID) ([]outage.ID, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range ids {
		s.forgotten[id] = true
	}
	return ids, nil
}

// ForgetLinks implements social.Forgetter.
func (s *store) ForgetLinks(_ context.Context, prefixes []string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unlinked = append(s.unlinked, prefixes...)
	return nil
}

func (s *store) hasForgotten(id outage.ID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.forgotten[id]
}

// Cover implements social.Coverer.
func (s *store) Cover(context.Context, time.Time, []outage.Source) error { return nil }
