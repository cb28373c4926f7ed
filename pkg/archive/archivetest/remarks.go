package archivetest

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/archive"
	"github.com/outcryhq/outcry/pkg/outage"
)

var remarkTests = map[string]func(*testing.T, Opener){ //nolint:gochecknoglobals // a constant table
	"remarks are kept beside an outage that stays as it is": keepsRemarks,
	"the same remark twice is one":                          sameRemarkTwice,
	"remarks stay when an outage changes":                   remarksStay,
	"a remark needs an outage":                              remarkOnNothing,
	"remarks that contradict others are refused":            contradictions,
	"two that merge into each other at once make no circle": mergeRace,
}

func remark(kind outage.RemarkKind, text string) outage.Remark {
	return outage.Remark{Kind: kind, Text: text, At: noon.Add(5 * time.Hour), By: outage.ByOperator}
}

func merge(into string) outage.Remark {
	r, id := remark(outage.Merge, "the same failure"), outage.DeriveID(into)
	r.Into = &id
	return r
}

func addRemark(t *testing.T, a *archive.Archive, of string, r outage.Remark) {
	t.Helper()
	require.NoError(t, a.AddRemark(t.Context(), outage.DeriveID(of), r))
}

// remarksOn reads the remarks on one outage.
func remarksOn(t *testing.T, a *archive.Archive, of string) []outage.Remark {
	t.Helper()
	found, err := a.Remarks(t.Context(), outage.DeriveID(of))
	require.NoError(t, err)
	return found[outage.DeriveID(of)]
}

func keepsRemarks(t *testing.T, opener Opener) {
	a := open(t, opener)
	before := ended(change("o", "whatsapp", noon, 1, 1, "NL"), noon.Add(time.Hour), true).Outage
	put(t, a, outage.Change{Fence: 1, Outage: before}, ended(change("p", "whatsapp", noon.Add(-5*time.Hour), 1, 1, "NL"), noon.Add(-3*time.Hour), true))

	acknowledged := remark(outage.Acknowledgement, "Brief outage — “resolved” 🙂")
	said := noon.Add(30 * time.Minute)
	acknowledged.At, acknowledged.Link, acknowledged.Said, acknowledged.By = noon.Add(time.Hour), "https://status.example.com/1", &said, outage.ByFeed
	want := []outage.Remark{acknowledged, remark(outage.Note, "first line\nsecond line"), merge("p"), remark(outage.Retraction, "'; DROP TABLE remarks; --")}
	for i := len(want) - 1; i > 0; i-- {
		want[i].At = noon.Add(time.Duration(i+1) * time.Hour)
	}
	for i := range want {
		addRemark(t, a, "o", want[i])
		var err error
		want[i], err = want[i].Tidy(before.ID)
		require.NoError(t, err)
	}
	require.Equal(t, want, remarksOn(t, a, "o"), "in the order of time")

	after, err := a.Outage(t.Context(), before.ID)
	require.NoError(t, err)
	require.Equal(t, before, after)
	page, err := a.Outages(t.Context(), archive.OutageFilter{})
	require.NoError(t, err)
	require.Len(t, page.Outages, 2, "it stays in lists")

	standings, err := a.Standings(t.Context())
	require.NoError(t, err)
	p := outage.DeriveID("p")
	require.Equal(t, map[outage.ID]outage.Standing{before.ID: {Retracted: true, MergedInto: &p}}, standings)
	require.Equal(t, standings[before.ID], outage.StandingOf(want))

	found, err := a.Remarks(t.Context())
	require.NoError(t, err)
	require.Empty(t, found)
	addRemark(t, a, "p", remark(outage.Note, "another"))
	found, err = a.Remarks(t.Context(), before.ID, p, outage.DeriveID("nobody"))
	require.NoError(t, err)
	require.Len(t, found, 2)
	require.Equal(t, want, found[before.ID])
}

func sameRemarkTwice(t *testing.T, opener Opener) {
	a := open(t, opener)
	put(t, a, change("o", "whatsapp", noon, 1, 1, "NL"), change("p", "whatsapp", noon.Add(-time.Hour), 1, 1, "NL"))
	for _, r := range []outage.Remark{remark(outage.Note, "a"), remark(outage.Note, "b"), merge("p"), remark(outage.Retraction, "a")} {
		addRemark(t, a, "o", r)
		r.At = r.At.Add(time.Hour)
		addRemark(t, a, "o", r)
	}
	kept := remarksOn(t, a, "o")
	require.Len(t, kept, 4)
	for _, r := range kept {
		require.Equal(t, noon.Add(5*time.Hour), r.At, "the time is that of the first")
	}
}

