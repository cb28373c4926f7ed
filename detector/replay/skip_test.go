package replay

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/detector/detect"
	"github.com/outcryhq/outcry/detector/scenario"
	"github.com/outcryhq/outcry/pkg/countcsv"
	"github.com/outcryhq/outcry/pkg/outage"
)

// torn is the story with a silence of some days in the middle of its hour, and
// two before, and then the story's last days once more, so that what was learned
// before and during the silences shows.
func torn() []countcsv.Row {
	story := scenario.Story(1)
	cuts := []time.Duration{-8 * 24 * time.Hour, -100 * time.Hour, 20 * time.Minute}
	silences := []time.Duration{5*24*time.Hour + 17*time.Minute, 3 * time.Hour, 9*24*time.Hour + time.Minute}
	var rows []countcsv.Row
	for _, row := range story {
		into := row.Start.Sub(scenario.HourStart)
		for i, cut := range cuts {
			if into >= cut {
				row.Start = row.Start.Add(silences[i])
			}
		}
		rows = append(rows, row)
	}
	end := rows[len(rows)-1].Start.Add(40 * 24 * time.Hour)
	again := story[len(story)-1].Start.Add(-3 * 24 * time.Hour)
	for _, row := range story {
		if row.Start.After(again) {
			row.Start = end.Add(row.Start.Sub(again))
			rows = append(rows, row)
		}
	}
	return rows
}

// single is a report in each of three years: silences that are observed.
func single() []countcsv.Row {
	var rows []countcsv.Row
	for year := 2015; year < 2018; year++ {
		rows = append(rows, countcsv.Row{
			Start:  time.Date(year, 3, 3, 9, 0, 0, 0, time.UTC),
			Series: outage.Series{Service: "whatsapp", Country: "NL"}, Reports: 1,
		})
	}
	return rows
}

func TestSkippingSilenceChangesNothing(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		rows []countcsv.Row
		step time.Duration
	}{
		"minutes":  {torn(), time.Minute},
		"quarters": {torn(), 15 * time.Minute},
		"sevens":   {torn(), 7 * time.Minute},
		"observed": {single(), time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stepped, skipped := replayRows(t, tc.rows, tc.step, true), replayRows(t, tc.rows, tc.step, false)
			require.Equal(t, stepped.printed.String(), skipped.printed.String())
			require.Equal(t, stepped.detector.LiveSeries(), skipped.detector.LiveSeries())
			later := skipped.bucket.Add(time.Hour)
			require.InDelta(t, stepped.detector.Expected(later), skipped.detector.Expected(later), 0, "what was learned")
		})
	}
}

type replayed struct {
	*run
	printed bytes.Buffer
}

// replayRows replays rows, looking at every silent bucket or not.
func replayRows(t *testing.T, rows []countcsv.Row, step time.Duration, everyBucket bool) *replayed {
	t.Helper()
	done := &replayed{}
	var err error
	done.run, err = newRun(Config{Step: step, Output: &done.printed, Detect: detect.DefaultConfig()})
	require.NoError(t, err)
	for _, row := range rows {
		start := done.align(row.Start)
		if everyBucket && !done.bucket.IsZero() && start.After(done.bucket) {
			require.NoError(t, done.finish(true))
			covered := done.usual.between(done.detector, done.bucket, start) < silentReports
			for done.bucket.Before(start) {
				require.NoError(t, done.finish(covered))
			}
		} else if !start.Equal(done.bucket) {
			require.NoError(t, done.advance(t.Context(), start))
		}
		done.rows = append(done.rows, row)
	}
	require.NoError(t, done.end())
	return done
}

func TestAMistypedYearIsSoonOver(t *testing.T) {
	t.Parallel()
	input := countcsv.Header + "\n2017-11-03T08:00:00Z,whatsapp,NL,40\n2071-11-03T08:00:00Z,whatsapp,NL,1\n"
	var at []time.Time
	summary, err := Run(t.Context(), Config{
		Input: strings.NewReader(input), Output: io.Discard, Detect: detect.DefaultConfig(),
		Progress: func(rows int, now time.Time) { at = append(at, now); require.Equal(t, 1, rows) },
	})
	require.NoError(t, err)
	require.Equal(t, 2, summary.Rows)
	require.Greater(t, len(at), 100, "hours are passed over, and progress is told")
}

func TestAReplayCanBeStoppedInSilence(t *testing.T) {
	t.Parallel()
	input := countcsv.Header + "\n2017-11-03T08:00:00Z,whatsapp,NL,40\n2071-11-03T08:00:00Z,whatsapp,NL,1\n"
	ctx, cancel := context.WithCancel(t.Context())
	_, err := Run(ctx, Config{
		Input: strings.NewReader(input), Output: io.Discard, Detect: detect.DefaultConfig(),
		Progress: func(int, time.Time) { cancel() },
	})
	require.ErrorIs(t, err, context.Canceled)
}
