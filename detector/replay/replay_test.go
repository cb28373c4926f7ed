package replay_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/detector/detect"
	"github.com/outcryhq/outcry/detector/replay"
	"github.com/outcryhq/outcry/detector/scenario"
	"github.com/outcryhq/outcry/pkg/countcsv"
	"github.com/outcryhq/outcry/pkg/outage"
	"github.com/outcryhq/outcry/pkg/place"
)

var nl = outage.Series{Service: "whatsapp", Country: "NL"}

// steady is two days of one report every other minute, but for the minutes from
// begin, in which there are those given. Negative ones are silent.
func steady(begin time.Duration, instead ...int) []countcsv.Row {
	start := time.Date(2025, 3, 3, 0, 0, 0, 0, time.UTC)
	var rows []countcsv.Row
	for m := range 48 * 60 {
		n := (m + 1) % 2
		if i := m - int(begin.Minutes()); i >= 0 && i < len(instead) {
			n = instead[i]
		}
		if n > 0 {
			rows = append(rows, countcsv.Row{Start: start.Add(time.Duration(m) * time.Minute), Series: nl, Reports: n})
		}
	}
	return rows
}

func repeat(n, times int) []int {
	counts := make([]int, times)
	for i := range counts {
		counts[i] = n
	}
	return counts
}

func TestAnOutageIsPrintedAsItEnded(t *testing.T) {
	t.Parallel()
	_, outages := replayed(t, csvOf(t, steady(40*time.Hour, repeat(30, 30)...)), 0)
	require.Len(t, outages, 1)
	require.True(t, outages[0].Final)
	require.Equal(t, 900, outages[0].Reports)
}

func TestTheEndOfTheFileIsTheEndOfWhatIsKnown(t *testing.T) {
	t.Parallel()
	rows := steady(40*time.Hour, repeat(30, 480)...)
	_, outages := replayed(t, csvOf(t, rows), 0)
	require.Len(t, outages, 1)
	require.Equal(t, outage.Ongoing, outages[0].State)
	require.Nil(t, outages[0].EndedAt)
}

func TestASilentFileIsUnobserved(t *testing.T) {
	t.Parallel()
	// Four hours of silence where 120 reports are usual, in the middle of an outage.
	hole := append(repeat(30, 30), repeat(-1, 240)...)
	_, outages := replayed(t, csvOf(t, steady(40*time.Hour, hole...)), 0)
	require.Len(t, outages, 1)
	require.Greater(t, outages[0].ClosedAt.Sub(outages[0].StartedAt), 4*time.Hour, "silence was not taken for peace")

	// Half an hour, where 15 are usual, is quiet.
	hole = append(repeat(30, 30), repeat(-1, 30)...)
	_, outages = replayed(t, csvOf(t, steady(40*time.Hour, hole...)), 0)
	require.Len(t, outages, 1)
	require.Less(t, outages[0].ClosedAt.Sub(outages[0].StartedAt), time.Hour)
}

func TestBucketsOffTheGridAreMovedOnToIt(t *testing.T) {
	t.Parallel()
	bank := outage.Series{Service: "bank", Country: "NL"}
	start := time.Date(2025, 3, 3, 0, 0, 0, 0, time.UTC)
	var rows []countcsv.Row
	for q := range 8 * 24 {
		at := start.Add(time.Duration(q) * 15 * time.Minute)
		rows = append(rows, countcsv.Row{Start: at, Series: nl, Reports: 2})
		n := 1
		if q >= 150 && q < 158 {
			n = 300
		}
		rows = append(rows, countcsv.Row{Start: at.Add(8 * time.Minute), Series: bank, Reports: n})
	}
	_, outages := replayed(t, csvOf(t, rows), 15*time.Minute)
	require.Len(t, outages, 1)
	known := start.Add(150*15*time.Minute + 23*time.Minute)
	require.False(t, outages[0].DetectedAt.Before(known), "before the bucket was over")
	require.Less(t, outages[0].DetectedAt.Sub(known), 15*time.Minute)
	require.Equal(t, 8*300, outages[0].Reports)
}

func TestABadRowStopsAReplay(t *testing.T) {
	t.Parallel()
	input := csvOf(t, steady(40*time.Hour, repeat(30, 30)...))
	input.WriteString("yesterday,whatsapp,NL,3\n")
	lines := bytes.Count(input.Bytes(), []byte("\n"))
	var out bytes.Buffer
	summary, err := replay.Run(context.Background(), replay.Config{Input: input, Output: &out, Detect: detect.DefaultConfig()})
	require.ErrorIs(t, err, outage.ErrInvalid)
	require.ErrorContains(t, err, "expected a time like")
	require.Equal(t, lines-2, summary.Rows)
	require.Equal(t, 1, strings.Count(out.String(), "\n"), "what was over has been printed")
}

func TestRunRefusesAStepThatIsNoMinutes(t *testing.T) {
	t.Parallel()
	_, err := replay.Run(context.Background(), replay.Config{
		Input: csvOf(t, nil), Output: &bytes.Buffer{}, Step: 90 * time.Second, Detect: detect.DefaultConfig(),
	})
	require.ErrorIs(t, err, outage.ErrInvalid)
	require.ErrorContains(t, err, "whole minutes")
}

func TestAnEmptyFileHasNoOutages(t *testing.T) {
	t.Parallel()
	printed, _ := replayed(t, csvOf(t, nil), 0)
	require.Empty(t, printed)
}

func TestAReplayCanBeStopped(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := replay.Run(ctx, replay.Config{Input: csvOf(t, steady(0)), Output: &bytes.Buffer{}, Detect: detect.DefaultConfig()})
	require.ErrorIs(t, err, context.Canceled)
}

type full struct{}

var errFull = errors.New("disk full")

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestAnOutputThatFailsStopsAReplay(t *testing.T) {
	t.Parallel()
	_, err := replay.Run(context.Background(), replay.Config{
		Input: csvOf(t, steady(40*time.Hour, repeat(30, 30)...)), Output: full{}, Detect: detect.DefaultConfig(),
	})
	require.ErrorIs(t, err, errFull)
}

// BenchmarkReplay replays the story; its rows a second are those of one core,
// reading and detecting.
func BenchmarkReplay(b *testing.B) {
	input := csvOf(b, scenario.Story(1)).Bytes()
	rows := bytes.Count(input, []byte("\n")) - 1
	b.ReportAllocs()
	for b.Loop() {
		var out bytes.Buffer
		_, err := replay.Run(context.Background(), replay.Config{
			Input: bytes.NewReader(input), Output: &out, Detect: detect.DefaultConfig(),
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(rows*b.N)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkReplayDense replays 200 series that hear something in every minute
// of two days.
func BenchmarkReplayDense(b *testing.B) {
	var rows []countcsv.Row
	start := time.Date(2025, 3, 3, 0, 0, 0, 0, time.UTC)
	countries := place.Codes()
	for m := range 2 * 24 * 60 {
		for s := range 200 {
			rows = append(rows, countcsv.Row{
				Start:   start.Add(time.Duration(m) * time.Minute),
				Series:  outage.Series{Service: scenario.Services[s%10], Country: countries[s]},
				Reports: 1 + (m*7+s*3)%5,
			})
		}
	}
	input := csvOf(b, rows).Bytes()
	for b.Loop() {
		var out bytes.Buffer
		_, err := replay.Run(context.Background(), replay.Config{
			Input: bytes.NewReader(input), Output: &out, Detect: detect.DefaultConfig(),
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(rows)*b.N)/b.Elapsed().Seconds(), "rows/s")
}
