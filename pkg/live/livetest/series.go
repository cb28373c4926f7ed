package livetest

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

func seriesScenarios() []scenario {
	return []scenario{
		{name: "counts are dense and cross hours", run: denseCounts},
		{name: "counts are kept for two days", run: keptCounts},
		{name: "the sum is exact", run: sumIsExact},
		{name: "evidence is distinct", run: distinctEvidence},
		{name: "evidence unites hours, origins by the day", run: evidenceOverHours},
		{name: "evidence is capped", run: cappedEvidence},
		{name: "changes come by sequence", run: changesBySequence},
		{name: "changes come in pages", run: changesInPages},
		{name: "a late starter misses nothing", run: lateStarter},
		{name: "series not heard of for two days disappear", run: oldSeries},
		{name: "a service's series are listed", run: serviceSeries},
		{name: "coverage is logged once a source and minute", run: coverOnce},
	}
}

func denseCounts(t *testing.T, w *world) {
	w.ready(t, "whatsapp")
	hour := time.Date(2017, time.November, 3, 14, 0, 0, 0, time.UTC)
	now := hour.Add(3*time.Minute + 10*time.Second)
	n := 0
	want := make([]int, 20) // from 13:50
	for minute, count := range map[int]int{0: 1, 8: 2, 9: 3, 10: 4, 13: 1} {
		want[minute] = count
		for range count {
			at := hour.Add(time.Duration(minute-10) * time.Minute)
			w.one(t, now, w.report(now, "whatsapp", "NL", n, observed(at)), outage.Counted)
			n++
		}
	}
	series := []outage.Series{
		{Service: "whatsapp", Country: "NL"},
		{Service: "nobody", Country: "NL"},
		{Service: "whatsapp", Country: outage.AllCountries},
	}
	// from and to mean their minutes, whatever the second.
	from, to := hour.Add(-10*time.Minute+59*time.Second), hour.Add(10*time.Minute+time.Second)
	counts, err := w.engine.Counts(w.ctx, series, from, to)
	require.NoError(t, err)
	require.Equal(t, [][]int{want, make([]int, 20), want}, counts)

	counts, err = w.engine.Counts(w.ctx, series[:1], hour, hour)
	require.NoError(t, err)
	require.Len(t, counts, 1)
	require.Empty(t, counts[0])
	counts, err = w.engine.Counts(w.ctx, nil, from, to)
	require.NoError(t, err)
	require.Empty(t, counts)
}

func keptCounts(t *testing.T, w *world) {
	start := noon()
	w.ready(t, "whatsapp")
	for h := range 49 {
		at := start.Add(time.Duration(h) * time.Hour)
		w.one(t, at, w.report(at, "whatsapp", "NL", h), outage.Counted)
	}
	counts, err := w.engine.Counts(w.ctx, []outage.Series{{Service: "whatsapp", Country: "NL"}}, start, start.Add(49*time.Hour))
	require.NoError(t, err)
	require.Len(t, counts[0], 49*60)
	for minute, n := range counts[0] {
		if minute%60 == 0 {
			require.Equal(t, 1, n, "hour %d", minute/60)
		} else {
			require.Zero(t, n)
		}
	}
}

func sumIsExact(t *testing.T, w *world) {
	now := noon()
	w.ready(t, "whatsapp")
	countries := []string{"NL", "GB", outage.UnknownCountry, "BE"}
	var batch []outage.Report
	for i := range 100 {
		batch = append(batch, w.report(now, "whatsapp", countries[i%len(countries)], i%60))
	}
	for i, res := range w.engine.Record(w.ctx, now, batch) {
		require.NoError(t, res.Err, "report %d", i)
	}
	sum := 0
	for _, c := range countries {
		sum += w.count(t, "whatsapp", c, now)
	}
	require.Equal(t, 60, sum)
	require.Equal(t, 60, w.count(t, "whatsapp", outage.AllCountries, now))
}

