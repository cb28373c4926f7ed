package social_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/ingest/identity"
	"github.com/outcryhq/outcry/ingest/match"
	"github.com/outcryhq/outcry/ingest/social"
	"github.com/outcryhq/outcry/pkg/archive"
	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

// scripted is a network whose connections are functions; the last one repeats.
type scripted struct {
	mu    sync.Mutex
	reads []func(ctx context.Context, cursor string, out social.Out) error
	at    []time.Time // of each connection
	from  []string    // its cursor
}

func (*scripted) Source() outage.Source { return outage.SourceBluesky }
func (*scripted) Instance() string      { return "test" }

func (s *scripted) Read(ctx context.Context, cursor string, out social.Out) error {
	s.mu.Lock()
	n := min(len(s.at), len(s.reads)-1)
	s.at, s.from = append(s.at, time.Now()), append(s.from, cursor)
	s.mu.Unlock()
	return s.reads[n](ctx, cursor, out)
}

func (s *scripted) connections() []time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]time.Time(nil), s.at...)
}

// world is everything around a Listener; its fields may be set before start.
type world struct {
	t       *testing.T
	network *scripted
	config  social.Config

	mu sync.Mutex
	happened
	away     error // what the archive says
	keyless  error // what the store of the key says
	coverErr error
	cursor   string
	archived map[outage.ID]bool
	submit   func(context.Context, outage.Report) (live.Result, error)
	previous bool
}

// happened is what a Listener has done to the world.
type happened struct {
	saved   []archive.SourceState
	covered []string
	asked   int // reports that were looked for
	reports []outage.Report

	unlinked []string // what links began with
}

// now is what has happened so far.
func (w *world) now() happened {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.happened
}

func newWorld(t *testing.T, reads ...func(ctx context.Context, cursor string, out social.Out) error) *world {
	t.Helper()
	w := &world{t: t, network: &scripted{reads: reads}, archived: map[outage.ID]bool{}}
	w.config = social.Config{
		Network: w.network, Classifier: w, Sink: w, Hasher: w, IDs: w, Cursors: w, Coverer: w, Forgetter: w,
		Now: time.Now, Logger: slog.New(slog.DiscardHandler),
	}
	return w
}

// start runs a Listener until the test, or stop, ends it.
func (w *world) start() (listener *social.Listener, stop func()) {
	w.t.Helper()
	listener, err := social.New(w.config)
	require.NoError(w.t, err)
	ctx, cancel := context.WithCancel(w.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- listener.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		require.NoError(w.t, <-ended)
	})
	w.t.Cleanup(stop)
	return listener, stop
}

func (w *world) Classify(p match.Post) match.Verdict {
	if !strings.HasPrefix(p.Text, "down") {
		return match.Verdict{Reason: "no_phrase"}
	}
	return match.Verdict{Complaint: true, Service: "whatsapp"}
}

func (w *world) Submit(ctx context.Context, report outage.Report) (live.Result, error) {
	w.mu.Lock()
	submit := w.submit
	w.mu.Unlock()
	if submit != nil {
		if result, err := submit(ctx, report); err != nil {
			return result, err
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.reports = append(w.reports, report)
	return live.Result{Receipt: outage.Receipt{ID: report.ID, Outcome: outage.Counted}}, nil
}

func (w *world) setSubmit(submit func(context.Context, outage.Report) (live.Result, error)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.submit = submit
}

func (w *world) Account(_ context.Context, _ time.Time, source outage.Source, account string) (identity.Who, error) {
	id := outage.DeriveID(string(source), account)
	who := identity.Who{Reporter: outage.Hash(id[:12]), Origin: outage.Hash(id[:12])}
	if w.previous {
		who.PreviousReporter = outage.Hash(id[4:16])
	}
	return who, nil
}

func (w *world) PostID(_ context.Context, source outage.Source, post string) (outage.ID, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return outage.DeriveID(string(source), post), w.keyless
}

func (w *world) ForgetLinks(_ context.Context, prefixes []string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.away == nil {
		w.unlinked = append(w.unlinked, prefixes...)
	}
	return w.away
}

func (w *world) Cursor(context.Context, outage.Source, string) (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.cursor, w.away
}

func (w *world) SaveSources(_ context.Context, states ...archive.SourceState) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.away != nil {
		return w.away
	}
	w.saved = append(w.saved, states...)
	w.cursor = w.saved[len(w.saved)-1].Cursor
	return nil
}

func (w *world) ForgetReports(_ context.Context, ids []outage.ID) (found []outage.ID, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked += len(ids)
	for _, id := range ids {
		if w.archived[id] {
			found = append(found, id)
		}
	}
	return found, w.away
}

func (w *world) Cover(_ context.Context, now time.Time, sources []outage.Source) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.coverErr == nil {
		w.covered = append(w.covered, string(sources[0])+" "+now.UTC().Format("15:04"))
	}
	return w.coverErr
}

