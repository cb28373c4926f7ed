package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/outcryhq/outcry/detector/scenario"
	"github.com/outcryhq/outcry/pkg/archive"
	"github.com/outcryhq/outcry/pkg/client"
	"github.com/outcryhq/outcry/pkg/countcsv"
	"github.com/outcryhq/outcry/pkg/outage"
	"github.com/outcryhq/outcry/pkg/servertest"
)

// clock is the server's time, in the hands of the test.
type clock struct{ nanos atomic.Int64 }

func (c *clock) set(t time.Time) { c.nanos.Store(t.UnixNano()) }
func (c *clock) now() time.Time  { return time.Unix(0, c.nanos.Load()).UTC() }

// The hour as it is told over HTTP, with some quiet before and after.
var (
	storyFrom = scenario.HourStart.Add(-15 * time.Minute) //nolint:gochecknoglobals // constant
	storyTo   = scenario.HourStart.Add(2 * time.Hour)     //nolint:gochecknoglobals // constant
)

func TestTheStoryOverHTTP(t *testing.T) {
	t.Parallel()
	t.Run("embedded", func(t *testing.T) {
		t.Parallel()
		cfg := defaultConfig()
		cfg.DataDir = t.TempDir()
		tellStory(t, cfg)
	})
	t.Run("redis", func(t *testing.T) {
		t.Parallel()
		cfg := defaultConfig()
		cfg.RedisURL = servertest.Redis(t, "appendonly yes", "appendfsync everysec", "maxmemory-policy noeviction").URL()
		cfg.DatabaseURL = servertest.Postgres(t).URL()
		tellStory(t, cfg)
	})
}

// tellStory imports the two quiet weeks, starts a server at 07:45 on 3 November
// 2017, reports what people reported minute by minute, and reads the outages.
func tellStory(t *testing.T, cfg config) {
	t.Helper()
	cfg.Listen = "127.0.0.1:0"
	cfg.TrustedProxies = 1
	const seed = 1
	importBackground(t, cfg, seed)

	clock := &clock{}
	clock.set(storyFrom)
	server := startServer(t, cfg, clock.now)
	story := map[time.Time][]countcsv.Row{}
	for _, row := range scenario.Story(seed) {
		if row.Series.Service == scenario.Service {
			story[row.Start] = append(story[row.Start], row)
		}
	}
	for minute := storyFrom; minute.Before(storyTo); minute = minute.Add(time.Minute) {
		clock.set(minute.Add(20 * time.Second))
		server.report(t, story[minute])
		clock.set(minute.Add(59 * time.Second))
		require.NoError(t, server.roles.detector.WaitFor(t.Context(), clock.now()))
	}
	theStory(t, server.outages(t))
}

// importBackground puts everything before the story into the archive.
func importBackground(t *testing.T, cfg config, seed uint64) {
	t.Helper()
	var closing cleanups
	record, err := openArchive(t.Context(), cfg, slog.New(slog.DiscardHandler), &closing)
	require.NoError(t, err)
	_, err = record.ImportCounts(t.Context(), archive.Import{
		Now: storyFrom,
		Rows: func(yield func(archive.CountRow, error) bool) {
			for _, row := range scenario.Background(seed) {
				if !row.Start.Before(storyFrom) || !yield(archive.CountRow(row), nil) {
					return
				}
			}
		},
	})
	require.NoError(t, err)
	require.NoError(t, closing.run())
}

// testServer is a server inside the test's process, on the test's clock.
type testServer struct {
	roles *roles
	url   string
	next  atomic.Uint32
	stop  func() // and waits; may be called twice
}

// startServer starts a server and stops it at the test's end.
func startServer(t *testing.T, cfg config, now func() time.Time) *testServer {
	t.Helper()
	if cfg.LimitReads == defaultConfig().LimitReads {
		cfg.LimitReads = optionalRate{} // tests ask again and again
	}
	started := make(chan *testServer, 1)
	var logs lockedBuffer
	s := server{
		cfg: cfg, now: now, tick: 10 * time.Millisecond,
		logger:  slog.New(slog.NewTextHandler(&logs, &slog.HandlerOptions{Level: slog.LevelWarn})),
		started: func(r *roles, url string) { started <- &testServer{roles: r, url: url} },
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.run(ctx) }()
	stop := sync.OnceFunc(func() {
		cancel()
		require.NoError(t, <-ended, "%s", &logs)
	})
	t.Cleanup(stop)
	select {
	case running := <-started:
		running.stop = stop
		require.NoError(t, running.roles.detector.WaitFor(t.Context(), now()))
		return running
	case err := <-ended:
		ended <- nil
		require.FailNow(t, "the server did not start", "%v\n%s", err, &logs)
		return nil
	}
}

// report posts the reports of a minute, each from an address of its own.
func (s *testServer) report(t *testing.T, rows []countcsv.Row) {
	t.Helper()
	asked := askAs(t, s.url)
	people, ctx := errgroup.WithContext(t.Context())
	people.SetLimit(32)
	for _, row := range rows {
		for range row.Reports {
			address := reporterAddress(s.next.Add(1))
			people.Go(func() error {
				answer, err := asked.ReportWithResponse(ctx, nil, client.Report{
					Service: row.Series.Service, Country: &row.Series.Country,
				}, from(address))
				if err == nil && !answer.JSON202.Counted {
					err = errors.New("not counted")
				}
				return err
			})
		}
	}
	require.NoError(t, people.Wait())
}

var storyClient = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 32}} //nolint:gochecknoglobals // safe for all tests

func (s *testServer) outages(t *testing.T) []outage.Outage {
	t.Helper()
	answer, err := askAs(t, s.url).ListOutagesWithResponse(t.Context(), nil)
	require.NoError(t, err)
	require.True(t, answer.JSON200.Complete)
	var page struct {
		Outages []outage.Outage `json:"outages"`
	}
	require.NoError(t, json.Unmarshal(answer.Body, &page))
	return page.Outages
}

// theStory checks the outages against the truth: one, with these six impacts,
// each in time.
func theStory(t *testing.T, outages []outage.Outage) {
	t.Helper()
	require.Len(t, outages, 1)
	require.Equal(t, scenario.Service, outages[0].Service)
	require.Equal(t, outage.Ended, outages[0].State)
	truth := scenario.Truth()
	require.Len(t, outages[0].Impacts, len(truth))
	for i, want := range truth {
		got := outages[0].Impacts[i]
		require.Equal(t, want.Country, got.Country)
		require.WithinDuration(t, want.Onset, got.StartedAt, 5*time.Minute, "onset in %s", want.Country)
		require.LessOrEqual(t, got.DetectedAt.Sub(want.Passes(8)), 3*time.Minute, "detection in %s", want.Country)
		require.NotNil(t, got.EndedAt)
		require.WithinRange(t, *got.EndedAt, want.End.Add(-time.Minute), want.End.Add(15*time.Minute), "end in %s", want.Country)
	}
}

// lockedBuffer takes a log that several goroutines write.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
