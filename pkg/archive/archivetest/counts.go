package archivetest

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/archive"
	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

var countTests = map[string]func(*testing.T, Opener){ //nolint:gochecknoglobals // a constant table
	"counts are summed by step":                         countsBySteps,
	"a span reaches from a step to a step":              countsSpan,
	"all countries are the sum":                         countsAll,
	"a step that is not kept is the caller's mistake":   badStep,
	"countries are ranked by what they heard":           totals,
	"hours come by time, of the partitions asked for":   hours,
	"a reader's error ends the reading":                 readerFails,
	"coverage is the union of the sources":              coverage,
	"a source that brings much is missed":               partCoverage,
	"coverage asked for the wrong way round is refused": badCoverage,
}

func countsBySteps(t *testing.T, opener Opener) {
	a := open(t, opener)
	addMinutes(t, a, minute("whatsapp", "NL", 0, 1), minute("whatsapp", "NL", 4, 2), minute("whatsapp", "NL", 5, 3),
		minute("whatsapp", "NL", 14, 4), minute("whatsapp", "NL", 15, 5), minute("whatsapp", "NL", 60, 6), minute("whatsapp", "NL", -1, 7))
	for step, want := range map[time.Duration]map[int]int{
		time.Minute:      {-1: 7, 0: 1, 4: 2, 5: 3, 14: 4, 15: 5, 60: 6},
		5 * time.Minute:  {-5: 7, 0: 3, 5: 3, 10: 4, 15: 5, 60: 6},
		15 * time.Minute: {-15: 7, 0: 10, 15: 5, 60: 6},
		time.Hour:        {-60: 7, 0: 15, 60: 6},
	} {
		require.Equal(t, want, counts(t, a, "whatsapp", "NL", step), step)
	}
}

func countsSpan(t *testing.T, opener Opener) {
	a := open(t, opener)
	for m := range 60 {
		addMinutes(t, a, minute("whatsapp", "NL", m, 1))
	}
	series := outage.Series{Service: "whatsapp", Country: "NL"}
	tests := []struct {
		from, to, step time.Duration
		want           []int // by step, from that of from on
	}{
		{0, 2 * time.Minute, time.Minute, []int{1, 1}},
		{30 * time.Second, 2*time.Minute + time.Second, time.Minute, []int{1, 1, 1}},
		{3 * time.Minute, 6 * time.Minute, 5 * time.Minute, []int{5, 5}},
		{14 * time.Minute, 30 * time.Minute, 15 * time.Minute, []int{15, 15}},
		{59 * time.Minute, 61 * time.Minute, time.Hour, []int{60}},
		{5 * time.Minute, 5 * time.Minute, 5 * time.Minute, nil},
		{5 * time.Minute, 0, time.Minute, nil},
	}
	for _, test := range tests {
		got, err := a.Counts(t.Context(), series, noon.Add(test.from), noon.Add(test.to), test.step)
		require.NoError(t, err)
		require.Len(t, got, len(test.want))
		for i, b := range got {
			require.Equal(t, test.want[i], b.Count)
			require.Equal(t, noon.Add(test.from).Truncate(test.step).Add(time.Duration(i)*test.step), b.Start)
		}
	}
}

func countsAll(t *testing.T, opener Opener) {
	a := open(t, opener)
	addMinutes(t, a, minute("whatsapp", "NL", 0, 2), minute("whatsapp", "ZZ", 0, 3), minute("whatsapp", "DE", 1, 4), minute("signal", "NL", 0, 9))
	require.Equal(t, map[int]int{0: 5, 1: 4}, counts(t, a, "whatsapp", outage.AllCountries, time.Minute))
	require.Equal(t, map[int]int{0: 9}, counts(t, a, "whatsapp", outage.AllCountries, 15*time.Minute))
	require.Empty(t, counts(t, a, "telegram", outage.AllCountries, 15*time.Minute))
}