// evidence reads one series.
func (w *world) evidence(t *testing.T, country string, from, to time.Time) live.Evidence {
	t.Helper()
	found, err := w.engine.Evidence(w.ctx, []outage.Series{{Service: "whatsapp", Country: country}}, from, to)
	require.NoError(t, err)
	require.Len(t, found, 1)
	return found[0]
}

func distinctEvidence(t *testing.T, w *world) {
	now := noon()
	w.ready(t, "whatsapp")
	w.record(t, now, []outage.Report{
		w.report(now, "whatsapp", "NL", 1, origin(1), network(64500)),
		w.report(now, "whatsapp", "NL", 2, origin(1), network(64501)),
		w.report(now, "whatsapp", "NL", 3, origin(2), network(64501), source(outage.SourceAPI)),
		w.report(now, "whatsapp", "GB", 4, origin(3), network(64502)),
		// Nothing that is not known, and nothing of who was not counted.
		w.report(now, "whatsapp", "NL", 5, func(r *outage.Report) { r.Origin = outage.Hash{} }, network(0)),
		w.report(now, "whatsapp", "NL", 1, origin(9), network(64509), source(outage.SourceTwitter)),
	}, outage.Counted, outage.Counted, outage.Counted, outage.Counted, outage.Counted, outage.Duplicate)
	require.Equal(t, live.Evidence{Origins: 2, Networks: 2, Sources: 2}, w.evidence(t, "NL", now, now))
	require.Equal(t, live.Evidence{Origins: 1, Networks: 1, Sources: 1}, w.evidence(t, "GB", now, now))
	require.Equal(t, live.Evidence{Origins: 3, Networks: 3, Sources: 2}, w.evidence(t, outage.AllCountries, now, now))
	require.Zero(t, w.evidence(t, "BE", now, now))
}

func evidenceOverHours(t *testing.T, w *world) {
	w.ready(t, "whatsapp")
	midnight := time.Date(2017, time.November, 4, 0, 0, 0, 0, time.UTC)
	for i, at := range []time.Time{
		midnight.Add(-90 * time.Minute), // 22:30, origins 0 and 1 by two reporters
		midnight.Add(-90 * time.Minute),
		midnight.Add(-5 * time.Minute), // 23:55, origin 2
		midnight.Add(5 * time.Minute),  // 00:05, origin 3 under the next day's key
	} {
		w.one(t, at, w.report(at, "whatsapp", "NL", i, origin(i), network(uint32(64500+i))), outage.Counted) //nolint:gosec // small
	}
	require.Equal(t, live.Evidence{Origins: 3, Networks: 4, Sources: 1},
		w.evidence(t, "NL", midnight.Add(-2*time.Hour), midnight.Add(time.Minute)))
	require.Equal(t, live.Evidence{Origins: 1, Networks: 2, Sources: 1},
		w.evidence(t, "NL", midnight.Add(-time.Minute), midnight))
	require.Equal(t, live.Evidence{Origins: 1, Networks: 1, Sources: 1},
		w.evidence(t, "NL", midnight.Add(59*time.Minute), midnight.Add(59*time.Minute)), "an hour counts whole")
	require.Zero(t, w.evidence(t, "NL", midnight.Add(-4*time.Hour), midnight.Add(-3*time.Hour)))
}

func cappedEvidence(t *testing.T, w *world) {
	now := noon()
	w.ready(t, "whatsapp")
	var batch []outage.Report
	for i := range 3 * live.EvidenceCap {
		batch = append(batch, w.report(now, "whatsapp", "NL", i, network(uint32(64500+i)))) //nolint:gosec // small
	}
	for _, res := range w.engine.Record(w.ctx, now, batch) {
		require.NoError(t, res.Err)
	}
	for _, country := range []string{"NL", outage.AllCountries} {
		e := w.evidence(t, country, now, now)
		require.LessOrEqual(t, e.Origins+e.Networks+e.Sources, live.EvidenceCap)
		require.GreaterOrEqual(t, e.Origins, 16, "the cap leaves enough to prove independence")
		require.Positive(t, e.Networks)
		require.Equal(t, 1, e.Sources)
	}
}

