package archiver

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

// together commits the entries of several partitions in one transaction: one
// sync of the database's disk instead of sixty-four a second.
type together struct {
	archive Archive
	linger  time.Duration

	mu      sync.Mutex
	waiting []*share
	leading bool // somebody collects, and will commit what waits
}

// share is the part of one partition in a transaction.
type share struct {
	entries []live.Entry
	reports int
	done    chan error // holds one
}

// append commits the entries, alone or with those of others, and returns when
// they are committed or could not be. Entries that are invalid fail for
// themselves alone.
func (t *together) append(ctx context.Context, entries []live.Entry) error {
	if t.linger == 0 {
		return t.archive.Append(ctx, entries)
	}
	mine := &share{entries: entries, done: make(chan error, 1)}
	for i := range entries {
		mine.reports += len(entries[i].Reports)
	}
	t.mu.Lock()
	t.waiting = append(t.waiting, mine)
	leads := !t.leading
	t.leading = true
	t.mu.Unlock()
	if leads {
		// Who leads works for others too: its own end must not be theirs.
		t.lead(context.WithoutCancel(ctx), ctx.Done())
	}
	select {
	case err := <-mine.done:
		return err
	case <-ctx.Done():
		// It may be committed all the same; to commit it again does no harm.
		return fmt.Errorf("append: %w: %w", outage.ErrUnavailable, ctx.Err())
	}
}

// lead lets others join for a moment, then commits all that waits.
func (t *together) lead(ctx context.Context, hurry <-chan struct{}) {
	timer := time.NewTimer(t.linger)
	select {
	case <-timer.C:
	case <-hurry:
		timer.Stop()
	}
	t.mu.Lock()
	waiting := t.waiting
	t.waiting, t.leading = nil, false
	t.mu.Unlock()
	for len(waiting) > 0 {
		n, reports := 1, waiting[0].reports
		for n < len(waiting) && reports+waiting[n].reports <= mostReports {
			reports += waiting[n].reports
			n++
		}
		t.commit(ctx, waiting[:n])
		waiting = waiting[n:]
	}
}

func (t *together) commit(ctx context.Context, shares []*share) {
	ctx, cancel := context.WithTimeout(ctx, commitWithin)
	defer cancel()
	var all []live.Entry
	for _, s := range shares {
		all = append(all, s.entries...)
	}
	err := t.archive.Append(ctx, all)
	for _, s := range shares {
		if len(shares) > 1 && errors.Is(err, outage.ErrInvalid) {
			s.done <- t.archive.Append(ctx, s.entries) // one of them is; find out which
			continue
		}
		s.done <- err
	}
}
