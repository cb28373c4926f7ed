package archivetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/archive"
	"github.com/outcryhq/outcry/pkg/outage"
)

var recordTests = map[string]func(*testing.T, Opener){ //nolint:gochecknoglobals // a constant table
	"a record counts what has ended":               records,
	"minutes of several outages count once":        recordUnion,
	"an outage lasts in a country while it did":    recordByCountry,
	"retracted and merged outages do not count":    recordWithoutRetracted,
	"a record of too many is the caller's mistake": recordTooLong,
}

// ids are the names of outages as a record lists them.
func ids(names ...string) []outage.ID {
	list := make([]outage.ID, len(names))
	for i, name := range names {
		list[i] = outage.DeriveID(name)
	}
	return list
}

// recordIs reads a record and compares it with its figures and the names of its latest.
func recordIs(t *testing.T, a *archive.Archive, service, country string, outages, minutes int, median float64, latest ...string) {
	t.Helper()
	got, err := a.Record(t.Context(), service, country, time.Time{}, 3)
	require.NoError(t, err)
	require.Equal(t, outages, got.Outages)
	require.Equal(t, minutes, got.Minutes)
	require.InDelta(t, median, got.MedianMinutes, 1e-9)
	found := []outage.ID{}
	for _, o := range got.Latest {
		found = append(found, o.ID)
	}
	require.Equal(t, ids(latest...), found)
}

// lasting is an outage that ended so many minutes after it started, hours after noon.
func lasting(name, service string, hours, minutes int, countries ...string) outage.Change {
	started := noon.Add(time.Duration(hours) * time.Hour)
	c := ended(change(name, service, started, 1, 1, countries...), started.Add(time.Duration(minutes)*time.Minute), true)
	for i := range c.Outage.Impacts {
		c.Outage.Impacts[i].State, c.Outage.Impacts[i].EndedAt = outage.Ended, c.Outage.EndedAt
	}
	return c
}

func records(t *testing.T, opener Opener) {
	a := open(t, opener)
	recordIs(t, a, "whatsapp", "", 0, 0, 0)
	put(t, a, lasting("may", "whatsapp", 0, 120, "NL"))
	recordIs(t, a, "whatsapp", "", 1, 120, 120, "may")
	put(t, a, lasting("june", "whatsapp", 10, 60, "NL", "GB"), change("now", "whatsapp", noon.Add(90*time.Hour), 1, 1, "NL"))
	put(t, a, lasting("other", "signal", 20, 15, "NL"))
	recordIs(t, a, "whatsapp", "", 2, 180, 90, "june", "may")
	put(t, a, lasting("july", "whatsapp", 30, 10, "GB"), lasting("august", "whatsapp", 40, 20, "DE"))
	recordIs(t, a, "whatsapp", "", 4, 210, 40, "august", "july", "june")
	recordIs(t, a, "whatsapp", "GB", 2, 70, 35, "july", "june")
	recordIs(t, a, "", "NL", 3, 195, 60, "other", "june", "may")
	recordIs(t, a, "", "", 5, 225, 20, "august", "july", "other")
	recordIs(t, a, "nobody", "", 0, 0, 0)
	recordIs(t, a, "whatsapp", "FR", 0, 0, 0)

	since, err := a.Record(t.Context(), "whatsapp", "", noon.Add(30*time.Hour), 0)
	require.NoError(t, err)
	require.Equal(t, archive.Record{Outages: 2, Minutes: 30, MedianMinutes: 15, Latest: []outage.Outage{}}, since)
}

func recordUnion(t *testing.T, opener Opener) {
	a := open(t, opener)
	put(t, a, lasting("long", "whatsapp", 0, 300, "NL"), lasting("after", "whatsapp", 10, 60, "NL"))
	put(t, a, lasting("within", "signal", 1, 60, "NL"), lasting("past its end", "signal", 4, 120, "NL"), lasting("at its end", "signal", 6, 30, "NL"))
	recordIs(t, a, "", "NL", 5, 6*60+30+60, 60, "after", "at its end", "past its end")
	recordIs(t, a, "", "", 5, 6*60+30+60, 60, "after", "at its end", "past its end")
}

func recordByCountry(t *testing.T, opener Opener) {
	a := open(t, opener)
	c := lasting("o", "whatsapp", 0, 100, "NL", "GB", "DE")
	nl, gb := &c.Outage.Impacts[0], &c.Outage.Impacts[1]
	nlEnd, gbEnd := noon.Add(40*time.Minute), noon.Add(90*time.Minute)
	nl.StartedAt, nl.EndedAt = noon.Add(10*time.Minute), &nlEnd
	// It came back after a pause, which belongs to it.
	gb.StartedAt, gb.EndedAt = noon.Add(70*time.Minute), &gbEnd
	gb.Intervals = []outage.Interval{
		{StartedAt: noon.Add(5 * time.Minute), EndedAt: noon.Add(20 * time.Minute)},
		{StartedAt: noon.Add(40 * time.Minute), EndedAt: noon.Add(50 * time.Minute)},
	}
	put(t, a, c)
	recordIs(t, a, "whatsapp", "NL", 1, 30, 30, "o")
	recordIs(t, a, "whatsapp", "GB", 1, 85, 85, "o")
	recordIs(t, a, "whatsapp", "DE", 1, 100, 100, "o")
	recordIs(t, a, "whatsapp", "", 1, 100, 100, "o")
}

func recordWithoutRetracted(t *testing.T, opener Opener) {
	a := open(t, opener)
	put(t, a, lasting("kept", "whatsapp", 0, 60, "NL"), lasting("false", "whatsapp", 10, 600, "NL"), lasting("part", "whatsapp", 30, 30, "NL"))
	addRemark(t, a, "kept", remark(outage.Note, "true"))
	addRemark(t, a, "false", remark(outage.Retraction, "a test of ours"))
	addRemark(t, a, "part", merge("kept"))
	recordIs(t, a, "whatsapp", "", 1, 60, 60, "kept")
	recordIs(t, a, "whatsapp", "NL", 1, 60, 60, "kept")
}

func recordTooLong(t *testing.T, opener Opener) {
	a := open(t, opener)
	for _, latest := range []int{-1, 201} {
		_, err := a.Record(t.Context(), "whatsapp", "", time.Time{}, latest)
		require.ErrorIs(t, err, outage.ErrInvalid)
	}
}
