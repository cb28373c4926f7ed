package replay_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/detector/detect"
	"github.com/outcryhq/outcry/detector/replay"
	"github.com/outcryhq/outcry/detector/scenario"
	"github.com/outcryhq/outcry/pkg/countcsv"
	"github.com/outcryhq/outcry/pkg/outage"
)

func csvOf(t testing.TB, rows []countcsv.Row) *bytes.Buffer {
	t.Helper()
	var buf bytes.Buffer
	w := countcsv.NewWriter(&buf)
	for _, row := range rows {
		require.NoError(t, w.Write(row))
	}
	require.NoError(t, w.Flush())
	return &buf
}

// replayed returns what a replay prints.
func replayed(t testing.TB, input io.Reader, step time.Duration) (string, []outage.Outage) {
	t.Helper()
	var out bytes.Buffer
	_, err := replay.Run(context.Background(), replay.Config{
		Input: input, Step: step, Output: &out, Detect: detect.DefaultConfig(),
	})
	require.NoError(t, err)
	printed := out.String()
	var outages []outage.Outage
	for decoder := json.NewDecoder(&out); decoder.More(); {
		var o outage.Outage
		require.NoError(t, decoder.Decode(&o))
		outages = append(outages, o)
	}
	return printed, outages
}

func TestTheStoryIsOneOutageWithSixImpacts(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4) {
		_, outages := replayed(t, csvOf(t, scenario.Story(seed)), time.Minute)
		require.Len(t, outages, 1, "seed %d: one outage and nothing else anywhere", seed)
		checkStory(t, outages[0])
	}
}

func checkStory(t *testing.T, o outage.Outage) {
	t.Helper()
	require.Equal(t, scenario.Service, o.Service)
	require.Equal(t, outage.Ended, o.State)
	require.True(t, o.Final)
	require.WithinDuration(t, scenario.HourStart, o.StartedAt, 5*time.Minute)
	truth := scenario.Truth()
	require.Len(t, o.Impacts, len(truth))
	for i, impact := range o.Impacts {
		country := truth[i].Country
		require.Equal(t, country, impact.Country)
		require.Empty(t, impact.Intervals, country)
		require.WithinDuration(t, truth[i].Onset, impact.StartedAt, 5*time.Minute, country)
		require.False(t, impact.StartedAt.After(impact.DetectedAt), country)
		seen := impact.DetectedAt.Sub(truth[i].Passes(8))
		require.LessOrEqual(t, seen, 3*time.Minute, country)
		require.Equal(t, outage.Ended, impact.State, country)
		late := impact.EndedAt.Sub(truth[i].End)
		require.GreaterOrEqual(t, late, -time.Minute, country)
		require.LessOrEqual(t, late, 15*time.Minute, country)
		require.InEpsilon(t, truth[i].Peak, impact.Peak.ReportsPerMinute, 1.2, country)
	}
}

const recorded = "../testdata/scenarios/whatsapp-2017-11-03/"

// -update records the story anew, after the generator or the detector changed.
var update = flag.Bool("update", false, "record the story anew")

func TestTheRecordedStory(t *testing.T) {
	t.Parallel()
	counts := csvOf(t, scenario.Story(1)).Bytes()
	printed, outages := replayed(t, bytes.NewReader(counts), time.Minute)
	if *update {
		packer, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBestCompression))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(recorded+"counts.csv.zst", packer.EncodeAll(counts, nil), 0o600))
		require.NoError(t, os.WriteFile(recorded+"outages.ndjson", []byte(printed), 0o600))
	}
	file, err := countcsv.Open(recorded+"counts.csv.zst", nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, file.Close()) }()
	stored, err := io.ReadAll(file)
	require.NoError(t, err)
	require.Equal(t, string(counts), string(stored), "the generator makes what is recorded")

	again, _ := replayed(t, bytes.NewReader(stored), time.Minute)
	require.Equal(t, printed, again, "two replays print the same bytes")
	require.Len(t, outages, 1)
	checkStory(t, outages[0])
	text, err := os.ReadFile(recorded + "outages.ndjson")
	require.NoError(t, err)
	var want outage.Outage
	require.NoError(t, json.Unmarshal(text, &want))
	alike(t, "", fields(t, want), fields(t, outages[0]))
}

// fields returns the outage as its JSON has it.
func fields(t *testing.T, o outage.Outage) (fields any) {
	t.Helper()
	text, err := json.Marshal(o)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &fields))
	return fields
}

// alike requires that two JSON values are the same, but for the last digits of
// numbers, which differ from one processor to another.
func alike(t *testing.T, path string, want, got any) {
	t.Helper()
	switch want := want.(type) {
	case map[string]any:
		require.IsType(t, want, got, path)
		got, _ := got.(map[string]any)
		require.ElementsMatch(t, slices.Collect(maps.Keys(want)), slices.Collect(maps.Keys(got)), path)
		for name, value := range want {
			alike(t, path+"/"+name, value, got[name])
		}
	case []any:
		require.Len(t, got, len(want), path)
		got, _ := got.([]any)
		for i, value := range want {
			alike(t, fmt.Sprint(path, "/", i), value, got[i])
		}
	case float64:
		require.IsType(t, want, got, path)
		number, _ := got.(float64)
		require.InDelta(t, want, number, 1e-6*math.Abs(want), path)
	default:
		require.Equal(t, want, got, path)
	}
}

func TestTheStoryInQuartersOfAnHour(t *testing.T) {
	t.Parallel()
	quarters := map[countcsv.Row]int{}
	var order []countcsv.Row
	for _, row := range scenario.Story(3) {
		key := countcsv.Row{Start: row.Start.Truncate(15 * time.Minute), Series: row.Series}
		if _, known := quarters[key]; !known {
			order = append(order, key)
		}
		quarters[key] += row.Reports
	}
	for i := range order {
		order[i].Reports = quarters[order[i]]
	}
	_, outages := replayed(t, csvOf(t, order), 15*time.Minute)
	require.Len(t, outages, 1)
	require.Len(t, outages[0].Impacts, 6)
	require.Equal(t, scenario.HourStart.Add(15*time.Minute), outages[0].DetectedAt, "at the end of the first bucket")
	for _, impact := range outages[0].Impacts {
		require.Zero(t, impact.DetectedAt.Minute()%15)
		require.False(t, impact.StartedAt.After(impact.DetectedAt))
	}
}
