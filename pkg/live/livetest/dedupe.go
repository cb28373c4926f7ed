package livetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

func dedupeScenarios() []scenario {
	return []scenario{
		{name: "a reporter counts once in an hour, exactly", run: onceInAnHour},
		{name: "a duplicate does not prolong the hour", run: duplicateDoesNotProlong},
		{name: "the first report's country wins", run: firstCountryWins},
		{name: "a reporter counts for each service", run: eachService},
		{name: "a reporter twice in a batch counts once", run: twiceInABatch},
		{name: "a clock that steps back forgets nobody", run: clockStepsBack},
		{name: "late is exact", run: lateIsExact},
		{name: "a late reporter may still be counted", run: lateLeavesNoMarker},
		{name: "future is exact and taken as now", run: futureIsExact},
		{name: "five seats at an address", run: fiveSeats},
		{name: "a seat comes free after an hour", run: seatComesFree},
		{name: "seats are of one service", run: seatsPerService},
		{name: "a batch shares the seats", run: seatsInABatch},
	}
}

func onceInAnHour(t *testing.T, w *world) {
	now := noon()
	w.ready(t, "whatsapp")
	w.one(t, now, w.report(now, "whatsapp", "NL", 1), outage.Counted)
	w.one(t, now, w.report(now, "whatsapp", "NL", 1), outage.Duplicate)
	edge := now.Add(live.DedupeFor)
	almost := edge.Add(-time.Microsecond)
	w.one(t, almost, w.report(almost, "whatsapp", "NL", 1), outage.Duplicate)
	w.one(t, edge, w.report(edge, "whatsapp", "NL", 1), outage.Counted)
	w.one(t, edge, w.report(edge, "whatsapp", "NL", 1), outage.Duplicate)
	require.Equal(t, 1, w.count(t, "whatsapp", "NL", now))
	require.Equal(t, 1, w.count(t, "whatsapp", "NL", edge))
	require.Len(t, w.logged(t), 5)
}

func duplicateDoesNotProlong(t *testing.T, w *world) {
	now := noon()
	w.ready(t, "whatsapp")
	w.one(t, now, w.report(now, "whatsapp", "NL", 1), outage.Counted)
	later := now.Add(59 * time.Minute)
	w.one(t, later, w.report(later, "whatsapp", "NL", 1), outage.Duplicate)
	edge := now.Add(live.DedupeFor)
	w.one(t, edge, w.report(edge, "whatsapp", "NL", 1), outage.Counted)
}

func firstCountryWins(t *testing.T, w *world) {
	now := noon()
	w.ready(t, "whatsapp")
	w.one(t, now, w.report(now, "whatsapp", "NL", 1), outage.Counted)
	w.one(t, now, w.report(now, "whatsapp", "GB", 1), outage.Duplicate)
	require.Equal(t, 1, w.count(t, "whatsapp", "NL", now))
	require.Zero(t, w.count(t, "whatsapp", "GB", now))
	require.Equal(t, 1, w.count(t, "whatsapp", outage.AllCountries, now))
}

func eachService(t *testing.T, w *world) {
	now := noon()
	same, other := neighbours(2)
	w.ready(t, same[0], other)
	for _, s := range []string{same[0], same[1], other} {
		w.one(t, now, w.report(now, s, "NL", 1), outage.Counted)
		w.one(t, now, w.report(now, s, "NL", 1), outage.Duplicate)
	}
}

func twiceInABatch(t *testing.T, w *world) {
	now := noon()
	w.ready(t, "whatsapp")
	w.record(t, now, []outage.Report{
		w.report(now, "whatsapp", "NL", 1),
		w.report(now, "whatsapp", "GB", 1),
		w.report(now, "whatsapp", "GB", 2),
		w.report(now, "whatsapp", "NL", 2),
	}, outage.Counted, outage.Duplicate, outage.Counted, outage.Duplicate)
	require.Equal(t, 1, w.count(t, "whatsapp", "NL", now))
	require.Equal(t, 1, w.count(t, "whatsapp", "GB", now))
	require.Equal(t, 2, w.count(t, "whatsapp", outage.AllCountries, now))
}

func clockStepsBack(t *testing.T, w *world) {
	now := noon()
	w.ready(t, "whatsapp")
	first := w.report(now, "whatsapp", "NL", 1)
	w.one(t, now, first, outage.Counted)
	back := now.Add(-2 * time.Hour)
	again := first
	again.ObservedAt = back
	w.replayed(t, back, again, receiptOf(first, outage.Counted))
	w.one(t, back, w.report(back, "whatsapp", "NL", 1), outage.Duplicate)
	w.one(t, back, w.report(back, "whatsapp", "NL", 2), outage.Counted)
	w.one(t, now, w.report(now, "whatsapp", "NL", 1), outage.Duplicate)
	require.Equal(t, 1, w.count(t, "whatsapp", "NL", back))
	require.Equal(t, 1, w.count(t, "whatsapp", "NL", now))
}

