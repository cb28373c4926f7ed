package livetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

func recordScenarios() []scenario {
	return []scenario{
		{name: "a report is counted in its country and in the sum", run: countsOnce},
		{name: "a refused report in the middle leaves the others recorded", run: refusedInTheMiddle},
		{name: "a batch over many partitions keeps its order", run: manyPartitions},
		{name: "a batch larger than a step is recorded whole", run: largeBatch},
		{name: "an empty batch has no results", run: emptyBatch},
		{name: "an incomplete report is refused", run: incomplete},
		{name: "a failed commit leaves no mark", run: failedCommit, needs: injectsFailures},
		{name: "a closed engine refuses and leaves no mark", run: closedEngine},
	}
}

func countsOnce(t *testing.T, w *world) {
	now := noon()
	w.ready(t, "whatsapp")
	w.one(t, now, w.report(now, "whatsapp", "NL", 1), outage.Counted)
	require.Equal(t, 1, w.count(t, "whatsapp", "NL", now))
	require.Equal(t, 1, w.count(t, "whatsapp", outage.AllCountries, now))
	require.Zero(t, w.count(t, "whatsapp", "GB", now))
	require.Zero(t, w.count(t, "whatsapp", "NL", now.Add(-time.Minute)))
	require.Zero(t, w.count(t, "whatsapp", "NL", now.Add(time.Minute)))
}

func refusedInTheMiddle(t *testing.T, w *world) {
	now := noon()
	w.ready(t, "whatsapp")
	first := w.report(now, "whatsapp", "NL", 1)
	w.one(t, now, first, outage.Counted)
	w.drain(t)

	batch := []outage.Report{
		w.report(now, "whatsapp", "NL", 2),
		w.report(now, "whatsapp", "NL", 3, observed(now.Add(live.FutureLimit+time.Second))),
		w.report(now, "whatsapp", "GB", 4),
		w.report(now, "whatsapp", "GB", 5, withID(first.ID), digest(99)),
		w.report(now, "whatsapp", "", 6),
		w.report(now, "whatsapp", "BE", 7),
	}
	results := w.engine.Record(w.ctx, now, batch)
	require.Len(t, results, len(batch))
	require.ErrorIs(t, results[1].Err, outage.ErrFuture)
	require.ErrorIs(t, results[3].Err, outage.ErrConflict)
	require.ErrorIs(t, results[4].Err, outage.ErrInvalid)
	for _, i := range []int{0, 2, 5} {
		require.NoError(t, results[i].Err)
		require.Equal(t, receiptOf(batch[i], outage.Counted), results[i].Receipt)
	}
	require.Equal(t, 4, w.count(t, "whatsapp", outage.AllCountries, now))
	logged := w.logged(t)
	require.Len(t, logged, 3)
	for i, from := range []int{0, 2, 5} {
		require.Equal(t, batch[from].ID, logged[i].ID)
	}
}

func manyPartitions(t *testing.T, w *world) {
	now := noon()
	same, other := neighbours(2)
	w.ready(t, same[0], other)
	var batch []outage.Report
	for i := range 30 {
		batch = append(batch, w.report(now, []string{same[0], other, same[1]}[i%3], "NL", i))
	}
	results := w.engine.Record(w.ctx, now, batch)
	require.Len(t, results, len(batch))
	for i, res := range results {
		require.NoError(t, res.Err)
		require.Equal(t, receiptOf(batch[i], outage.Counted), res.Receipt)
	}
	for _, e := range w.drain(t) {
		for _, r := range e.Reports {
			require.Equal(t, e.Partition, live.Partition(r.Service))
		}
	}
	for _, s := range []string{same[0], same[1], other} {
		require.Equal(t, 10, w.count(t, s, "NL", now))
	}
}

func largeBatch(t *testing.T, w *world) {
	now := noon()
	w.ready(t, "whatsapp")
	var batch []outage.Report
	for i := range 2*live.MaxBatch + 7 {
		batch = append(batch, w.report(now, "whatsapp", "NL", i))
	}
	results := w.engine.Record(w.ctx, now, batch)
	require.Len(t, results, len(batch))
	for i, res := range results {
		require.NoError(t, res.Err)
		require.Equal(t, receiptOf(batch[i], outage.Counted), res.Receipt)
	}
	require.Equal(t, len(batch), w.count(t, "whatsapp", "NL", now))
	for _, e := range w.drain(t) {
		require.LessOrEqual(t, len(e.Reports), live.MaxBatch)
	}
}

func emptyBatch(t *testing.T, w *world) {
	require.Empty(t, w.engine.Record(w.ctx, noon(), nil))
}

func incomplete(t *testing.T, w *world) {
	now := noon()
	w.ready(t, "whatsapp")
	for name, broken := range map[string]edit{
		"no id":         func(r *outage.Report) { r.ID = outage.ID{} },
		"no reporter":   func(r *outage.Report) { r.Reporter = outage.Hash{} },
		"no service":    func(r *outage.Report) { r.Service = "" },
		"no country":    func(r *outage.Report) { r.Country = "" },
		"every country": func(r *outage.Report) { r.Country = outage.AllCountries },
	} {
		t.Log(name)
		w.refused(t, now, w.report(now, "whatsapp", "NL", 1, broken), outage.ErrInvalid)
	}
	require.Zero(t, w.count(t, "whatsapp", outage.AllCountries, now))
	require.Empty(t, w.logged(t))
}

func failedCommit(t *testing.T, w *world) {
	now := noon()
	w.ready(t, "whatsapp")
	w.drain(t)
	batch := []outage.Report{
		w.report(now, "whatsapp", "NL", 1, seat(1)),
		w.report(now, "whatsapp", "GB", 2, seat(1)),
	}
	w.bundle.FailCommits(1)
	for _, res := range w.engine.Record(w.ctx, now, batch) {
		require.ErrorIs(t, res.Err, outage.ErrUnavailable)
		require.Zero(t, res.Receipt)
	}
	require.Zero(t, w.count(t, "whatsapp", outage.AllCountries, now))
	changes, err := w.engine.Changed(w.ctx, live.Partition("whatsapp"), 0, 10)
	require.NoError(t, err)
	require.Empty(t, changes.Changed)

	w.record(t, now, batch, outage.Counted, outage.Counted)
	require.Len(t, w.logged(t), 2)
}

func closedEngine(t *testing.T, w *world) {
	now := noon()
	w.ready(t, "whatsapp")
	require.NoError(t, w.engine.Close())
	w.refused(t, now, w.report(now, "whatsapp", "NL", 1), outage.ErrUnavailable)
	require.Error(t, w.engine.Cover(w.ctx, now, []outage.Source{outage.SourceForm}))
	require.NoError(t, w.engine.Close(), "closing twice is harmless")
}
