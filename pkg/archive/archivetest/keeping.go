package archivetest

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/archive"
	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

var keepingTests = map[string]func(*testing.T, Opener){ //nolint:gochecknoglobals // a constant table
	"reports go after their time":                      retainsReports,
	"minutes go after 90 days and quarters stay":       retainsMinutes,
	"reports are kept for three days at least":         retainRefuses,
	"the newest baseline of a format is loaded":        baselines,
	"every process gets the same key of the day":       dayKeys,
	"keys of days before yesterday are destroyed":      destroysKeys,
	"what was written is there when opened again":      reopens,
	"two that open an empty archive at once both work": opensTwice,
}

func retainsReports(t *testing.T, opener Opener) {
	a := open(t, opener)
	keep := 5 * 24 * time.Hour
	add(t, a, reports(5200, "old", "whatsapp", "NL", noon.Add(-time.Millisecond))...) // more than one chunk
	add(t, a, reports(3, "young", "whatsapp", "NL", noon)...)
	add(t, a, reports(2, "other", "signal", "NL", noon.Add(-time.Hour))...)
	for range 2 {
		require.NoError(t, a.Retain(t.Context(), noon.Add(keep), keep))
		require.Len(t, stored(t, a, noon), 3)
	}
	require.Equal(t, map[int]int{-60: 5202 - 2, 0: 3}, counts(t, a, "whatsapp", "NL", time.Hour))
}

func retainsMinutes(t *testing.T, opener Opener) {
	a := open(t, opener)
	addMinutes(t, a, minute("whatsapp", "NL", -1, 1), minute("whatsapp", "NL", 0, 2), minute("whatsapp", "DE", 5, 3), minute("signal", "NL", -10_000, 4))
	for range 2 {
		require.NoError(t, a.Retain(t.Context(), noon.Add(90*24*time.Hour+59*time.Minute), archive.MinKeepReports))
		require.Equal(t, map[int]int{0: 2, 5: 3}, counts(t, a, "whatsapp", "*", time.Minute))
		require.Empty(t, counts(t, a, "signal", "*", time.Minute))
		require.Equal(t, map[int]int{-15: 1, 0: 5}, counts(t, a, "whatsapp", "*", 15*time.Minute))
		require.Equal(t, map[int]int{-10_005: 4}, counts(t, a, "signal", "*", 15*time.Minute))
	}
}

func retainRefuses(t *testing.T, opener Opener) {
	a := open(t, opener)
	add(t, a, report("r", "whatsapp", "NL", noon))
	require.ErrorIs(t, a.Retain(t.Context(), noon.Add(1000*time.Hour), archive.MinKeepReports-1), outage.ErrInvalid)
	require.Len(t, stored(t, a, noon), 1)
}

func baselines(t *testing.T, opener Opener) {
	a := open(t, opener)
	_, err := a.LoadBaseline(t.Context(), 3, 1)
	require.ErrorIs(t, err, outage.ErrNotFound)
	for _, blob := range []string{"one", "two", "three"} {
		require.NoError(t, a.SaveBaseline(t.Context(), 3, 1, 0, []byte(blob)))
	}
	require.NoError(t, a.SaveBaseline(t.Context(), 3, 2, 0, []byte("new format")))
	require.NoError(t, a.SaveBaseline(t.Context(), 4, 1, 0, []byte("other partition")))
	for _, want := range []struct {
		partition, version int
		blob               string
	}{{3, 1, "three"}, {3, 2, "new format"}, {4, 1, "other partition"}} {
		got, err := a.LoadBaseline(t.Context(), want.partition, want.version)
		require.NoError(t, err)
		require.Equal(t, want.blob, string(got))
	}
}

func dayKeys(t *testing.T, opener Opener) {
	a, b := open(t, opener), open(t, opener)
	var mu sync.Mutex
	keys := map[string]int{}
	var processes sync.WaitGroup
	for i := range 8 {
		processes.Go(func() {
			from := a
			if i%2 == 1 {
				from = b
			}
			key, err := from.DayKey(t.Context(), noon.Add(time.Duration(i)*time.Hour))
			if err != nil {
				t.Errorf("read key: %v", err)
			}
			mu.Lock()
			defer mu.Unlock()
			keys[string(key)]++
		})
	}
	processes.Wait()
	require.Len(t, keys, 1)
	for key, n := range keys {
		require.Len(t, key, 32)
		require.Equal(t, 8, n)
	}
	tomorrow, err := a.DayKey(t.Context(), noon.Add(12*time.Hour))
	require.NoError(t, err)
	require.NotContains(t, keys, string(tomorrow))
}

func destroysKeys(t *testing.T, opener Opener) {
	a := open(t, opener)
	key := func(day int) string {
		k, err := a.DayKey(t.Context(), noon.Add(time.Duration(day)*24*time.Hour))
		require.NoError(t, err)
		return string(k)
	}
	first, second := key(0), key(1)
	require.Equal(t, first, key(0), "yesterday's key is still needed")
	third := key(2)
	require.Equal(t, second, key(1))
	require.NotEqual(t, first, key(0), "the day before yesterday's is gone")
	require.NoError(t, a.Retain(t.Context(), noon.Add(4*24*time.Hour), archive.MinKeepReports))
	require.NotEqual(t, third, key(2), "retention destroys keys that nobody asked for")
}

func reopens(t *testing.T, opener Opener) {
	a, err := opener(t.Context())
	require.NoError(t, err)
	add(t, a, report("r", "whatsapp", "NL", noon))
	require.NoError(t, a.Close())
	require.NoError(t, a.Close(), "closing again is nothing")
	again := open(t, opener)
	require.NoError(t, again.Ping(t.Context()))
	add(t, again, report("r", "whatsapp", "NL", noon), report("s", "whatsapp", "NL", noon))
	require.Equal(t, map[int]int{0: 2}, counts(t, again, "whatsapp", "NL", time.Minute))
}

func opensTwice(t *testing.T, opener Opener) {
	var openers sync.WaitGroup
	archives := make([]*archive.Archive, 3)
	for i := range archives {
		openers.Go(func() {
			a, err := opener(t.Context())
			if err != nil {
				t.Errorf("open: %v", err)
				return
			}
			archives[i] = a
		})
	}
	openers.Wait()
	for _, a := range archives {
		require.NotNil(t, a)
		require.NoError(t, a.Append(t.Context(), []live.Entry{entry("1", report("r", "whatsapp", "NL", noon))}))
		require.NoError(t, a.Close())
	}
}