func remarksStay(t *testing.T, opener Opener) {
	a := open(t, opener)
	c := change("o", "whatsapp", noon, 1, 1, "NL")
	put(t, a, c)
	addRemark(t, a, "o", remark(outage.Retraction, "a test of ours"))
	put(t, a, ended(c, noon.Add(time.Hour), true))
	require.NoError(t, a.Retain(t.Context(), noon.Add(400*24*time.Hour), archive.MinKeepReports))
	require.Len(t, remarksOn(t, a, "o"), 1)
	standings, err := a.Standings(t.Context())
	require.NoError(t, err)
	require.False(t, standings[c.Outage.ID].Counts())
}

func remarkOnNothing(t *testing.T, opener Opener) {
	a := open(t, opener)
	put(t, a, change("o", "whatsapp", noon, 1, 1, "NL"))
	for name, err := range map[string]error{
		"a note":            a.AddRemark(t.Context(), outage.DeriveID("nobody"), remark(outage.Note, "a")),
		"a merge":           a.AddRemark(t.Context(), outage.DeriveID("nobody"), merge("o")),
		"a merge into none": a.AddRemark(t.Context(), outage.DeriveID("o"), merge("nobody")),
	} {
		require.ErrorIs(t, err, outage.ErrNotFound, name)
		require.ErrorContains(t, err, outage.DeriveID("nobody").String(), name)
	}
	require.ErrorIs(t, a.AddRemark(t.Context(), outage.DeriveID("o"), remark(outage.Note, strings.Repeat("x", 2001))), outage.ErrInvalid)
	require.Empty(t, remarksOn(t, a, "o"))
}

func contradictions(t *testing.T, opener Opener) {
	a := open(t, opener)
	for i, name := range []string{"a", "b", "c", "d", "false"} {
		put(t, a, change(name, "whatsapp", noon.Add(time.Duration(i)*time.Hour), 1, 1, "NL"))
	}
	put(t, a, change("other", "signal", noon, 1, 1, "NL"))
	addRemark(t, a, "a", merge("b"))
	addRemark(t, a, "b", merge("c"))
	addRemark(t, a, "false", remark(outage.Retraction, "a test of ours"))
	for name, test := range map[string]struct {
		of     string
		remark outage.Remark
		says   string
	}{
		"into itself":             {"d", merge("d"), "into itself"},
		"twice":                   {"a", merge("d"), "was merged into"},
		"in a circle":             {"c", merge("a"), "is itself part of"},
		"into a retracted one":    {"d", merge("false"), "was retracted"},
		"a retracted one":         {"false", merge("d"), "was retracted"},
		"into another service's":  {"d", merge("other"), "only outages of one service"},
		"retracted twice":         {"false", remark(outage.Retraction, "for another reason"), "was retracted already"},
		"kind that does not exit": {"d", remark("praise", "well done"), "note, retraction"},
	} {
		err := a.AddRemark(t.Context(), outage.DeriveID(test.of), test.remark)
		require.ErrorIs(t, err, outage.ErrInvalid, name)
		require.ErrorContains(t, err, test.says, name)
	}
	require.Empty(t, remarksOn(t, a, "d"))
	addRemark(t, a, "d", merge("a")) // which is part of c in the end
	addRemark(t, a, "a", remark(outage.Retraction, "it was not even that"))
}

func mergeRace(t *testing.T, opener Opener) {
	a := open(t, opener)
	put(t, a, change("a", "whatsapp", noon, 1, 1, "NL"), change("b", "whatsapp", noon.Add(time.Hour), 1, 1, "NL"))
	var wait sync.WaitGroup
	errs := make([]error, 2)
	for i, names := range [][2]string{{"a", "b"}, {"b", "a"}} {
		wait.Go(func() { errs[i] = a.AddRemark(t.Context(), outage.DeriveID(names[0]), merge(names[1])) })
	}
	wait.Wait()
	standings, err := a.Standings(t.Context())
	require.NoError(t, err)
	require.Len(t, standings, 1)
	require.NotEqual(t, errs[0] == nil, errs[1] == nil)
}
