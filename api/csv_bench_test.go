package api_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/api"
	"github.com/outcryhq/outcry/api/web"
	"github.com/outcryhq/outcry/pkg/archive"
	"github.com/outcryhq/outcry/pkg/catalog"
	"github.com/outcryhq/outcry/pkg/outage"
	"github.com/outcryhq/outcry/pkg/servertest"
)

// BenchmarkYearAsCSV measures a year of one service's counts by quarters of an hour,
// all countries together, as a file: 35,040 rows. There is a report in every quarter of an
// hour from each country.
func BenchmarkYearAsCSV(b *testing.B) {
	for name, open := range map[string]func(*testing.B) (*archive.Archive, error){
		"sqlite": func(b *testing.B) (*archive.Archive, error) {
			b.Helper()
			return archive.OpenSQLite(b.Context(), filepath.Join(b.TempDir(), "outcry.db"), quietLogger())
		},
		"postgres": func(b *testing.B) (*archive.Archive, error) {
			b.Helper()
			return archive.OpenPostgres(b.Context(), servertest.Postgres(b).Database(b), quietLogger())
		},
	} {
		for _, countries := range []int{1, 10} {
			b.Run(fmt.Sprintf("%s/countries=%d", name, countries), func(b *testing.B) {
				store, err := open(b)
				require.NoError(b, err)
				b.Cleanup(func() { require.NoError(b, store.Close()) })
				benchmarkYear(b, store, countries)
			})
		}
	}
}

func benchmarkYear(b *testing.B, store *archive.Archive, countries int) {
	b.Helper()
	now := morning
	end := now.Add(-72 * time.Hour).Truncate(24 * time.Hour)
	start := end.Add(-365 * 24 * time.Hour)
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same counts each time
	_, err := store.ImportCounts(b.Context(), archive.Import{Now: now, Rows: func(yield func(archive.CountRow, error) bool) {
		for at := start; at.Before(end); at = at.Add(15 * time.Minute) {
			for country := range countries {
				s := outage.Series{Service: "whatsapp", Country: []string{"ID", "NL", "GB", "US", "DE", "FR", "IR", "BR", "IN", "ZZ"}[country]}
				if !yield(archive.CountRow{Series: s, Start: at, Reports: 1 + random.IntN(9)}, nil) {
					return
				}
			}
		}
	}})
	require.NoError(b, err)

	away := &world{now: now}
	away.liveAway.Store(true) // the range ends before what it would be asked for
	pages, err := web.New(quietLogger())
	require.NoError(b, err)
	services, err := catalog.Default()
	require.NoError(b, err)
	elapsed := time.Duration(0)
	calls, err := api.New(api.Config{
		Live: liveSwitch{away}, Archive: store, Catalog: services, Baselines: usually(.4), Pages: pages,
		Now: func() time.Time { return now.Add(elapsed) }, Logger: quietLogger(),
	})
	require.NoError(b, err)
	router := gin.New()
	calls.Mount(router)
	target := fmt.Sprintf("/v1/services/whatsapp/series?format=csv&step=15m&from=%s&to=%s", start.Format(time.RFC3339), end.Format(time.RFC3339))
	size := 0
	for b.Loop() {
		elapsed += time.Minute // no answer that was kept
		r := httptest.NewRequest(http.MethodGet, target, nil)
		r.Header.Set("Accept-Encoding", "gzip")
		recorder := httptest.NewRecorder()
		router.ServeHTTP(recorder, r)
		require.Equal(b, http.StatusOK, recorder.Code)
		size = recorder.Body.Len()
	}
	b.ReportMetric(float64(size), "B/file")
}
