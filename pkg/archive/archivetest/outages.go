package archivetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/archive"
	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

var outageTests = map[string]func(*testing.T, Opener){ //nolint:gochecknoglobals // a constant table
	"an outage is replaced by a greater fence and revision only": replacesOutages,
	"a final outage never changes again":                         finalStays,
	"outages are found by their countries of now":                findsByCountry,
	"filters select outages":                                     filters,
	"pages hold every outage once":                               pages,
	"a filter that makes no sense is the caller's mistake":       badFilters,
	"an unknown outage is not found":                             unknownOutage,
	"a final outage keeps its minutes":                           keepsMinutes,
	"the sum over all countries keeps every country's minutes":   keepsMinutesOfAll,
}

// allOutages reads every page.
func allOutages(t *testing.T, a *archive.Archive) []outage.Outage {
	t.Helper()
	var all []outage.Outage
	filter := archive.OutageFilter{Limit: 7}
	for {
		page, err := a.Outages(t.Context(), filter)
		require.NoError(t, err)
		all = append(all, page.Outages...)
		if page.NextCursor == "" {
			return all
		}
		filter.Cursor = page.NextCursor
	}
}

func replacesOutages(t *testing.T, opener Opener) {
	a := open(t, opener)
	for _, step := range []struct {
		fence, revision uint64
		replaces        bool
	}{
		{2, 5, true}, {2, 5, false}, {2, 4, false}, {1, 9, false}, {2, 6, true}, {3, 1, true}, {2, 7, false},
	} {
		// The number of reports tells the steps apart.
		c := change("o", "whatsapp", noon, step.fence, step.revision, "NL")
		c.Outage.Reports = int(step.fence*100 + step.revision)
		before, err := a.Outage(t.Context(), c.Outage.ID)
		if err != nil {
			require.ErrorIs(t, err, outage.ErrNotFound)
		}
		c.Outage.Peak.ReportsPerMinute = c.Outage.Reports
		put(t, a, c)
		after, err := a.Outage(t.Context(), c.Outage.ID)
		require.NoError(t, err)
		if step.replaces {
			require.Equal(t, c.Outage, after)
		} else {
			require.Equal(t, before, after)
		}
	}
}

func finalStays(t *testing.T, opener Opener) {
	a := open(t, opener)
	final := ended(change("o", "whatsapp", noon, 2, 5, "NL"), noon.Add(time.Hour), true)
	put(t, a, final)
	later := change("o", "whatsapp", noon, 3, 50, "NL", "DE")
	put(t, a, later)
	got, err := a.Outage(t.Context(), final.Outage.ID)
	require.NoError(t, err)
	require.Equal(t, final.Outage, got)
	page, err := a.Outages(t.Context(), archive.OutageFilter{Country: "DE"})
	require.NoError(t, err)
	require.Empty(t, page.Outages)
}

func findsByCountry(t *testing.T, opener Opener) {
	a := open(t, opener)
	put(t, a, change("o", "whatsapp", noon, 1, 1, "*"))
	put(t, a, change("o", "whatsapp", noon.Add(-time.Minute), 1, 2, "NL", "GB"))
	for country, found := range map[string]int{"*": 0, "NL": 1, "GB": 1, "DE": 0} {
		page, err := a.Outages(t.Context(), archive.OutageFilter{Country: country})
		require.NoError(t, err)
		require.Len(t, page.Outages, found, country)
	}
}

