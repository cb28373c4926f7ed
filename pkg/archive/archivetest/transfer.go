package archivetest

import (
	"errors"
	"fmt"
	"iter"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/archive"
	"github.com/outcryhq/outcry/pkg/outage"
)

var importTests = map[string]func(*testing.T, Opener){ //nolint:gochecknoglobals // a constant table
	"an import can be repeated":                         importsAgain,
	"an import keeps the greater of two counts":         importKeepsGreater,
	"an import longer than a chunk is whole":            importsChunks,
	"longer buckets are spread over their minutes":      importsSpread,
	"a running bucket ends now":                         importsRunning,
	"what is older than 90 days goes into quarters":     importsOld,
	"an import notes the minutes that were observed":    importsCoverage,
	"what was learned before an import is never loaded": importOutdates,
	"a part of an import outdates, too":                 importOutdatesInPart,
	"a bad row is refused":                              importRefuses,
	"an error of the source stops the import":           importStops,
	"what was exported can be imported":                 exportsAndImports,
	"a part is exported from its first step to its end": exportsPart,
}

func row(offset time.Duration, service, country string, count int) archive.CountRow {
	return archive.CountRow{Start: noon.Add(offset), Series: outage.Series{Service: service, Country: country}, Reports: count}
}

func rowsOf(rows ...archive.CountRow) iter.Seq2[archive.CountRow, error] {
	return func(yield func(archive.CountRow, error) bool) {
		for _, r := range rows {
			if !yield(r, nil) {
				return
			}
		}
	}
}

func importRows(t *testing.T, a *archive.Archive, step time.Duration, rows ...archive.CountRow) archive.Imported {
	t.Helper()
	done, err := a.ImportCounts(t.Context(), archive.Import{Rows: rowsOf(rows...), Step: step, Now: noon.Add(24 * time.Hour)})
	require.NoError(t, err)
	return done
}

func importsAgain(t *testing.T, opener Opener) {
	a := open(t, opener)
	rows := []archive.CountRow{
		row(0, "whatsapp", "NL", 3), row(0, "whatsapp", "ZZ", 2), row(time.Minute, "whatsapp", "NL", 1), row(20*time.Minute, "whatsapp", "NL", 4),
		row(21*time.Minute, "whatsapp", "NL", 0),
	}
	for range 3 {
		done := importRows(t, a, 0, rows...)
		require.Equal(t, archive.Imported{Rows: 5, Reports: 10, From: noon, To: noon.Add(22 * time.Minute), Observed: 22}, done)
		require.Equal(t, map[int]int{0: 3, 1: 1, 20: 4}, counts(t, a, "whatsapp", "NL", time.Minute))
		require.Equal(t, map[int]int{0: 6, 15: 4}, counts(t, a, "whatsapp", "*", 15*time.Minute))
	}
}

func importKeepsGreater(t *testing.T, opener Opener) {
	a := open(t, opener)
	addMinutes(t, a, minute("whatsapp", "NL", 0, 5), minute("whatsapp", "NL", 1, 1), minute("whatsapp", "NL", 2, 7))
	importRows(t, a, 0, row(0, "whatsapp", "NL", 3), row(time.Minute, "whatsapp", "NL", 4))
	require.Equal(t, map[int]int{0: 5, 1: 4, 2: 7}, counts(t, a, "whatsapp", "NL", time.Minute))
	require.Equal(t, map[int]int{0: 16}, counts(t, a, "whatsapp", "NL", 15*time.Minute))
	addMinutes(t, a, minute("whatsapp", "NL", 3, 1)) // and goes on counting
	require.Equal(t, map[int]int{0: 17}, counts(t, a, "whatsapp", "NL", 15*time.Minute))
}

