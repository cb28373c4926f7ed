package memory

import (
	"context"
	"fmt"
	"time"

	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

// Record records reports once each; see package live. The reports must not be
// changed until it returns.
func (e *Engine) Record(ctx context.Context, now time.Time, reports []outage.Report) []live.Result {
	results := make([]live.Result, len(reports))
	for i := range reports {
		results[i].Err = refusal(now, &reports[i])
	}
	partitions := partitionsOf(reports)
	for from := 0; from < len(reports); from += live.MaxBatch {
		to := min(from+live.MaxBatch, len(reports))
		t := &recording{
			ticket: newTicket(), now: now,
			reports: reports[from:to], partitions: partitions[from:to], results: results[from:to],
		}
		if err := e.submit(ctx, t); err != nil {
			t.fail(err)
		}
	}
	return results
}

// partitionsOf finds the partition of each report, here and not in the committer,
// because callers are many.
func partitionsOf(reports []outage.Report) []uint8 {
	partitions := make([]uint8, len(reports))
	for i := range reports {
		if i > 0 && reports[i].Service == reports[i-1].Service {
			partitions[i] = partitions[i-1]
			continue
		}
		partitions[i] = uint8(live.Partition(reports[i].Service)) //nolint:gosec // there are 64
	}
	return partitions
}

// refusal says why a report will never be recorded, or nil.
func refusal(now time.Time, r *outage.Report) error {
	switch {
	case r.ID.IsZero() || r.Reporter.IsZero():
		return fmt.Errorf("%w: a report needs an id and a reporter", outage.ErrInvalid)
	case r.Service == "":
		return fmt.Errorf("%w: a report needs a service", outage.ErrInvalid)
	case r.Country == "" || r.Country == outage.AllCountries:
		return fmt.Errorf("%w: a report needs a country, ZZ if it is unknown", outage.ErrInvalid)
	case r.ObservedAt.Sub(now) > live.FutureLimit:
		return outage.ErrFuture
	}
	return nil
}

// recording is the task of one step of Record.
type recording struct {
	ticket
	now        time.Time
	reports    []outage.Report
	partitions []uint8
	results    []live.Result // those with an error were refused beforehand
}

func (t *recording) weight() int { return len(t.reports) }

func (t *recording) decide(g *group) {
	services := t.prepare(g)
	for i := range t.reports {
		if t.results[i].Err == nil {
			t.results[i] = t.one(g, int(t.partitions[i]), services[i], &t.reports[i])
		}
	}
}

// prepare numbers the services and looks up, in vain, what deciding will look
// up. With millions of receipts every lookup waits for memory; here, where no
// lookup depends on the one before it, the processor waits for several at once.
// One at a time, among all the work of deciding, took twice as long.
func (t *recording) prepare(g *group) []name {
	minute := minuteOf(t.now)
	g.services = append(g.services[:0], make([]name, len(t.reports))...)
	for i := range t.reports {
		if l := g.ledgers[t.partitions[i]]; l != nil && t.results[i].Err == nil {
			g.services[i] = l.names.use(t.reports[i].Service, minute)
		}
	}
	for i := range t.reports {
		if l := g.ledgers[t.partitions[i]]; l != nil {
			_, _ = l.receipts[t.reports[i].ID]
		}
	}
	for i := range t.reports {
		if l := g.ledgers[t.partitions[i]]; l != nil {
			_, _ = l.markers[person{g.services[i], t.reports[i].Reporter}]
		}
	}
	return g.services
}

// one decides one report.
func (t *recording) one(g *group, partition int, service name, r *outage.Report) live.Result {
	l := g.ledgers[partition]
	if l == nil {
		return live.Result{Err: outage.ErrRebuilding}
	}
	s := g.touch(partition, t.now)
	res := l.record(t.now, service, r, g.journal())
	if res.Err != nil || res.Replayed {
		return res
	}
	if res.Receipt.Outcome == outage.Counted {
		s.counted = append(s.counted, counted{report: r, minute: minuteOf(observation(t.now, r))})
	}
	if g.durable() {
		logged := outage.Logged{Report: *r, Outcome: res.Receipt.Outcome}
		logged.ObservedAt = observation(t.now, r)
		g.log(s, partition, logged)
	}
	return res
}

// fail keeps what was refused for good, and fails the rest.
func (t *recording) fail(err error) {
	for i := range t.results {
		if refusal(t.now, &t.reports[i]) == nil {
			t.results[i] = live.Result{Err: fmt.Errorf("record reports: %w", err)}
		}
	}
}

// observation is when a report counts: an observation ahead of now is taken as now.
func observation(now time.Time, r *outage.Report) time.Time {
	if r.ObservedAt.After(now) {
		return now
	}
	return r.ObservedAt
}

// Cover notes on the log that the sources are listening in this minute, once a
// source and minute. Coverage travels with the partition that the source's name
// falls into; while that is without an epoch, the answer is outage.ErrRebuilding.
// After a failed commit it tries one even if all is noted, as Ping does, so that
// nil always means that commits work.
func (e *Engine) Cover(ctx context.Context, now time.Time, sources []outage.Source) error {
	t := &covering{ticket: newTicket(), now: now, sources: sources}
	if err := e.submit(ctx, t); err != nil {
		t.fail(err)
	}
	return t.err
}

// covering is the task of Cover.
type covering struct {
	ticket
	now     time.Time
	sources []outage.Source
	err     error
}

func (t *covering) weight() int { return 1 }

func (t *covering) decide(g *group) {
	noted := false
	for _, source := range t.sources {
		c := live.Coverage{Source: source, Minute: t.now.UTC().Truncate(time.Minute)}
		if g.covered[c] {
			continue
		}
		p := live.Partition(string(source))
		if g.ledgers[p] == nil {
			t.err = fmt.Errorf("note coverage: %w", outage.ErrRebuilding)
			continue
		}
		g.touch(p, t.now)
		g.covered[c] = true
		g.journal().note(func() { delete(g.covered, c) })
		entry := g.entry(p)
		entry.Coverage = append(entry.Coverage, c)
		noted = true
	}
	if !noted && g.engine.failing.Load() {
		g.attempt()
	}
}

func (t *covering) fail(err error) { t.err = fmt.Errorf("note coverage: %w", err) }