// changed asks for everything after a sequence number, in one page.
func (w *world) changed(t *testing.T, service string, after uint64) ([]outage.Series, uint64) {
	t.Helper()
	changes, err := w.engine.Changed(w.ctx, live.Partition(service), after, 1<<16)
	require.NoError(t, err)
	require.False(t, changes.More)
	var names []outage.Series
	last := uint64(0)
	for _, c := range changes.Changed {
		require.Greater(t, c.Seq, last)
		last = c.Seq
		names = append(names, c.Series)
	}
	if last > 0 {
		require.Equal(t, last, changes.Next)
	}
	return names, changes.Next
}

func all(service string, countries ...string) []outage.Series {
	list := []outage.Series{{Service: service, Country: outage.AllCountries}}
	for _, c := range countries {
		list = append(list, outage.Series{Service: service, Country: c})
	}
	return list
}

func changesBySequence(t *testing.T, w *world) {
	now := noon()
	w.ready(t, "whatsapp")
	names, start := w.changed(t, "whatsapp", 0)
	require.Empty(t, names)

	w.one(t, now, w.report(now, "whatsapp", "NL", 1), outage.Counted)
	names, next := w.changed(t, "whatsapp", start)
	require.ElementsMatch(t, all("whatsapp", "NL"), names)

	w.one(t, now, w.report(now, "whatsapp", "NL", 1), outage.Duplicate)
	w.one(t, now, w.report(now, "whatsapp", "BE", 9, observed(now.Add(-time.Hour))), outage.TooOld)
	names, same := w.changed(t, "whatsapp", next)
	require.Empty(t, names, "what is not counted changes nothing")
	require.Equal(t, next, same)

	// The order is that of recording, whatever the clock says.
	back := now.Add(-10 * time.Minute)
	w.one(t, back, w.report(back, "whatsapp", "GB", 2), outage.Counted)
	names, next = w.changed(t, "whatsapp", next)
	require.ElementsMatch(t, all("whatsapp", "GB"), names)

	w.one(t, now, w.report(now, "whatsapp", "NL", 3), outage.Counted)
	names, _ = w.changed(t, "whatsapp", next)
	require.ElementsMatch(t, all("whatsapp", "NL"), names)
}

func changesInPages(t *testing.T, w *world) {
	now := noon()
	w.ready(t, "whatsapp")
	var want []outage.Series
	for i := range 25 {
		country := string([]byte{'A', byte('A' + i)})
		want = append(want, outage.Series{Service: "whatsapp", Country: country})
		w.one(t, now, w.report(now, "whatsapp", country, i), outage.Counted)
	}
	want = append(want, outage.Series{Service: "whatsapp", Country: outage.AllCountries})
	var got []outage.Series
	after := uint64(0)
	for page := 0; ; page++ {
		require.Less(t, page, 10, "pages do not end")
		changes, err := w.engine.Changed(w.ctx, live.Partition("whatsapp"), after, 7)
		require.NoError(t, err)
		require.LessOrEqual(t, len(changes.Changed), 7)
		for _, c := range changes.Changed {
			require.Greater(t, c.Seq, after)
			after = c.Seq
			got = append(got, c.Series)
		}
		require.Equal(t, after, changes.Next)
		if !changes.More {
			break
		}
	}
	require.ElementsMatch(t, want, got)
}

