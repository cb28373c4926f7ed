package replay_test

import (
	"bytes"
	"context"
	"encoding/json"
	"testing"
	"time"

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

func replayed(t testing.TB, input *bytes.Buffer, step time.Duration) []outage.Outage {
	t.Helper()
	var out bytes.Buffer
	_, err := replay.Run(context.Background(), replay.Config{Input: input, Step: step, Output: &out, Detect: detect.DefaultConfig()})
	require.NoError(t, err)
	var outages []outage.Outage
	for decoder := json.NewDecoder(&out); decoder.More(); {
		var o outage.Outage
		require.NoError(t, decoder.Decode(&o))
		outages = append(outages, o)
	}
	return outages
}

func TestStory(t *testing.T) {
	t.Parallel()
	for seed := range uint64(5) {
		outages := replayed(t, csvOf(t, scenario.Story(seed)), time.Minute)
		b, _ := json.MarshalIndent(outages, "", " ")
		_ = b
		for _, o := range outages {
			t.Log(seed, o.Service, o.StartedAt, o.DetectedAt, o.EndedAt, o.ClosedAt, o.Final, o.Revision, o.Reports, o.Peak)
			for _, i := range o.Impacts {
				t.Log("   ", i.Country, i.StartedAt.Format("15:04"), i.DetectedAt.Format("15:04"), i.EndedAt, i.ClosedAt, i.Reports, i.Peak, i.Score, i.Evidence, len(i.Intervals))
			}
		}
		require.Len(t, outages, 1)
	}
}
