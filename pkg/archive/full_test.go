package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

func TestFullDiskLeavesNothingHalfDone(t *testing.T) {
	t.Parallel()
	a, err := OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "archive.db"), slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, a.Close()) })
	at := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	entries := func(from, n int) []live.Entry {
		e := live.Entry{Partition: live.Partition("whatsapp"), Epoch: "e", Position: strconv.Itoa(from)}
		for i := range n {
			r := outage.Logged{Outcome: outage.Counted}
			r.ID = outage.DeriveID(fmt.Sprint(from, "/", i))
			r.Service, r.Country, r.ObservedAt, r.ReceivedAt = "whatsapp", "NL", at, at
			e.Reports = append(e.Reports, r)
		}
		return []live.Entry{e}
	}
	total := func() (reports, counted int) {
		snapshots, err := a.Snapshot(t.Context(), at, []int{live.Partition("whatsapp")})
		require.NoError(t, err)
		for _, s := range snapshots {
			for _, c := range s.Counts {
				counted += c.Count
			}
			reports += len(s.Reports)
		}
		return reports, counted
	}
	require.NoError(t, a.Append(t.Context(), entries(0, 10)))
	limit := func(pages int) {
		_, err := a.write.ExecContext(t.Context(), fmt.Sprintf("PRAGMA max_page_count = %d", pages))
		require.NoError(t, err)
	}
	limit(1) // means: as large as it is by now
	err = a.Append(t.Context(), entries(1, 5000))
	require.ErrorIs(t, err, outage.ErrUnavailable)
	reports, counted := total()
	require.Equal(t, 10, reports)
	require.Equal(t, 10, counted)

	limit(1 << 30)
	require.NoError(t, a.Append(t.Context(), entries(1, 5000)))
	reports, counted = total()
	require.Equal(t, 5010, reports)
	require.Equal(t, 5010, counted)
}

func TestErrorsOfPostgresThatPass(t *testing.T) {
	t.Parallel()
	answered := func(code string) error { return fmt.Errorf("exec: %w", &pgconn.PgError{Code: code}) }
	for name, test := range map[string]struct {
		err  error
		want bool
	}{
		"disk full":             {answered("53100"), true},
		"too many connections":  {answered("53300"), true},
		"server shutting down":  {answered("57P01"), true},
		"statement timeout":     {answered("57014"), true},
		"deadlock":              {answered("40P01"), true},
		"standby":               {answered("25006"), true},
		"connection refused":    {&pgconn.ConnectError{}, true},
		"connection broken":     {fmt.Errorf("read: %w", io.ErrUnexpectedEOF), true},
		"table missing":         {answered("42P01"), false},
		"number too large":      {answered("22003"), false},
		"no code":               {answered(""), false},
		"something of our own":  {errors.New("decode outage"), false},
		"a caller that gave up": {context.Canceled, false},
	} {
		require.Equal(t, test.want, postgresDialect{}.passing(test.err), name)
	}
}
