package api

import (
	"context"
	"fmt"
	"time"

	"github.com/outcryhq/outcry/api/spec"
	"github.com/outcryhq/outcry/pkg/outage"
)

const (
	// enoughMinutes is how long an installation must have listened before its
	// silence means anything: the detector calls one new for as long.
	enoughMinutes = 24 * 60
	// listenedWithin is how far back those minutes may lie: as far as a detector
	// that starts learns from.
	listenedWithin = 12 * 7 * 24 * time.Hour
	// latelyWithin is how long ago anybody must have listened at the latest. The
	// notes of it may take minutes to arrive in the archive.
	latelyWithin = 10 * time.Minute
)

// listened is for how long, and how lately, anybody has listened.
type listened struct {
	minutes int  // so far; at least enoughMinutes once it is that many
	lately  bool // all sources that bring much have noted so
	partly  bool // others have, and lately is false
}

// readListened asks the archive in which minutes the sources listened. Once it
// is known that they were enough, it asks for the last ones only, and keeps
// saying so when the archive is away.
func (a *API) readListened(ctx context.Context) (listened, error) {
	now := a.now().UTC()
	from := now.Add(-listenedWithin)
	if a.seasoned {
		from = now.Add(-latelyWithin)
	}
	var found listened
	covered, err := a.archive.Coverage(ctx, from, now.Add(time.Minute))
	if err == nil {
		for at := now.Add(-latelyWithin); !at.After(now); at = at.Add(time.Minute) {
			found.lately = found.lately || covered.At(at) && !covered.PartlyAt(at)
			found.partly = found.partly || covered.PartlyAt(at)
		}
		found.partly = found.partly && !found.lately
		for at := from.Truncate(time.Hour); !a.seasoned && !at.After(now); at = at.Add(time.Hour) {
			found.minutes += covered.InHour(at)
		}
		a.seasoned = a.seasoned || found.minutes >= enoughMinutes
	}
	if a.seasoned {
		found.minutes = max(found.minutes, enoughMinutes)
	}
	if err != nil {
		return found, fmt.Errorf("read when sources listened: %w", err)
	}
	return found, nil
}

// doubt is why the silence of a series says nothing; "" if it does.
type doubt = spec.UnknownBecause

// The doubts, the first that applies.
const (
	doubtBlind     = spec.LiveStateUnreachable // the live state cannot be read
	doubtUnwatched = spec.NotWatched           // not every partition has a detector
	doubtUnsure    = spec.ListeningUnknown     // the archive cannot say whether anybody listens
	doubtDeaf      = spec.NotListening         // no source has listened in the last minutes, or too few
	doubtNew       = spec.NewInstallation      // it has listened for less than a day
	doubtUnheard   = spec.NotHeardOf           // nothing in two days: nobody may be there to complain
	doubtSparse    = spec.TooFewReports        // less than one a day is usual: a few people more may not be there either
)

// enoughUsual is how many reports a minute must be usual for silence to mean
// anything: one a day.
const enoughUsual = 1.0 / (24 * 60)

// doubts says why silence means nothing now, whatever the series.
func (p picture) doubts() doubt {
	// A report that was just counted shows that somebody listens, though the
	// archive may be behind or away; but not that all do that bring much.
	heard := !p.heard.latest.IsZero() && p.now.Sub(p.heard.latest) <= latelyWithin
	lately := p.listened.lately || heard && !p.listened.partly
	switch {
	case p.err != nil:
		return doubtBlind
	case !p.watched:
		return doubtUnwatched
	case !lately && p.listenErr != nil:
		return doubtUnsure
	case !lately:
		return doubtDeaf
	case p.listened.minutes >= enoughMinutes:
		return ""
	case p.listenErr != nil:
		return doubtUnsure
	default:
		return doubtNew
	}
}

// statusOf says what is known of a series, and why it is not known. What has
// not been heard of within two days, or hardly ever, is unknown rather than fine.
func (p picture) statusOf(s outage.Series) (outage.Status, doubt) {
	why := p.doubts()
	switch {
	case why != "":
	case !p.heard.has(s):
		why = doubtUnheard
	case p.sparse(s):
		why = doubtSparse
	}
	status := p.status(s, why == "")
	if status != outage.StatusUnknown {
		why = ""
	}
	return status, why
}

// sparse says that too little is usual in a series for its silence to mean anything.
func (p picture) sparse(s outage.Series) bool {
	usual, known := p.baselines.PerMinute(s, p.now)
	return known && usual < enoughUsual
}
