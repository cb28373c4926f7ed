package archive_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/archive"
	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/servertest"
)

// BenchmarkAppend appends groups of reports, as a committer does: each group a
// synced transaction. ns/op is per report.
func BenchmarkAppend(b *testing.B) {
	b.Run("sqlite", func(b *testing.B) {
		benchmarkAppend(b, func(b *testing.B) *archive.Archive {
			b.Helper()
			return openSQLite(b, filepath.Join(b.TempDir(), "archive.db"))
		})
	})
	b.Run("postgres", func(b *testing.B) {
		server := servertest.Postgres(b)
		benchmarkAppend(b, func(b *testing.B) *archive.Archive {
			b.Helper()
			a, err := archive.OpenPostgres(b.Context(), server.Database(b), quiet())
			require.NoError(b, err)
			b.Cleanup(func() { require.NoError(b, a.Close()) })
			return a
		})
	})
}

func benchmarkAppend(b *testing.B, open func(*testing.B) *archive.Archive) {
	b.Helper()
	for _, size := range []int{256, 2048} {
		for _, services := range []int{1, 500} {
			b.Run(fmt.Sprintf("group=%d/services=%d", size, services), func(b *testing.B) {
				a := open(b)
				for done := 0; done < b.N; done += size {
					b.StopTimer()
					entries := []live.Entry{group(min(size, b.N-done), done, services)}
					b.StartTimer()
					require.NoError(b, a.Append(b.Context(), entries))
				}
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "reports/s")
			})
		}
	}
}

// BenchmarkSnapshot reads what an embedded start needs from an archive with a
// week of counts: 1000 series that each hear something in every third minute.
func BenchmarkSnapshot(b *testing.B) {
	a := openSQLite(b, filepath.Join(b.TempDir(), "archive.db"))
	const week = 7 * 24 * 60
	_, err := a.ImportCounts(b.Context(), archive.Import{Now: noon, Rows: func(yield func(archive.CountRow, error) bool) {
		for m := range week {
			for s := m % 3; s < 1000; s += 3 {
				row := archive.CountRow{Start: noon.Add(time.Duration(m-week) * time.Minute), Reports: 1}
				row.Series.Service, row.Series.Country = serviceNames[s/2], []string{"NL", "DE"}[s%2]
				if !yield(row, nil) {
					return
				}
			}
		}
	}})
	require.NoError(b, err)
	for i := range 40 {
		require.NoError(b, a.Append(b.Context(), []live.Entry{group(500, i, 500)}))
	}
	all := make([]int, live.Partitions)
	for p := range all {
		all[p] = p
	}
	for b.Loop() {
		_, err := a.Snapshot(b.Context(), noon, all)
		require.NoError(b, err)
	}
}
