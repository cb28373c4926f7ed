package detector

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/outcryhq/outcry/pkg/outage"
)

// noEdition stands for that of what is not known.
const noEdition int64 = -1

// editions are those of the archive's counts that a partition at work was made
// of. An import may have come between the two.
type editions struct {
	learned int64 // by the baseline; noEdition until it has come
	live    int64 // by the live state, when it was rebuilt
}

// whole says that everything was made of one edition.
func (e editions) whole() bool { return e.learned == e.live }

// lack says that there is another edition by now. While the baseline has not
// come it is too early to say.
func (e editions) lack(edition int64) bool {
	return e.learned != noEdition && e != editions{edition, edition}
}

// noticeImport asks which edition the archive's counts have. When that is what
// was seen at the last look, so that no import is under way, the partitions that
// were made of another one are given up and discarded. They are taken over again
// at once, rebuilt and learned anew, as if their live state had been lost: an
// outage that is ongoing goes on, as it does then. It returns what was seen.
//
// What a partition was made of is told by its epoch and goes with it, so that
// an import is also noticed by a detector that was not there.
func (r *Runner) noticeImport(ctx context.Context, last int64) (seen int64) {
	ctx, cancel := context.WithTimeout(ctx, archiveWithin)
	defer cancel()
	seen, err := r.archive.Edition(ctx)
	if r.trouble.note(stageImport, everyPartition, err) != nil {
		return noEdition
	}
	if seen != last {
		return seen
	}
	outdated := 0
	for _, o := range r.tenures() {
		if o.work.made().lack(seen) && !o.outdated.Swap(true) {
			outdated++
			o.leave()
		}
	}
	if outdated > 0 {
		r.logger.Info("counts were imported: partitions are rebuilt and learned anew", "partitions", outdated)
	}
	return seen
}

func (r *Runner) tenures() []*owned {
	r.own.mu.Lock()
	defer r.own.mu.Unlock()
	return slices.Collect(maps.Values(r.own.tenures))
}

// made returns the editions that the partition was made of.
func (p *partition) made() editions {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.editions
}

// discard has whoever owns the partition next rebuild it. After a failure the
// next owner notices the import again.
func (r *Runner) discard(held context.Context, t *tenure) {
	if held.Err() != nil {
		return
	}
	ctx, cancel := context.WithTimeout(held, r.cfg.RenewEvery)
	defer cancel()
	err := r.live.Discard(ctx, t.current())
	if !errors.Is(err, outage.ErrFenced) {
		_ = r.trouble.note(stageImport, t.partition, err)
	}
}
