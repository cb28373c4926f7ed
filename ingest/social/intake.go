package social

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/outcryhq/outcry/ingest"
	"github.com/outcryhq/outcry/ingest/match"
	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

const (
	// maxID and maxText bound in bytes what is taken of a post from outside, and
	// maxLink and maxInstance what is kept.
	maxID       = 512
	maxText     = 16 << 10
	maxShort    = 256
	maxLink     = 512
	maxInstance = 128
	maxCursor   = 512

	// firstRetry and mostRetry bound the pause before a report is submitted
	// again; the sink has been patient itself.
	firstRetry = 200 * time.Millisecond
	mostRetry  = 5 * time.Second
)

// intake is the Out of one Listener.
type intake struct {
	listener *Listener
	work     context.Context //nolint:containedctx // reports that were taken outlive the connection, whose context Post is given
	reports  *sync.WaitGroup

	connected, heard atomic.Bool // since the connection began
}

func (in *intake) begin() {
	in.connected.Store(false)
	in.heard.Store(false)
}

// healthy says that the connection has brought something: one that is only
// opened and lost does not start the pauses over.
func (in *intake) healthy() bool { return in.connected.Load() && in.heard.Load() }

// Connected implements Out.
func (in *intake) Connected() {
	in.connected.Store(true)
	in.listener.board.connected(in.listener.config.Now())
	in.listener.touch()
}

// Alive implements Out.
func (in *intake) Alive() {
	in.heard.Store(true)
	in.listener.board.alive(in.listener.config.Now())
}

// Skipped implements Out.
func (in *intake) Skipped(reason string) {
	in.Alive()
	in.listener.board.count(skippedBy, reason)
}

// Advance implements Out.
func (in *intake) Advance(cursor string) {
	if cursor == "" || len(cursor) > maxCursor {
		return // a cursor cannot be cut: an earlier one does as well
	}
	in.listener.progress.advance(cursor, in.listener.config.Now())
}

// Post implements Out.
func (in *intake) Post(ctx context.Context, post Post) error {
	l := in.listener
	in.heard.Store(true)
	now := l.config.Now()
	if post.ID == "" || len(post.ID) > maxID || post.Author == "" || len(post.Author) > maxID {
		in.Skipped(reasonMalformed)
		return nil
	}
	if post.At.IsZero() || post.At.After(now) {
		post.At = now // a clock that differs from ours, or a forged time
	}
	l.board.post(now, post.At)
	id, err := l.config.IDs.PostID(ctx, l.source, post.ID)
	if err != nil {
		return fmt.Errorf("take post: %w", err)
	}
	if !l.seen.add(id) {
		l.board.duplicate()
		return nil
	}
	if now.Sub(post.At) > live.LateAfter {
		l.board.count(refusedFor, reasonTooOld)
		return nil
	}
	verdict := l.config.Classifier.Classify(match.Post{
		Text: Bounded(post.Text, maxText), Language: Bounded(post.Language, maxShort), Place: Bounded(post.Place, maxShort),
		Profile: Bounded(post.Profile, maxShort), Repost: post.Repost,
	})
	if !verdict.Complaint {
		l.board.count(refusedFor, verdict.Reason)
		return nil
	}
	// Here the network waits while as many reports as may wait do so.
	if !acquire(ctx, l.room) {
		l.seen.remove(id)
		return fmt.Errorf("take post: %w", ctx.Err())
	}
	if !acquire(ctx, l.slots) {
		<-l.room
		l.seen.remove(id)
		return fmt.Errorf("take post: %w", ctx.Err())
	}
	l.board.complaint()
	recorded := l.progress.take()
	report := l.report(id, post, verdict)
	if report.Ref != "" {
		l.deleted.expect(id)
	}
	in.reports.Go(func() {
		defer func() { <-l.room }()
		if l.record(in.work, report, post.Author) {
			recorded()
		}
	})
	return nil
}