// with changes the world while a Listener runs.
func (w *world) with(change func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change()
}

func (w *world) keptCursor() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.cursor
}

func post(n int) social.Post {
	return social.Post{
		ID: fmt.Sprint("p", n), Author: fmt.Sprint("a", n), Text: "down again", At: time.Now(), Link: fmt.Sprint("https://social.example/", n),
	}
}

// listening stays connected, with a sign of life every ten seconds.
func listening(ctx context.Context, _ string, out social.Out) error {
	out.Connected()
	for ctx.Err() == nil {
		out.Alive()
		waitFor(ctx, 10*time.Second)
	}
	return nil
}

func waitFor(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// sleep lets the time of a test's bubble pass.
func sleep(t *testing.T, d time.Duration) {
	t.Helper()
	waitFor(t.Context(), d)
	synctest.Wait()
}

var (
	errLost = errors.New("connection reset")
	errAway = fmt.Errorf("%w: archive away", outage.ErrUnavailable)
)

func lost(context.Context, string, social.Out) error { return errLost }

func TestConnectionsArePaced(t *testing.T) {
	t.Parallel()
	for name, read := range map[string]func(context.Context, string, social.Out) error{
		"that fail":        lost,
		"that end at once": func(context.Context, string, social.Out) error { return nil },
		"that bring a post and fail": func(ctx context.Context, _ string, out social.Out) error {
			out.Connected()
			_ = out.Post(ctx, post(1))
			return errLost
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, read)
				w.config.Backoff = social.Backoff{First: time.Millisecond, Most: 10 * time.Millisecond}
				_, stop := w.start()
				sleep(t, 10*time.Minute)
				stop()
				at := w.network.connections()
				require.Greater(t, len(at), 100)
				for i := 12; i < len(at); i++ {
					require.GreaterOrEqual(t, at[i].Sub(at[i-12]), time.Minute, "12 a minute at most")
				}
			})
		})
	}
}

func TestPausesGrowUntilSomethingIsHeard(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		opened := func(_ context.Context, _ string, out social.Out) error { out.Connected(); return errLost }
		heard := func(_ context.Context, _ string, out social.Out) error { out.Connected(); out.Alive(); return errLost }
		w := newWorld(t, lost, opened, lost, lost, lost, lost, lost, lost, heard, lost, listening)
		_, stop := w.start()
		sleep(t, 10*time.Minute)
		stop()
		at := w.network.connections()
		require.Len(t, at, 11)
		want := time.Second
		for i := range 8 { // one that is only opened is no better than one that fails
			pause := at[i+1].Sub(at[i])
			require.GreaterOrEqual(t, pause, want/2, i)
			require.LessOrEqual(t, pause, want, i)
			want = min(2*want, time.Minute)
		}
		require.LessOrEqual(t, at[9].Sub(at[8]), time.Second)
	})
}

func TestNetworkSaysHowLongToWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		asks := func(after time.Duration) func(context.Context, string, social.Out) error {
			return func(context.Context, string, social.Out) error {
				return fmt.Errorf("connect: %w", &social.RetryError{After: after, Err: errLost})
			}
		}
		w := newWorld(t, asks(90*time.Second), asks(1e6*time.Hour), listening)
		_, stop := w.start()
		sleep(t, 3*time.Hour)
		stop()
		at := w.network.connections()
		require.Len(t, at, 3)
		require.GreaterOrEqual(t, at[1].Sub(at[0]), 90*time.Second)
		require.LessOrEqual(t, at[2].Sub(at[1]), 70*time.Minute, "what it asks for is bounded")
	})
}

func TestRefusalForGoodIsTheEndOfOneSource(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(context.Context, string, social.Out) error {
			return social.Permanent(errors.New("401 at wss://user:secret@host/x?token=secret\n" + strings.Repeat("x", 1000)))
		})
		var said bytes.Buffer
		w.config.Logger = slog.New(slog.NewTextHandler(&said, nil))
		listener, stop := w.start()
		sleep(t, time.Hour)
		require.Len(t, w.network.connections(), 1)
		state := listener.State()
		require.Equal(t, archive.SourceFailed, state.Status)
		require.Equal(t, archive.CauseRefused, state.LastError)
		require.Contains(t, said.String(), "401", "details are in the log")
		require.NotContains(t, said.String(), "secret")
		require.Less(t, said.Len(), 1000)
		require.Less(t, time.Since(w.now().saved[len(w.now().saved)-1].UpdatedAt), 10*time.Second, "it is not taken for one that nobody runs")
		stop()
		require.Equal(t, archive.SourceStopped, w.now().saved[len(w.now().saved)-1].Status)
	})
}

func TestCausesAreWordsThatTellNothingOfMachines(t *testing.T) {
	t.Parallel()
	dial := &net.OpError{Op: "dial", Net: "tcp", Addr: &net.TCPAddr{IP: net.IPv4(10, 9, 8, 7), Port: 443}, Err: syscall.ECONNREFUSED}
	late := &net.OpError{Op: "read", Net: "tcp", Addr: &net.TCPAddr{IP: net.IPv4(10, 9, 8, 7), Port: 443}, Err: os.ErrDeadlineExceeded}
	for name, test := range map[string]struct {
		connected bool
		err       error
		want      archive.SourceCause
	}{
		"nobody there":       {false, fmt.Errorf("connect: %w", dial), archive.CauseUnreachable},
		"a handshake":        {false, fmt.Errorf("connect: %w", late), archive.CauseUnreachable},
		"the end":            {true, nil, archive.CauseLost},
		"a reset":            {true, errors.New("read 10.9.8.7: connection reset"), archive.CauseLost},
		"a deadline":         {true, fmt.Errorf("read: %w", late), archive.CauseSilent},
		"silence":            {true, fmt.Errorf("read: %w", social.Caused(archive.CauseSilent, errLost)), archive.CauseSilent},
		"garbage":            {true, social.Caused(archive.CauseUnreadable, errLost), archive.CauseUnreadable},
		"a limit":            {false, &social.RetryError{After: time.Second, Err: dial}, archive.CauseLimited},
		"refused in the end": {false, fmt.Errorf("x: %w", social.Permanent(dial)), archive.CauseRefused},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, func(_ context.Context, _ string, out social.Out) error {
					if test.connected {
						out.Connected()
					}
					return test.err
				})
				w.config.Backoff = social.Backoff{First: time.Hour, Most: time.Hour}
				listener, stop := w.start()
				sleep(t, time.Second)
				require.Equal(t, test.want, listener.State().LastError)
				stop()
			})
		})
	}
}

