package ingest

import (
	"context"
	"errors"
	"time"

	"github.com/outcryhq/outcry/pkg/outage"
)

const (
	coverTimeout = 5 * time.Second
	// coverPause is the time between two tries to note the same minute, and from
	// a batch that failed to the next one. rebuildPause is the same while live
	// state is being rebuilt, which takes a moment at each start and is no news
	// before rebuildPatience has passed.
	coverPause      = 5 * time.Second
	rebuildPause    = 250 * time.Millisecond
	rebuildPatience = 10 * time.Second
)

// cover notes each minute in which the sources listen, until the context ends.
// Without the note, the silence of a minute would not count as peace.
func (p *Pipeline) cover(ctx context.Context) {
	if len(p.config.Listening) == 0 {
		<-ctx.Done()
		return
	}
	var trouble coverTrouble
	for ctx.Err() == nil {
		now := p.config.Now()
		pause := now.Truncate(time.Minute).Add(time.Minute).Sub(now)
		known := p.health.known()
		err := p.coverNow(ctx, now)
		p.health.minute(known, err)
		if trouble.news(now, err) && ctx.Err() == nil {
			p.config.Logger.Warn("the minutes in which sources listen cannot be noted", "error", err)
		}
		if err != nil {
			pause = min(pause, trouble.pause(now, err))
		}
		p.rest(ctx, pause)
	}
}

// rest waits for the next try, or a shorter time if a batch fails meanwhile: to
// note the same minute once more tells when the store takes something again.
func (p *Pipeline) rest(ctx context.Context, pause time.Duration) {
	began, failed := time.Now(), p.health.failed
	timer := time.NewTimer(pause)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
			return
		case <-ctx.Done():
			return
		case <-failed:
			failed = nil
			timer.Reset(min(pause-time.Since(began), coverPause))
		}
	}
}

// coverTrouble is a row of failures, nothing at first.
type coverTrouble struct {
	since time.Time // of the first of them
	said  bool
}

// news notes how a try went, and says whether that is worth a warning: once a
// row, and for a rebuild only if it takes long.
func (t *coverTrouble) news(now time.Time, err error) bool {
	if err == nil {
		*t = coverTrouble{}
		return false
	}
	if t.since.IsZero() {
		t.since = now
	}
	if t.said || t.expected(now, err) {
		return false
	}
	t.said = true
	return true
}

// pause is how long to wait before the next try.
func (t *coverTrouble) pause(now time.Time, err error) time.Duration {
	if t.expected(now, err) {
		return rebuildPause
	}
	return coverPause
}

// expected says of a failure that it will pass in a moment.
func (t *coverTrouble) expected(now time.Time, err error) bool {
	return errors.Is(err, outage.ErrRebuilding) && now.Sub(t.since) < rebuildPatience
}

func (p *Pipeline) coverNow(ctx context.Context, now time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, coverTimeout)
	defer cancel()
	return p.config.Recorder.Cover(ctx, now, p.config.Listening)
}
