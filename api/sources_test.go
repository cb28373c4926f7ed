package api_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/archive"
	"github.com/outcryhq/outcry/pkg/outage"
)

func (s archiveSwitch) Sources(ctx context.Context) ([]archive.SourceState, error) {
	if s.w.archiveAway.Load() {
		return nil, errGone
	}
	return s.w.archive.Sources(ctx)
}

type sourceList struct {
	Sources []map[string]any
}

// bluesky is a source that was noted at a moment.
func bluesky(at time.Time) archive.SourceState {
	return archive.SourceState{
		Source: outage.SourceBluesky, Instance: "jetstream.example", Cursor: "1509696000000000", UpdatedAt: at,
		Status: archive.SourceListening, Since: at.Add(-time.Hour), LastPostAt: at.Add(-3 * time.Second), CursorAt: at.Add(-2 * time.Second),
		Posts: 12, Complaints: 3, Duplicates: 1, Deletions: 2, Reconnects: 4,
		Refused: map[string]uint64{"no_phrase": 9}, Submitted: map[string]uint64{"counted": 3}, LastError: archive.CauseLost,
	}
}

func TestSourcesAreListed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.Empty(t, read[sourceList](w, http.StatusOK, "/v1/sources").Sources)
	form := archive.SourceState{Source: outage.SourceForm, Status: archive.SourceListening, Since: w.now.Add(-time.Minute), UpdatedAt: w.now}
	w.now = w.now.Add(10 * time.Second)
	require.NoError(t, w.archive.SaveSources(t.Context(), bluesky(w.now.Add(-2*time.Second)), form))

	d := describe(t)
	answer := w.get("/v1/sources")
	require.NotContains(t, answer.Body.String(), "1509696000000000", "a cursor is nobody's business")
	d.check(t, http.MethodGet, "/v1/sources", answer)
	got := read[sourceList](w, http.StatusOK, "/v1/sources").Sources
	require.Len(t, got, 2)
	require.Equal(t, map[string]any{
		"source": "bluesky", "instance": "jetstream.example", "state": "listening",
		"since": "2017-11-03T07:42:38Z", "updated_at": "2017-11-03T08:42:38Z", "last_post_at": "2017-11-03T08:42:35Z",
		"lag_seconds": 5., "cursor_age_seconds": 4.,
		"posts": 12., "complaints": 3., "duplicates": 1., "deletions": 2., "reconnects": 4.,
		"refused": map[string]any{"no_phrase": 9.}, "skipped": map[string]any{}, "submitted": map[string]any{"counted": 3.},
		"last_error": "connection_lost",
	}, got[0])
	require.Equal(t, "form", got[1]["source"])
	require.Nil(t, got[1]["last_post_at"])
	require.Nil(t, got[1]["lag_seconds"])
	require.Nil(t, got[1]["last_error"])
}

func TestSourceThatNobodyRunsHasStopped(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	noted := w.now
	require.NoError(t, w.archive.SaveSources(t.Context(), bluesky(noted)))
	for _, test := range []struct {
		after time.Duration
		state string
	}{{28 * time.Second, "listening"}, {31 * time.Second, "stopped"}, {7*24*time.Hour - 3*time.Second, "stopped"}} {
		w.now = noted.Add(test.after)
		source := read[sourceList](w, http.StatusOK, "/v1/sources").Sources[0]
		require.Equal(t, test.state, source["state"], test.after)
		if test.state == "stopped" {
			require.Equal(t, source["updated_at"], source["since"])
		}
	}
	w.now = noted.Add(7 * 24 * time.Hour)
	require.Empty(t, read[sourceList](w, http.StatusOK, "/v1/sources").Sources, "nor is it of this installation any more")
}

func TestSourcesWithoutTheArchive(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.archiveAway.Store(true)
	answer := w.get("/v1/sources")
	require.Equal(t, http.StatusServiceUnavailable, answer.Code)
	require.NotContains(t, answer.Body.String(), "10.9.8.7")
	describe(t).check(t, http.MethodGet, "/v1/sources", answer)
	w.archiveAway.Store(false)
	bad := w.get("/v1/sources?limit=" + strings.Repeat("1", 3))
	require.Equal(t, http.StatusBadRequest, bad.Code, "no such name")
	describe(t).check(t, http.MethodGet, "/v1/sources", bad)
}

func TestProcessesThatRunOneSourceAreOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	of := func(process string, ago time.Duration, status archive.SourceStatus) archive.SourceState {
		s := bluesky(w.now.Add(-ago))
		s.Process, s.Status = process, status
		return s
	}
	require.NoError(t, w.archive.SaveSources(t.Context(),
		of("a", 5*time.Second, archive.SourceReconnecting), of("b", 2*time.Second, archive.SourceListening),
		of("c", time.Minute, archive.SourceFailed), of("d", time.Second, archive.SourceStopped)))
	got := read[sourceList](w, http.StatusOK, "/v1/sources").Sources
	require.Len(t, got, 1)
	require.Equal(t, "listening", got[0]["state"], "one that has gone takes nothing away")
	require.InDelta(t, 24, got[0]["posts"], 0, "of those that are there")
	require.Equal(t, map[string]any{"no_phrase": 18.}, got[0]["refused"])
	require.Equal(t, w.now.Add(-2*time.Second).Format(time.RFC3339), got[0]["updated_at"])

	w.now = w.now.Add(time.Minute)
	got = read[sourceList](w, http.StatusOK, "/v1/sources").Sources
	require.Len(t, got, 1)
	require.Equal(t, "stopped", got[0]["state"])
	require.InDelta(t, 12, got[0]["posts"], 0, "of the last one")
}

func TestErrorsOfSourcesShowNoAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	state := bluesky(w.now)
	state.LastError = "dial tcp 10.9.8.7:443: connection refused" // as an earlier version wrote it
	require.NoError(t, w.archive.SaveSources(t.Context(), state))
	require.Equal(t, "other", read[sourceList](w, http.StatusOK, "/v1/sources").Sources[0]["last_error"])
}
