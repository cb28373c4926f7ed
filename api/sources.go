package api

import (
	"context"
	"slices"
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
	for len(states) > 0 {
		n := 1
		for n < len(states) && states[n].Source == states[0].Source && states[n].Instance == states[0].Instance {
			n++
		}
		if state := together(now, states[:n]); now.Sub(state.UpdatedAt) < longGone {
			list.Sources = append(list.Sources, presentSource(now, state))
		}
		states = states[n:]
	}
	return list, nil
}

// together is the state of a source that several processes may run: the best of
// those that do, with the counts of all of them, or the last one that was noted.
func together(now time.Time, states []archive.SourceState) archive.SourceState {
	var best archive.SourceState
	for _, s := range states {
		switch runs, found := isRun(now, s), isRun(now, best); {
		case runs && found:
			best = joined(best, s)
		case runs, !found && s.UpdatedAt.After(best.UpdatedAt):
			best = s
		}
	}
	return best
}

// isRun says whether a process runs a source: it notes so every few seconds.
func isRun(now time.Time, s archive.SourceState) bool {
	return s.Status != archive.SourceStopped && now.Sub(s.UpdatedAt) <= staleAfter
}

func joined(a, b archive.SourceState) archive.SourceState {
	if hears(b.Status) > hears(a.Status) {
		a, b = b, a
	}
	if b.UpdatedAt.After(a.UpdatedAt) {
		a.UpdatedAt = b.UpdatedAt
	}
	if b.LastPostAt.After(a.LastPostAt) {
		a.LastPostAt = b.LastPostAt
	}
	if b.CursorAt.After(a.CursorAt) {
		a.CursorAt = b.CursorAt
	}
	a.Posts, a.Complaints, a.Duplicates = a.Posts+b.Posts, a.Complaints+b.Complaints, a.Duplicates+b.Duplicates
	a.Deletions, a.Reconnects = a.Deletions+b.Deletions, a.Reconnects+b.Reconnects
	a.Refused, a.Skipped, a.Submitted = sum(a.Refused, b.Refused), sum(a.Skipped, b.Skipped), sum(a.Submitted, b.Submitted)
	return a
}

// hears orders statuses by how much is heard.
func hears(status archive.SourceStatus) int {
	return slices.Index([]archive.SourceStatus{
		archive.SourceFailed, archive.SourceConnecting, archive.SourceReconnecting, archive.SourceQuiet, archive.SourceListening,
	}, status)
}

func sum(a, b map[string]uint64) map[string]uint64 {
	all := make(map[string]uint64, len(a)+len(b))
	for _, counts := range []map[string]uint64{a, b} {
		for reason, n := range counts {
			all[reason] += n
		}
	}
	return all
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
	if !isRun(now, s) && s.Status != archive.SourceStopped {
		shown.State, shown.Since = archive.SourceStopped, shown.UpdatedAt
	}
	if !s.LastPostAt.IsZero() {
		at := s.LastPostAt.UTC().Truncate(time.Second)
		shown.LastPostAt = &at
	}
	if s.LastError != "" {
		cause := string(s.LastError.Public())
		shown.LastError = &cause
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
