package social

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/outcryhq/outcry/ingest"
	"github.com/outcryhq/outcry/ingest/identity"
	"github.com/outcryhq/outcry/ingest/match"
	"github.com/outcryhq/outcry/pkg/archive"
	"github.com/outcryhq/outcry/pkg/outage"
)

const (
	// DefaultInFlight is how many reports a Listener records at once.
	DefaultInFlight = 64
	// DefaultWaiting is how many may wait, most of them for another try.
	DefaultWaiting = 4096
	// retryShare is which part of those that are recorded at once are other tries:
	// a part of the live state that is being rebuilt is not to hold up the rest.
	retryShare        = 4
	defaultQuietAfter = 2 * time.Minute
	// defaultConnects is how many connections a Listener opens in a minute at
	// most: half of what X allows.
	defaultConnects = 12
	// drainWithin is how long reports that were taken may still be recorded
	// after the end. What is not by then is read again after the next start.
	drainWithin = 4 * time.Second
)

// Classifier decides what a post is; *match.Matcher is one.
type Classifier interface {
	Classify(p match.Post) match.Verdict
}

// Hasher turns an account into what is kept of it; *identity.Keys is one.
type Hasher interface {
	// Account sets Reporter, Origin and, in the first hour of a day,
	// PreviousReporter. The error wraps outage.ErrUnavailable.
	Account(ctx context.Context, now time.Time, source outage.Source, account string) (identity.Who, error)
}

// IDs gives the ids of posts' reports; *identity.Posts is one.
type IDs interface {
	// PostID is the same for a post wherever and however often it is read. The
	// error wraps outage.ErrUnavailable; after the first id there is none.
	PostID(ctx context.Context, source outage.Source, post string) (outage.ID, error)
}

// Cursors keeps where each source stood; *archive.Archive is one.
type Cursors interface {
	// Cursor returns "" if none was kept.
	Cursor(ctx context.Context, source outage.Source, instance string) (string, error)
	// SaveSources keeps states and their cursors; "" leaves the cursor that is kept.
	SaveSources(ctx context.Context, states ...archive.SourceState) error
}

// Forgetter forgets the links of reports; *archive.Archive is one.
type Forgetter interface {
	// ForgetReports clears the references of reports, and returns those of them
	// that are in the archive by now.
	ForgetReports(ctx context.Context, ids []outage.ID) ([]outage.ID, error)
	// ForgetLinks clears the references that begin with one of some texts.
	ForgetLinks(ctx context.Context, prefixes []string) error
}

// Coverer notes that a source listened in the minute of a moment; a live engine is one.
type Coverer interface {
	Cover(ctx context.Context, now time.Time, sources []outage.Source) error
}

// Config is what a Listener needs. The fields up to Logger are required.
type Config struct {
	Network    Network
	Classifier Classifier
	Sink       ingest.Sink
	Hasher     Hasher
	IDs        IDs
	Cursors    Cursors
	Coverer    Coverer
	Now        func() time.Time
	Logger     *slog.Logger

	// KeepLinks keeps the public link of each complaint with its report, until
	// the post is deleted. It needs a Forgetter.
	KeepLinks bool
	Forgetter Forgetter
	Metrics   *Metrics // nil: none

	Process    string        // tells those apart that run the same source
	QuietAfter time.Duration // without a post, a source is said to be quiet; 0 means 2 min
	InFlight   int           // reports that are recorded at once; 0 means 64
	Waiting    int           // reports that wait to be recorded, with those; 0 means 4096
	Backoff    Backoff       // overrides the network's own
	Connects   int           // connections a minute at most; 0 means 12
}

// Listener listens to one network. Its methods may be called by many goroutines.
type Listener struct {
	config   Config
	source   outage.Source
	instance string
	logger   *slog.Logger

	seen     *seen
	progress *progress
	room     chan struct{} // one for each report that waits to be recorded
	slots    chan struct{} // one for each that is being recorded for the first time
	retries  chan struct{} // one for each that is being recorded again
	board    board
	deleted  *deletions
	departed *departures
	changed  chan struct{} // the state is worth keeping at once

	forgetting atomic.Bool // has failed, and said so
	refusals   rarely
}

// New returns a Listener. It connects when Run is called.
func New(config Config) (*Listener, error) {
	switch {
	case config.Network == nil, config.Classifier == nil, config.Sink == nil, config.Hasher == nil, config.IDs == nil:
		return nil, errors.New("social: network, classifier, sink, hasher and ids are required")
	case config.Cursors == nil, config.Coverer == nil, config.Now == nil, config.Logger == nil:
		return nil, errors.New("social: cursors, coverer, clock and logger are required")
	case config.KeepLinks && config.Forgetter == nil:
		return nil, errors.New("social: links are kept only where they can be forgotten")
	case config.InFlight < 0, config.Waiting < 0, config.QuietAfter < 0, config.Connects < 0:
		return nil, errors.New("social: reports in flight and waiting, quiet time and connects must not be negative")
	}
	if config.InFlight == 0 {
		config.InFlight = DefaultInFlight
	}
	if config.Waiting == 0 {
		config.Waiting = DefaultWaiting
	}
	if config.QuietAfter == 0 {
		config.QuietAfter = defaultQuietAfter
	}
	if config.Connects == 0 {
		config.Connects = defaultConnects
	}
	l := &Listener{
		config: config, source: config.Network.Source(), instance: Bounded(config.Network.Instance(), maxInstance),
		seen: newSeen(maxSeen), progress: newProgress(), slots: make(chan struct{}, config.InFlight),
		room: make(chan struct{}, max(config.Waiting, config.InFlight)), retries: make(chan struct{}, max(config.InFlight/retryShare, 1)),
		changed: make(chan struct{}, 1),
	}
	l.logger = config.Logger.With("source", string(l.source), "instance", l.instance)
	l.board.init(config.Now())
	l.deleted, l.departed = newDeletions(), newDepartures()
	if config.Metrics != nil {
		config.Metrics.add(l)
	}
	return l, nil
}

// Run listens until the context ends, then records what it has taken, keeps the
// cursor and returns nil, within a few seconds. It never fails: a network that
// is of no use any more is said to have failed, and waits for the end.
func (l *Listener) Run(ctx context.Context) error {
	// What was taken outlives ctx for a while.
	work, stopWork := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWork()
	defer context.AfterFunc(ctx, func() {
		timer := time.AfterFunc(drainWithin, stopWork)
		context.AfterFunc(work, func() { timer.Stop() })
	})()

	var beside sync.WaitGroup
	beside.Go(func() { l.keepSaving(ctx) })
	beside.Go(func() { l.keepCovering(ctx) })

	var reports sync.WaitGroup
	l.listen(ctx, &intake{listener: l, work: work, reports: &reports})
	<-ctx.Done() // a source that has failed is still told apart from one that has stopped
	reports.Wait()
	beside.Wait()
	l.board.status(l.config.Now(), archive.SourceStopped, "")
	l.finish(context.WithoutCancel(ctx))
	return nil
}