func TestReportsOfPosts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		posts := []social.Post{post(1), post(1), post(2), post(3), post(4), post(5), post(6), {Text: "down"}}
		posts[2].Text = "fine"
		posts[3].At = now.Add(-15*time.Minute - time.Second)
		posts[4].At = now.Add(-14 * time.Minute)
		posts[5].At, posts[5].Author = time.Time{}, "a4"
		posts[6].At = now.Add(24 * time.Hour)
		w := newWorld(t, func(ctx context.Context, cursor string, out social.Out) error {
			out.Connected()
			for _, p := range posts {
				require.NoError(t, out.Post(ctx, p))
			}
			out.Skipped("other_kind")
			require.NoError(t, out.Delete(ctx, "p1"))
			return listening(ctx, cursor, out)
		})
		w.previous = true
		w.config.Forgetter = nil
		listener, stop := w.start()
		sleep(t, time.Second)
		state := listener.State()
		stop()
		require.Len(t, w.now().reports, 4)
		byID := map[outage.ID]outage.Report{}
		for _, r := range w.now().reports {
			byID[r.ID] = r
		}
		first, fourth, fifth := byID[outage.DeriveID("bluesky", "p1")], byID[outage.DeriveID("bluesky", "p4")], byID[outage.DeriveID("bluesky", "p5")]
		require.Equal(t, "whatsapp", first.Service)
		require.Equal(t, outage.UnknownCountry, first.Country)
		require.Equal(t, outage.FromNothing, first.CountryFrom)
		require.Empty(t, first.Ref, "no link is kept unless the operator says so")
		require.Equal(t, &outage.Identity{ID: first.ID, Reporter: first.Previous.Reporter}, first.Previous)
		require.False(t, first.Previous.Reporter.IsZero())
		require.Equal(t, now.Add(-14*time.Minute), fourth.ObservedAt)
		require.Equal(t, now, fifth.ObservedAt, "now, if the network does not say")
		require.Equal(t, now, byID[outage.DeriveID("bluesky", "p6")].ObservedAt, "now, if the network says that it is yet to come")
		require.Equal(t, fourth.Reporter, fifth.Reporter, "the same account")
		require.Equal(t, map[string]uint64{"no_phrase": 1, "too_old": 1}, state.Refused)
		require.Equal(t, map[string]uint64{"malformed": 1, "other_kind": 1}, state.Skipped)
		require.Equal(t, map[string]uint64{"counted": 4}, state.Submitted)
		require.EqualValues(t, 7, state.Posts)
		require.EqualValues(t, 4, state.Complaints)
		require.EqualValues(t, 1, state.Duplicates)
		require.EqualValues(t, 1, state.Deletions)
		require.Zero(t, w.now().asked, "without links there is nothing to forget")
	})
}

// feed posts complaints with cursors of their numbers, and listens on.
func feed(from, to int) func(context.Context, string, social.Out) error {
	return func(ctx context.Context, cursor string, out social.Out) error {
		out.Connected()
		for n := from; n < to; n++ {
			if err := out.Post(ctx, post(n)); err != nil {
				return nil //nolint:nilerr // only the end of ctx
			}
			out.Advance(strconv.Itoa(n))
		}
		return listening(ctx, cursor, out)
	}
}

func TestCursorNeverPassesWhatIsNotRecorded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, feed(1, 21))
		missing := outage.DeriveID("bluesky", "p7")
		w.submit = func(_ context.Context, r outage.Report) (live.Result, error) {
			if r.ID == missing {
				return live.Result{}, outage.ErrUnavailable
			}
			return live.Result{}, nil
		}
		_, stop := w.start()
		sleep(t, time.Minute)
		require.Len(t, w.now().reports, 19)
		require.Equal(t, "6", w.keptCursor())
		w.setSubmit(nil)
		sleep(t, 10*time.Second)
		require.Equal(t, "20", w.keptCursor())
		stop()
	})
}

func TestStopWithASinkThatHangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, feed(1, 500))
		var calls int
		w.submit = func(ctx context.Context, r outage.Report) (live.Result, error) {
			w.with(func() { calls++ })
			if r.ID == outage.DeriveID("bluesky", "p1") {
				return live.Result{}, nil
			}
			<-ctx.Done()
			return live.Result{}, ctx.Err()
		}
		listener, stop := w.start()
		sleep(t, time.Minute)
		require.Equal(t, 1+social.DefaultInFlight, calls)
		require.EqualValues(t, 2+social.DefaultInFlight, listener.State().Posts, "one more waits where the network is read")
		began := time.Now()
		stop()
		require.LessOrEqual(t, time.Since(began), 5*time.Second)
		require.Equal(t, "1", w.keptCursor(), "the rest is read again")
	})
}

func TestListeningGoesOnWithoutTheArchive(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, feed(1, 4))
		w.away, w.cursor = errAway, "before"
		listener, stop := w.start()
		sleep(t, time.Minute)
		require.Empty(t, w.network.connections(), "to begin without the cursor could leave posts out")
		require.Equal(t, archive.SourceConnecting, listener.State().Status)
		w.with(func() { w.away = nil })
		sleep(t, 5*time.Second)
		require.Equal(t, []string{"before"}, w.network.from)
		require.Equal(t, "3", w.keptCursor())
		stop()

		w = newWorld(t, func(ctx context.Context, cursor string, out social.Out) error {
			w.with(func() { w.away = errAway })
			return feed(1, 4)(ctx, cursor, out)
		})
		_, stop = w.start()
		sleep(t, time.Minute)
		require.Len(t, w.now().reports, 3)
		require.Empty(t, w.keptCursor())
		w.with(func() { w.away = nil })
		sleep(t, 3*time.Second)
		require.Equal(t, "3", w.keptCursor(), "kept later")
		stop()
	})
}

func TestReconnectGoesOnAfterWhatWasTaken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(ctx context.Context, _ string, out social.Out) error {
			out.Connected()
			require.NoError(t, out.Post(ctx, post(1)))
			out.Advance("1")
			return errLost
		}, listening)
		w.submit = func(context.Context, outage.Report) (live.Result, error) { return live.Result{}, outage.ErrUnavailable }
		_, stop := w.start()
		sleep(t, time.Minute)
		require.Equal(t, []string{"", "1"}, w.network.from, "the report is still on its way in this process")
		require.Empty(t, w.keptCursor())
		stop()
	})
}

// Silence of a source that is not there does not look like peace.
func TestMinutesThroughWhichItListened(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { // time starts at midnight
		w := newWorld(t,
			func(ctx context.Context, cursor string, out social.Out) error { // from 00:00:30
				waitFor(ctx, 30*time.Second)
				ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
				defer cancel()
				_ = listening(ctx, cursor, out)
				return errLost // at 00:03:30
			},
			func(ctx context.Context, cursor string, out social.Out) error {
				short, cancel := context.WithTimeout(ctx, 2*time.Minute)
				defer cancel()
				_ = listening(short, cursor, out) // until 00:05:30
				waitFor(ctx, 3*time.Minute)       // and silent, until 00:08:30
				return listening(ctx, cursor, out)
			})
		_, stop := w.start()
		sleep(t, 9*time.Minute+45*time.Second)
		w.with(func() { w.coverErr = errAway })
		sleep(t, 2*time.Minute)
		w.with(func() { w.coverErr = nil })
		sleep(t, 45*time.Second)
		stop()
		require.Equal(t, []string{
			"bluesky 00:01", "bluesky 00:02", "bluesky 00:04", "bluesky 00:05", "bluesky 00:09", "bluesky 00:10", "bluesky 00:11",
		}, w.now().covered)
	})
}

// resuming is a network that goes on after its cursor.
type resuming struct{ *scripted }

func (resuming) Resumes() bool { return true }