func lateStarter(t *testing.T, w *world) {
	now := noon()
	same, other := neighbours(3)
	w.ready(t, same[0], other)
	var want []outage.Series
	for i := range 200 {
		at := now.Add(time.Duration(i) * time.Minute)
		service, country := same[i%3], fmt.Sprintf("A%c", 'A'+i%5)
		w.one(t, at, w.report(at, service, country, i), outage.Counted)
	}
	w.one(t, now, w.report(now, other, "NL", 1), outage.Counted)
	for i := range 15 {
		want = append(want, outage.Series{Service: same[i%3], Country: fmt.Sprintf("A%c", 'A'+i%5)})
	}
	for _, s := range same {
		want = append(want, outage.Series{Service: s, Country: outage.AllCountries})
	}
	names, _ := w.changed(t, same[0], 0)
	require.ElementsMatch(t, want, names)
}

func oldSeries(t *testing.T, w *world) {
	start := noon()
	same, _ := neighbours(2)
	w.ready(t, same[0])
	w.one(t, start, w.report(start, same[0], "NL", 1), outage.Counted)
	w.one(t, start, w.report(start, same[1], "NL", 1), outage.Counted)
	kept := start.Add(live.KeepCounts - time.Minute)
	w.one(t, kept, w.report(kept, same[1], "GB", 2), outage.Counted)
	names, _ := w.changed(t, same[0], 0)
	require.ElementsMatch(t, append(all(same[0], "NL"), all(same[1], "NL", "GB")...), names)

	// An hour of grace: engines may forget by the hour.
	gone := start.Add(live.KeepCounts + time.Hour)
	w.one(t, gone, w.report(gone, same[1], "GB", 3), outage.Counted)
	names, _ = w.changed(t, same[0], 0)
	require.ElementsMatch(t, all(same[1], "GB"), names)
	listed, err := w.engine.ServiceSeries(w.ctx, same)
	require.NoError(t, err)
	require.ElementsMatch(t, all(same[1], "GB"), listed)
}

func serviceSeries(t *testing.T, w *world) {
	now := noon()
	same, other := neighbours(2)
	w.ready(t, same[0], other)
	for i, s := range []outage.Series{
		{Service: same[0], Country: "NL"},
		{Service: same[0], Country: outage.UnknownCountry},
		{Service: same[1], Country: "GB"},
		{Service: other, Country: "NL"},
	} {
		w.one(t, now, w.report(now, s.Service, s.Country, i), outage.Counted)
	}
	for _, c := range []struct {
		ask  []string
		want []outage.Series
	}{
		{ask: []string{same[0]}, want: all(same[0], "NL", "ZZ")},
		{ask: []string{other, "never-heard-of", same[1]}, want: append(all(other, "NL"), all(same[1], "GB")...)},
		{ask: []string{"never-heard-of"}},
		{ask: nil},
	} {
		got, err := w.engine.ServiceSeries(w.ctx, c.ask)
		require.NoError(t, err)
		require.ElementsMatch(t, c.want, got)
	}
}

func coverOnce(t *testing.T, w *world) {
	now := noon()
	var everything []string
	for i := range 512 { // enough names to meet every partition
		everything = append(everything, "cover-"+strconv.Itoa(i))
	}
	w.ready(t, everything...)
	w.drain(t)
	cover := func(at time.Time, sources ...outage.Source) {
		require.NoError(t, w.engine.Cover(w.ctx, at, sources))
	}
	cover(now, outage.SourceForm, outage.SourceTwitter)
	cover(now.Add(10*time.Second), outage.SourceTwitter, outage.SourceForm)
	cover(now.Add(time.Minute), outage.SourceForm)
	cover(now.Add(time.Minute), outage.SourceForm, outage.SourceBluesky)
	cover(now)
	got := map[string]int{}
	for _, e := range w.drain(t) {
		require.NotEmpty(t, e.Epoch)
		for _, c := range e.Coverage {
			require.True(t, c.Minute.Equal(c.Minute.Truncate(time.Minute)))
			got[string(c.Source)+c.Minute.UTC().Format(" 15:04")]++
		}
	}
	require.Equal(t, map[string]int{"form 12:20": 1, "twitter 12:20": 1, "form 12:21": 1, "bluesky 12:21": 1}, got)
}
