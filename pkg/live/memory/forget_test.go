package memory

import (
	"errors"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

// sizes is what a ledger holds.
func (l *ledger) sizes() [7]int {
	size := func(over, minutes int) int { return over + minutes }
	return [7]int{
		len(l.receipts), len(l.markers), len(l.seats), len(l.names.numbers),
		size(len(l.receiptAges.over), len(l.receiptAges.minutes)),
		size(len(l.markerAges.over), len(l.markerAges.minutes)),
		size(len(l.seatAges.over), len(l.seatAges.minutes)),
	}
}

// keys is how many keys are kept.
func (g *generations[K]) keys() int {
	n := 0
	for _, gen := range g.minutes {
		for _, chunk := range gen.chunks {
			n += len(chunk)
		}
	}
	return n
}

// personReports lets person n report, from an address that it shares with nobody.
func personReports(l *ledger, at time.Time, n int, service string) {
	r := outage.Report{Service: service, Country: "NL", ObservedAt: at}
	r.ID = outage.DeriveID("id", strconv.Itoa(n))
	copy(r.Reporter[:], r.ID[:])
	copy(r.Seat[:], r.ID[:])
	l.record(at, l.names.use(service, minuteOf(at)), &r, nil)
}

func TestLedgersForgetWhatIsOver(t *testing.T) {
	t.Parallel()
	l := newLedger("epoch")
	start := time.Date(2017, time.November, 3, 12, 0, 0, 0, time.UTC)
	const minutes, each = 600, 20
	for i := range minutes * each {
		now := start.Add(time.Duration(i/each) * time.Minute)
		personReports(l, now, i, fmt.Sprintf("service-%d", i/2))
		l.forget(now, 8)
		require.LessOrEqual(t, len(l.receipts), int(keepMinutes+2)*each)
		require.LessOrEqual(t, len(l.markers), int(keepMinutes+2)*each)
		require.LessOrEqual(t, len(l.seats), int(keepMinutes+2)*each)
	}
	require.Less(t, len(l.names.slots), 4*int(keepMinutes)*each, "names are used again")
	l.forget(start.Add(24*time.Hour), minutes*each)
	sizes := l.sizes()
	sizes[3] = 0 // a few names may stay
	require.Zero(t, sizes)
}

func TestAStepBackForgetsNothingEarly(t *testing.T) {
	t.Parallel()
	l := newLedger("epoch")
	now := time.Date(2017, time.November, 3, 12, 0, 0, 0, time.UTC)
	personReports(l, now, 1, "whatsapp")
	ahead := now.Add(30 * time.Minute)
	personReports(l, ahead, 2, "whatsapp")
	back := now.Add(-24 * time.Hour)
	personReports(l, back, 3, "whatsapp")
	for minute := range 64 {
		l.forget(back.Add(time.Duration(minute)*time.Minute), 1000)
		require.Len(t, l.receipts, 3)
	}
	l.forget(back.Add(2*time.Hour), 1000)
	require.Len(t, l.receipts, 2, "only what is over")
	l.forget(now.Add(2*time.Hour), 1000)
	require.Empty(t, l.receipts)
	require.Empty(t, l.markers)
}

func TestForgettingKeepsToItsBudget(t *testing.T) {
	t.Parallel()
	l := newLedger("epoch")
	now := time.Date(2017, time.November, 3, 12, 0, 0, 0, time.UTC)
	for i := range 10 * largeChunk {
		personReports(l, now, i, "whatsapp")
	}
	before := len(l.receipts)
	l.forget(now.Add(2*time.Hour), largeChunk)
	require.InDelta(t, before-largeChunk, len(l.receipts), largeChunk)
	require.NotEmpty(t, l.receipts)
}

func TestRollBackLeavesALedgerAsItWas(t *testing.T) {
	t.Parallel()
	l := newLedger("epoch")
	now := time.Date(2017, time.November, 3, 12, 0, 0, 0, time.UTC)
	for i := range 40 {
		personReports(l, now, i, "whatsapp")
	}
	before := l.sizes()
	keys := [3]int{l.receiptAges.keys(), l.markerAges.keys(), l.seatAges.keys()}
	var undo journal
	for i := range 100 {
		at := now.Add(time.Duration(i) * time.Minute)
		r := outage.Report{Service: "whatsapp", Country: "NL", ObservedAt: at}
		r.ID = outage.DeriveID("id", strconv.Itoa(i))
		copy(r.Reporter[:], r.ID[:])
		r.Seat = outage.Hash{byte(i % 3)}
		l.record(at, l.names.use(r.Service, minuteOf(at)), &r, &undo)
	}
	require.NotEqual(t, before, l.sizes())
	undo.rollBack()
	after := l.sizes()
	require.Equal(t, before[:4], after[:4])
	require.Equal(t, [3]int{l.receiptAges.keys(), l.markerAges.keys(), l.seatAges.keys()}, keys)
	for i := range 40 {
		id := outage.DeriveID("id", strconv.Itoa(i))
		require.Equal(t, now.UnixNano(), l.receipts[id].at)
	}
	// The ages are whole: everything is forgotten in the end.
	l.forget(now.Add(24*time.Hour), 1000)
	require.Empty(t, l.receipts)
	require.Empty(t, l.markers)
	require.Empty(t, l.seats)
}

func TestBoardsForgetSeries(t *testing.T) {
	t.Parallel()
	var b board
	start := time.Date(2017, time.November, 3, 12, 0, 0, 0, time.UTC)
	const hours = 24 * 8
	for i := range hours {
		now := start.Add(time.Duration(i) * time.Hour)
		for _, service := range []string{"always", fmt.Sprintf("once-%d", i)} {
			r := &outage.Report{Service: service, Country: "NL"}
			b.publish(now, []counted{{report: r, minute: minuteOf(now)}}, nil)
		}
		kept := int(live.KeepCounts/time.Hour) + 1
		require.LessOrEqual(t, len(b.services), kept+1)
		require.LessOrEqual(t, len(b.services["always"].sum.hours), kept+1)
	}
	require.LessOrEqual(t, len(b.changes.places), 2*2*60+2*64)
	b.forget(start.Add((hours + 100) * time.Hour))
	require.Empty(t, b.services)
	require.Nil(t, b.changes.oldest())
}

func TestAClockThatRanAheadHoldsUpNobody(t *testing.T) {
	t.Parallel()
	var b board
	now := time.Date(2017, time.November, 3, 12, 0, 0, 0, time.UTC)
	for i, at := range []time.Time{now.Add(10 * 365 * 24 * time.Hour), now} {
		r := &outage.Report{Service: fmt.Sprintf("service-%d", i), Country: "NL"}
		b.publish(at, []counted{{report: r, minute: minuteOf(at)}}, nil)
	}
	b.forget(now.Add(time.Minute))
	require.Len(t, b.services, 2)
	b.forget(now.Add(live.KeepCounts + 2*time.Minute))
	require.Empty(t, b.services)
}

func TestStalePlacesAreClearedAway(t *testing.T) {
	t.Parallel()
	var c changes
	all := make([]*series, 10)
	for i := range all {
		all[i] = &series{name: outage.Series{Service: strconv.Itoa(i)}}
		c.push(all[i])
	}
	for i := range 10_000 {
		c.push(all[i%3])
		require.LessOrEqual(t, len(c.places), 200)
	}
	require.Len(t, c.after(0, 100).Changed, 10)
	require.Len(t, c.after(10, 100).Changed, 3)
}

func TestCountsDoNotOverflow(t *testing.T) {
	t.Parallel()
	h := &hour{}
	h.add(59, maxCount-1)
	h.add(0, 3)
	h.add(59, 5)
	h.add(7, 1)
	require.Equal(t, []cell{makeCell(0, 3), makeCell(7, 1), makeCell(59, maxCount)}, h.minutes)
	require.Equal(t, 59, h.minutes[2].minute())
}

func TestNilJournalsKeepNothing(t *testing.T) {
	t.Parallel()
	var j *journal
	j.note(func() { panic(errors.New("never called")) })
	m := map[string]int{}
	set(j, m, "a", 1)
	require.Equal(t, map[string]int{"a": 1}, m)
}

func TestMinutesBeforeTheEpoch(t *testing.T) {
	t.Parallel()
	at := time.Date(1969, time.December, 31, 23, 59, 30, 0, time.UTC)
	require.EqualValues(t, -1, minuteOf(at))
	require.EqualValues(t, -1, minuteAt(at.UnixNano()))
	require.EqualValues(t, 0, minuteOf(at.Add(time.Minute)))
}