func TestMinutesThatWereReadAfterAllCount(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { // time starts at midnight
		began := time.Now()
		at := func(ctx context.Context, out social.Out, n, minutes int) {
			p := post(n)
			p.At = began.Add(time.Duration(minutes) * time.Minute)
			_ = out.Post(ctx, p)
		}
		w := newWorld(t,
			func(ctx context.Context, cursor string, out social.Out) error {
				short, cancel := context.WithTimeout(ctx, 90*time.Second)
				defer cancel()
				_ = listening(short, cursor, out)
				waitFor(ctx, 3*time.Minute)
				return errLost // at 00:04:30
			},
			func(ctx context.Context, cursor string, out social.Out) error {
				out.Connected()
				at(ctx, out, 1, 3) // all up to 00:03 was read
				waitFor(ctx, 2*time.Minute)
				at(ctx, out, 2, 6)
				return listening(ctx, cursor, out)
			})
		w.config.Network = resuming{w.network}
		_, stop := w.start()
		sleep(t, 6*time.Minute+20*time.Second)
		require.Equal(t, []string{"bluesky 00:00", "bluesky 00:01", "bluesky 00:02"}, w.now().covered)
		sleep(t, 2*time.Minute)
		stop()
		require.Equal(t, []string{
			"bluesky 00:00", "bluesky 00:01", "bluesky 00:02", "bluesky 00:03", "bluesky 00:04", "bluesky 00:05", "bluesky 00:07",
		}, w.now().covered)
	})
}

func TestSourceWithoutPostsIsQuiet(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(ctx context.Context, _ string, out social.Out) error {
			short, cancel := context.WithTimeout(ctx, 5*time.Minute)
			defer cancel()
			_ = listening(short, "", out)
			require.NoError(t, out.Post(ctx, post(1)))
			waitFor(ctx, 90*time.Second)
			return errLost
		}, listening)
		began := time.Now()
		listener, stop := w.start()
		status := func() archive.SourceStatus { return listener.State().Status }
		sleep(t, 2*time.Minute-time.Second)
		require.Equal(t, archive.SourceListening, status())
		sleep(t, 4*time.Second)
		require.Equal(t, archive.SourceQuiet, status(), "keep-alives are no posts")
		require.Equal(t, began.Add(2*time.Minute), listener.State().Since)
		require.Equal(t, archive.SourceQuiet, w.now().saved[len(w.now().saved)-1].Status, "and everybody is told")
		sleep(t, 3*time.Minute)
		require.Equal(t, archive.SourceListening, status())
		sleep(t, 2*time.Minute)
		require.EqualValues(t, 1, listener.State().Reconnects)
		require.Equal(t, archive.SourceQuiet, status(), "a new connection is no post either")
		stop()
	})
}

// deleting posts one complaint, and says at once that it and another are deleted.
func deleting(ctx context.Context, cursor string, out social.Out) error {
	out.Connected()
	_ = out.Post(ctx, post(1))
	out.Advance("1")
	for range 2 {
		_ = out.Delete(ctx, "p1")
	}
	_ = out.Delete(ctx, "p2")
	out.Advance("2")
	return listening(ctx, cursor, out)
}

func TestDeletionOvertakesItsReport(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, deleting)
		w.config.KeepLinks = true
		_, stop := w.start()
		sleep(t, 10*time.Minute)
		require.Equal(t, "https://social.example/1", w.now().reports[0].Ref)
		require.Equal(t, "1", w.keptCursor(), "after a restart the network says it again")
		asked := w.now().asked
		require.Greater(t, asked, 50, "it is looked for until it comes")
		id := w.now().reports[0].ID
		w.with(func() { w.archived[id] = true })
		sleep(t, time.Minute)
		require.Equal(t, "2", w.keptCursor())
		asked = w.now().asked
		sleep(t, 10*time.Hour)
		require.LessOrEqual(t, w.now().asked-asked, 2, "the other was probably no complaint: it is given up after an hour or so")
		stop()
	})
}

func TestDeletionWhileTheArchiveIsAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var w *world
		w = newWorld(t, func(ctx context.Context, cursor string, out social.Out) error {
			w.with(func() { w.away = errAway })
			return deleting(ctx, cursor, out)
		})
		w.config.KeepLinks = true
		_, stop := w.start()
		sleep(t, 20*time.Hour)
		id := w.now().reports[0].ID
		w.with(func() { w.away, w.asked, w.archived[id] = nil, 0, true })
		sleep(t, 5*time.Second)
		require.Equal(t, 2, w.now().asked)
		require.Equal(t, "2", w.keptCursor())
		stop()
	})
}

func TestReportThatIsRefusedForGoodHoldsNothingUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, deleting)
		w.config.KeepLinks = true
		w.submit = func(ctx context.Context, _ outage.Report) (live.Result, error) {
			waitFor(ctx, 10*time.Second)
			return live.Result{}, outage.ErrFuture
		}
		listener, stop := w.start()
		sleep(t, 15*time.Second)
		require.Equal(t, "2", w.keptCursor())
		require.Equal(t, map[string]uint64{"refused": 1}, listener.State().Submitted)
		stop()
	})
}

func TestMetricsAreThoseOfTheState(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		registry := prometheus.NewPedanticRegistry()
		metrics, err := social.NewMetrics(registry)
		require.NoError(t, err)
		w := newWorld(t, feed(1, 4))
		w.config.Metrics = metrics
		_, stop := w.start()
		sleep(t, 7*time.Second)
		require.NoError(t, testutil.GatherAndCompare(registry, strings.NewReader(`
# HELP outcry_social_connected Whether the source is connected.
# TYPE outcry_social_connected gauge
outcry_social_connected{instance="test",source="bluesky"} 1
# HELP outcry_social_lag_seconds Age of the post that was read last.
# TYPE outcry_social_lag_seconds gauge
outcry_social_lag_seconds{instance="test",source="bluesky"} 7
# HELP outcry_social_cursor_age_seconds How long ago the network gave the cursor that is good now.
# TYPE outcry_social_cursor_age_seconds gauge
outcry_social_cursor_age_seconds{instance="test",source="bluesky"} 7
# HELP outcry_social_submitted_total Complaints recorded or refused, by outcome.
# TYPE outcry_social_submitted_total counter
outcry_social_submitted_total{instance="test",outcome="counted",source="bluesky"} 3
`), "outcry_social_connected", "outcry_social_lag_seconds", "outcry_social_cursor_age_seconds", "outcry_social_submitted_total"))
		stop()
		_, err = social.NewMetrics(registry)
		require.Error(t, err, "twice")
	})
}

func TestListenerWithoutWhatItNeeds(t *testing.T) {
	t.Parallel()
	_, err := social.New(social.Config{})
	require.Error(t, err)
	w := newWorld(t, listening)
	w.config.Forgetter, w.config.KeepLinks = nil, true
	_, err = social.New(w.config)
	require.ErrorContains(t, err, "forgotten")
}

func TestAnnouncerSaysThatTheFormIsListenedTo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, listening)
		w.away = errAway
		announcer := social.Announcer{Sources: []outage.Source{outage.SourceForm, outage.SourceAPI}, Cursors: w, Now: time.Now, Logger: w.config.Logger}
		began := time.Now()
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- announcer.Run(ctx) }()
		sleep(t, time.Minute)
		require.Empty(t, w.now().saved)
		w.with(func() { w.away = nil })
		sleep(t, 20*time.Second)
		require.Len(t, w.now().saved, 4)
		require.Equal(t, archive.SourceState{
			Source: outage.SourceForm, Status: archive.SourceListening, Since: began, UpdatedAt: w.now().saved[2].UpdatedAt,
		}, w.now().saved[2])
		cancel()
		require.NoError(t, <-ended)
		require.Equal(t, archive.SourceStopped, w.now().saved[5].Status)
	})
}