func badStep(t *testing.T, opener Opener) {
	a := open(t, opener)
	for _, step := range []time.Duration{0, time.Second, 2 * time.Minute, 24 * time.Hour} {
		_, err := a.Counts(t.Context(), outage.Series{Service: "whatsapp", Country: "NL"}, noon, noon.Add(time.Hour), step)
		require.ErrorIs(t, err, outage.ErrInvalid)
		err = a.ExportCounts(t.Context(), noon, noon, step, func(archive.CountRow) error { return nil })
		require.ErrorIs(t, err, outage.ErrInvalid)
	}
}

func totals(t *testing.T, opener Opener) {
	a := open(t, opener)
	addMinutes(t, a, minute("whatsapp", "NL", 0, 1), minute("whatsapp", "NL", 9, 1), minute("whatsapp", "DE", 3, 3),
		minute("whatsapp", "BE", 3, 2), minute("whatsapp", "GB", 10, 50), minute("signal", "NL", 0, 9))
	got, err := a.CountryTotals(t.Context(), "whatsapp", noon, noon.Add(10*time.Minute))
	require.NoError(t, err)
	require.Equal(t, []archive.SeriesTotal{
		{Series: outage.Series{Service: "whatsapp", Country: "DE"}, Count: 3},
		{Series: outage.Series{Service: "whatsapp", Country: "BE"}, Count: 2},
		{Series: outage.Series{Service: "whatsapp", Country: "NL"}, Count: 2},
	}, got)
}

func hours(t *testing.T, opener Opener) {
	a := open(t, opener)
	addMinutes(t, a, minute("whatsapp", "NL", 5, 1), minute("whatsapp", "NL", 50, 2), minute("whatsapp", "DE", 0, 3),
		minute("signal", "NL", 0, 4), minute("whatsapp", "NL", -60*30, 5), minute("whatsapp", "NL", 60, 6), minute("whatsapp", "NL", -60*50, 7))
	read := func(partitions []int, from, to time.Time) []archive.HourCount {
		var got []archive.HourCount
		require.NoError(t, a.Hours(t.Context(), partitions, from, to, func(h archive.HourCount) error {
			got = append(got, h)
			return nil
		}))
		return got
	}
	at := func(service, country string, hour, count int) archive.HourCount {
		return archive.HourCount{
			Series: outage.Series{Service: service, Country: country}, Hour: noon.Add(time.Duration(hour) * time.Hour), Count: count,
		}
	}
	all := []archive.HourCount{
		at("whatsapp", "NL", -50, 7), at("whatsapp", "NL", -30, 5), at("signal", "NL", 0, 4),
		at("whatsapp", "DE", 0, 3), at("whatsapp", "NL", 0, 3), at("whatsapp", "NL", 1, 6),
	}
	require.Equal(t, all, read(everyPartition(), noon.Add(-60*time.Hour), noon.Add(2*time.Hour)))
	require.Equal(t, all[1:5], read(everyPartition(), noon.Add(-30*time.Hour), noon.Add(time.Hour)))
	require.Equal(t, all[2:3], read([]int{live.Partition("signal"), live.Partition("signal")}, noon.Add(-60*time.Hour), noon.Add(2*time.Hour)))
	require.Empty(t, read(nil, noon.Add(-60*time.Hour), noon.Add(2*time.Hour)))
	err := a.Hours(t.Context(), []int{live.Partitions}, noon, noon, func(archive.HourCount) error { return nil })
	require.ErrorIs(t, err, outage.ErrInvalid)
}

func readerFails(t *testing.T, opener Opener) {
	a := open(t, opener)
	addMinutes(t, a, minute("whatsapp", "NL", 0, 1), minute("whatsapp", "NL", 60, 1))
	full := errors.New("the reader is full")
	calls := 0
	require.ErrorIs(t, a.Hours(t.Context(), everyPartition(), noon, noon.Add(2*time.Hour), func(archive.HourCount) error {
		calls++
		return full
	}), full)
	require.Equal(t, 1, calls)
}