func importsChunks(t *testing.T, opener Opener) {
	a := open(t, opener)
	const minutes, series = 5000, 5
	rows := func(yield func(archive.CountRow, error) bool) {
		for m := range minutes {
			for s := range series {
				// From far enough back that a part is older than 90 days.
				at := time.Duration(m-130_000) * time.Minute
				if !yield(row(at, fmt.Sprint("service-", s), "NL", 1+m%3), nil) {
					return
				}
			}
		}
	}
	var seen []archive.Imported
	for range 2 {
		done, err := a.ImportCounts(t.Context(), archive.Import{
			Rows: rows, Now: noon, Progress: func(p archive.Imported) { seen = append(seen, p) },
		})
		require.NoError(t, err)
		require.Equal(t, minutes*series, done.Rows)
		require.Equal(t, done, seen[len(seen)-1])
		total := 0
		for _, n := range counts(t, a, "service-3", "NL", time.Hour) {
			total += n
		}
		require.Equal(t, done.Reports/series, total)
	}
	require.GreaterOrEqual(t, len(seen), 6)
	require.Less(t, seen[0].Rows, seen[1].Rows)
}

// importsRunning: a bucket that is still running has its reports in what has passed of it.
func importsRunning(t *testing.T, opener Opener) {
	a := open(t, opener)
	running, err := a.ImportCounts(t.Context(), archive.Import{
		Rows: rowsOf(row(0, "running", "NL", 6)), Step: time.Hour, Now: noon.Add(2*time.Minute + time.Second),
	})
	require.NoError(t, err)
	require.Equal(t, noon.Add(3*time.Minute), running.To)
	require.Equal(t, map[int]int{0: 2, 1: 2, 2: 2}, counts(t, a, "running", "NL", time.Minute))
}

func importsSpread(t *testing.T, opener Opener) {
	a := open(t, opener)
	importRows(t, a, 15*time.Minute, row(0, "whatsapp", "NL", 31), row(15*time.Minute, "whatsapp", "NL", 1))
	minutes := counts(t, a, "whatsapp", "NL", time.Minute)
	require.Equal(t, 1, minutes[29], "the last minute of the second bucket")
	delete(minutes, 29)
	require.Len(t, minutes, 15)
	for m, n := range minutes {
		require.Contains(t, []int{2, 3}, n, m)
	}
	require.Equal(t, map[int]int{0: 31, 15: 1}, counts(t, a, "whatsapp", "NL", 15*time.Minute))

	importRows(t, a, 24*time.Hour, row(0, "signal", "NL", 2*1440))
	require.Equal(t, 120, counts(t, a, "signal", "NL", time.Hour)[720])
}

func importsOld(t *testing.T, opener Opener) {
	a := open(t, opener)
	old := -100 * 24 * time.Hour
	rows := []archive.CountRow{
		row(old, "whatsapp", "NL", 3), row(old+time.Minute, "whatsapp", "NL", 4),
		row(old+15*time.Minute, "whatsapp", "NL", 5), row(0, "whatsapp", "NL", 1),
	}
	day := int(old / time.Minute)
	for range 2 {
		importRows(t, a, 0, rows...)
		require.Equal(t, map[int]int{0: 1}, counts(t, a, "whatsapp", "NL", time.Minute))
		require.Equal(t, map[int]int{day: 7, day + 15: 5, 0: 1}, counts(t, a, "whatsapp", "NL", 15*time.Minute))
	}
}

