package livetest

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert" //nolint:depguard // require must not end another goroutine's test
	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

func modelScenarios() []scenario {
	var list []scenario
	for seed := range uint64(4) {
		list = append(list, scenario{
			name: fmt.Sprintf("random batches decide as the reference does, seed %d", seed),
			run:  func(t *testing.T, w *world) { randomBatches(t, w, seed) },
		})
	}
	return append(list, scenario{name: "many goroutines at once are as good as one after another", run: manyGoroutines})
}

// generator makes up random reports from few reporters, seats and origins, so
// that they collide. What is random about a report depends on its number alone,
// so that the same number is the same request again.
type generator struct {
	w        *world
	rng      *rand.Rand
	services []string
	sent     []outage.Report
}

func newGenerator(w *world, seed uint64, services []string) *generator {
	return &generator{w: w, rng: rand.New(rand.NewPCG(seed, 7)), services: services} //nolint:gosec // a test's randomness
}

// next returns a new report or one sent before.
func (g *generator) next(now time.Time) outage.Report {
	if len(g.sent) > 0 && g.rng.IntN(5) == 0 {
		r := g.sent[len(g.sent)-1-g.rng.IntN(min(len(g.sent), 400))]
		switch g.rng.IntN(4) {
		case 0:
			r.Digest++
		case 1:
			r.Digest = 0
		}
		return r
	}
	r := g.fresh(now)
	g.sent = append(g.sent, r)
	return r
}

func (g *generator) fresh(now time.Time) outage.Report {
	age := time.Duration(g.rng.Int64N(int64(4*time.Minute))) - time.Minute - time.Second
	if g.rng.IntN(10) == 0 {
		age = live.LateAfter + time.Duration(g.rng.IntN(3)-1)*time.Microsecond
	}
	who := g.rng.IntN(150)
	r := g.w.report(now, g.services[g.rng.IntN(len(g.services))], []string{"NL", "GB", "ZZ"}[g.rng.IntN(3)], who,
		observed(now.Add(-age.Truncate(time.Microsecond))), digest(uint32(g.rng.IntN(3)))) //nolint:gosec // small
	if g.rng.IntN(2) == 0 {
		r.Seat = hash("seat", g.rng.IntN(6))
	}
	if g.rng.IntN(4) == 0 {
		was := outage.Identity{ID: g.w.id(), Reporter: hash("reporter", g.rng.IntN(150))}
		if !r.Seat.IsZero() {
			was.Seat = hash("seat", g.rng.IntN(6))
		}
		if len(g.sent) > 0 && g.rng.IntN(4) == 0 {
			was.ID = g.sent[g.rng.IntN(len(g.sent))].ID
		}
		r.Previous = &was
	}
	return r
}

func randomBatches(t *testing.T, w *world, seed uint64) {
	services, other := neighbours(2)
	services = append(services, other)
	w.ready(t, services...)
	w.drain(t)
	g, ref := newGenerator(w, seed, services), newReference()
	start := noon()
	now := start
	var want []outage.ID
	for range 250 {
		now = now.Add(time.Duration(g.rng.Int64N(int64(90*time.Second))) / 1000 * 1000)
		batch := make([]outage.Report, 1+g.rng.IntN(20))
		for i := range batch {
			batch[i] = g.next(now)
		}
		for i, res := range w.engine.Record(w.ctx, now, batch) {
			expect := ref.record(now, batch[i])
			requireResult(t, expect, res)
			if expect.Err == nil && !expect.Replayed {
				want = append(want, batch[i].ID)
			}
		}
	}
	require.ElementsMatch(t, want, ids(w.logged(t)))
	w.requireCounts(t, ref, services, start.Add(-time.Hour), now.Add(time.Hour))
}

func requireResult(t *testing.T, want, got live.Result) {
	t.Helper()
	if want.Err != nil {
		require.ErrorIs(t, got.Err, want.Err)
		return
	}
	require.NoError(t, got.Err)
	require.Equal(t, want, got)
}

func ids(reports []outage.Logged) []outage.ID {
	list := make([]outage.ID, len(reports))
	for i, r := range reports {
		list[i] = r.ID
	}
	return list
}

// requireCounts compares every series with the reference.
func (w *world) requireCounts(t *testing.T, ref *reference, services []string, from, to time.Time) {
	t.Helper()
	var series []outage.Series
	for _, s := range services {
		series = append(series, all(s, "NL", "GB", "ZZ")...)
	}
	counts, err := w.engine.Counts(w.ctx, series, from, to)
	require.NoError(t, err)
	for i, s := range series {
		require.Equal(t, ref.dense(s, from, to), counts[i], s.String())
	}
}

// manyGoroutines records from many goroutines, whose clocks differ, and then
// lets the reference decide the log's reports in the log's order: it must
// come to the same outcomes and counts.
func manyGoroutines(t *testing.T, w *world) {
	const writers, batches = 12, 40
	services, other := neighbours(2)
	services = append(services, other)
	w.ready(t, services...)
	w.drain(t)
	start := noon()
	shared := newGenerator(w, 1, services)
	pool := make([]outage.Report, 2000)
	for i := range pool {
		pool[i] = shared.fresh(start)
		pool[i].Digest = 0
	}
	results := make(chan live.Result, writers*batches*20)
	var wg sync.WaitGroup
	for writer := range writers {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(99, uint64(writer))) //nolint:gosec // a test's randomness
			for range batches {
				now := start.Add(time.Duration(rng.IntN(20)) * time.Minute)
				batch := make([]outage.Report, 1+rng.IntN(20))
				for i := range batch {
					batch[i] = pool[rng.IntN(len(pool))]
					batch[i].ReceivedAt = now
					batch[i].ObservedAt = now.Add(-time.Duration(rng.IntN(1000)) * time.Second)
				}
				for _, res := range w.engine.Record(w.ctx, now, batch) {
					assert.NoError(t, res.Err)
					results <- res
				}
			}
		})
	}
	wg.Wait()
	close(results)
	w.requireSerial(t, pool, results, services)
}

// requireSerial asserts that some serial order, that of the log, explains the results.
func (w *world) requireSerial(t *testing.T, pool []outage.Report, results <-chan live.Result, services []string) {
	t.Helper()
	was := map[outage.ID]*outage.Identity{}
	for _, r := range pool {
		was[r.ID] = r.Previous
	}
	ref := newReference()
	receipts := map[outage.ID]outage.Receipt{}
	for _, r := range w.logged(t) {
		report := r.Report
		report.Previous = was[r.ID] // engines need not log it
		res := ref.record(report.ReceivedAt, report)
		require.NoError(t, res.Err)
		require.False(t, res.Replayed, "logged twice")
		require.Equal(t, res.Receipt.Outcome, r.Outcome)
		receipts[r.ID] = res.Receipt
	}
	answered := map[outage.ID]int{}
	for res := range results {
		require.Equal(t, receipts[res.Receipt.ID], res.Receipt)
		if !res.Replayed {
			answered[res.Receipt.ID]++
		}
	}
	require.Len(t, answered, len(receipts), "each logged report was answered as new")
	for id, n := range answered {
		require.Equal(t, 1, n, "report %s was new to more than one caller", id)
	}
	w.requireCounts(t, ref, services, noon().Add(-time.Hour), noon().Add(time.Hour))
}
