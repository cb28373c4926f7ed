package statusfeed

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/url"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/outcryhq/outcry/pkg/archive"
	"github.com/outcryhq/outcry/pkg/outage"
)

const (
	// usually is the time between two questions; slowest that after many failures.
	usually = 3 * time.Minute
	slowest = time.Hour
	// atOnce is how many feeds are asked at the same time.
	atOnce = 4
	// before is how long before an outage's start an entry may have been published.
	before = 30 * time.Minute
	// rememberFor is how old an entry may be.
	rememberFor = 48 * time.Hour
	// archiveTimeout bounds what is asked of the archive after one poll.
	archiveTimeout = 10 * time.Second
)

// Archive is where outages are found and remarks are kept; see pkg/archive.
type Archive interface {
	Outages(ctx context.Context, filter archive.OutageFilter) (archive.OutagePage, error)
	Remarks(ctx context.Context, of ...outage.ID) (map[outage.ID][]outage.Remark, error)
	AddRemark(ctx context.Context, of outage.ID, r outage.Remark) error
}

// Config is what New needs. Everything but Every is required.
type Config struct {
	Feeds      []Feed
	Archive    Archive
	Every      time.Duration // between two questions; 0 for three minutes
	Now        func() time.Time
	Logger     *slog.Logger
	Registerer prometheus.Registerer
}

// Follower follows feeds.
type Follower struct {
	cfg    Config
	get    *getter
	asking chan struct{} // holds atOnce at most

	polls        *prometheus.CounterVec
	acknowledged prometheus.Counter
}

// New checks the settings. It asks for nothing yet.
func New(cfg Config) (*Follower, error) {
	if cfg.Archive == nil || cfg.Now == nil || cfg.Logger == nil || cfg.Registerer == nil {
		return nil, errors.New("status feeds: an archive, a clock, a logger and a registerer are required")
	}
	for _, feed := range cfg.Feeds {
		if err := checkURL(feed.URL); err != nil {
			return nil, fmt.Errorf("status feed of %s: %w", feed.Service, err)
		}
	}
	if cfg.Every <= 0 {
		cfg.Every = usually
	}
	f := &Follower{
		cfg: cfg, get: newGetter(), asking: make(chan struct{}, atOnce),
		polls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "outcry_status_feed_polls_total", Help: "Questions for status feeds, by what came of them: changed, unchanged or failed.",
		}, []string{"result"}),
		acknowledged: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "outcry_status_feed_acknowledgements_total", Help: "Entries of status feeds that were recorded beside an outage.",
		}),
	}
	for _, c := range []prometheus.Collector{f.polls, f.acknowledged} {
		if err := cfg.Registerer.Register(c); err != nil {
			return nil, fmt.Errorf("status feeds: %w", err)
		}
	}
	for _, result := range []string{"changed", "unchanged", "failed"} {
		f.polls.WithLabelValues(result)
	}
	return f, nil
}

// Run follows the feeds until ctx ends. It never fails.
func (f *Follower) Run(ctx context.Context) error {
	var following sync.WaitGroup
	for _, feed := range f.cfg.Feeds {
		following.Go(func() { f.follow(ctx, &followed{Feed: feed}) })
	}
	following.Wait()
	<-ctx.Done() // without feeds there is nothing to do, and that is no failure
	f.get.close()
	return nil
}

// followed is a feed and what is known of it.
type followed struct {
	Feed
	last     said
	entries  []entry
	failures int
}

// follow asks for one feed again and again. The first time comes soon and at
// random, so that not all are asked at once.
func (f *Follower) follow(ctx context.Context, feed *followed) {
	soon := min(f.cfg.Every/10, time.Duration(len(f.cfg.Feeds))*time.Second/4)
	for pause := spread(soon); wait(ctx, pause); {
		select {
		case f.asking <- struct{}{}:
		case <-ctx.Done():
			return
		}
		pause = f.poll(ctx, feed)
		<-f.asking
	}
}

func wait(ctx context.Context, pause time.Duration) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// spread is a random time up to most.
func spread(most time.Duration) time.Duration {
	return time.Duration(rand.Float64() * float64(most)) //nolint:gosec // nobody gains by guessing it
}

// poll asks for a feed once, records what it says of outages, and returns how
// long to wait before the next time.
func (f *Follower) poll(ctx context.Context, feed *followed) time.Duration {
	now := f.cfg.Now()
	body, err := f.get.get(ctx, feed.URL, &feed.last)
	if err == nil && body != nil {
		var entries []entry
		if entries, err = readEntries(body, now.Add(-rememberFor), now); err == nil {
			feed.entries = entries
		} else {
			feed.last = said{} // or what could not be read would be unchanged
		}
	}
	pause := f.note(ctx, feed, body != nil, err)
	if err := f.record(ctx, feed, now); err != nil && ctx.Err() == nil {
		f.cfg.Logger.WarnContext(ctx, "what a status feed said was not recorded yet", "service", feed.Service, "error", err)
	}
	return pause
}

