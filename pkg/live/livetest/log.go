package livetest

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

func logScenarios() []scenario {
	return []scenario{
		{name: "entries are in order with their outcomes", run: logInOrder},
		{name: "a report comes back as it went in", run: roundTrip},
		{name: "the log is read from its beginning and trimmed", run: readAndTrim, needs: keepsLog},
		{name: "the log is always empty", run: emptyLog, needs: handsOver},
		{name: "it answers a ping", run: ping},
	}
}

func handsOver(w *world) bool { return w.bundle.Drain != nil }

func logInOrder(t *testing.T, w *world) {
	now := noon()
	w.ready(t, "whatsapp")
	w.drain(t)
	var want []outage.ID
	for i := range 20 {
		a := w.report(now, "whatsapp", "NL", i/2)
		b := w.report(now, "whatsapp", "GB", 1000+i)
		outcome := outage.Counted
		if i%2 == 1 {
			outcome = outage.Duplicate
		}
		w.record(t, now, []outage.Report{a, b}, outcome, outage.Counted)
		want = append(want, a.ID, b.ID)
	}
	var got []outage.ID
	seen := map[string]bool{}
	for _, e := range w.drain(t) {
		require.Equal(t, live.Partition("whatsapp"), e.Partition)
		require.NotEmpty(t, e.Epoch)
		require.NotEmpty(t, e.Position)
		require.False(t, seen[e.Position], "positions are unique")
		seen[e.Position] = true
		for _, r := range e.Reports {
			got = append(got, r.ID)
			wantOutcome := outage.Counted
			if r.Country == "NL" && len(got)%4 == 3 {
				wantOutcome = outage.Duplicate
			}
			require.Equal(t, wantOutcome, r.Outcome)
		}
	}
	require.Equal(t, want, got)
}

// hostile holds strings that break naive encodings.
var hostile = []string{ //nolint:gochecknoglobals // a constant table
	"", "0", "|", "a|b,c;d", "\x00\xff\xfe", "line\nbreak\r\n\ttab", `{"json":"\u0000"}`, "'; DROP TABLE reports; --",
	"\u202eright to left", "日本語 🙂", "*", "$-1\r\n", strings.Repeat("x", 300), "1e309", " leading and trailing ",
}

func roundTrip(t *testing.T, w *world) {
	now := noon()
	w.ready(t, "whatsapp")
	w.drain(t)
	var batch []outage.Report
	for i, s := range hostile {
		r := w.report(now, "whatsapp", "NL", i, seat(i+1), digest(^uint32(i)), network(^uint32(i))) //nolint:gosec // small
		r.Ref, r.Problem = s, hostile[len(hostile)-1-i]
		r.CountryFrom = []outage.CountryFrom{outage.FromChoice, outage.FromNothing, outage.FromPost}[i%3]
		r.Source = outage.Sources[i%len(outage.Sources)]
		r.ObservedAt = now.Add(-time.Duration(i) * 1234567 * time.Microsecond)
		r.ReceivedAt = now.Add(-time.Duration(i) * time.Millisecond)
		batch = append(batch, r)
	}
	bare := w.report(now, "whatsapp", "ZZ", 100, digest(0), network(0))
	bare.Origin, bare.Ref, bare.Problem = outage.Hash{}, "", ""
	batch = append(batch, bare)
	for _, res := range w.engine.Record(w.ctx, now, batch) {
		require.NoError(t, res.Err)
	}
	logged := w.logged(t)
	require.Len(t, logged, len(batch))
	for i, got := range logged {
		requireSame(t, batch[i], got.Report)
		require.Equal(t, outage.Counted, got.Outcome)
	}
}

// requireSame compares reports but for the previous identity, which need not be
// logged, and the locations of their times.
func requireSame(t *testing.T, want, got outage.Report) {
	t.Helper()
	require.True(t, want.ObservedAt.Equal(got.ObservedAt), "observed %s, logged %s", want.ObservedAt, got.ObservedAt)
	require.True(t, want.ReceivedAt.Equal(got.ReceivedAt), "received %s, logged %s", want.ReceivedAt, got.ReceivedAt)
	want.ObservedAt, want.ReceivedAt, want.Previous = got.ObservedAt, got.ReceivedAt, got.Previous
	require.Equal(t, want, got)
}

func readAndTrim(t *testing.T, w *world) {
	now := noon()
	p := live.Partition("whatsapp")
	lease := w.own(t, p, "a")
	for i := range 6 {
		w.one(t, now, w.report(now, "whatsapp", "NL", i), outage.Counted)
	}
	all, err := w.engine.ReadLog(w.ctx, p, 100)
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(all), 6)
	again, err := w.engine.ReadLog(w.ctx, p, 100)
	require.NoError(t, err)
	require.Equal(t, all, again, "reading forgets nothing")
	some, err := w.engine.ReadLog(w.ctx, p, 2)
	require.NoError(t, err)
	require.Equal(t, all[:2], some)

	entries, size, err := w.engine.LogSize(w.ctx)
	require.NoError(t, err)
	require.EqualValues(t, len(all), entries)
	require.Positive(t, size)

	require.NoError(t, w.engine.TrimLog(w.ctx, lease, all[2]))
	rest, err := w.engine.ReadLog(w.ctx, p, 100)
	require.NoError(t, err)
	require.Equal(t, all[3:], rest)
	require.NoError(t, w.engine.TrimLog(w.ctx, lease, all[2]), "trimming again is harmless")
	require.NoError(t, w.engine.TrimLog(w.ctx, lease, all[len(all)-1]))
	rest, err = w.engine.ReadLog(w.ctx, p, 100)
	require.NoError(t, err)
	require.Empty(t, rest)
	entries, _, err = w.engine.LogSize(w.ctx)
	require.NoError(t, err)
	require.Zero(t, entries)
}

func emptyLog(t *testing.T, w *world) {
	now := noon()
	p := live.Partition("whatsapp")
	lease := w.own(t, p, "a")
	w.one(t, now, w.report(now, "whatsapp", "NL", 1), outage.Counted)
	read, err := w.engine.ReadLog(w.ctx, p, 100)
	require.NoError(t, err)
	require.Empty(t, read)
	entries, size, err := w.engine.LogSize(w.ctx)
	require.NoError(t, err)
	require.Zero(t, entries)
	require.Zero(t, size)
	require.NoError(t, w.engine.TrimLog(w.ctx, lease, live.Entry{Partition: p}))
}

func ping(t *testing.T, w *world) {
	require.NoError(t, w.engine.Ping(w.ctx))
}
