package social

import (
	"context"
	"slices"
	"time"

	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

const (
	// aliveWithin is how long before a minute's end a source must have been heard
	// for the minute to count as listened to; networks send keep-alives more often.
	aliveWithin  = 45 * time.Second
	coverTimeout = 5 * time.Second
	coverRetry   = 5 * time.Second
	// maxMinutes is how many minutes wait to be noted while the live state is
	// away: as many as reports may be late.
	maxMinutes = 15
)

// keepCovering notes each minute through which the source has listened, just
// after it, until ctx ends. What a broken source does not hear is not peace. One
// that resumes has heard a minute, too, once it has read on past its end.
func (l *Listener) keepCovering(ctx context.Context) {
	var due []time.Time    // the last moments of minutes to be noted
	var missed []time.Time // the ends of minutes that may yet be read
	resumes, _ := l.config.Network.(Resumes)
	said := false
	looked := l.config.Now().Truncate(time.Minute)
	for {
		now := l.config.Now()
		pause := now.Truncate(time.Minute).Add(time.Minute).Sub(now)
		if len(due)+len(missed) > 0 {
			pause = min(pause, coverRetry)
		}
		if !wait(ctx, pause) {
			return
		}
		// The minute that has just ended; one that was slept through is not known.
		if end := l.config.Now().Truncate(time.Minute); end.After(looked) {
			looked = end
			switch {
			case l.board.listened(end.Add(-time.Minute), end):
				due = append(due, end.Add(-time.Nanosecond))
			case resumes != nil && resumes.Resumes():
				missed = append(missed, end)
			}
		}
		missed = slices.DeleteFunc(missed, func(end time.Time) bool {
			read := l.board.readPast(end)
			if read {
				due = append(due, end.Add(-time.Nanosecond))
			}
			return read || l.config.Now().Sub(end) > live.LateAfter-time.Minute
		})
		due = due[max(0, len(due)-maxMinutes):]
		var err error
		if due, err = l.cover(ctx, due); err != nil && !said && ctx.Err() == nil {
			l.logger.Warn("the minutes in which the source listens cannot be noted", "error", err)
		}
		said = err != nil
	}
}

// cover notes minutes and returns those that are left.
func (l *Listener) cover(ctx context.Context, due []time.Time) ([]time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, coverTimeout)
	defer cancel()
	for i, at := range due {
		if err := l.config.Coverer.Cover(ctx, at, []outage.Source{l.source}); err != nil {
			return slices.Clone(due[i:]), err
		}
	}
	return nil, nil
}
