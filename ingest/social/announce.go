package social

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/outcryhq/outcry/pkg/archive"
	"github.com/outcryhq/outcry/pkg/outage"
)

// announceEvery is how often the sources of an Announcer are noted.
const announceEvery = 10 * time.Second

// Announcer says of sources that need no connection, such as the form, that
// they are listened to while their process runs.
type Announcer struct {
	Sources []outage.Source
	Process string // tells those apart that run the same sources
	Cursors Cursors
	Now     func() time.Time
	Logger  *slog.Logger
}

// Run announces until the context ends, and then that the sources have stopped.
// While the archive is away it goes on trying.
func (a Announcer) Run(ctx context.Context) error {
	if a.Cursors == nil || a.Now == nil || a.Logger == nil {
		return errors.New("social: where to announce, clock and logger are required")
	}
	since, said := a.Now(), false
	for {
		err := a.announce(ctx, archive.SourceListening, since)
		if err != nil && !said && ctx.Err() == nil {
			a.Logger.Warn("the states of sources cannot be kept now", "error", err)
		}
		said = err != nil
		if !wait(ctx, announceEvery) {
			break
		}
	}
	if err := a.announce(context.WithoutCancel(ctx), archive.SourceStopped, a.Now()); err != nil {
		a.Logger.Warn("the states of sources cannot be kept at the end", "error", err)
	}
	return nil
}

func (a Announcer) announce(ctx context.Context, status archive.SourceStatus, since time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, saveTimeout)
	defer cancel()
	states := make([]archive.SourceState, len(a.Sources))
	for i, source := range a.Sources {
		states[i] = archive.SourceState{Source: source, Process: a.Process, Status: status, Since: since, UpdatedAt: a.Now()}
	}
	return a.Cursors.SaveSources(ctx, states...)
}