func importOutdates(t *testing.T, opener Opener) {
	a := open(t, opener)
	edition := func() int64 {
		t.Helper()
		now, err := a.Edition(t.Context())
		require.NoError(t, err)
		snapshots, err := a.Snapshot(t.Context(), noon, []int{3, 5})
		require.NoError(t, err)
		require.Equal(t, now, snapshots[3].Edition)
		require.Equal(t, now, snapshots[5].Edition)
		return now
	}
	loads := func(want string) {
		t.Helper()
		blob, err := a.LoadBaseline(t.Context(), 3, 1)
		if want == "" {
			require.ErrorIs(t, err, outage.ErrNotFound)
			return
		}
		require.NoError(t, err)
		require.Equal(t, want, string(blob))
	}
	before := edition()
	require.NoError(t, a.SaveBaseline(t.Context(), 3, 1, before, []byte("before")))
	importRows(t, a, 0)
	require.Equal(t, before, edition(), "nothing was imported")
	loads("before")

	importRows(t, a, 0, row(0, "whatsapp", "NL", 1))
	after := edition()
	require.Greater(t, after, before)
	loads("")
	require.NoError(t, a.SaveBaseline(t.Context(), 3, 1, before, []byte("late")))
	loads("")
	for _, blob := range []string{"one", "two", "three"} {
		require.NoError(t, a.SaveBaseline(t.Context(), 3, 1, after, []byte(blob)))
		loads(blob)
		require.NoError(t, a.SaveBaseline(t.Context(), 3, 1, before, []byte("later still")))
		loads(blob)
	}
}

func importOutdatesInPart(t *testing.T, opener Opener) {
	a := open(t, opener)
	before, err := a.Edition(t.Context())
	require.NoError(t, err)
	broken := errors.New("broken off")
	_, err = a.ImportCounts(t.Context(), archive.Import{Now: noon, Step: time.Hour, Rows: func(yield func(archive.CountRow, error) bool) {
		for hour := range 200 {
			if !yield(row(time.Duration(hour-200)*time.Hour, "whatsapp", "NL", 600), nil) {
				return
			}
		}
		yield(archive.CountRow{}, broken)
	}})
	require.ErrorIs(t, err, broken)
	require.NotEmpty(t, counts(t, a, "whatsapp", "NL", time.Hour))
	after, err := a.Edition(t.Context())
	require.NoError(t, err)
	require.Greater(t, after, before)
}

func importsCoverage(t *testing.T, opener Opener) {
	a := open(t, opener)
	var asked []time.Duration
	done, err := a.ImportCounts(t.Context(), archive.Import{
		Rows: rowsOf(row(0, "whatsapp", "NL", 1), row(0, "whatsapp", "DE", 1), row(10*time.Minute, "whatsapp", "NL", 1), row(90*time.Minute, "whatsapp", "NL", 1)),
		Step: 5 * time.Minute, Now: noon.Add(24 * time.Hour),
		Quiet: func(from, to time.Time) bool {
			asked = append(asked, from.Sub(noon), to.Sub(noon))
			return to.Sub(from) < time.Hour
		},
	})
	require.NoError(t, err)
	require.Equal(t, 20, done.Observed)
	require.Equal(t, 75, done.Unobserved)
	require.Equal(t, []time.Duration{5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 90 * time.Minute}, asked)
	covered, err := a.Coverage(t.Context(), noon.Add(-time.Hour), noon.Add(3*time.Hour))
	require.NoError(t, err)
	for hour, want := range map[int]int{-1: 0, 0: 15, 1: 5, 2: 0} {
		require.Equal(t, want, covered.InHour(noon.Add(time.Duration(hour)*time.Hour)), hour)
	}
}

