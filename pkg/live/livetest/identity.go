package livetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

func identityScenarios() []scenario {
	return []scenario{
		{name: "the same id changes nothing and gives the first receipt", run: sameID},
		{name: "every outcome's receipt is remembered", run: everyOutcomeReplays},
		{name: "a receipt outlives its reporter's marker", run: receiptOutlivesMarker},
		{name: "the same id twice in a batch", run: sameIDInABatch},
		{name: "another digest is a conflict", run: conflict},
		{name: "a missing digest is never compared", run: noDigest},
		{name: "midnight: the previous reporter was counted", run: previousReporter},
		{name: "midnight: the previous id was recorded", run: previousID},
		{name: "midnight: the previous seat counts", run: previousSeat},
		{name: "midnight: nobody was counted before", run: previousUnknown},
	}
}

func sameID(t *testing.T, w *world) {
	now := noon()
	w.ready(t, "whatsapp")
	r := w.report(now, "whatsapp", "NL", 1)
	w.one(t, now, r, outage.Counted)
	first := receiptOf(r, outage.Counted)
	require.Len(t, w.logged(t), 1)

	w.replayed(t, now, r, first)
	almost := now.Add(live.DedupeFor - time.Microsecond)
	w.replayed(t, almost, r, first)
	// A retry that found another country is still the same report.
	moved := r
	moved.Country = "GB"
	w.replayed(t, now, moved, first)
	require.Empty(t, w.logged(t))
	require.Equal(t, 1, w.total(t, "whatsapp", outage.AllCountries, now))
	require.Zero(t, w.total(t, "whatsapp", "GB", now))
}

func everyOutcomeReplays(t *testing.T, w *world) {
	now := noon()
	w.ready(t, "whatsapp")
	counted := w.report(now, "whatsapp", "NL", 1)
	duplicate := w.report(now, "whatsapp", "NL", 1)
	late := w.report(now, "whatsapp", "NL", 2, observed(now.Add(-time.Hour)))
	batch := []outage.Report{counted, duplicate, late}
	outcomes := []outage.Outcome{outage.Counted, outage.Duplicate, outage.TooOld}
	w.record(t, now, batch, outcomes...)
	require.Len(t, w.logged(t), 3)
	for i, r := range batch {
		w.replayed(t, now.Add(time.Minute), r, receiptOf(r, outcomes[i]))
	}
	require.Empty(t, w.logged(t))
}

func receiptOutlivesMarker(t *testing.T, w *world) {
	now := noon()
	w.ready(t, "whatsapp")
	w.one(t, now, w.report(now, "whatsapp", "NL", 1), outage.Counted)
	second := now.Add(59 * time.Minute)
	r := w.report(second, "whatsapp", "NL", 1)
	w.one(t, second, r, outage.Duplicate)
	// Its reporter could be counted again by now, but not by this id.
	third := now.Add(61 * time.Minute)
	w.replayed(t, third, r, receiptOf(r, outage.Duplicate))
	require.Zero(t, w.count(t, "whatsapp", "NL", third))
}

func sameIDInABatch(t *testing.T, w *world) {
	now := noon()
	w.ready(t, "whatsapp")
	r := w.report(now, "whatsapp", "NL", 1)
	other := w.report(now, "whatsapp", "NL", 1, withID(r.ID), digest(77))
	results := w.engine.Record(w.ctx, now, []outage.Report{r, r, other})
	require.Len(t, results, 3)
	require.NoError(t, results[0].Err)
	require.False(t, results[0].Replayed)
	require.NoError(t, results[1].Err)
	require.True(t, results[1].Replayed)
	require.Equal(t, results[0].Receipt, results[1].Receipt)
	require.ErrorIs(t, results[2].Err, outage.ErrConflict)
	require.Len(t, w.logged(t), 1)
	require.Equal(t, 1, w.count(t, "whatsapp", "NL", now))
}

func conflict(t *testing.T, w *world) {
	now := noon()
	w.ready(t, "whatsapp")
	r := w.report(now, "whatsapp", "NL", 1)
	w.one(t, now, r, outage.Counted)
	other := w.report(now, "whatsapp", "NL", 2, withID(r.ID))
	w.refused(t, now, other, outage.ErrConflict)
	w.replayed(t, now, r, receiptOf(r, outage.Counted))
	require.Len(t, w.logged(t), 1)
	require.Equal(t, 1, w.count(t, "whatsapp", "NL", now))
}

