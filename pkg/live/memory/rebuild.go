package memory

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

// Rebuild fills a partition that has no epoch and then gives it one; see
// package live. The caller builds the partition by itself, so that the others
// go on; the committer only takes it into use. If the partition has an epoch by
// then, nothing happens, and the lease is answered with that epoch.
func (e *Engine) Rebuild(ctx context.Context, now time.Time, lease live.Lease, s live.Snapshot) (live.Lease, error) {
	t := &rebuilding{ticket: newTicket(), lease: lease, fence: s.Fence}
	if err := e.owners.check(lease); err != nil {
		return live.Lease{}, fmt.Errorf("rebuild: %w", err)
	}
	t.ledger = rebuiltLedger(now, s)
	t.board = rebuiltBoard(now, s)
	if err := e.submit(ctx, t); err != nil {
		t.fail(err)
	}
	if t.err != nil {
		return live.Lease{}, t.err
	}
	return t.lease, nil
}

// rebuilding is the task of Rebuild.
type rebuilding struct {
	ticket
	lease  live.Lease
	fence  uint64
	ledger *ledger
	board  *board
	err    error
}

func (t *rebuilding) weight() int { return groupReports } // a group ends with it

func (t *rebuilding) decide(g *group) {
	p := t.lease.Partition
	fence, epoch, err := g.engine.owners.enthrone(t.lease, t.fence, t.ledger.epoch)
	if err != nil {
		t.fail(err)
		return
	}
	t.lease.Fence, t.lease.Epoch = fence, epoch
	if g.ledgers[p] == nil {
		g.ledgers[p] = t.ledger
		g.engine.boards[p].replace(t.board)
	}
}

// fail does nothing to a rebuilt partition: it does not depend on the commit of its group.
func (t *rebuilding) fail(err error) {
	if t.lease.Epoch == "" {
		t.err = fmt.Errorf("rebuild: %w", err)
	}
}

// Discard takes the epoch of a partition away; see package live. Readers go on
// with what is there until it has been rebuilt.
func (e *Engine) Discard(ctx context.Context, lease live.Lease) error {
	t := &discarding{ticket: newTicket(), lease: lease}
	if err := e.submit(ctx, t); err != nil {
		t.fail(err)
	}
	return t.err
}

// discarding is the task of Discard.
type discarding struct {
	ticket
	lease live.Lease
	err   error
}

func (t *discarding) weight() int { return groupReports } // a group ends with it

// decide leaves the work to the end of the group, when all that was counted
// before is committed and published.
func (t *discarding) decide(g *group) { g.discarding = t }

func (t *discarding) fail(err error) { t.err = fmt.Errorf("discard: %w", err) }

// dethrone takes the epoch of a partition away from its owner.
func (o *owners) dethrone(lease live.Lease) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	t, err := o.held(lease)
	if err != nil {
		return err
	}
	t.epoch = ""
	return nil
}

// enthrone gives a partition its epoch if it has none, and its owner a fence
// above the archive's. It answers with what holds then.
func (o *owners) enthrone(lease live.Lease, above uint64, epoch string) (uint64, string, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	t, err := o.held(lease)
	if err != nil {
		return 0, "", err
	}
	if t.epoch == "" {
		t.epoch = epoch
		if t.fence <= above {
			t.fence = above + 1
		}
	}
	return t.fence, t.epoch, nil
}

// rebuiltLedger restores markers, receipts and seats from the reports of the
// last hour, and the outages.
func rebuiltLedger(now time.Time, s live.Snapshot) *ledger {
	l := newLedger(live.NewEpoch(now, s.Edition))
	for i := range s.Reports {
		r := &s.Reports[i]
		at := r.ReceivedAt.UnixNano()
		if !remembered(at, now.UnixNano()) {
			continue
		}
		outcome := slices.Index(outcomes[:], r.Outcome)
		if outcome < 0 {
			continue
		}
		service := l.names.use(r.Service, minuteAt(at))
		l.remember(at, service, &r.Report, uint8(outcome), nil) //nolint:gosec // one of three
		if r.Outcome == outage.Counted {
			l.mark(at, service, r.Reporter, nil)
			if !r.Seat.IsZero() {
				l.sit(at, service, &r.Report, nil)
			}
		}
	}
	for _, c := range s.Outages {
		if !outdated(c, now) {
			l.outages[c.Outage.ID] = clone(c)
		}
	}
	return l
}

// rebuiltBoard restores counts, evidence and outages. The series that were
// heard of the longest ago come first among the changes.
func rebuiltBoard(now time.Time, s live.Snapshot) *board {
	b := &board{}
	before := minuteOf(now) - keepCountMinutes
	for _, c := range s.Counts {
		minute := minuteOf(c.Minute)
		if c.Count <= 0 || minute < before {
			continue
		}
		svc := b.service(c.Series.Service)
		for _, to := range [...]*series{svc.sum, b.country(svc, c.Series.Country)} {
			h := to.hour(floor(minute, 60))
			h.add(int(minute-60*h.number), c.Count)
			b.touch(to, minute)
		}
	}
	for i := range s.Reports {
		if r := &s.Reports[i]; r.Outcome == outage.Counted {
			b.attest(&r.Report)
		}
	}
	slices.SortFunc(b.dirty, func(x, y *series) int { return cmp.Compare(x.last, y.last) })
	b.order(before)
	for _, c := range s.Outages {
		b.put(clone(c))
	}
	b.drop(now)
	return b
}

// attest adds a counted report's evidence to its series, which have counts.
func (b *board) attest(r *outage.Report) {
	number := floor(r.ObservedAt.Unix(), 3600)
	for _, country := range [...]string{r.Country, outage.AllCountries} {
		s := b.find(outage.Series{Service: r.Service, Country: country})
		if s == nil {
			continue
		}
		if i, found := s.find(number); found {
			s.hours[i].witness(r)
		}
	}
}

// replace puts a rebuilt board in the place of this one.
func (b *board) replace(by *board) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.services, b.changes, b.dirty, b.outages = by.services, by.changes, by.dirty, by.outages
}