func coverage(t *testing.T, opener Opener) {
	a := open(t, opener)
	cover := func(source outage.Source, offset int) live.Coverage {
		return live.Coverage{Source: source, Minute: noon.Add(time.Duration(offset) * time.Minute)}
	}
	append1 := func(c ...live.Coverage) {
		require.NoError(t, a.Append(t.Context(), []live.Entry{{Partition: 1, Epoch: "e", Position: "1", Coverage: c}}))
	}
	append1(cover(outage.SourceForm, 0), cover(outage.SourceForm, 59), cover(outage.SourceForm, 60), cover(outage.SourceForm, -1))
	append1(cover(outage.SourceTwitter, 0), cover(outage.SourceTwitter, 30))
	append1(cover(outage.SourceForm, 1))
	covered, err := a.Coverage(t.Context(), noon.Add(-time.Hour), noon.Add(2*time.Hour))
	require.NoError(t, err)
	var minutes []int
	for m := -120; m < 180; m++ {
		if covered.At(noon.Add(time.Duration(m) * time.Minute)) {
			minutes = append(minutes, m)
		}
	}
	require.Equal(t, []int{-1, 0, 1, 30, 59, 60}, minutes)
	for hour, want := range map[int]int{-2: 0, -1: 1, 0: 4, 1: 1, 2: 0} {
		require.Equal(t, want, covered.InHour(noon.Add(time.Duration(hour)*time.Hour)))
	}

	part, err := a.Coverage(t.Context(), noon.Add(time.Minute), noon.Add(59*time.Minute))
	require.NoError(t, err)
	require.Equal(t, 2, part.InHour(noon), "minutes 1 and 30")
	none, err := a.Coverage(t.Context(), noon, noon)
	require.NoError(t, err)
	require.False(t, none.At(noon))
}

// partCoverage has a form that brings 1 report in 11, and Bluesky the others.
func partCoverage(t *testing.T, opener Opener) {
	a := open(t, opener)
	cover := func(at time.Time, sources ...outage.Source) {
		var c []live.Coverage
		for _, source := range sources {
			c = append(c, live.Coverage{Source: source, Minute: at})
		}
		require.NoError(t, a.Append(t.Context(), []live.Entry{{Partition: 1, Epoch: "e", Position: "1", Coverage: c}}))
	}
	list := reports(11, "r", "whatsapp", "NL", noon)
	for i := range list[1:] {
		list[i+1].Source = outage.SourceBluesky
	}
	list = append(list, reports(30, "again", "whatsapp", "NL", noon)...)
	for i := range list[11:] {
		list[i+11].Outcome = outage.Duplicate // which says nothing
	}
	add(t, a, list...)
	add(t, a, list...) // the log may bring them again
	at := func(hour, minute int) time.Time {
		return noon.Add(time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute)
	}
	cover(at(0, 1), outage.SourceForm)
	cover(at(1, 0), outage.SourceForm, outage.SourceBluesky)
	cover(at(1, 1), outage.SourceForm)
	cover(at(1, 2), outage.SourceBluesky)
	cover(at(1, 3), outage.SourceForm, outage.SourceReplay)
	cover(at(24, 5), outage.SourceForm)
	cover(at(25, 5), outage.SourceForm)
	covered, err := a.Coverage(t.Context(), noon, at(30, 0))
	require.NoError(t, err)
	var partly []string
	for m := noon; m.Before(at(30, 0)); m = m.Add(time.Minute) {
		if covered.PartlyAt(m) {
			partly = append(partly, m.Sub(noon).String())
			require.True(t, covered.At(m))
		}
	}
	require.Equal(t, []string{"1h1m0s", "24h5m0s"}, partly, "the hour itself does not count, nor what is more than a day ago")
	require.Equal(t, []int{0, 1, 0}, []int{covered.PartlyInHour(noon), covered.PartlyInHour(at(1, 0)), covered.PartlyInHour(at(25, 0))})
	later, err := a.Coverage(t.Context(), at(1, 1), at(1, 2))
	require.NoError(t, err)
	require.True(t, later.PartlyAt(at(1, 1)), "what was before is known all the same")
	require.Equal(t, 1, later.PartlyInHour(at(1, 0)))
}

func badCoverage(t *testing.T, opener Opener) {
	a := open(t, opener)
	_, err := a.Coverage(t.Context(), noon, noon.Add(-time.Minute))
	require.ErrorIs(t, err, outage.ErrInvalid)
	_, err = a.Coverage(t.Context(), time.Time{}, noon)
	require.ErrorIs(t, err, outage.ErrInvalid)
}
