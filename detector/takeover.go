package detector

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/outcryhq/outcry/detector/detect"
	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

const (
	// waitForArchive is how long a take-over waits for the baseline. Then
	// detection begins with the counts of the last two days alone, and starts
	// anew with the baseline as soon as there is one: a missing archive must
	// not cost the ten seconds in which a take-over has to be done.
	waitForArchive = 1500 * time.Millisecond
	// changesAtOnce is how many changed series are read in one go.
	changesAtOnce = 256
)

// takeOver makes a partition that was just acquired ready to be watched:
// rebuilt, if its live state has been lost, and read.
func (r *Runner) takeOver(ctx context.Context, o *owned, batch *snapshots) error {
	if o.current().Epoch == "" {
		err := r.persist(ctx, stageRebuild, o.tenure, func(ctx context.Context) error {
			return r.rebuild(ctx, o.tenure, batch)
		})
		if err != nil {
			return err
		}
	}
	known, err := r.awaitPrimed(ctx, o.work)
	if err != nil {
		return err
	}
	err = r.persist(ctx, stageLoad, o.tenure, func(ctx context.Context) error {
		return r.load(ctx, o, known)
	})
	if err != nil {
		return err
	}
	r.metrics.takeovers.Inc()
	return nil
}

// rebuild makes one attempt to fill the live state from the archive, once the
// archive has what the partition's log still holds.
func (r *Runner) rebuild(ctx context.Context, t *tenure, batch *snapshots) error {
	snapshot, err := batch.take(ctx, t.current())
	if err != nil {
		return err
	}
	lease := t.beginRebuild()
	rebuilt, err := r.live.Rebuild(ctx, r.cfg.Now(), lease, snapshot)
	if err != nil {
		t.endRebuild(lease)
		return fmt.Errorf("rebuild: %w", err)
	}
	t.endRebuild(rebuilt)
	return nil
}

// awaitPrimed waits for what the archive knows, but not for long: then nothing
// is known yet.
func (r *Runner) awaitPrimed(ctx context.Context, p *partition) (primed, error) {
	timer := time.NewTimer(waitForArchive)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return primed{}, fmt.Errorf("wait for the baseline: %w", ctx.Err())
	case known := <-p.primed:
		return known, nil
	case <-timer.C:
		r.logger.Info("detection begins without the baseline", "partition", p.number)
		detector, err := detect.New(r.cfg.Detect)
		return primed{detector: detector, edition: noEdition}, err
	}
}

// load fills a detector from the live state and puts it to work. It can be
// repeated; the detector of before stays until then.
func (r *Runner) load(ctx context.Context, o *owned, known primed) error {
	p, now := o.work, r.cfg.Now()
	found, err := r.live.Outages(ctx, p.number)
	if err != nil {
		return fmt.Errorf("read outages: %w", err)
	}
	var heard time.Time // first
	into := func(page []minuteCounts) {
		if first := set(known.detector, page); heard.IsZero() || !first.IsZero() && first.Before(heard) {
			heard = first
		}
	}
	seq, err := r.read(ctx, change{partition: p.number, from: now.Add(-live.KeepCounts), to: now}, into)
	if err != nil {
		return err
	}
	known.observe(heard, now)
	outages := p.newest(found)
	known.detector.Restore(outages)
	p.mu.Lock()
	p.detector = known.detector
	p.editions = editions{learned: known.edition, live: live.EditionOf(o.current().Epoch)}
	p.mu.Unlock()
	p.seq, p.looked = seq, now
	p.follow(outages)
	return nil
}

// newest joins the outages found in the store with those that this owner
// concluded since and could not write yet.
func (p *partition) newest(found []outage.Change) []outage.Outage {
	byID := maps.Clone(p.unsent)
	for _, change := range found {
		if unsent, ok := byID[change.Outage.ID]; !ok || change.Outage.Revision > unsent.Revision {
			byID[change.Outage.ID] = change.Outage
		}
	}
	return slices.SortedFunc(maps.Values(byID), func(a, b outage.Outage) int {
		return slices.Compare(a.ID[:], b.ID[:])
	})
}
