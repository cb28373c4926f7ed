package detector

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/outcryhq/outcry/detector/detect"
	"github.com/outcryhq/outcry/pkg/archive"
	"github.com/outcryhq/outcry/pkg/baseline"
	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

// learnBack is how far back a baseline is learned that was never saved: beyond
// it the weight of an hour is under a third.
const learnBack = 12 * 7 * 24 * time.Hour

// outagesBefore is how long before what is to be learned outages still matter: a
// service is not blind for more than a part of a week.
const outagesBefore = 8 * 24 * time.Hour

// outagesAtOnce is how many archived outages are read in one go, the most that
// the archive gives.
const outagesAtOnce = 200

// primed is what the archive knows that a partition's detection begins with.
type primed struct {
	detector *detect.Detector
	edition  int64 // of the archive's counts, or noEdition
	// covered says when anybody was listening, from since on.
	covered archive.CoveredMinutes
	since   time.Time
}

// prime brings the archive's knowledge to partitions that were acquired
// together, and repeats it until that works or none of them is owned any more.
func (r *Runner) prime(ctx context.Context, batch []*owned) error {
	pause := backoff{random: r.cfg.Random}
	for {
		batch = stillOwned(batch)
		if len(batch) == 0 {
			return nil
		}
		attempt, cancel := context.WithTimeout(ctx, readArchiveWithin)
		err := r.primeOnce(attempt, batch)
		cancel()
		if r.trouble.note(stageBaseline, everyPartition, err) == nil {
			return nil
		}
		if permanent(err) {
			return fmt.Errorf("load baselines: %w", err)
		}
		if err := pause.wait(ctx); err != nil {
			return ours(ctx, err)
		}
	}
}

func stillOwned(batch []*owned) []*owned {
	var still []*owned
	for _, o := range batch {
		select {
		case <-o.done:
		default:
			still = append(still, o)
		}
	}
	return still
}

func (r *Runner) primeOnce(ctx context.Context, batch []*owned) error {
	now := r.cfg.Now()
	edition, err := r.archive.Edition(ctx) // first: what is learned is at least of this one
	if err != nil {
		return fmt.Errorf("read edition: %w", err)
	}
	fresh := make(map[int]*detect.Detector, len(batch))
	for _, o := range batch {
		d, err := r.recall(ctx, o.partition)
		if err != nil {
			return err
		}
		fresh[o.partition] = d
	}
	if err := r.learn(ctx, fresh, now); err != nil {
		return err
	}
	since := now.Add(-live.KeepCounts).Truncate(time.Minute)
	covered, err := r.archive.Coverage(ctx, since, now)
	if err != nil {
		return fmt.Errorf("read coverage: %w", err)
	}
	mine := r.lendings()
	for p, d := range fresh {
		mine[p] = func(use func(*detect.Detector)) { use(d) }
	}
	if err := r.shareCountries(ctx, mine); err != nil {
		return err
	}
	for _, o := range batch {
		// Once per partition, so it never blocks.
		o.work.primed <- primed{detector: fresh[o.partition], edition: edition, covered: covered, since: since}
	}
	return nil
}

// recall makes a detector with the baseline that was saved for the partition,
// if any. One that cannot be read is learned anew.
func (r *Runner) recall(ctx context.Context, partition int) (*detect.Detector, error) {
	d, err := detect.New(r.cfg.Detect)
	if err != nil {
		return nil, err
	}
	blob, err := r.archive.LoadBaseline(ctx, partition, baseline.Version)
	switch {
	case errors.Is(err, outage.ErrNotFound):
		return d, nil
	case err != nil:
		return nil, fmt.Errorf("load baseline: %w", err)
	}
	if err := d.LoadBaseline(blob); err != nil {
		r.logger.Error("a saved baseline is damaged, learning anew", "partition", partition, "error", err)
		return detect.New(r.cfg.Detect)
	}
	return d, nil
}

// learn teaches the detectors the archived hours that they do not know yet, up
// to those whose counts the live state still has, in one pass over the archive.
func (r *Runner) learn(ctx context.Context, detectors map[int]*detect.Detector, now time.Time) error {
	to := now.Add(-live.KeepCounts).Truncate(time.Hour)
	from := to
	partitions := make([]int, 0, len(detectors))
	for p, d := range detectors {
		partitions = append(partitions, p)
		if known := latest(d.LearnedUntil(), to.Add(-learnBack)); known.Before(from) {
			from = known
		}
	}
	if err := r.rememberOutages(ctx, detectors, from.Add(-outagesBefore)); err != nil {
		return err
	}
	if !from.Before(to) {
		return nil
	}
	covered, err := r.archive.Coverage(ctx, from, to)
	if err != nil {
		return fmt.Errorf("read coverage: %w", err)
	}
	lesson := newLesson(detectors, covered, from)
	if err := r.archive.Hours(ctx, partitions, from, to, lesson.hear); err != nil {
		return fmt.Errorf("read hours: %w", err)
	}
	return lesson.upTo(to)
}

// rememberOutages tells the detectors of the archived outages that had not ended
// before a time, so that they are not learned.
func (r *Runner) rememberOutages(ctx context.Context, detectors map[int]*detect.Detector, since time.Time) error {
	filter := archive.OutageFilter{Since: since, Limit: outagesAtOnce}
	for {
		page, err := r.archive.Outages(ctx, filter)
		if err != nil {
			return fmt.Errorf("read outages: %w", err)
		}
		for _, o := range page.Outages {
			if d := detectors[live.Partition(o.Service)]; d != nil {
				d.RememberOutages([]outage.Outage{o})
			}
		}
		if page.NextCursor == "" {
			return nil
		}
		filter.Cursor = page.NextCursor
	}
}

// observe tells the detector in which minutes before now anybody was listening.
// If the archive has not said, that is taken to be since the first report of
// which the live state still knows: a detector that believed that nobody had
// listened would not trust its own counts for a day.
func (k primed) observe(heard, now time.Time) {
	covered, from := k.covered.At, k.since
	if from.IsZero() {
		covered, from = func(time.Time) bool { return true }, heard
	}
	if from.IsZero() {
		return // nothing was ever heard
	}
	for m := from; m.Before(now); m = m.Add(time.Minute) {
		if covered(m) {
			k.detector.Observe(m, true)
			k.detector.ObservePartly(m, partly(k.covered, m, now))
		}
	}
}