func importRefuses(t *testing.T, opener Opener) {
	a := open(t, opener)
	good := row(0, "whatsapp", "NL", 1)
	for name, in := range map[string]archive.Import{
		"no rows":         {Now: noon},
		"no clock":        {Rows: rowsOf(good)},
		"seconds":         {Rows: rowsOf(good), Now: noon, Step: 90 * time.Second},
		"all countries":   {Rows: rowsOf(row(0, "whatsapp", "*", 1)), Now: noon},
		"no service":      {Rows: rowsOf(row(0, "", "NL", 1)), Now: noon},
		"negative":        {Rows: rowsOf(row(0, "whatsapp", "NL", -1)), Now: noon},
		"too many":        {Rows: rowsOf(row(0, "whatsapp", "NL", 1_000_000_000)), Now: noon},
		"not by time":     {Rows: rowsOf(row(time.Minute, "whatsapp", "DE", 1), good), Now: noon.Add(time.Hour)},
		"next week":       {Rows: rowsOf(row(7*24*time.Hour, "whatsapp", "NL", 1)), Now: noon},
		"the next minute": {Rows: rowsOf(row(time.Minute, "whatsapp", "NL", 1)), Now: noon.Add(59 * time.Second)},
		"the far future":  {Rows: rowsOf(row(2_000_000*time.Hour, "whatsapp", "NL", 1)), Now: noon},
		"twice":           {Rows: rowsOf(good, good), Now: noon},
		"overlapping":     {Rows: rowsOf(good, row(time.Minute, "whatsapp", "NL", 1)), Now: noon.Add(time.Hour), Step: 5 * time.Minute},
		"within a minute": {Rows: rowsOf(row(time.Second, "whatsapp", "NL", 1)), Now: noon},
	} {
		_, err := a.ImportCounts(t.Context(), in)
		require.ErrorIs(t, err, outage.ErrInvalid, name)
	}
	require.Empty(t, counts(t, a, "whatsapp", "NL", time.Minute))
}

func importStops(t *testing.T, opener Opener) {
	a := open(t, opener)
	broken := errors.New("line 3: expected four fields")
	_, err := a.ImportCounts(t.Context(), archive.Import{Now: noon, Rows: func(yield func(archive.CountRow, error) bool) {
		if yield(row(0, "whatsapp", "NL", 1), nil) {
			yield(archive.CountRow{}, broken)
		}
	}})
	require.Equal(t, broken, err)
}

func export(t *testing.T, a *archive.Archive, from, to time.Time, step time.Duration) []archive.CountRow {
	t.Helper()
	var rows []archive.CountRow
	require.NoError(t, a.ExportCounts(t.Context(), from, to, step, func(r archive.CountRow) error {
		rows = append(rows, r)
		return nil
	}))
	return rows
}

func exportsAndImports(t *testing.T, opener Opener) {
	a := open(t, opener)
	require.Empty(t, export(t, a, time.Time{}, time.Time{}, time.Minute))
	rows := []archive.CountRow{
		row(-30*24*time.Hour, "whatsapp", "NL", 1), row(0, "signal", "ZZ", 2), row(0, "whatsapp", "DE", 3),
		row(0, "whatsapp", "NL", 4), row(time.Minute, "whatsapp", "NL", 5), row(3*time.Hour, "signal", "ZZ", 6),
	}
	importRows(t, a, 0, rows...)
	require.Equal(t, rows, export(t, a, time.Time{}, time.Time{}, time.Minute))
	importRows(t, a, 0, export(t, a, time.Time{}, time.Time{}, time.Minute)...)
	require.Equal(t, rows, export(t, a, time.Time{}, time.Time{}, time.Minute))
	require.Equal(t, []archive.CountRow{
		rows[0], rows[1], rows[2], row(0, "whatsapp", "NL", 9), rows[5],
	}, export(t, a, time.Time{}, time.Time{}, time.Hour))
}

func exportsPart(t *testing.T, opener Opener) {
	a := open(t, opener)
	addMinutes(t, a, minute("whatsapp", "NL", -1, 1), minute("whatsapp", "NL", 0, 2), minute("whatsapp", "NL", 14, 3), minute("whatsapp", "NL", 15, 4))
	require.Equal(t, []archive.CountRow{row(0, "whatsapp", "NL", 2), row(14*time.Minute, "whatsapp", "NL", 3)},
		export(t, a, noon, noon.Add(15*time.Minute), time.Minute))
	require.Equal(t, []archive.CountRow{row(0, "whatsapp", "NL", 5), row(15*time.Minute, "whatsapp", "NL", 4)},
		export(t, a, noon.Add(time.Minute), noon.Add(16*time.Minute), 15*time.Minute))
}
