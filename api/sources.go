package api

import (
	"context"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/outcryhq/outcry/api/spec"
	"github.com/outcryhq/outcry/pkg/archive"
	"github.com/outcryhq/outcry/pkg/problem"
)

const (
	// staleAfter is how old the note of a source may be while its process runs:
	// it is written every few seconds.
	staleAfter = 30 * time.Second
	// longGone is after which time a source that has stopped is not listed any more.
	longGone = 7 * 24 * time.Hour
)

// ListSources implements spec.ServerInterface.
func (a *API) ListSources(c *gin.Context) {
	q := readQuery(c)
	if q.err != nil {
		problem.Write(c, q.err)
		return
	}
	list, err := a.sources.get(c.Request.Context())
	if err != nil {
		problem.Write(c, err)
		return
	}
	respondJSON(c, keepLive, list)
}

// readSources asks the archive how the sources are.
func (a *API) readSources(ctx context.Context) (spec.SourceList, error) {
	list := spec.SourceList{Sources: []spec.ListeningSource{}}
	states, err := a.archive.Sources(ctx)
	if err != nil {
		return list, err
	}
	now := a.now().UTC()
	for _, state := range states {
		if now.Sub(state.UpdatedAt) < longGone {
			list.Sources = append(list.Sources, presentSource(now, state))
		}
	}
	return list, nil
}

// presentSource makes of a note what is true now: one that nobody has renewed is
// that of a process that has gone.
func presentSource(now time.Time, s archive.SourceState) spec.ListeningSource {
	shown := spec.ListeningSource{
		Source: s.Source, Instance: s.Instance, State: s.Status,
		Since: s.Since.UTC().Truncate(time.Second), UpdatedAt: s.UpdatedAt.UTC().Truncate(time.Second),
		LagSeconds: secondsSince(now, s.LastPostAt), CursorAgeSeconds: secondsSince(now, s.CursorAt),
		Posts: s.Posts, Complaints: s.Complaints, Duplicates: s.Duplicates, Deletions: s.Deletions, Reconnects: s.Reconnects,
		Refused: orEmpty(s.Refused), Skipped: orEmpty(s.Skipped), Submitted: orEmpty(s.Submitted),
	}
	if s.Status != archive.SourceStopped && now.Sub(s.UpdatedAt) > staleAfter {
		shown.State, shown.Since = archive.SourceStopped, shown.UpdatedAt
	}
	if !s.LastPostAt.IsZero() {
		at := s.LastPostAt.UTC().Truncate(time.Second)
		shown.LastPostAt = &at
	}
	if s.LastError != "" {
		shown.LastError = &s.LastError
	}
	return shown
}

// secondsSince is nil for no time at all, and 0 where clocks differ.
func secondsSince(now, at time.Time) *int {
	if at.IsZero() {
		return nil
	}
	seconds := max(int(now.Sub(at)/time.Second), 0)
	return &seconds
}

func orEmpty(counts map[string]uint64) map[string]uint64 {
	if counts == nil {
		return map[string]uint64{}
	}
	return counts
}
