package detector

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/outcryhq/outcry/detector/detect"
	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

const (
	// lookBack is how far before the last look a changed series is read again:
	// a report may be LateAfter late, by the clock of whoever recorded it,
	// which need not be this one's.
	lookBack = time.Hour
	// lookAhead covers recorders whose clock is ahead.
	lookAhead = live.FutureLimit + time.Minute
	// contiguous is the longest pause between two looks after which the minutes
	// in between still count as observed.
	contiguous = 2 * time.Minute
	// showEvery is how often a view is published although nothing has changed,
	// so that it does not expire.
	showEvery = 5 * time.Second
)

// watch looks at the partition every TickEvery, and whenever somebody waits
// for it, until leaving ends. A look that began is finished as long as the
// lease is held.
func (r *Runner) watch(held, leaving context.Context, o *owned) error {
	pause := backoff{random: r.cfg.Random}
	// The workers start together; the first pause spreads their looks.
	every := time.Duration(r.cfg.Random() * float64(r.cfg.TickEvery))
	for leaving.Err() == nil {
		round, asked := r.passes.begin()
		started, now := time.Now(), r.cfg.Now()
		err := r.tick(held, o, now)
		switch {
		case errors.Is(err, outage.ErrFenced):
			o.end()
			return nil
		case permanent(err):
			return fmt.Errorf("watch partition %d: %w", o.partition, err)
		case r.trouble.note(stageTick, o.partition, err) != nil:
			_ = pause.wait(leaving)
			continue
		}
		pause.reset()
		r.metrics.tickSeconds.Observe(time.Since(started).Seconds())
		o.work.finish(pass{round: round, now: now, ended: time.Now()})
		r.passes.announce()
		if err := r.rest(leaving, o, asked, every); err != nil {
			return err
		}
		every = r.cfg.TickEvery
	}
	return nil
}

// rest waits for the next look. If the baseline arrives meanwhile, detection
// starts anew with it.
func (r *Runner) rest(leaving context.Context, o *owned, asked <-chan struct{}, every time.Duration) error {
	timer := time.NewTimer(every)
	defer timer.Stop()
	select {
	case <-leaving.Done():
	case <-timer.C:
	case <-asked:
	case known := <-o.work.primed:
		err := r.persist(leaving, stageLoad, o.tenure, func(ctx context.Context) error {
			return r.load(ctx, o, known)
		})
		return ours(leaving, err)
	}
	return nil
}

// tick is one look. It may fail anywhere and be repeated: counts are set, not
// added; the sequence number moves on only after they have been; and what the
// detector concluded waits in unsent until the store has acknowledged it.
func (r *Runner) tick(ctx context.Context, o *owned, now time.Time) error {
	p := o.work
	if err := r.listen(ctx, p, now); err != nil {
		return err
	}
	result, err := r.conclude(ctx, p, now)
	for _, changed := range result.Outages {
		p.unsent[changed.ID] = changed
	}
	p.follow(result.Outages)
	r.metrics.evaluations.Add(float64(result.Evaluated))
	return errors.Join(err, r.announce(ctx, o, now), r.show(ctx, o, now, result.Spikes))
}

// listen brings what has changed since the last look to the detector.
func (r *Runner) listen(ctx context.Context, p *partition, now time.Time) error {
	from, to := p.looked, now
	if to.Before(from) {
		from, to = to, from // the clock went back
	}
	seq, err := r.read(ctx, change{partition: p.number, after: p.seq, from: from.Add(-lookBack), to: to}, func(counts []minuteCounts) {
		p.with(func(d *detect.Detector) { set(d, counts) })
	})
	if err != nil {
		return err
	}
	p.with(func(d *detect.Detector) { observe(d, p.looked, now) })
	p.seq, p.looked = seq, now
	return nil
}

// observe takes the minutes since the last look as listened to, if they are
// few: the archive's coverage, which comes later, has the last word.
func observe(d *detect.Detector, looked, now time.Time) {
	minute := now.Truncate(time.Minute)
	if pause := now.Sub(looked); pause > 0 && pause <= contiguous {
		for m := looked.Truncate(time.Minute); m.Before(minute); m = m.Add(time.Minute) {
			d.Observe(m, true)
		}
	}
	d.Observe(minute, true)
}

// change is what may have changed in a partition: the minutes from the one of
// from on, of the series that changed after a sequence number.
type change struct {
	partition int
	after     uint64
	from, to  time.Time
}

// minuteCounts are a series' counts from a minute on.
type minuteCounts struct {
	series outage.Series
	from   time.Time
	counts []int
}

