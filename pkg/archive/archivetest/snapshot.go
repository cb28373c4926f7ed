package archivetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

var snapshotTests = map[string]func(*testing.T, Opener){ //nolint:gochecknoglobals // a constant table
	"a snapshot has the reports of two clock hours":      snapshotReports,
	"a snapshot has the counts of two days":              snapshotCounts,
	"a snapshot has open and recent outages":             snapshotOutages,
	"a snapshot has every partition asked for, no other": snapshotPartitions,
}

func snapshotReports(t *testing.T, opener Opener) {
	a := open(t, opener)
	received := func(name string, at time.Duration) outage.Logged { return report(name, "whatsapp", "NL", noon.Add(at)) }
	too, first, second, last := received("too old", -62*time.Minute), received("first", -60*time.Minute), received("second", 0), received("last", 50*time.Minute)
	add(t, a, last, too, first)
	add(t, a, second)
	p := live.Partition("whatsapp")
	got, err := a.Snapshot(t.Context(), noon.Add(55*time.Minute), []int{p})
	require.NoError(t, err)
	require.Equal(t, []outage.Logged{first, second, last}, got[p].Reports)
}

func snapshotCounts(t *testing.T, opener Opener) {
	a := open(t, opener)
	edge := int(-live.KeepCounts / time.Minute)
	want := []live.MinuteCount{minute("whatsapp", "DE", -5, 3), minute("whatsapp", "NL", edge, 1), minute("whatsapp", "NL", 0, 2)}
	addMinutes(t, a, want...)
	addMinutes(t, a, minute("whatsapp", "NL", edge-1, 1), minute("signal", "NL", 0, 1))
	p := live.Partition("whatsapp")
	got, err := a.Snapshot(t.Context(), noon, []int{p})
	require.NoError(t, err)
	require.ElementsMatch(t, want, got[p].Counts)
}

func snapshotOutages(t *testing.T, opener Opener) {
	a := open(t, opener)
	day := 24 * time.Hour
	open1 := change("open for a week", "whatsapp", noon.Add(-7*day), 4, 2, "NL")
	closed := ended(change("closed", "whatsapp", noon.Add(-2*time.Hour), 4, 2, "NL"), noon.Add(-time.Hour), false)
	recent := ended(change("recent", "whatsapp", noon.Add(-20*time.Hour), 5, 2, "NL"), noon.Add(-19*time.Hour), true)
	old := ended(change("old", "whatsapp", noon.Add(-3*day), 7, 2, "NL"), noon.Add(-2*day), true)
	for _, c := range []outage.Change{old, recent, closed, open1} {
		put(t, a, c)
	}
	p := live.Partition("whatsapp")
	got, err := a.Snapshot(t.Context(), noon, []int{p})
	require.NoError(t, err)
	require.Equal(t, []outage.Change{open1, recent, closed}, got[p].Outages)
	require.Equal(t, uint64(7), got[p].Fence)
}

func snapshotPartitions(t *testing.T, opener Opener) {
	a := open(t, opener)
	addMinutes(t, a, minute("whatsapp", "NL", 0, 1), minute("signal", "NL", 0, 1))
	put(t, a, change("o", "whatsapp", noon, 3, 1, "NL"))
	w, s := live.Partition("whatsapp"), live.Partition("signal")
	require.NotEqual(t, w, s)
	got, err := a.Snapshot(t.Context(), noon, []int{s, (s + 1) % live.Partitions})
	require.NoError(t, err)
	require.Len(t, got, 2)
	require.Len(t, got[s].Reports, 1)
	require.Empty(t, got[s].Outages)
	require.Equal(t, live.Snapshot{}, got[(s+1)%live.Partitions])
	got, err = a.Snapshot(t.Context(), noon, nil)
	require.NoError(t, err)
	require.Empty(t, got)
	_, err = a.Snapshot(t.Context(), noon, []int{-1})
	require.ErrorIs(t, err, outage.ErrInvalid)
}