// Delete implements Out.
func (in *intake) Delete(ctx context.Context, id string) error {
	in.Alive()
	l := in.listener
	l.board.deletion()
	// Without links nothing is kept that could be forgotten.
	if l.config.KeepLinks && id != "" && len(id) <= maxID {
		report, err := l.config.IDs.PostID(ctx, l.source, id)
		if err != nil {
			return fmt.Errorf("take deletion: %w", err)
		}
		if !l.deleted.add(report, l.config.Now(), l.progress.take) {
			l.board.count(skippedBy, reasonNoRoom)
		}
	}
	if ctx.Err() != nil {
		return fmt.Errorf("take deletion: %w", ctx.Err())
	}
	return nil
}

// DeleteAll implements Out.
func (in *intake) DeleteAll(ctx context.Context, links string) error {
	in.Alive()
	l := in.listener
	l.board.deletion()
	switch {
	case len(links) < leastPrefix, len(links) > maxPrefix: // not the links of one account
		l.board.count(skippedBy, reasonMalformed)
	case l.config.KeepLinks && !l.departed.add(links, l.config.Now()):
		l.board.count(skippedBy, reasonNoRoom)
	}
	if ctx.Err() != nil {
		return fmt.Errorf("take deletions: %w", ctx.Err())
	}
	return nil
}

// acquire waits for a place; false means that ctx has ended.
func acquire(ctx context.Context, places chan<- struct{}) bool {
	select {
	case places <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

// report is what is kept of a complaint; who complains is filled in later.
func (l *Listener) report(id outage.ID, post Post, verdict match.Verdict) outage.Report {
	report := outage.Report{
		Identity: outage.Identity{ID: id},
		Service:  verdict.Service, Country: verdict.Country, CountryFrom: verdict.CountryFrom,
		Source: l.source, ObservedAt: post.At,
	}
	if report.Country == "" {
		report.Country, report.CountryFrom = outage.UnknownCountry, outage.FromNothing
	}
	if l.config.KeepLinks && len(post.Link) <= maxLink {
		report.Ref = post.Link
	}
	return report
}

// record submits a report until it is recorded or refused for good, and says
// whether that happened before ctx ended. The first try has a slot already, and
// returns it: a report that waits for another is in nobody's way.
func (l *Listener) record(ctx context.Context, report outage.Report, account string) bool {
	places := l.slots
	for pause := firstRetry; ; pause = min(2*pause, mostRetry) {
		result, err := l.submit(ctx, report, account)
		<-places
		switch {
		case err != nil && ctx.Err() != nil:
			return false
		case err == nil && result.Replayed:
			l.board.count(submittedAs, outcomeReplayed)
			return true
		case err == nil:
			l.board.count(submittedAs, string(result.Receipt.Outcome))
			return true
		case !ingest.Retryable(err):
			l.board.count(submittedAs, outcomeRefused)
			l.deleted.forgo(report.ID)
			if others, due := l.refusals.due(l.config.Now()); due {
				l.logger.Warn("a report was refused for good", "service", report.Service, "others_since_the_last_warning", others, "error", err)
			}
			return true
		}
		places = l.retries
		if !wait(ctx, pause/2+rand.N(pause)) || !acquire(ctx, places) { //nolint:gosec // jitter
			return false
		}
	}
}

// warnEvery is how often the same warning is given.
const warnEvery = time.Minute

// rarely keeps a warning from being given again and again.
type rarely struct {
	mu     sync.Mutex
	last   time.Time
	others int
}

// due says whether the warning is to be given, and of how many others nobody was told.
func (r *rarely) due(now time.Time) (others int, due bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.last.IsZero() && now.Sub(r.last).Abs() < warnEvery {
		r.others++
		return 0, false
	}
	others, r.last, r.others = r.others, now, 0
	return others, true
}

func (l *Listener) submit(ctx context.Context, report outage.Report, account string) (live.Result, error) {
	who, err := l.config.Hasher.Account(ctx, l.config.Now(), l.source, account)
	if err != nil {
		return live.Result{}, fmt.Errorf("identify account: %w", err)
	}
	report.Reporter, report.Origin = who.Reporter, who.Origin
	if !who.PreviousReporter.IsZero() {
		report.Previous = &outage.Identity{ID: report.ID, Reporter: who.PreviousReporter}
	}
	return l.config.Sink.Submit(ctx, report)
}
