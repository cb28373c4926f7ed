package detector

import (
	"context"
	"fmt"
	"time"

	"github.com/outcryhq/outcry/detector/detect"
	"github.com/outcryhq/outcry/pkg/baseline"
)

const (
	// checkCoverage is how far back the archive's word on coverage is taken.
	checkCoverage = 3 * time.Hour
	// coverageLag is how long coverage may be on its way to the archive: a
	// minute that it lacks after that was not listened to.
	coverageLag = 10 * time.Minute
	// retainEvery is how often what is too old is deleted.
	retainEvery = 24 * time.Hour
	// retainWithin bounds one deletion.
	retainWithin = 30 * time.Minute
	// archiveWithin bounds what is read or written at the turn of a minute or an hour.
	archiveWithin = 20 * time.Second
)

// keepHouse does, until ctx ends, what is due at the turn of a minute (take
// over the archive's coverage, save baselines that have learned something) and
// of an hour (share what they know of countries), by the handed-in clock.
// Nothing waits for it.
func (r *Runner) keepHouse(ctx context.Context) error {
	ticker := time.NewTicker(r.cfg.TickEvery)
	defer ticker.Stop()
	var minute time.Time
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
	from := now.Add(-checkCoverage).Truncate(time.Minute)
	covered, err := r.archive.Coverage(ctx, from, now)
	if err != nil {
		return fmt.Errorf("read coverage: %w", err)
	}
	settled := now.Add(-coverageLag)
	for _, p := range r.partitions() {
		p.with(func(d *detect.Detector) {
			for m := from; m.Before(now); m = m.Add(time.Minute) {
				if heard := covered.At(m); heard || m.Before(settled) {
					d.Observe(m, heard)
				}
			}
		})
	}
	return nil
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

// saveBaseline saves what the partition has learned, if it has learned anything since.
func (r *Runner) saveBaseline(ctx context.Context, p *partition) error {
	var blob []byte
	var until time.Time
	p.with(func(d *detect.Detector) {
		if until = d.LearnedUntil(); until.After(p.saved) {
			blob = d.Snapshot()
		}
	})
	if blob == nil {
		return nil
	}
	err := r.archive.SaveBaseline(ctx, p.number, baseline.Version, blob)
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
