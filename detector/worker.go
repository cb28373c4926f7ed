package detector

import (
	"context"
	"errors"
	"sync"

	"github.com/outcryhq/outcry/pkg/outage"
)

// serve does the work for one partition from the moment its lease was acquired
// until it has been given back or lost.
func (r *Runner) serve(held, leaving context.Context, o *owned, batch *snapshots) error {
	keeping, stopKeeping := context.WithCancel(held)
	var aside sync.WaitGroup
	aside.Go(func() { r.keep(keeping, o.tenure) })
	err := r.takeOver(leaving, o, batch)
	if err == nil {
		if r.cfg.Archiver != nil {
			aside.Go(func() { r.drain(held, leaving, o.tenure) })
		}
		err = r.watch(held, leaving, o)
		r.rememberBaseline(held, o.work)
	}
	o.leave() // on an error of watch, for the drain
	stopKeeping()
	aside.Wait()
	if o.outdated.Load() {
		r.discard(held, o.tenure)
	}
	r.release(held, o.tenure)
	err = ours(leaving, err)
	o.end()
	r.forget(o)
	close(o.done)
	return err
}

// ours is err if it is the detector's own fault, nil if work merely ended with ctx.
func ours(ctx context.Context, err error) error {
	if ctx.Err() != nil && !permanent(err) {
		return nil
	}
	return err
}

// permanent says that an error stays however often the step is repeated: a
// store that refuses what the detector asks for, rather than one that is away.
func permanent(err error) bool {
	return errors.Is(err, outage.ErrInvalid)
}

// persist repeats a step until it works, fails for good, or ctx ends. A step
// that is fenced ends the tenure.
func (r *Runner) persist(ctx context.Context, s stage, t *tenure, step func(context.Context) error) error {
	pause := backoff{random: r.cfg.Random}
	for {
		err := step(ctx)
		if errors.Is(err, outage.ErrFenced) {
			t.end()
			return err
		}
		if r.trouble.note(s, t.partition, err) == nil || permanent(err) {
			return err
		}
		if err := pause.wait(ctx); err != nil {
			return err
		}
	}
}

// rememberBaseline saves the baseline of a partition whose lease still holds.
func (r *Runner) rememberBaseline(held context.Context, p *partition) {
	ctx, cancel := context.WithTimeout(held, partWithin)
	defer cancel()
	_ = r.saveBaseline(ctx, p) // noted there; the next owner learns from the counts
}

// release gives the lease back. A failure is left to the lease's end.
func (r *Runner) release(held context.Context, t *tenure) {
	if held.Err() != nil {
		return
	}
	ctx, cancel := context.WithTimeout(held, r.cfg.RenewEvery)
	defer cancel()
	_ = r.trouble.note(stageRelease, t.partition, r.live.Release(ctx, t.current()))
}
