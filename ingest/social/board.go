package social

import (
	"errors"
	"maps"
	"net/url"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/outcryhq/outcry/pkg/archive"
	"github.com/outcryhq/outcry/pkg/outage"
)

const (
	// maxError bounds the text of an error in the log, in bytes.
	maxError = 200
	// maxReasons bounds how many reasons are told apart.
	maxReasons = 40
)

// The reasons and outcomes that are not the matcher's or the live state's.
const (
	reasonTooOld    = "too_old"  // posted more than 15 minutes before it was read
	outcomeReplayed = "replayed" // recorded before, as by an earlier process
	outcomeRefused  = "refused"  // by the live state, for good
	reasonOther     = "other"
	reasonNoRoom    = "too_many_deletions"
	reasonMalformed = "malformed"
)

// State is where a Listener stands.
type State = archive.SourceState

// counting says which of a state's tables a count goes to.
type counting int

const (
	refusedFor counting = iota
	skippedBy
	submittedAs
)

// board is where the parts of a Listener write down how it goes.
type board struct {
	mu    sync.Mutex
	state State // without what State adds

	since     time.Time // of the connection; zero if there is none
	lastAlive time.Time
	heardAt   time.Time // when the last post was read, or the first connection began
}

func (b *board) init(now time.Time) {
	b.state = State{
		Status: archive.SourceConnecting, Since: now,
		Refused: map[string]uint64{}, Skipped: map[string]uint64{}, Submitted: map[string]uint64{},
	}
}

// status notes a status in which nothing is connected, and why, if there is a
// cause. It returns false if it was that already.
func (b *board) status(now time.Time, status archive.SourceStatus, cause archive.SourceCause) (changed bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if status == archive.SourceReconnecting || status == archive.SourceFailed {
		b.state.Reconnects++
	}
	b.since = time.Time{}
	if cause != "" {
		b.state.LastError = cause
	}
	if changed = b.state.Status != status; changed {
		b.state.Status, b.state.Since = status, now
	}
	return changed
}

func (b *board) connected(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.since, b.lastAlive = now, now
	if b.heardAt.IsZero() {
		b.heardAt = now // reconnecting is no sign that anybody is heard
	}
	b.state.Status, b.state.Since = archive.SourceListening, now
}

func (b *board) alive(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lastAlive = now
}

func (b *board) post(now, at time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lastAlive = now
	b.state.Posts++
	b.state.LastPostAt = at
	if b.state.Status == archive.SourceQuiet {
		b.state.Status, b.state.Since = archive.SourceListening, now
	}
	b.heardAt = now
}

func (b *board) complaint() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.state.Complaints++
}

func (b *board) duplicate() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.state.Duplicates++
}

func (b *board) deletion() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.state.Deletions++
}

// count adds to one of the tables, which are bounded whatever the reasons are.
func (b *board) count(what counting, reason string) {
	if reason == "" {
		reason = reasonOther
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	table := map[counting]map[string]uint64{refusedFor: b.state.Refused, skippedBy: b.state.Skipped, submittedAs: b.state.Submitted}[what]
	if _, known := table[reason]; !known && len(table) >= maxReasons {
		reason = reasonOther
	}
	table[reason]++
}

// snapshot is the state now. A source is quiet when it is connected and has
// brought no post for so long: keep-alives say that the line is up, not that
// anybody is heard.
func (b *board) snapshot(now time.Time, quietAfter time.Duration) State {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.state.Status == archive.SourceListening && now.Sub(b.heardAt) >= quietAfter {
		b.state.Status, b.state.Since = archive.SourceQuiet, b.heardAt.Add(quietAfter)
	}
	state := b.state
	state.Refused, state.Skipped, state.Submitted = maps.Clone(state.Refused), maps.Clone(state.Skipped), maps.Clone(state.Submitted)
	return state
}

// listened says whether the connection was there and alive from one moment to another.
func (b *board) listened(from, to time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return !b.since.IsZero() && !b.since.After(from) && to.Sub(b.lastAlive) <= aliveWithin
}

// readPast says whether what is read now was posted after a moment.
func (b *board) readPast(at time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return !b.since.IsZero() && !b.state.LastPostAt.Before(at)
}

// State is where the Listener stands now.
func (l *Listener) State() State {
	now := l.config.Now()
	state := l.board.snapshot(now, l.config.QuietAfter)
	good := l.progress.recorded()
	state.Source, state.Instance, state.Process, state.UpdatedAt = l.source, l.instance, l.config.Process, now
	state.Cursor, state.CursorAt = good.cursor, good.at
	return state
}

// Source is the source of the Listener's reports.
func (l *Listener) Source() outage.Source { return l.source }

// presentable is an error's text as it may be logged: short, printable, and
// without the URL of a request, which may hold a secret.
func presentable(err error) string {
	text := err.Error()
	if failed, ok := errors.AsType[*url.Error](err); ok {
		text = strings.ReplaceAll(text, failed.URL, "…")
	}
	words := strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) })
	for i, word := range words {
		if strings.Contains(word, "://") {
			words[i] = "…"
		}
	}
	return Bounded(strings.ToValidUTF8(strings.Join(words, " "), "?"), maxError)
}