func TestReportsOfAPartThatIsAwayAreInNobodysWay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, feed(1, 1001))
		stuck := func(r outage.Report) bool { return r.ID[0]%2 == 0 }
		w.submit = func(ctx context.Context, r outage.Report) (live.Result, error) {
			if !stuck(r) {
				return live.Result{}, nil
			}
			waitFor(ctx, time.Second) // the sink is patient itself
			return live.Result{}, outage.ErrRebuilding
		}
		listener, stop := w.start()
		sleep(t, time.Minute)
		require.EqualValues(t, 1000, listener.State().Posts, "nothing waits behind those that are stuck")
		recorded := len(w.now().reports)
		require.Greater(t, recorded, 400)
		require.Less(t, recorded, 600)
		w.setSubmit(nil)
		sleep(t, time.Minute)
		require.Len(t, w.now().reports, 1000)
		require.Equal(t, "1000", w.keptCursor())
		stop()
	})
}

func TestReportsThatWaitAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, feed(1, 1001))
		w.config.Waiting = 200
		w.submit = func(context.Context, outage.Report) (live.Result, error) { return live.Result{}, outage.ErrUnavailable }
		listener, stop := w.start()
		sleep(t, 10*time.Minute)
		require.EqualValues(t, 201, listener.State().Posts)
		w.setSubmit(nil)
		sleep(t, time.Minute)
		require.Len(t, w.now().reports, 1000)
		stop()
	})
}

func TestRefusedReportsAreSaidOnceAMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(ctx context.Context, cursor string, out social.Out) error {
			out.Connected()
			for n := range 120 {
				_ = out.Post(ctx, post(n))
				waitFor(ctx, time.Second)
			}
			return listening(ctx, cursor, out)
		})
		var said bytes.Buffer
		w.config.Logger = slog.New(slog.NewTextHandler(&said, nil))
		w.submit = func(context.Context, outage.Report) (live.Result, error) { return live.Result{}, outage.ErrFuture }
		listener, stop := w.start()
		sleep(t, 3*time.Minute)
		stop()
		require.EqualValues(t, 120, listener.State().Submitted["refused"])
		require.Equal(t, 2, strings.Count(said.String(), "refused for good"))
		require.Contains(t, said.String(), "others_since_the_last_warning=59")
	})
}

func TestAccountThatIsGone(t *testing.T) {
	t.Parallel()
	for name, keep := range map[string]bool{"with links": true, "without links": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, func(ctx context.Context, cursor string, out social.Out) error {
					out.Connected()
					_ = out.DeleteAll(ctx, "https://social.example/a/")
					_ = out.DeleteAll(ctx, "https://")                  // all accounts
					_ = out.DeleteAll(ctx, strings.Repeat("x", 10_000)) // no link
					return listening(ctx, cursor, out)
				})
				w.config.KeepLinks = keep
				w.away = nil
				listener, stop := w.start()
				sleep(t, 5*time.Second)
				w.with(func() { w.away = errAway })
				sleep(t, 5*time.Minute)
				w.with(func() { w.away = nil })
				sleep(t, 5*time.Hour)
				stop()
				require.EqualValues(t, 2, listener.State().Skipped["malformed"])
				if !keep {
					require.Empty(t, w.now().unlinked)
					return
				}
				want := "https://social.example/a/"
				require.Equal(t, []string{want, want, want, want}, w.now().unlinked, "its reports may still be on their way")
			})
		})
	}
}

func TestNothingIsReadBeforeTheKeyOfTheIDsIsThere(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, feed(1, 4))
		w.keyless = errAway
		_, stop := w.start()
		sleep(t, time.Minute)
		require.Empty(t, w.network.connections())
		w.with(func() { w.keyless = nil })
		sleep(t, 5*time.Second)
		require.Len(t, w.now().reports, 3)
		stop()
	})
}
