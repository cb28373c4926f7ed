package social

import (
	"context"
	"time"

	"github.com/outcryhq/outcry/pkg/archive"
)

const (
	// saveEvery is how often a cursor that has moved is kept, and stateEvery how
	// often the state is in any case: its age tells whether anybody runs the source.
	saveEvery   = 2 * time.Second
	stateEvery  = 5 * time.Second
	saveTimeout = 2 * time.Second
)

// touch has the state kept soon.
func (l *Listener) touch() {
	select {
	case l.changed <- struct{}{}:
	default:
	}
}

// keepSaving keeps the cursor and the state until ctx ends, and forgets the posts
// that were deleted. While the archive is away, listening goes on.
func (l *Listener) keepSaving(ctx context.Context) {
	ticker := time.NewTicker(saveEvery)
	defer ticker.Stop()
	var kept keeping
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			l.forget(ctx)
		case <-l.changed:
		}
		state := l.State()
		if state.Cursor == kept.cursor && state.Status == kept.status && state.UpdatedAt.Sub(kept.at) < stateEvery {
			continue
		}
		err := l.save(ctx, state)
		switch {
		case err == nil:
			kept = keeping{cursor: state.Cursor, status: state.Status, at: state.UpdatedAt}
		case !kept.failed && ctx.Err() == nil:
			l.logger.Warn("the cursor cannot be kept now", "error", err)
			kept.failed = true
		}
	}
}

// keeping is what was kept last.
type keeping struct {
	cursor string
	status archive.SourceStatus
	at     time.Time
	failed bool // and said so, since then
}

func (l *Listener) save(ctx context.Context, state State) error {
	ctx, cancel := context.WithTimeout(ctx, saveTimeout)
	defer cancel()
	return l.config.Cursors.SaveSources(ctx, state)
}

// finish keeps the cursor and the state for the last time.
func (l *Listener) finish(ctx context.Context) {
	l.forget(ctx)
	if err := l.save(ctx, l.State()); err != nil {
		l.logger.Warn("the cursor cannot be kept at the end", "error", err)
	}
}
