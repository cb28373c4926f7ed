package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/api"
	"github.com/outcryhq/outcry/api/web"
	"github.com/outcryhq/outcry/pkg/archive"
	"github.com/outcryhq/outcry/pkg/catalog"
	"github.com/outcryhq/outcry/pkg/httpserver"
	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/live/memory"
	"github.com/outcryhq/outcry/pkg/outage"
)

// morning is when most tests play.
var morning = time.Date(2017, 11, 3, 8, 42, 30, 0, time.UTC)

func at(clock string) time.Time {
	t, err := time.Parse("2006-01-02 15:04", "2017-11-03 "+clock)
	if err != nil {
		panic(err)
	}
	return t
}

// world is an API over a real memory engine and a real SQLite archive, both of
// which can be taken away.
type world struct {
	t       *testing.T
	now     time.Time
	engine  *memory.Engine
	archive *archive.Archive
	leases  [live.Partitions]live.Lease
	entries int

	liveAway, archiveAway atomic.Bool
	reads                 atomic.Int32 // of outages, from the live state

	baselines api.Baselines
	baseURL   string
	limit     *api.ReadLimit
	api       *api.API
	router    *gin.Engine // made by the first request
}

// newWorld starts with counts, and with a detector that watches everything and
// sees nothing.
func newWorld(t *testing.T, counts ...live.MinuteCount) *world {
	t.Helper()
	return newWorldThatListened(t, 25*time.Hour, counts...)
}

// newWorldThatListened has had a source listening for so long up to now; not
// at all for a negative time.
func newWorldThatListened(t *testing.T, listened time.Duration, counts ...live.MinuteCount) *world {
	t.Helper()
	w := &world{t: t, now: morning}
	store, err := archive.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "outcry.db"), quietLogger())
	require.NoError(t, err)
	w.archive = store
	w.engine, err = memory.New(memory.Config{Committer: store, Now: func() time.Time { return w.now }})
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, w.engine.Close())
		require.NoError(t, store.Close())
	})
	snapshots := make([]live.Snapshot, live.Partitions)
	for _, count := range counts {
		p := live.Partition(count.Series.Service)
		snapshots[p].Counts = append(snapshots[p].Counts, count)
	}
	w.listen(morning.Add(-listened), morning)
	for p := range live.Partitions {
		lease, ok, err := w.engine.Acquire(t.Context(), p, "test", time.Hour)
		require.NoError(t, err)
		require.True(t, ok)
		w.leases[p], err = w.engine.Rebuild(t.Context(), w.now, lease, snapshots[p])
		require.NoError(t, err)
		w.see(p)
	}
	return w
}

// listen notes that the form was listening, from one time to another.
func (w *world) listen(from, to time.Time) {
	w.t.Helper()
	w.entries++
	entry := live.Entry{Epoch: "past", Position: fmt.Sprintf("%06d", w.entries)}
	for at := from; !at.After(to); at = at.Add(time.Minute) {
		entry.Coverage = append(entry.Coverage, live.Coverage{Source: outage.SourceForm, Minute: at})
	}
	require.NoError(w.t, w.archive.Append(w.t.Context(), []live.Entry{entry}))
}

// broughtByBluesky says that Bluesky, which is away, had brought all of this morning's reports.
func (w *world) broughtByBluesky() {
	w.t.Helper()
	at := w.now.Add(-3 * time.Hour)
	report := outage.Logged{
		Report: outage.Report{
			Identity: outage.Identity{ID: outage.DeriveID("bluesky"), Reporter: outage.Hash{1}}, Service: "netflix", Country: "US",
			Source: outage.SourceBluesky, ObservedAt: at, ReceivedAt: at,
		},
		Outcome: outage.Counted,
	}
	entry := live.Entry{Partition: live.Partition("netflix"), Epoch: "past", Position: "1", Reports: []outage.Logged{report}}
	require.NoError(w.t, w.archive.Append(w.t.Context(), []live.Entry{entry}))
}

// minutes makes counts of a country series, one a minute from start on.
func minutes(service, country string, start time.Time, counts ...int) []live.MinuteCount {
	var made []live.MinuteCount
	for i, n := range counts {
		if n > 0 {
			made = append(made, live.MinuteCount{
				Series: outage.Series{Service: service, Country: country},
				Minute: start.Add(time.Duration(i) * time.Minute), Count: n,
			})
		}
	}
	return made
}

// see publishes what the detector of a partition sees.
func (w *world) see(partition int, spikes ...outage.Spike) {
	w.t.Helper()
	view := live.View{At: w.now, Spikes: spikes}
	require.NoError(w.t, w.engine.PutView(w.t.Context(), w.leases[partition], view))
}

// watchAgain publishes what the detectors see at the present time.
func (w *world) watchAgain() {
	w.t.Helper()
	for p := range live.Partitions {
		require.NoError(w.t, w.engine.Renew(w.t.Context(), w.leases[p], time.Hour))
		w.see(p)
	}
}

// passTime lets what the API keeps for a while grow old.
func (w *world) passTime() {
	w.now = w.now.Add(30 * time.Second)
	w.watchAgain()
}

// ageAnswers lets what was answered before grow too old to be given again.
func (w *world) ageAnswers() { w.now = w.now.Add(time.Second) }

// lookAway lets time pass without any detector publishing what it sees.
func (w *world) lookAway() { w.now = w.now.Add(time.Minute) }

// announce writes outages as a detector does, into the live state and the archive.
func (w *world) announce(outages ...outage.Outage) {
	w.t.Helper()
	for _, o := range outages {
		lease := w.leases[live.Partition(o.Service)]
		change := outage.Change{Fence: lease.Fence, Outage: o}
		require.NoError(w.t, w.engine.PutOutages(w.t.Context(), w.now, lease, []outage.Change{change}))
	}
}

