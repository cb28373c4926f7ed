package social

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/outcryhq/outcry/pkg/archive"
)

const (
	defaultFirstPause = time.Second
	defaultMostPause  = time.Minute
	// mostAsked bounds what a network can ask for: an hour.
	mostAsked = time.Hour
	// cursorRetry is the pause between two tries to read the cursor at the start.
	cursorRetry   = time.Second
	cursorTimeout = 5 * time.Second
)

var errEnded = errors.New("the connection ended")

// listen reads until ctx ends or the network refuses for good.
func (l *Listener) listen(ctx context.Context, in *intake) {
	cursor, ok := l.loadCursor(ctx)
	if !ok {
		return
	}
	l.progress.start(cursor)
	pace := pacer{limit: l.config.Connects}
	pauses := l.backoff()
	pause := pauses.First
	for {
		if !wait(ctx, pace.due(l.config.Now())) {
			return
		}
		in.begin()
		err := l.config.Network.Read(ctx, l.progress.handedOver(), in)
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			err = errEnded
		}
		if l.lost(err, in.connected.Load()) {
			return
		}
		if in.healthy() {
			pause = pauses.First
		}
		if !wait(ctx, pauseAfter(err, pause)) {
			return
		}
		pause = min(2*pause, pauses.Most)
	}
}

// lost notes the end of a connection, and says whether it was the last one.
func (l *Listener) lost(err error, connected bool) (forGood bool) {
	forGood = IsPermanent(err)
	status := archive.SourceReconnecting
	if forGood {
		status = archive.SourceFailed
	}
	first := l.board.status(l.config.Now(), status, causeOf(err, connected))
	l.touch()
	switch {
	case forGood:
		l.logger.Error("the network refuses for good; other sources go on", "error", presentable(err))
	case first: // once for each row of failures
		l.logger.Warn("lost the connection to the network", "error", presentable(err))
	}
	return forGood
}

// loadCursor waits for the cursor: to begin without it could leave posts out.
// It waits for the key of the ids, too.
func (l *Listener) loadCursor(ctx context.Context) (string, bool) {
	for said := false; ; said = true {
		asking, cancel := context.WithTimeout(ctx, cursorTimeout)
		cursor, err := l.config.Cursors.Cursor(asking, l.source, l.instance)
		if err == nil {
			_, err = l.config.IDs.PostID(asking, l.source, "")
		}
		cancel()
		if err == nil {
			return cursor, true
		}
		if !said && ctx.Err() == nil {
			l.logger.Warn("waiting for the cursor", "error", err)
			l.board.status(l.config.Now(), archive.SourceConnecting, archive.CauseNoCursor)
		}
		if !wait(ctx, cursorRetry) {
			return "", false
		}
	}
}

func (l *Listener) backoff() Backoff {
	b := Backoff{First: defaultFirstPause, Most: defaultMostPause}
	if own, ok := l.config.Network.(interface{ Backoff() Backoff }); ok {
		b = own.Backoff()
	}
	if l.config.Backoff != (Backoff{}) {
		b = l.config.Backoff
	}
	b.First = max(b.First, time.Millisecond)
	b.Most = max(b.Most, b.First)
	return b
}

// pauseAfter is a jittered pause, or what the network has asked for if that is longer.
func pauseAfter(err error, pause time.Duration) time.Duration {
	pause = pause/2 + rand.N(pause/2+1) //nolint:gosec // jitter
	if asked, ok := errors.AsType[*RetryError](err); ok {
		// Those who were sent away together do not come back together.
		least := min(asked.After, mostAsked)
		pause = max(pause, least+rand.N(max(least/10, 1))) //nolint:gosec // jitter
	}
	return pause
}

// wait waits; false means that ctx has ended.
func wait(ctx context.Context, pause time.Duration) bool {
	if pause <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}

// pacer bounds connections to a number a minute.
type pacer struct {
	limit int
	last  []time.Time // of the last ones, oldest first
}

// due notes a connection and returns how long to wait before it.
func (p *pacer) due(now time.Time) time.Duration {
	at := now
	if len(p.last) == p.limit {
		if next := p.last[0].Add(time.Minute); next.After(now) && next.Sub(now) <= time.Minute {
			at = next
		}
		p.last = p.last[1:]
	}
	p.last = append(p.last, at)
	return at.Sub(now)
}
