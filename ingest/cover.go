package ingest

import (
	"context"
	"time"
)

const (
	coverTimeout = 5 * time.Second
	// coverPause is the time between two tries to note the same minute.
	coverPause = 5 * time.Second
)

// cover notes each minute in which the sources listen, until the context ends.
// Without the note, the silence of a minute would not count as peace.
func (p *Pipeline) cover(ctx context.Context) {
	if len(p.config.Listening) == 0 {
		<-ctx.Done()
		return
	}
	failing := false
	for ctx.Err() == nil {
		now := p.config.Now()
		pause := now.Truncate(time.Minute).Add(time.Minute).Sub(now)
		if err := p.coverNow(ctx, now); err != nil {
			if !failing && ctx.Err() == nil {
				p.config.Logger.Warn("the minutes in which sources listen cannot be noted", "error", err)
			}
			failing = true
			pause = min(pause, coverPause)
		} else {
			failing = false
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
		}
	}
}

func (p *Pipeline) coverNow(ctx context.Context, now time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, coverTimeout)
	defer cancel()
	return p.config.Recorder.Cover(ctx, now, p.config.Listening)
}
