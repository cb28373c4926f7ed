package memory

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

// PutOutages writes the changes that supersede what is there, to the archive
// first; see package live.
func (e *Engine) PutOutages(ctx context.Context, now time.Time, lease live.Lease, written []outage.Change) error {
	t := &announcing{ticket: newTicket(), now: now, lease: lease}
	for _, c := range written {
		t.changes = append(t.changes, clone(c))
	}
	if err := e.submit(ctx, t); err != nil {
		t.fail(err)
	}
	return t.err
}

// announcing is the task of PutOutages.
type announcing struct {
	ticket
	now     time.Time
	lease   live.Lease
	changes []outage.Change
	err     error
}

func (t *announcing) weight() int { return 1 }

func (t *announcing) decide(g *group) {
	if err := g.engine.owners.check(t.lease); err != nil {
		t.fail(err)
		return
	}
	l := g.ledgers[t.lease.Partition]
	if l == nil {
		t.fail(outage.ErrRebuilding)
		return
	}
	var fresh []outage.Change
	for _, c := range t.changes {
		if old, ok := l.outages[c.Outage.ID]; ok && !c.Supersedes(old) {
			continue
		}
		set(g.journal(), l.outages, c.Outage.ID, c)
		fresh = append(fresh, c)
	}
	if len(fresh) == 0 {
		return
	}
	s := g.touch(t.lease.Partition, t.now)
	s.changes = append(s.changes, fresh...)
	if g.durable() {
		entry := g.entry(t.lease.Partition)
		for _, c := range fresh {
			entry.Changes = append(entry.Changes, clone(c))
		}
		s.entry = 0 // what is recorded from here on comes after it on the log
	}
}

func (t *announcing) fail(err error) { t.err = fmt.Errorf("write outages: %w", err) }

// Outages reads the open and recent outages of some partitions, or of all.
func (e *Engine) Outages(_ context.Context, partitions ...int) ([]outage.Change, error) {
	if len(partitions) == 0 {
		for p := range live.Partitions {
			partitions = append(partitions, p)
		}
	}
	var list []outage.Change
	for _, p := range partitions {
		if err := checkPartition(p); err != nil {
			return nil, err
		}
		list = append(list, e.boards[p].all()...)
	}
	return list, nil
}

// clone copies a change so deeply that neither side sees what the other does to
// its slices.
func clone(c outage.Change) outage.Change {
	o := &c.Outage
	o.EndedAt, o.ClosedAt = clonePointer(o.EndedAt), clonePointer(o.ClosedAt)
	o.Impacts = slices.Clone(o.Impacts)
	for i := range o.Impacts {
		o.Impacts[i] = cloneImpact(o.Impacts[i])
	}
	if o.Superseded != nil {
		impact := cloneImpact(*o.Superseded)
		o.Superseded = &impact
	}
	return c
}

func cloneImpact(i outage.Impact) outage.Impact {
	i.EndedAt = clonePointer(i.EndedAt)
	i.Intervals = slices.Clone(i.Intervals)
	return i
}

func clonePointer[T any](p *T) *T {
	if p == nil {
		return nil
	}
	v := *p
	return &v
}