func noDigest(t *testing.T, w *world) {
	now := noon()
	w.ready(t, "whatsapp")
	bare := w.report(now, "whatsapp", "NL", 1, digest(0))
	w.one(t, now, bare, outage.Counted)
	with := bare
	with.Digest = 5
	w.replayed(t, now, with, receiptOf(bare, outage.Counted))

	full := w.report(now, "whatsapp", "NL", 2, digest(6))
	w.one(t, now, full, outage.Counted)
	without := full
	without.Digest = 0
	w.replayed(t, now, without, receiptOf(full, outage.Counted))
}

// yesterday is reporter n under the key of the day before.
func (w *world) yesterday(n int) outage.Identity {
	return outage.Identity{ID: w.id(), Reporter: hash("yesterday", n)}
}

// asYesterday makes a report under the key of the day before.
func asYesterday(who outage.Identity) edit {
	return func(r *outage.Report) { r.Identity = who }
}

func previousReporter(t *testing.T, w *world) {
	midnight := time.Date(2017, time.November, 4, 0, 0, 0, 0, time.UTC)
	w.ready(t, "whatsapp")
	who, before, after := w.yesterday(1), midnight.Add(-10*time.Minute), midnight.Add(10*time.Minute)
	w.one(t, before, w.report(before, "whatsapp", "NL", 1, asYesterday(who)), outage.Counted)
	again := who
	again.ID = w.id()
	w.one(t, after, w.report(after, "whatsapp", "NL", 1, previous(again)), outage.Duplicate)
	require.Zero(t, w.count(t, "whatsapp", "NL", after))
	// An hour after the first report it counts again.
	edge := before.Add(live.DedupeFor)
	again.ID = w.id()
	w.one(t, edge, w.report(edge, "whatsapp", "NL", 1, previous(again)), outage.Counted)
}

func previousID(t *testing.T, w *world) {
	midnight := time.Date(2017, time.November, 4, 0, 0, 0, 0, time.UTC)
	w.ready(t, "whatsapp")
	who, before, after := w.yesterday(1), midnight.Add(-time.Second), midnight.Add(time.Second)
	first := w.report(before, "whatsapp", "NL", 1, asYesterday(who), digest(3))
	w.one(t, before, first, outage.Counted)
	require.Len(t, w.logged(t), 1)

	retry := w.report(after, "whatsapp", "NL", 1, previous(who), digest(3))
	w.replayed(t, after, retry, receiptOf(first, outage.Counted))
	other := w.report(after, "whatsapp", "NL", 1, previous(who), digest(4))
	w.refused(t, after, other, outage.ErrConflict)
	require.Empty(t, w.logged(t))
	require.Zero(t, w.count(t, "whatsapp", "NL", after))
}

func previousSeat(t *testing.T, w *world) {
	midnight := time.Date(2017, time.November, 4, 0, 0, 0, 0, time.UTC)
	w.ready(t, "whatsapp")
	before, after := midnight.Add(-time.Minute), midnight.Add(time.Minute)
	for i := range 3 {
		who := w.yesterday(i)
		who.Seat = hash("old seat", 1)
		w.one(t, before, w.report(before, "whatsapp", "NL", i, asYesterday(who)), outage.Counted)
	}
	for i := 10; i < 14; i++ {
		was := w.yesterday(i)
		was.Seat = hash("old seat", 1)
		want := outage.Counted
		if i >= 12 {
			want = outage.Duplicate
		}
		w.one(t, after, w.report(after, "whatsapp", "NL", i, seat(1), previous(was)), want)
	}
}

func previousUnknown(t *testing.T, w *world) {
	now := time.Date(2017, time.November, 4, 0, 10, 0, 0, time.UTC)
	w.ready(t, "whatsapp")
	r := w.report(now, "whatsapp", "NL", 1, previous(w.yesterday(1)))
	w.one(t, now, r, outage.Counted)
	w.replayed(t, now, r, receiptOf(r, outage.Counted))
	w.one(t, now, w.report(now, "whatsapp", "NL", 1), outage.Duplicate)
}
