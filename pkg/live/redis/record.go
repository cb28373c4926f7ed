package redis

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

// maxSteps bounds the steps of one round trip, and with them what a round
// trip holds in memory.
const maxSteps = live.Partitions

// Record records each report once, in the order given; see package live. The
// steps of a call go to Redis in one round trip.
func (e *Engine) Record(ctx context.Context, now time.Time, reports []outage.Report) []live.Result {
	if len(reports) == 0 {
		return nil
	}
	results := make([]live.Result, len(reports))
	var byPartition [live.Partitions][]int
	service, partition := "", 0
	for i := range reports {
		r := &reports[i]
		if err := validate(now, r); err != nil {
			results[i].Err = fmt.Errorf("record a report: %w", err)
			continue
		}
		if r.Service != service {
			service, partition = r.Service, live.Partition(r.Service)
		}
		byPartition[partition] = append(byPartition[partition], i)
	}
	if err := e.admit(ctx, now); err != nil {
		for i := range results {
			if results[i].Err == nil {
				results[i].Err = fmt.Errorf("record reports: %w", err)
			}
		}
		return results
	}
	var steps []*batch
	for p, index := range byPartition {
		for len(index) > 0 {
			n := min(len(index), live.MaxBatch)
			steps = append(steps, e.step(p, now, reports, index[:n]))
			index = index[n:]
			if len(steps) == maxSteps {
				e.recordSteps(ctx, steps, results)
				steps = steps[:0]
			}
		}
	}
	if len(steps) > 0 {
		e.recordSteps(ctx, steps, results)
	}
	return results
}

// step prepares one atomic step.
func (e *Engine) step(partition int, now time.Time, reports []outage.Report, index []int) *batch {
	b := e.batches.get()
	b.partition, b.now, b.reports = partition, now, reports
	b.index = append(b.index, index...)
	b.build()
	return b
}

// recordSteps runs steps in one round trip and notes the reports' results.
func (e *Engine) recordSteps(ctx context.Context, steps []*batch, results []live.Result) {
	answers, errs := send(ctx, e, steps)
	for i, b := range steps {
		err := wrap("record reports", errs[i])
		if err == nil {
			err = e.settle(b, answers[i], results)
		}
		if err != nil {
			for _, at := range b.index {
				results[at] = live.Result{Err: err}
			}
		}
		e.batches.put(b)
	}
}

// settle reads the answer of record.lua.
func (e *Engine) settle(b *batch, answer any, results []live.Result) error {
	list, ok := answer.([]any)
	if !ok || len(list) < 2 {
		return unexpected("record reports")
	}
	letters, ok1 := list[0].(string)
	size, ok2 := list[1].(int64)
	if !ok1 || !ok2 || len(letters) != len(b.index) {
		return unexpected("record reports")
	}
	e.logs.set(b.partition, size)
	replays := list[2:]
	for i, at := range b.index {
		letter, first := letters[i], ""
		if letter == letterReplayed || letter == letterReplayedOld {
			if len(replays) == 0 {
				return unexpected("record reports")
			}
			first, _ = replays[0].(string)
			replays = replays[1:]
		}
		results[at] = resultOf(&b.reports[at], letter, first)
	}
	return nil
}

// resultOf turns a report's letter into its result. first is the receipt of a
// replayed one.
func resultOf(r *outage.Report, letter byte, first string) live.Result {
	receipt := outage.Receipt{ID: r.ID, Service: r.Service, Country: r.Country}
	switch letter {
	case letterReplayed:
		return replayed(r.ID, first)
	case letterReplayedOld:
		return replayed(r.Previous.ID, first)
	case letterConflict:
		return live.Result{Err: fmt.Errorf("record a report: %w", outage.ErrConflict)}
	}
	var ok bool
	if receipt.Outcome, ok = outcomeOf(letter); !ok {
		return live.Result{Err: unexpected("record reports")}
	}
	return live.Result{Receipt: receipt}
}

// outcomeOf reads the letter of a report that was recorded.
func outcomeOf(letter byte) (outage.Outcome, bool) {
	switch letter {
	case letterCounted:
		return outage.Counted, true
	case letterDuplicate:
		return outage.Duplicate, true
	case letterTooOld:
		return outage.TooOld, true
	}
	return "", false
}

// A stored receipt is its time (13), outcome (1), digest (4) and series.
const (
	receiptOutcome = 13
	receiptDigest  = 14
	receiptSeries  = 18
)

func replayed(id outage.ID, stored string) live.Result {
	if len(stored) < receiptSeries {
		return live.Result{Err: unexpected("read a receipt")}
	}
	outcome, ok := outcomeOf(stored[receiptOutcome])
	service, country, cut := strings.Cut(stored[receiptSeries:], "/")
	if !ok || !cut {
		return live.Result{Err: unexpected("read a receipt")}
	}
	return live.Result{
		Receipt:  outage.Receipt{ID: id, Service: service, Country: country, Outcome: outcome},
		Replayed: true,
	}
}

// unexpected says that Redis answered what no script of ours does.
func unexpected(operation string) error {
	return fmt.Errorf("%s: redis gave an unexpected answer", operation)
}