// sink takes counts that were read.
type sink func([]minuteCounts)

// read passes on the counts of all country series that changed, and returns
// the sequence number to go on from.
func (r *Runner) read(ctx context.Context, c change, into sink) (uint64, error) {
	to := c.to.Add(lookAhead).Truncate(time.Minute)
	from := latest(c.from, to.Add(-live.KeepCounts)).Truncate(time.Minute)
	after := c.after
	for {
		changes, err := r.live.Changed(ctx, c.partition, after, changesAtOnce)
		if err != nil {
			return 0, fmt.Errorf("list changed series: %w", err)
		}
		if err := r.readCounts(ctx, changes.Changed, from, to, into); err != nil {
			return 0, err
		}
		after = changes.Next
		if !changes.More {
			return after, nil
		}
	}
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func (r *Runner) readCounts(ctx context.Context, changed []live.Change, from, to time.Time, into sink) error {
	series := make([]outage.Series, 0, len(changed))
	for _, c := range changed {
		// The detector derives the sum of all countries; counter-votes are no complaints.
		if c.Series.Country != outage.AllCountries && !outage.IsWorks(c.Series.Service) {
			series = append(series, c.Series)
		}
	}
	if len(series) == 0 {
		return nil
	}
	counts, err := r.live.Counts(ctx, series, from, to)
	if err != nil {
		return fmt.Errorf("read counts: %w", err)
	}
	page := make([]minuteCounts, len(series))
	for i, s := range series {
		page[i] = minuteCounts{series: s, from: from, counts: counts[i]}
	}
	into(page)
	return nil
}

// set hands counts to the detector. They never fall, so zeros need not be said.
// It returns the first minute in which anything was counted, zero if none was.
func set(d *detect.Detector, page []minuteCounts) (first time.Time) {
	for _, s := range page {
		for m, count := range s.counts {
			if count == 0 {
				continue
			}
			minute := s.from.Add(time.Duration(m) * time.Minute)
			d.Set(s.series, minute, count)
			if first.IsZero() || minute.Before(first) {
				first = minute
			}
		}
	}
	return first
}

// conclude lets the detector judge. An error is that of reading evidence; the
// result is valid all the same.
func (r *Runner) conclude(ctx context.Context, p *partition, now time.Time) (detect.Result, error) {
	series, elsewhere := r.whole.besides(p.number)
	p.mu.Lock()
	defer p.mu.Unlock()
	result, err := p.detector.Tick(now, detect.Inputs{
		LiveSeries: series,
		Elsewhere:  elsewhere,
		Evidence: func(series []outage.Series, from, to time.Time) ([]live.Evidence, error) {
			return r.live.Evidence(ctx, series, from, to)
		},
	})
	if err != nil {
		return result, fmt.Errorf("judge: %w", err)
	}
	return result, nil
}

// announce writes the changed outages. After an error it is unknown whether
// the store has them; they are offered again until it says so.
func (r *Runner) announce(ctx context.Context, o *owned, now time.Time) error {
	if len(o.work.unsent) == 0 {
		return nil
	}
	lease := o.current()
	changes := make([]outage.Change, 0, len(o.work.unsent))
	for _, unsent := range o.work.unsent {
		changes = append(changes, outage.Change{Fence: lease.Fence, Outage: unsent})
	}
	slices.SortFunc(changes, func(a, b outage.Change) int {
		return slices.Compare(a.Outage.ID[:], b.Outage.ID[:])
	})
	err := r.live.PutOutages(ctx, now, lease, changes)
	if r.trouble.note(stageAnnounce, o.partition, err) != nil {
		return fmt.Errorf("write outages: %w", err)
	}
	clear(o.work.unsent)
	return nil
}

// show publishes what the partition looks like, when that has changed or the
// last view is about to expire.
func (r *Runner) show(ctx context.Context, o *owned, now time.Time, spikes []outage.Spike) error {
	p := o.work
	view := live.View{At: now, Spikes: spikes}
	p.with(func(d *detect.Detector) { view.LiveSeries = d.LiveSeries() })
	same := view.LiveSeries == p.shown.LiveSeries && len(view.Spikes) == 0 && len(p.shown.Spikes) == 0
	if same && time.Since(p.shownAt) < showEvery {
		return nil
	}
	err := r.live.PutView(ctx, o.current(), view)
	if r.trouble.note(stageView, o.partition, err) != nil {
		return fmt.Errorf("publish view: %w", err)
	}
	p.shown, p.shownAt = view, time.Now()
	p.countSpikes(spikes)
	return nil
}
