package memory

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

// group is the committer: the tasks that it is deciding together, and the
// ledgers that it decides them with. One goroutine owns it.
type group struct {
	engine   *Engine
	ledgers  [live.Partitions]*ledger // nil until the partition has been rebuilt
	covered  map[live.Coverage]bool
	position uint64

	services []name // scratch: the services of a task's reports

	tasks   []task
	entries []live.Entry
	shares  [live.Partitions]share
	touched []int // the partitions whose share or ledger holds something
	undo    journal
	// discarding, the group's last task then, takes a ledger away.
	discarding *discarding
	now        time.Time // the latest of the group's tasks; zero if none touched a partition
	swept      int64     // the minute in which quiet partitions were last swept
}

// share is what a group will publish on one partition's board.
type share struct {
	touched bool
	entry   int // 1 + index of the entry that takes further reports; 0 for none
	counted []counted
	changes []outage.Change
}

// counted is a report on its way to a board. The report is its caller's, who
// waits until the group is published.
type counted struct {
	report *outage.Report
	minute int64 // of its observation
}

func newGroup(e *Engine) *group {
	return &group{engine: e, covered: map[live.Coverage]bool{}}
}

// run works until the queue is closed and empty.
func (g *group) run(queue <-chan task) {
	for first := range queue {
		g.gather(first, queue)
		err := g.commit()
		if err != nil {
			g.rollBack(err)
		} else {
			g.publish()
			g.discard()
		}
		g.finish()
	}
}

// gather decides the first task and those that already wait behind it.
func (g *group) gather(first task, queue <-chan task) {
	reports := g.claim(first)
	for reports < groupReports && len(g.tasks) < queueTasks {
		select {
		case next, open := <-queue:
			if !open {
				return
			}
			reports += g.claim(next)
		default:
			return
		}
	}
}

// claim decides a task unless its caller has withdrawn it.
func (g *group) claim(t task) int {
	if !t.waiting().take() {
		return 0
	}
	g.tasks = append(g.tasks, t)
	t.decide(g)
	return t.weight()
}

// commit makes the group's entries durable. It is not bound to any caller's
// context, for the group belongs to many.
func (g *group) commit() error {
	if len(g.entries) == 0 || g.engine.committer == nil {
		return nil
	}
	err := g.engine.committer.Append(context.Background(), g.entries)
	g.engine.failing.Store(err != nil)
	if err != nil {
		return fmt.Errorf("%w: commit to the archive: %w", outage.ErrUnavailable, err)
	}
	return nil
}

// rollBack leaves no mark of the group.
func (g *group) rollBack(err error) {
	g.undo.rollBack()
	for _, t := range g.tasks {
		t.fail(err)
	}
}

// publish shows readers what was committed.
func (g *group) publish() {
	for _, p := range g.touched {
		s := &g.shares[p]
		if len(s.counted)+len(s.changes) > 0 {
			g.engine.boards[p].publish(g.now, s.counted, s.changes)
		}
	}
}

// discard does what a discarding task asked for. The ledger is gone before its
// caller is answered, and after everybody who was counted in it.
func (g *group) discard() {
	t := g.discarding
	if t == nil {
		return
	}
	if err := g.engine.owners.dethrone(t.lease); err != nil {
		t.fail(err)
		return
	}
	g.ledgers[t.lease.Partition] = nil
}

// finish answers the callers, empties the group for the next one, and forgets
// a little of what is over.
func (g *group) finish() {
	for i, t := range g.tasks {
		close(t.waiting().done)
		g.tasks[i] = nil
	}
	for _, p := range g.touched {
		s := &g.shares[p]
		work := len(s.counted)
		clear(s.counted)
		clear(s.changes)
		*s = share{counted: s.counted[:0], changes: s.changes[:0]}
		if l := g.ledgers[p]; l != nil {
			l.forget(g.now, 4*work+64)
		}
	}
	g.sweep()
	clear(g.undo)
	g.tasks, g.touched, g.undo = g.tasks[:0], g.touched[:0], g.undo[:0]
	g.entries = nil // the archive may have kept it
	g.now = time.Time{}
	g.discarding = nil
}

// sweep lets the partitions in which nothing happens forget, once a minute.
func (g *group) sweep() {
	minute := minuteOf(g.now)
	if g.now.IsZero() || g.swept == minute {
		return
	}
	g.swept = minute
	for p, l := range g.ledgers {
		if l != nil {
			l.forget(g.now, 4096)
			l.forgetOutages(g.now)
			g.engine.boards[p].forget(g.now)
		}
	}
	for c := range g.covered {
		if age := g.now.Sub(c.Minute); age > live.DedupeFor || age < -live.DedupeFor {
			delete(g.covered, c)
		}
	}
}

// touch notes that the group concerns a partition.
func (g *group) touch(partition int, now time.Time) *share {
	s := &g.shares[partition]
	if !s.touched {
		s.touched = true
		g.touched = append(g.touched, partition)
	}
	if now.After(g.now) {
		g.now = now
	}
	return s
}

// durable says whether entries, and ways back, are needed at all.
func (g *group) durable() bool { return g.engine.committer != nil }

// journal is where ledgers put how to undo what they decide; nil if no commit can fail.
func (g *group) journal() *journal {
	if g.durable() {
		return &g.undo
	}
	return nil
}

// entry begins a log entry of a partition.
func (g *group) entry(partition int) *live.Entry {
	g.position++
	g.entries = append(g.entries, live.Entry{
		Partition: partition,
		Epoch:     g.ledgers[partition].epoch,
		Position:  strconv.FormatUint(g.position, 10),
	})
	return &g.entries[len(g.entries)-1]
}

// log puts a report on the partition's entry. Entries hold live.MaxBatch reports at most.
func (g *group) log(s *share, partition int, r outage.Logged) {
	if s.entry == 0 || len(g.entries[s.entry-1].Reports) >= live.MaxBatch {
		g.entry(partition)
		s.entry = len(g.entries)
	}
	e := &g.entries[s.entry-1]
	e.Reports = append(e.Reports, r)
}
