package main

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/detector/scenario"
)

// The story from posts: two quiet weeks, then the hour. The complaints are as
// many as in the counts; the chatter around them, some two posts a minute, is
// ten thousand times less than there was.
func TestTheStoryFromPosts(t *testing.T) {
	t.Parallel()
	d := newDump(1)
	d.background(30 * time.Second)
	d.outage(scenario.Hour(1))
	dir := t.TempDir()
	weeks, morning, hour := filepath.Join(dir, "weeks"), filepath.Join(dir, "morning.json"), filepath.Join(dir, "hour.bz2")

	day := scenario.HourStart.Truncate(24 * time.Hour)
	file, err := os.Create(weeks)
	require.NoError(t, err)
	z, err := zstd.NewWriter(file, zstd.WithEncoderLevel(zstd.SpeedFastest))
	require.NoError(t, err)
	require.NoError(t, d.write(z, scenario.Start, day))
	require.NoError(t, z.Close())
	require.NoError(t, file.Close())
	var plain bytes.Buffer
	require.NoError(t, d.write(&plain, day, scenario.HourStart))
	require.NoError(t, os.WriteFile(morning, plain.Bytes(), 0o600))
	file, err = os.Create(hour) // its name says one thing, its first bytes another
	require.NoError(t, err)
	g, err := gzip.NewWriterLevel(file, gzip.BestSpeed)
	require.NoError(t, err)
	require.NoError(t, d.write(g, scenario.HourStart, scenario.End.Add(time.Hour)))
	require.NoError(t, g.Close())
	require.NoError(t, file.Close())

	status, stdout, stderr := outcry("", "replay", "--tweets", weeks, morning, hour)
	require.Equal(t, exitOK, status, stderr)
	theStory(t, withoutScores(t, stdout))
	t.Log(stderr)
	require.Regexp(t, `(?m)^\d+ lines: \d+ posts, \d+ deletions, \d+ of other kinds, [1-9]\d+ malformed$`, stderr)
	require.Regexp(t, `(?m)^\d+ complaints: \d+ counted, [1-9]\d+ of accounts that had been counted or posts read twice, 0 more than 5m0s out of order$`, stderr)
	require.Regexp(t, `repost [1-9]\d+`, stderr)
}
