package archive

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/outcryhq/outcry/pkg/outage"
)

// SourceStatus says whether a source hears what people complain about.
type SourceStatus string

// The statuses.
const (
	SourceConnecting   SourceStatus = "connecting"   // not connected yet
	SourceListening    SourceStatus = "listening"    // connected, and posts come
	SourceQuiet        SourceStatus = "quiet"        // connected, and nothing has come for a while
	SourceReconnecting SourceStatus = "reconnecting" // the connection was lost
	SourceFailed       SourceStatus = "failed"       // refused for good: somebody must see to it
	SourceStopped      SourceStatus = "stopped"      // nobody runs it
)

// SourceCause says why a source does not listen, in a word that tells nothing of
// the machines behind it: details are for the log.
type SourceCause string

// The causes.
const (
	CauseRefused     SourceCause = "refused"         // for good, such as the credentials
	CauseLimited     SourceCause = "asked_to_wait"   // the network wants to be left alone for a while
	CauseUnreachable SourceCause = "unreachable"     // no connection came about
	CauseLost        SourceCause = "connection_lost" // it was there
	CauseSilent      SourceCause = "silent"          // nothing was heard for too long
	CauseUnreadable  SourceCause = "unreadable"      // what was heard is not the network's protocol
	CauseNoCursor    SourceCause = "cursor_unknown"  // the archive does not say where to go on
	CauseOther       SourceCause = "other"
)

// Public is the cause, or "other" for what is none of those above.
func (c SourceCause) Public() SourceCause {
	switch c {
	case CauseRefused, CauseLimited, CauseUnreachable, CauseLost, CauseSilent, CauseUnreadable, CauseNoCursor, CauseOther:
		return c
	default:
		return CauseOther
	}
}

// maxSourceState bounds the JSON of a state in bytes, and maxSourceName the parts of its key.
const (
	maxSourceState = 8 << 10
	maxSourceName  = 256
	maxCursor      = 1024
)

// SourceState is where one source stands. Counts are those since its process started.
type SourceState struct {
	Source outage.Source `json:"-"`
	// Instance tells sources of one kind apart; "" where there is only one.
	Instance string `json:"-"`
	// Process tells those apart that run the same source, each with a state of
	// its own. They share the cursor.
	Process string `json:"-"`
	// Cursor is where the source goes on after a restart; "" if there is none.
	Cursor    string    `json:"-"`
	UpdatedAt time.Time `json:"-"`

	Status SourceStatus `json:"status"`
	Since  time.Time    `json:"since"` // it has had the status
	// LastPostAt is when the post was written that was read last, and CursorAt
	// when the network gave the cursor; zero if there is none.
	LastPostAt time.Time `json:"last_post_at,omitzero"`
	CursorAt   time.Time `json:"cursor_at,omitzero"`

	Posts      uint64 `json:"posts"`      // read
	Complaints uint64 `json:"complaints"` // among them
	Duplicates uint64 `json:"duplicates"` // read before
	Deletions  uint64 `json:"deletions"`  // of posts, by their authors, and of accounts
	Reconnects uint64 `json:"reconnects"` // connections lost or refused
	// Refused are the posts that were no complaints, by reason; Skipped the
	// messages that were no posts; Submitted the complaints, by what became of them.
	Refused   map[string]uint64 `json:"refused,omitempty"`
	Skipped   map[string]uint64 `json:"skipped,omitempty"`
	Submitted map[string]uint64 `json:"submitted,omitempty"`
	LastError SourceCause       `json:"last_error,omitempty"` // "" if there was none
}

const (
	upsertState = `INSERT INTO source_states (source, instance, process, state, updated_at) VALUES ($1, $2, $3, $4, $5)
	ON CONFLICT (source, instance, process) DO UPDATE SET state = excluded.state, updated_at = excluded.updated_at`
	// Of processes that have gone one state a source is enough, the newest.
	deleteStates = `DELETE FROM source_states WHERE source = $1 AND instance = $2 AND process <> $3 AND updated_at < $4`
	upsertCursor = `INSERT INTO source_cursors (source, instance, cursor) VALUES ($1, $2, $3)
	ON CONFLICT (source, instance) DO UPDATE SET cursor = excluded.cursor`
)

// goneAfter is how long the state of another process is kept that nobody renews.
const goneAfter = time.Hour