func filters(t *testing.T, opener Opener) {
	a := open(t, opener)
	hours := func(n int) time.Time { return noon.Add(time.Duration(n) * time.Hour) }
	put(t, a, ended(change("early", "whatsapp", hours(0), 1, 1, "NL"), hours(1), true))
	put(t, a, ended(change("middle", "whatsapp", hours(2), 1, 1, "GB", "NL"), hours(3), false))
	put(t, a, change("late", "whatsapp", hours(4), 1, 1, "GB"))
	other := change("other", "signal", hours(1), 1, 1, "NL")
	other.Outage.Reports = 500
	put(t, a, other)
	tests := map[string]struct {
		filter archive.OutageFilter
		want   []string
	}{
		"all":                   {archive.OutageFilter{}, []string{"late", "middle", "other", "early"}},
		"service":               {archive.OutageFilter{Service: "whatsapp"}, []string{"late", "middle", "early"}},
		"country":               {archive.OutageFilter{Country: "NL"}, []string{"middle", "other", "early"}},
		"service and country":   {archive.OutageFilter{Service: "whatsapp", Country: "NL"}, []string{"middle", "early"}},
		"ongoing":               {archive.OutageFilter{State: outage.Ongoing}, []string{"late", "other"}},
		"ended":                 {archive.OutageFilter{State: outage.Ended}, []string{"middle", "early"}},
		"not ended before":      {archive.OutageFilter{Since: hours(1).Add(time.Minute)}, []string{"late", "middle", "other"}},
		"started before":        {archive.OutageFilter{Until: hours(2)}, []string{"other", "early"}},
		"under way in between":  {archive.OutageFilter{Since: hours(3), Until: hours(4)}, []string{"middle", "other"}},
		"everything at once":    {archive.OutageFilter{Service: "whatsapp", Country: "NL", State: outage.Ended, Since: hours(2), Until: hours(3), Limit: 1}, []string{"middle"}},
		"services":              {archive.OutageFilter{Services: []string{"signal", "telegram"}}, []string{"other"}},
		"either service":        {archive.OutageFilter{Services: []string{"whatsapp", "signal"}, Country: "NL"}, []string{"middle", "other", "early"}},
		"no service":            {archive.OutageFilter{Services: []string{}}, nil},
		"service and others":    {archive.OutageFilter{Service: "whatsapp", Services: []string{"signal"}}, nil},
		"many reports":          {archive.OutageFilter{MinReports: 500}, []string{"other"}},
		"too many reports":      {archive.OutageFilter{MinReports: 501}, nil},
		"many in a country":     {archive.OutageFilter{MinReports: 500, Country: "NL"}, []string{"other"}},
		"an hour":               {archive.OutageFilter{MinDuration: time.Hour}, []string{"middle", "early"}},
		"more than an hour":     {archive.OutageFilter{MinDuration: time.Hour + time.Millisecond}, nil},
		"an hour until now":     {archive.OutageFilter{MinDuration: time.Hour, Now: hours(2)}, []string{"middle", "other", "early"}},
		"two hours until now":   {archive.OutageFilter{MinDuration: 2 * time.Hour, Now: hours(5)}, []string{"other"}},
		"an hour in a country":  {archive.OutageFilter{MinDuration: time.Hour, Now: hours(5), Country: "GB"}, []string{"late", "middle"}},
		"nothing of the kind":   {archive.OutageFilter{Service: "telegram"}, nil},
		"text is not a pattern": {archive.OutageFilter{Service: "what%"}, nil},
		"nor is it SQL":         {archive.OutageFilter{Country: "NL' OR '1'='1"}, nil},
	}
	for name, test := range tests {
		page, err := a.Outages(t.Context(), test.filter)
		require.NoError(t, err, name)
		require.Empty(t, page.NextCursor, name)
		require.Len(t, page.Outages, len(test.want), name)
		for i, o := range page.Outages {
			require.Equal(t, outage.DeriveID(test.want[i]), o.ID, name)
		}
	}
}

func pages(t *testing.T, opener Opener) {
	a := open(t, opener)
	for i := range 23 {
		// Several start in the same minute: then the id decides.
		put(t, a, change(fmt.Sprint("o", i), "whatsapp", noon.Add(time.Duration(i/5)*time.Minute), 1, 1, "NL"))
	}
	for _, country := range []string{"", "NL"} {
		for _, limit := range []int{1, 5, 22, 23, 24} {
			filter := archive.OutageFilter{Country: country, Limit: limit}
			var seen []outage.Outage
			for {
				page, err := a.Outages(t.Context(), filter)
				require.NoError(t, err)
				require.LessOrEqual(t, len(page.Outages), limit)
				seen = append(seen, page.Outages...)
				if page.NextCursor == "" {
					break
				}
				filter.Cursor = page.NextCursor
			}
			require.Len(t, seen, 23)
			for i := 1; i < len(seen); i++ {
				before, after := seen[i-1], seen[i]
				require.True(t, before.StartedAt.After(after.StartedAt) ||
					before.StartedAt.Equal(after.StartedAt) && before.ID.String() > after.ID.String())
			}
		}
	}
}

