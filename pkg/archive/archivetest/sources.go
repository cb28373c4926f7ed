package archivetest

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/archive"
	"github.com/outcryhq/outcry/pkg/outage"
)

var sourceTests = map[string]func(*testing.T, Opener){ //nolint:gochecknoglobals // a constant table
	"a source goes on where it stood":               keepsCursors,
	"states of sources are kept, each in its place": keepsSources,
	"a state that is too large is refused":          refusesSources,
	"deleted posts are forgotten and still count":   forgetsReports,
	"accounts that are gone are forgotten":          forgetsLinks,
	"each process has a state, and one cursor":      keepsProcesses,
}

// bluesky is the state of a source at a moment.
func bluesky(cursor string, at time.Time) archive.SourceState {
	return archive.SourceState{
		Source: outage.SourceBluesky, Instance: "jetstream.example", Cursor: cursor, UpdatedAt: at,
		Status: archive.SourceListening, Since: at.Add(-time.Hour), LastPostAt: at.Add(-time.Second), CursorAt: at,
		Posts: 1 << 40, Complaints: 3, Refused: map[string]uint64{"no_phrase": 7}, LastError: archive.CauseLost,
	}
}

func keepsCursors(t *testing.T, opener Opener) {
	a := open(t, opener)
	cursor, err := a.Cursor(t.Context(), outage.SourceBluesky, "jetstream.example")
	require.NoError(t, err)
	require.Empty(t, cursor)
	require.NoError(t, a.SaveSources(t.Context(), bluesky("17", noon)))
	require.NoError(t, a.SaveSources(t.Context(), bluesky("18", noon)))
	require.NoError(t, a.SaveSources(t.Context(), bluesky("", noon)), "one that has not read anything yet")
	again := open(t, opener)
	cursor, err = again.Cursor(t.Context(), outage.SourceBluesky, "jetstream.example")
	require.NoError(t, err)
	require.Equal(t, "18", cursor)
	for _, other := range []archive.SourceState{{Source: outage.SourceBluesky}, {Source: outage.SourceMastodon, Instance: "jetstream.example"}} {
		cursor, err = again.Cursor(t.Context(), other.Source, other.Instance)
		require.NoError(t, err)
		require.Empty(t, cursor)
	}
}

func keepsSources(t *testing.T, opener Opener) {
	a := open(t, opener)
	states, err := a.Sources(t.Context())
	require.NoError(t, err)
	require.Empty(t, states)
	form := archive.SourceState{Source: outage.SourceForm, UpdatedAt: noon, Status: archive.SourceListening, Since: noon}
	require.NoError(t, a.SaveSources(t.Context(), form, bluesky("1", noon)))
	require.NoError(t, a.SaveSources(t.Context(), bluesky("2", noon.Add(time.Minute))))
	want := bluesky("2", noon.Add(time.Minute))
	states, err = a.Sources(t.Context())
	require.NoError(t, err)
	require.Equal(t, []archive.SourceState{want, form}, states)
}

func refusesSources(t *testing.T, opener Opener) {
	a := open(t, opener)
	for _, spoil := range []func(*archive.SourceState){
		func(s *archive.SourceState) { s.LastError = archive.SourceCause(strings.Repeat("x", 10_000)) },
		func(s *archive.SourceState) { s.Cursor = strings.Repeat("1", 2000) },
		func(s *archive.SourceState) { s.Instance = strings.Repeat("i", 300) },
		func(s *archive.SourceState) { s.UpdatedAt = time.Time{} },
	} {
		state := bluesky("1", noon)
		spoil(&state)
		require.ErrorIs(t, a.SaveSources(t.Context(), bluesky("0", noon), state), outage.ErrInvalid)
	}
	states, err := a.Sources(t.Context())
	require.NoError(t, err)
	require.Empty(t, states, "all or nothing")
}

func forgetsReports(t *testing.T, opener Opener) {
	a := open(t, opener)
	post, other, plain := report("post", "whatsapp", "NL", noon), report("other", "whatsapp", "NL", noon), report("plain", "whatsapp", "NL", noon)
	post.Source, post.Ref = outage.SourceBluesky, "https://social.example/1"
	other.Source, other.Ref = outage.SourceBluesky, "https://social.example/2"
	add(t, a, post, other, plain)

	late := outage.DeriveID("late")
	found, err := a.ForgetReports(t.Context(), []outage.ID{post.ID, plain.ID, late})
	require.NoError(t, err)
	require.ElementsMatch(t, []outage.ID{post.ID, plain.ID}, found, "one is still on its way")
	found, err = a.ForgetReports(t.Context(), nil)
	require.NoError(t, err)
	require.Empty(t, found)

	got := stored(t, a, noon)
	require.Empty(t, got[post.ID].Ref)
	require.Equal(t, other, got[other.ID])
	add(t, a, post) // the log may bring it again
	require.Empty(t, stored(t, a, noon)[post.ID].Ref)
	require.Equal(t, map[int]int{0: 3}, counts(t, a, "whatsapp", "NL", time.Minute))

	arrived := report("late", "whatsapp", "NL", noon)
	arrived.Ref = "https://social.example/3"
	add(t, a, arrived)
	found, err = a.ForgetReports(t.Context(), []outage.ID{late})
	require.NoError(t, err)
	require.Equal(t, []outage.ID{late}, found)
	require.Empty(t, stored(t, a, noon)[late].Ref)
}

func forgetsLinks(t *testing.T, opener Opener) {
	a := open(t, opener)
	linked := func(name, ref string) outage.Logged {
		r := report(name, "whatsapp", "NL", noon)
		r.Source, r.Ref = outage.SourceBluesky, ref
		return r
	}
	one, two := linked("one", "https://social.example/a/1"), linked("two", "https://social.example/a/\U0010FFFEz")
	other, upper := linked("other", "https://social.example/ab/1"), linked("upper", "https://social.example/A/1")
	add(t, a, one, two, other, upper, report("plain", "whatsapp", "NL", noon))
	require.NoError(t, a.ForgetLinks(t.Context(), nil))
	require.NoError(t, a.ForgetLinks(t.Context(), []string{"", "https://social.example/a/", "https://nobody.example/%_"}))
	got := stored(t, a, noon)
	require.Empty(t, got[one.ID].Ref)
	require.Empty(t, got[two.ID].Ref)
	require.Equal(t, other, got[other.ID])
	require.Equal(t, upper, got[upper.ID])
	require.Equal(t, map[int]int{0: 5}, counts(t, a, "whatsapp", "NL", time.Minute), "they still count")
}

func keepsProcesses(t *testing.T, opener Opener) {
	a := open(t, opener)
	of := func(process, cursor string, at time.Time) archive.SourceState {
		s := bluesky(cursor, at)
		s.Process = process
		return s
	}
	require.NoError(t, a.SaveSources(t.Context(), of("one", "1", noon)))
	require.NoError(t, a.SaveSources(t.Context(), of("two", "2", noon.Add(time.Minute))))
	states, err := a.Sources(t.Context())
	require.NoError(t, err)
	require.Equal(t, []archive.SourceState{of("one", "2", noon), of("two", "2", noon.Add(time.Minute))}, states)

	require.NoError(t, a.SaveSources(t.Context(), of("two", "3", noon.Add(time.Hour+time.Minute))))
	states, err = a.Sources(t.Context())
	require.NoError(t, err)
	require.Equal(t, []archive.SourceState{of("two", "3", noon.Add(time.Hour+time.Minute))}, states, "one is long gone")
}
