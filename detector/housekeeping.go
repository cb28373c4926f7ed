package detector

import (
	"context"
	"fmt"
	"time"

	"github.com/outcryhq/outcry/detector/detect"
	"github.com/outcryhq/outcry/pkg/archive"
	"github.com/outcryhq/outcry/pkg/baseline"
)

const (
	// checkCoverage is how far back the archive's word on coverage is taken.
	checkCoverage = 3 * time.Hour
	// coverageLag is how long coverage may be on its way to the archive: a
	// minute that it lacks after that was not listened to.
	coverageLag = 10 * time.Minute
	// noteWithin is how long the note of a minute takes to arrive where nothing
	// waits; if it takes longer, the minute is missed until then.
	noteWithin = 3 * time.Minute
	// retainEvery is how often what is too old is deleted.
	retainEvery = 24 * time.Hour
	// retainWithin bounds one deletion.
	retainWithin = 30 * time.Minute
	// archiveWithin bounds what is read or written at the turn of a minute or an hour.
	archiveWithin = 20 * time.Second
)

// keepHouse does, until ctx ends, what is due at the turn of a minute (take
// over the archive's coverage, notice imports, save baselines that have learned something) and
// of an hour (share what they know of countries), by the handed-in clock.
// Nothing waits for it.
func (r *Runner) keepHouse(ctx context.Context) error {
	ticker := time.NewTicker(r.cfg.TickEvery)
	defer ticker.Stop()
	var minute time.Time
	seen := noEdition
	hour := r.cfg.Now().Truncate(time.Hour)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		now := r.cfg.Now()
		if m := now.Truncate(time.Minute); !m.Equal(minute) {
			minute = m
			_ = r.trouble.note(stageCoverage, everyPartition, r.takeCoverage(ctx, now))
			seen = r.noticeImport(ctx, seen)
			r.saveBaselines(ctx)
		}
		if h := now.Truncate(time.Hour); !h.Equal(hour) {
			hour = h
			r.turnHour(ctx)
		}
	}
}

// takeCoverage tells the detectors in which of the last minutes anyone was
// listening, as far as the archive can know by now.
func (r *Runner) takeCoverage(ctx context.Context, now time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, archiveWithin)
	defer cancel()
	drained, err := r.drained(ctx) // first: the archive has at least what was drained by then
	if err != nil {
		return err
	}
	from := now.Add(-checkCoverage).Truncate(time.Minute)
	covered, err := r.archive.Coverage(ctx, from, now)
	if err != nil {
		return fmt.Errorf("read coverage: %w", err)
	}
	settled := settledBefore(covered.At, from, now, drained)
	for _, p := range r.partitions() {
		p.with(func(d *detect.Detector) {
			for m := from; m.Before(now); m = m.Add(time.Minute) {
				if heard := covered.At(m); heard || m.Before(settled) {
					d.Observe(m, heard)
					d.ObservePartly(m, partly(covered, m, now))
				}
			}
		})
	}
	return nil
}

// partly says that too much was away in a minute, as far as that is known: a
// source that needs a connection says only at its end that it has listened.
func partly(covered archive.CoveredMinutes, m, now time.Time) bool {
	return m.Before(now.Add(-noteWithin)) && covered.PartlyAt(m)
}

// drained says whether nothing waits on the log of any partition.
func (r *Runner) drained(ctx context.Context) (bool, error) {
	if r.cfg.Archiver == nil {
		return true, nil
	}
	entries, err := r.backlog(ctx)
	return entries == 0, err
}

// settledBefore is the minute before which a minute that the archive lacks was
// not listened to. While entries wait on the log it is at most the last minute
// that the archive has, for coverage arrives in the order of time. Otherwise the
// hours in which the archive was away would pass for unobserved as soon as it
// is back, until the backlog is drained, and what is learned of an hour then
// stays learned. Outages close all the same: that takes minutes younger than
// coverageLag, which the detector has listened to itself.
func settledBefore(covered func(time.Time) bool, from, now time.Time, drained bool) time.Time {
	settled := now.Add(-coverageLag)
	if drained {
		return settled
	}
	last := now.Truncate(time.Minute)
	for last.After(from) && !covered(last) {
		last = last.Add(-time.Minute)
	}
	if last.Before(settled) {
		return last
	}
	return settled
}

// saveBaselines saves what was learned since it was saved last: an hour's worth
// once an hour, and a whole history soon after the start that read it.
func (r *Runner) saveBaselines(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, archiveWithin)
	defer cancel()
	for _, p := range r.partitions() {
		if r.saveBaseline(ctx, p) != nil {
			return // the archive is away; there is another minute
		}
	}
}

// turnHour shares what the partitions know of countries.
func (r *Runner) turnHour(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, archiveWithin)
	defer cancel()
	_ = r.trouble.note(stageBaseline, everyPartition, r.shareCountries(ctx, r.lendings()))
}

// lendings gives access to the detectors that are at work.
func (r *Runner) lendings() map[int]lend {
	mine := map[int]lend{}
	for _, p := range r.partitions() {
		if p.finished() != nil {
			mine[p.number] = p.with
		}
	}
	return mine
}

// saveBaseline saves what the partition has learned, if it has learned anything
// since, and all of it from one edition of the counts: what is saved is not
// learned again.
func (r *Runner) saveBaseline(ctx context.Context, p *partition) error {
	var blob []byte
	var until time.Time
	var edition int64
	p.with(func(d *detect.Detector) {
		edition = p.editions.learned
		if until = d.LearnedUntil(); until.After(p.saved) && p.editions.whole() {
			blob = d.Snapshot()
		}
	})
	if blob == nil {
		return nil
	}
	err := r.archive.SaveBaseline(ctx, p.number, baseline.Version, edition, blob)
	if r.trouble.note(stageBaseline, p.number, err) != nil {
		return fmt.Errorf("save baseline: %w", err)
	}
	p.with(func(*detect.Detector) { p.saved = until })
	return nil
}

// retain deletes what is too old once a day, if this detector has partition 0.
func (r *Runner) retain(ctx context.Context) error {
	ticker := time.NewTicker(r.cfg.RenewEvery)
	defer ticker.Stop()
	var last time.Time
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		now := r.cfg.Now()
		if r.owns(0) && now.Sub(last).Abs() >= retainEvery {
			attempt, cancel := context.WithTimeout(ctx, retainWithin)
			err := r.archive.Retain(attempt, now, r.cfg.KeepReports)
			cancel()
			if r.trouble.note(stageRetain, everyPartition, err) == nil {
				last = now
			}
		}
	}
}