// remember writes outages into the archive only, as if they were long ago.
func (w *world) remember(outages ...outage.Outage) {
	w.t.Helper()
	w.rememberFor(1, outages...)
}

func (w *world) rememberFor(fence uint64, outages ...outage.Outage) {
	w.t.Helper()
	entries := make([]live.Entry, len(outages))
	for i, o := range outages {
		w.entries++
		entries[i] = live.Entry{
			Partition: live.Partition(o.Service), Epoch: "past", Position: fmt.Sprintf("%06d", w.entries),
			Changes: []outage.Change{{Fence: fence, Outage: o}},
		}
	}
	require.NoError(w.t, w.archive.Append(w.t.Context(), entries))
}

// get asks the API, as it is after everything that was set up before the first request.
func (w *world) get(target string) *httptest.ResponseRecorder {
	w.t.Helper()
	return w.do(httptest.NewRequest(http.MethodGet, target, nil))
}

func (w *world) do(r *http.Request) *httptest.ResponseRecorder {
	w.t.Helper()
	if w.router == nil {
		w.router = w.route()
	}
	recorder := httptest.NewRecorder()
	w.router.ServeHTTP(recorder, r)
	return recorder
}

func (w *world) route() *gin.Engine {
	w.t.Helper()
	pages, err := web.New(quietLogger())
	require.NoError(w.t, err)
	services, err := catalog.Default()
	require.NoError(w.t, err)
	handlers, err := api.New(api.Config{
		Live: liveSwitch{w}, Archive: archiveSwitch{w}, Catalog: services, Baselines: w.baselines,
		Pages: pages, Now: func() time.Time { return w.now }, Logger: quietLogger(), BaseURL: w.baseURL, Reads: w.limit,
	})
	require.NoError(w.t, err)
	router, err := httpserver.NewRouter(httpserver.RouterConfig{
		Logger: quietLogger(), Registerer: prometheus.NewRegistry(), Now: time.Now, ErrorPage: pages.Error,
	})
	require.NoError(w.t, err)
	handlers.Mount(router)
	w.api = handlers
	pages.Mount(router)
	return router
}

// read asks for JSON and checks the status.
func read[T any](w *world, status int, target string) T {
	w.t.Helper()
	recorder := w.get(target)
	require.Equal(w.t, status, recorder.Code, recorder.Body.String())
	var value T
	require.NoError(w.t, json.Unmarshal(recorder.Body.Bytes(), &value))
	return value
}

func quietLogger() *slog.Logger { return slog.New(slog.DiscardHandler) }

// errGone is what a store says that is away, with a text that clients must not see.
var errGone = fmt.Errorf("dial tcp 10.9.8.7:6379: %w", outage.ErrUnavailable)

type liveSwitch struct{ w *world }

func (s liveSwitch) Counts(ctx context.Context, series []outage.Series, from, to time.Time) ([][]int, error) {
	if s.w.liveAway.Load() {
		return nil, errGone
	}
	return s.w.engine.Counts(ctx, series, from, to)
}

func (s liveSwitch) Outages(ctx context.Context, partitions ...int) ([]outage.Change, error) {
	s.w.reads.Add(1)
	if s.w.liveAway.Load() {
		return nil, errGone
	}
	return s.w.engine.Outages(ctx, partitions...)
}

func (s liveSwitch) ServiceSeries(ctx context.Context, services []string) ([]outage.Series, error) {
	if s.w.liveAway.Load() {
		return nil, errGone
	}
	return s.w.engine.ServiceSeries(ctx, services)
}

func (s liveSwitch) Views(ctx context.Context) ([]live.View, error) {
	if s.w.liveAway.Load() {
		return nil, errGone
	}
	return s.w.engine.Views(ctx)
}

type archiveSwitch struct{ w *world }

func (s archiveSwitch) Counts(ctx context.Context, series outage.Series, from, to time.Time, step time.Duration) ([]archive.Bucket, error) {
	if s.w.archiveAway.Load() {
		return nil, errGone
	}
	return s.w.archive.Counts(ctx, series, from, to, step)
}

func (s archiveSwitch) Coverage(ctx context.Context, from, to time.Time) (archive.CoveredMinutes, error) {
	if s.w.archiveAway.Load() {
		return archive.CoveredMinutes{}, errGone
	}
	return s.w.archive.Coverage(ctx, from, to)
}

func (s archiveSwitch) Outage(ctx context.Context, id outage.ID) (outage.Outage, error) {
	if s.w.archiveAway.Load() {
		return outage.Outage{}, errGone
	}
	return s.w.archive.Outage(ctx, id)
}

func (s archiveSwitch) Outages(ctx context.Context, filter archive.OutageFilter) (archive.OutagePage, error) {
	if s.w.archiveAway.Load() {
		return archive.OutagePage{}, errGone
	}
	return s.w.archive.Outages(ctx, filter)
}

func (s archiveSwitch) Remarks(ctx context.Context, of ...outage.ID) (map[outage.ID][]outage.Remark, error) {
	if s.w.archiveAway.Load() {
		return nil, errGone
	}
	return s.w.archive.Remarks(ctx, of...)
}

func (s archiveSwitch) OutageMinutes(ctx context.Context, id outage.ID) ([]live.MinuteCount, error) {
	if s.w.archiveAway.Load() {
		return nil, errGone
	}
	return s.w.archive.OutageMinutes(ctx, id)
}

// usually is a baseline that is the same for every series at every time.
type usually float64

func (u usually) PerMinute(outage.Series, time.Time) (float64, bool) { return float64(u), true }

func newSwitch(away bool) func(context.Context) error {
	return func(context.Context) error {
		if away {
			return errGone
		}
		return nil
	}
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}
