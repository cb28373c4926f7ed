package detector

import (
	"context"
	"errors"
	"time"

	"github.com/outcryhq/outcry/pkg/outage"
)

const (
	// measureEvery is how often the undrained log is measured.
	measureEvery = 3 * time.Second
	// measureWithin bounds one measurement.
	measureWithin = 2 * time.Second
)

// measureLog keeps the figures about the undrained log true until ctx ends.
// Every detector measures the whole, so that one alone tells it too.
func (r *Runner) measureLog(ctx context.Context) error {
	ticker := time.NewTicker(measureEvery)
	defer ticker.Stop()
	for {
		_, _ = r.backlog(ctx) // noted there
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// backlog is how many entries of any partition are not in the archive yet.
func (r *Runner) backlog(ctx context.Context) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, measureWithin)
	defer cancel()
	entries, err := r.cfg.Archiver.Measure(ctx)
	return entries, r.trouble.note(stageMeasure, everyPartition, err)
}

// drain moves the partition's log into the archive, over and over and
// independent of the detection, until leaving ends; then once more, for what
// came in the meantime.
func (r *Runner) drain(held, leaving context.Context, t *tenure) {
	pause := backoff{random: r.cfg.Random}
	for leaving.Err() == nil {
		err := r.drainOnce(leaving, t)
		if err != nil {
			_ = pause.wait(leaving)
			continue
		}
		pause.reset()
		// Partitions that share a transaction end together. Not to begin together
		// for ever, in one burst that all other work has to wait for, each pauses
		// for a time of its own.
		timer := time.NewTimer(r.cfg.TickEvery/2 + time.Duration(r.cfg.Random()*float64(r.cfg.TickEvery)))
		select {
		case <-leaving.Done():
		case <-timer.C:
		}
		timer.Stop()
	}
	last, cancel := context.WithTimeout(held, partWithin)
	defer cancel()
	_ = r.drainOnce(last, t) // noted there; what is left stays in the log
}

// drainOnce empties the log. A drain that is fenced ends the tenure.
func (r *Runner) drainOnce(ctx context.Context, t *tenure) error {
	err := r.cfg.Archiver.Drain(ctx, t.current())
	if errors.Is(err, outage.ErrFenced) {
		t.end()
		return err
	}
	return r.trouble.note(stageDrain, t.partition, err)
}