func lateIsExact(t *testing.T, w *world) {
	now := noon()
	w.ready(t, "whatsapp")
	edge := now.Add(-live.LateAfter)
	beyond := edge.Add(-time.Microsecond)
	w.record(t, now, []outage.Report{
		w.report(now, "whatsapp", "NL", 1, observed(edge)),
		w.report(now, "whatsapp", "NL", 2, observed(beyond)),
	}, outage.Counted, outage.TooOld)
	require.Equal(t, 1, w.count(t, "whatsapp", "NL", edge))
	require.Equal(t, 1, w.total(t, "whatsapp", outage.AllCountries, now))
	logged := w.logged(t)
	require.Len(t, logged, 2, "a late report is kept")
	require.Equal(t, outage.TooOld, logged[1].Outcome)
	require.True(t, logged[1].ObservedAt.Equal(beyond))
}

func lateLeavesNoMarker(t *testing.T, w *world) {
	now := noon()
	w.ready(t, "whatsapp")
	late := observed(now.Add(-live.LateAfter - time.Second))
	w.one(t, now, w.report(now, "whatsapp", "NL", 1, late), outage.TooOld)
	w.one(t, now, w.report(now, "whatsapp", "NL", 1), outage.Counted)
	w.one(t, now, w.report(now, "whatsapp", "NL", 1, late), outage.TooOld)
}

func futureIsExact(t *testing.T, w *world) {
	now := noon()
	w.ready(t, "whatsapp")
	edge := now.Add(live.FutureLimit)
	w.one(t, now, w.report(now, "whatsapp", "NL", 1, observed(edge)), outage.Counted)
	w.refused(t, now, w.report(now, "whatsapp", "NL", 2, observed(edge.Add(time.Microsecond))), outage.ErrFuture)
	require.Equal(t, 1, w.count(t, "whatsapp", "NL", now), "counted now")
	require.Zero(t, w.count(t, "whatsapp", "NL", edge))
	logged := w.logged(t)
	require.Len(t, logged, 1)
	require.True(t, logged[0].ObservedAt.Equal(now), "logged as observed now")
	w.one(t, now, w.report(now, "whatsapp", "NL", 2), outage.Counted)
}

func fiveSeats(t *testing.T, w *world) {
	now := noon()
	w.ready(t, "whatsapp")
	for i := range outage.SeatsPerAddress {
		w.one(t, now, w.report(now, "whatsapp", "NL", i, seat(1)), outage.Counted)
		w.one(t, now, w.report(now, "whatsapp", "NL", i, seat(1)), outage.Duplicate)
	}
	w.one(t, now, w.report(now, "whatsapp", "NL", 100, seat(1)), outage.Duplicate)
	w.one(t, now, w.report(now, "whatsapp", "NL", 101, seat(2)), outage.Counted)
	w.one(t, now, w.report(now, "whatsapp", "NL", 102), outage.Counted)
	// The sixth was not counted, so at another address it still may be.
	w.one(t, now, w.report(now, "whatsapp", "NL", 100, seat(3)), outage.Counted)
	require.Equal(t, outage.SeatsPerAddress+3, w.count(t, "whatsapp", "NL", now))
}

func seatComesFree(t *testing.T, w *world) {
	start := noon()
	w.ready(t, "whatsapp")
	for i := range outage.SeatsPerAddress {
		at := start.Add(time.Duration(i) * time.Minute)
		w.one(t, at, w.report(at, "whatsapp", "NL", i, seat(1)), outage.Counted)
	}
	almost := start.Add(live.DedupeFor - time.Microsecond)
	w.one(t, almost, w.report(almost, "whatsapp", "NL", 10, seat(1)), outage.Duplicate)
	edge := start.Add(live.DedupeFor)
	w.one(t, edge, w.report(edge, "whatsapp", "NL", 11, seat(1)), outage.Counted)
	w.one(t, edge, w.report(edge, "whatsapp", "NL", 12, seat(1)), outage.Duplicate)
}

func seatsPerService(t *testing.T, w *world) {
	now := noon()
	same, _ := neighbours(2)
	w.ready(t, same[0])
	for i := range outage.SeatsPerAddress {
		w.one(t, now, w.report(now, same[0], "NL", i, seat(1)), outage.Counted)
	}
	w.one(t, now, w.report(now, same[0], "NL", 10, seat(1)), outage.Duplicate)
	w.one(t, now, w.report(now, same[1], "NL", 10, seat(1)), outage.Counted)
}

func seatsInABatch(t *testing.T, w *world) {
	now := noon()
	w.ready(t, "whatsapp")
	var batch []outage.Report
	var outcomes []outage.Outcome
	for i := range outage.SeatsPerAddress + 2 {
		batch = append(batch, w.report(now, "whatsapp", "NL", i, seat(1)))
		outcomes = append(outcomes, outage.Counted)
		if i >= outage.SeatsPerAddress {
			outcomes[i] = outage.Duplicate
		}
	}
	w.record(t, now, batch, outcomes...)
}