// note counts a poll and says when a feed begins and ceases to fail.
func (f *Follower) note(ctx context.Context, feed *followed, changed bool, err error) time.Duration {
	pause := f.cfg.Every
	switch {
	case ctx.Err() != nil:
	case err != nil:
		f.polls.WithLabelValues("failed").Inc()
		if feed.failures == 0 {
			f.cfg.Logger.WarnContext(ctx, "a status feed cannot be read", "service", feed.Service, "host", host(feed.URL), "error", err)
		}
		pause = min(f.cfg.Every<<min(feed.failures+1, 10), max(slowest, f.cfg.Every))
		if status, ok := errors.AsType[statusError](err); ok {
			pause = max(pause, status.wait)
		}
		feed.failures++
	default:
		result := "unchanged"
		if changed {
			result = "changed"
		}
		f.polls.WithLabelValues(result).Inc()
		if feed.failures > 0 {
			f.cfg.Logger.InfoContext(ctx, "a status feed can be read again", "service", feed.Service, "failures", feed.failures)
		}
		feed.failures = 0
	}
	return pause*9/10 + spread(pause/5)
}

func host(address string) string {
	parsed, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return parsed.Host
}

// record adds what a feed says to the outages that it belongs to.
func (f *Follower) record(ctx context.Context, feed *followed, now time.Time) error {
	if len(feed.entries) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, archiveTimeout)
	defer cancel()
	page, err := f.cfg.Archive.Outages(ctx, archive.OutageFilter{Service: feed.Service, Since: now.Add(-rememberFor), Limit: mostEntries})
	if err != nil {
		return fmt.Errorf("find outages: %w", err)
	}
	for _, o := range page.Outages {
		belonging := belongs(o, feed.entries)
		if len(belonging) == 0 {
			continue
		}
		if err := f.acknowledge(ctx, o, belonging, now); err != nil {
			return err
		}
	}
	return nil
}

// belongs returns the entries that were published about the time of an outage.
func belongs(o outage.Outage, entries []entry) []entry {
	var found []entry
	for _, e := range entries {
		if !e.at.Before(o.StartedAt.Add(-before)) && (o.EndedAt == nil || !e.at.After(*o.EndedAt)) {
			found = append(found, e)
		}
	}
	return found
}

// acknowledge adds entries to an outage, each once: a service that changes the
// title of an entry says the same thing in other words.
func (f *Follower) acknowledge(ctx context.Context, o outage.Outage, entries []entry, now time.Time) error {
	known, err := f.cfg.Archive.Remarks(ctx, o.ID)
	if err != nil {
		return fmt.Errorf("read remarks: %w", err)
	}
	for _, e := range entries {
		if saidBefore(known[o.ID], e) || ofFeeds(known[o.ID]) >= maxOfFeeds {
			continue
		}
		remark := outage.Remark{Kind: outage.Acknowledgement, At: now, Text: e.title, Link: e.link, Said: &e.at, By: outage.ByFeed}
		err := f.cfg.Archive.AddRemark(ctx, o.ID, remark)
		switch {
		case errors.Is(err, outage.ErrInvalid):
			continue // a title of nothing that can be kept
		case err != nil:
			return fmt.Errorf("add remark: %w", err)
		}
		known[o.ID] = append(known[o.ID], remark)
		f.acknowledged.Inc()
		f.cfg.Logger.InfoContext(ctx, "a service acknowledged an outage", "service", o.Service, "outage", o.ID.String())
	}
	return nil
}

// maxOfFeeds is how many acknowledgements of feeds an outage takes: what a
// company says while it lasts is some ten entries, and none can be taken back.
const maxOfFeeds = 20

func ofFeeds(remarks []outage.Remark) int {
	n := 0
	for _, r := range remarks {
		if r.By == outage.ByFeed {
			n++
		}
	}
	return n
}

func saidBefore(remarks []outage.Remark, e entry) bool {
	for _, r := range remarks {
		sameTime := r.Said != nil && r.Said.Equal(e.at.Truncate(time.Millisecond))
		if r.Kind == outage.Acknowledgement && (r.Link == e.link && (e.link != "" || sameTime) || sameTime && r.Text == e.title) {
			return true
		}
	}
	return false
}