// SaveSources keeps the states of sources, each in the place of the one before
// of the same process, and forgets those of processes that are long gone. An
// empty cursor leaves the cursor that is kept.
func (a *Archive) SaveSources(ctx context.Context, states ...SourceState) error {
	bodies := make([]string, len(states))
	for i, state := range states {
		body, err := json.Marshal(state)
		if err != nil {
			return fmt.Errorf("save sources: %w: %w", outage.ErrInvalid, err)
		}
		if len(body) > maxSourceState || len(state.Instance) > maxSourceName || len(state.Process) > maxSourceName || len(state.Cursor) > maxCursor || !storableTime(state.UpdatedAt) {
			return fmt.Errorf("save sources: %w: the state of %s is too large, or of no time", outage.ErrInvalid, state.Source)
		}
		bodies[i] = storable(string(body))
	}
	return a.update(ctx, "save sources", func(ctx context.Context, t *tx) error {
		for i, state := range states {
			source, instance, process := storable(string(state.Source)), storable(state.Instance), storable(state.Process)
			if _, err := t.exec(ctx, upsertState, source, instance, process, bodies[i], state.UpdatedAt.UnixMilli()); err != nil {
				return err
			}
			if _, err := t.exec(ctx, deleteStates, source, instance, process, state.UpdatedAt.Add(-goneAfter).UnixMilli()); err != nil {
				return err
			}
			if state.Cursor == "" {
				continue
			}
			if _, err := t.exec(ctx, upsertCursor, source, instance, storable(state.Cursor)); err != nil {
				return err
			}
		}
		return nil
	})
}

// Cursor returns where a source goes on, "" if nothing is known.
func (a *Archive) Cursor(ctx context.Context, source outage.Source, instance string) (string, error) {
	var cursor string
	err := a.read.QueryRowContext(ctx, `SELECT cursor FROM source_cursors WHERE source = $1 AND instance = $2`,
		storable(string(source)), storable(instance)).Scan(&cursor)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return cursor, a.wrap("read cursor", err)
}

// Sources returns the states of all sources that ever ran, by source, instance
// and process.
func (a *Archive) Sources(ctx context.Context) ([]SourceState, error) {
	var states []SourceState
	err := each(ctx, a.read, `SELECT s.source, s.instance, s.process, COALESCE(c.cursor, ''), s.state, s.updated_at
		FROM source_states s LEFT JOIN source_cursors c ON c.source = s.source AND c.instance = s.instance
		ORDER BY s.source, s.instance, s.process`, nil, func(r row) error {
		var s SourceState
		var body []byte
		var updated int64
		if err := r.Scan(&s.Source, &s.Instance, &s.Process, &s.Cursor, &body, &updated); err != nil {
			return err
		}
		if err := json.Unmarshal(body, &s); err != nil {
			return fmt.Errorf("decode the state of source %s: %w", s.Source, err)
		}
		s.UpdatedAt = time.UnixMilli(updated).UTC()
		states = append(states, s)
		return nil
	})
	return states, a.wrap("read sources", err)
}

// ForgetReports clears the references of reports whose posts were deleted, so
// that nothing leads from a report to its author. The reports still count. It
// returns those that are in the archive, whether or not they had a reference:
// others may still be on their way. At most some thousand can be asked for at once.
func (a *Archive) ForgetReports(ctx context.Context, ids []outage.ID) ([]outage.ID, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	args, places := make([]any, len(ids)), make([]string, len(ids))
	for i, id := range ids {
		args[i], places[i] = id[:], "$"+strconv.Itoa(i+1)
	}
	var found, linked []outage.ID
	err := each(ctx, a.read, `SELECT id, ref <> '' FROM reports WHERE id IN (`+strings.Join(places, ", ")+`)`, args, func(r row) error {
		var raw []byte
		var hasRef bool
		if err := r.Scan(&raw, &hasRef); err != nil {
			return err
		}
		if len(raw) != len(outage.ID{}) {
			return fmt.Errorf("the id of a report has %d bytes", len(raw))
		}
		found = append(found, outage.ID(raw))
		if hasRef {
			linked = append(linked, outage.ID(raw))
		}
		return nil
	})
	if err != nil {
		return nil, a.wrap("forget reports", err)
	}
	if len(linked) == 0 {
		return found, nil
	}
	err = a.update(ctx, "forget reports", func(ctx context.Context, t *tx) error {
		for _, id := range linked {
			if _, err := t.exec(ctx, `UPDATE reports SET ref = '' WHERE id = $1`, id[:]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return found, nil
}

// ForgetLinks clears the references of reports that begin with one of some
// texts, as ForgetReports does: those of an account that is gone.
func (a *Archive) ForgetLinks(ctx context.Context, prefixes []string) error {
	var linked [][]byte
	for _, prefix := range prefixes {
		if prefix = storable(prefix); prefix == "" {
			continue
		}
		query := `SELECT id FROM reports WHERE ref <> '' AND ` + a.dialect.refs() + ` >= $1 AND ` + a.dialect.refs() + ` < $2`
		// U+10FFFF is the greatest character.
		err := each(ctx, a.read, query, []any{prefix, prefix + "\U0010FFFF"}, func(r row) error {
			var id []byte
			err := r.Scan(&id)
			linked = append(linked, id)
			return err
		})
		if err != nil {
			return a.wrap("forget links", err)
		}
	}
	if len(linked) == 0 {
		return nil
	}
	return a.update(ctx, "forget links", func(ctx context.Context, t *tx) error {
		for _, id := range linked {
			if _, err := t.exec(ctx, `UPDATE reports SET ref = '' WHERE id = $1`, id); err != nil {
				return err
			}
		}
		return nil
	})
}