func badFilters(t *testing.T, opener Opener) {
	a := open(t, opener)
	for name, filter := range map[string]archive.OutageFilter{
		"negative limit":    {Limit: -1},
		"limit too large":   {Limit: 201},
		"unknown state":     {State: "paused"},
		"reversed times":    {Since: noon, Until: noon.Add(-time.Second)},
		"negative reports":  {MinReports: -1},
		"negative duration": {MinDuration: -time.Second},
		"cursor of letters": {Cursor: "abc"},
		"cursor not base64": {Cursor: "%%%%"},
		"cursor too long":   {Cursor: fmt.Sprintf("%040d", 0)},
	} {
		_, err := a.Outages(t.Context(), filter)
		require.ErrorIs(t, err, outage.ErrInvalid, name)
	}
}

func unknownOutage(t *testing.T, opener Opener) {
	a := open(t, opener)
	_, err := a.Outage(t.Context(), outage.DeriveID("nobody"))
	require.ErrorIs(t, err, outage.ErrNotFound)
	minutes, err := a.OutageMinutes(t.Context(), outage.DeriveID("nobody"))
	require.NoError(t, err)
	require.Empty(t, minutes)
}

func minute(service, country string, offset, count int) live.MinuteCount {
	return live.MinuteCount{
		Series: outage.Series{Service: service, Country: country}, Minute: noon.Add(time.Duration(offset) * time.Minute), Count: count,
	}
}

// addMinutes appends count reports at a minute after noon.
func addMinutes(t *testing.T, a *archive.Archive, minutes ...live.MinuteCount) {
	t.Helper()
	for _, m := range minutes {
		name := fmt.Sprint(m.Series, m.Minute.Unix())
		add(t, a, reports(m.Count, name, m.Series.Service, m.Series.Country, m.Minute)...)
	}
}

func keepsMinutes(t *testing.T, opener Opener) {
	a := open(t, opener)
	kept := []live.MinuteCount{minute("whatsapp", "NL", -60, 1), minute("whatsapp", "NL", 0, 3), minute("whatsapp", "NL", 40, 2)}
	addMinutes(t, a, kept...)
	addMinutes(t, a, minute("whatsapp", "NL", -61, 9), minute("whatsapp", "DE", 0, 9), minute("signal", "NL", 0, 9))
	final := ended(change("o", "whatsapp", noon, 1, 1, "NL"), noon.Add(30*time.Minute), true)
	put(t, a, final)
	got, err := a.OutageMinutes(t.Context(), final.Outage.ID)
	require.NoError(t, err)
	require.Equal(t, kept, got)

	// The hour after the end is not over when an outage becomes final.
	tail := []live.MinuteCount{minute("whatsapp", "NL", 89, 4)}
	addMinutes(t, a, tail...)
	addMinutes(t, a, minute("whatsapp", "NL", 90, 5))
	require.NoError(t, a.Retain(t.Context(), noon.Add(3*time.Hour), archive.MinKeepReports))
	got, err = a.OutageMinutes(t.Context(), final.Outage.ID)
	require.NoError(t, err)
	require.Equal(t, append(kept, tail...), got)

	// They stay when the minutes themselves have gone.
	require.NoError(t, a.Retain(t.Context(), noon.Add(200*24*time.Hour), archive.MinKeepReports))
	require.Empty(t, counts(t, a, "whatsapp", "NL", time.Minute))
	got, err = a.OutageMinutes(t.Context(), final.Outage.ID)
	require.NoError(t, err)
	require.Equal(t, append(kept, tail...), got)
}

func keepsMinutesOfAll(t *testing.T, opener Opener) {
	a := open(t, opener)
	kept := []live.MinuteCount{minute("whatsapp", "DE", 1, 1), minute("whatsapp", "NL", 0, 3)}
	addMinutes(t, a, kept...)
	addMinutes(t, a, minute("signal", "NL", 0, 9))
	final := ended(change("o", "whatsapp", noon, 1, 1, outage.AllCountries), noon.Add(30*time.Minute), true)
	put(t, a, final)
	got, err := a.OutageMinutes(t.Context(), final.Outage.ID)
	require.NoError(t, err)
	require.Equal(t, kept, got)
}
