package detector

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/detector/detect"
	"github.com/outcryhq/outcry/pkg/baseline"
	"github.com/outcryhq/outcry/pkg/outage"
)

func TestMergeOthersLeavesOutTheOwn(t *testing.T) {
	t.Parallel()
	start := time.Date(2017, time.November, 3, 7, 0, 0, 0, time.UTC)
	known := make([]baseline.Countries, 4)
	for i := range known {
		d, err := detect.New(detect.DefaultConfig())
		require.NoError(t, err)
		series := outage.Series{Service: "s", Country: []string{"NL", "GB"}[i%2]}
		require.NoError(t, d.LearnHour(baseline.Hour{
			Start: start, Covered: 60, Counts: []baseline.Count{{Series: series, Reports: 1 << i}},
		}))
		known[i] = d.Countries()
	}
	others := mergeOthers(known)
	for i := range known {
		var want baseline.Countries
		for j := range known {
			if j != i {
				want.Merge(known[j])
			}
		}
		require.Equal(t, want, others[i])
	}
}

func TestCoverageIsSettledAsFarAsTheLogIsDrained(t *testing.T) {
	t.Parallel()
	now := time.Date(2017, time.November, 3, 7, 0, 30, 0, time.UTC)
	from := now.Truncate(time.Minute).Add(-checkCoverage)
	ago := func(d time.Duration) time.Time { return now.Truncate(time.Minute).Add(-d) }
	for name, tt := range map[string]struct {
		last    time.Time // that the archive has
		drained bool
		want    time.Time
	}{
		"nobody listened for an hour":       {ago(time.Hour), true, now.Add(-coverageLag)},
		"the archive was away for an hour":  {ago(time.Hour), false, ago(time.Hour)},
		"and for longer than it is asked":   {ago(2 * checkCoverage), false, from},
		"something is always under way":     {ago(time.Minute), false, now.Add(-coverageLag)},
		"nothing was ever heard":            {time.Time{}, true, now.Add(-coverageLag)},
		"nothing was ever heard or drained": {time.Time{}, false, from},
	} {
		covered := func(m time.Time) bool { return !m.After(tt.last) }
		require.Equal(t, tt.want, settledBefore(covered, from, now, tt.drained), name)
	}
}

func TestTroubleIsLoggedOnce(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	none := func() float64 { return 0 }
	m, err := newMetrics(prometheus.NewRegistry(), none, none, none)
	require.NoError(t, err)
	trouble := newTrouble(slog.New(slog.NewTextHandler(&out, nil)), m)
	lines := func() int { return strings.Count(out.String(), "\n") }

	require.NoError(t, trouble.note(stageTick, 1, nil))
	require.ErrorIs(t, trouble.note(stageTick, 1, context.Canceled), context.Canceled)
	require.Zero(t, lines())
	for p := range 64 {
		require.ErrorIs(t, trouble.note(stageTick, p, outage.ErrUnavailable), outage.ErrUnavailable)
	}
	require.Equal(t, 1, lines(), "one line for a store that is away")
	for p := range 63 {
		require.NoError(t, trouble.note(stageTick, p, nil))
	}
	require.Equal(t, 1, lines())
	trouble.forget(63)
	require.Equal(t, 2, lines(), "and one when all is well")
}

func TestBackoffGrowsAndStartsOver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := backoff{random: func() float64 { return 0.5 }}
		pause := func() time.Duration {
			before := time.Now()
			require.NoError(t, b.wait(t.Context()))
			return time.Since(before)
		}
		first := pause()
		require.Equal(t, backoffFirst*3/4, first)
		require.Equal(t, 2*first, pause())
		for range 10 {
			pause()
		}
		require.Equal(t, backoffMost*3/4, pause())
		b.reset()
		require.Equal(t, first, pause())
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		require.ErrorIs(t, b.wait(ended), context.Canceled)
	})
}
