package archivetest

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/archive"
	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

var failureTests = map[string]func(*testing.T, Opener){ //nolint:gochecknoglobals // a constant table
	"a closed archive is unavailable":         closedIsUnavailable,
	"a cancelled call does nothing":           cancelled,
	"a deadline that has passed is temporary": deadline,
}

// calls is every method that reaches the database.
func calls() map[string]func(context.Context, *archive.Archive) error {
	one := []live.Entry{entry("1", report("r", "whatsapp", "NL", noon))}
	series := outage.Series{Service: "whatsapp", Country: "NL"}
	none := func(archive.CountRow) error { return nil }
	return map[string]func(context.Context, *archive.Archive) error{
		"ping":   func(ctx context.Context, a *archive.Archive) error { return a.Ping(ctx) },
		"append": func(ctx context.Context, a *archive.Archive) error { return a.Append(ctx, one) },
		"snapshot": func(ctx context.Context, a *archive.Archive) error {
			_, err := a.Snapshot(ctx, noon, []int{1})
			return err
		},
		"outages": func(ctx context.Context, a *archive.Archive) error {
			_, err := a.Outages(ctx, archive.OutageFilter{})
			return err
		},
		"outage": func(ctx context.Context, a *archive.Archive) error {
			_, err := a.Outage(ctx, outage.DeriveID("o"))
			return err
		},
		"outage minutes": func(ctx context.Context, a *archive.Archive) error {
			_, err := a.OutageMinutes(ctx, outage.DeriveID("o"))
			return err
		},
		"counts": func(ctx context.Context, a *archive.Archive) error {
			_, err := a.Counts(ctx, series, noon, noon.Add(time.Hour), time.Minute)
			return err
		},
		"totals": func(ctx context.Context, a *archive.Archive) error {
			_, err := a.CountryTotals(ctx, "whatsapp", noon, noon.Add(time.Hour))
			return err
		},
		"hours": func(ctx context.Context, a *archive.Archive) error {
			return a.Hours(ctx, []int{1}, noon, noon.Add(time.Hour), func(archive.HourCount) error { return nil })
		},
		"coverage": func(ctx context.Context, a *archive.Archive) error {
			_, err := a.Coverage(ctx, noon, noon.Add(time.Hour))
			return err
		},
		"positions": func(ctx context.Context, a *archive.Archive) error {
			_, err := a.Positions(ctx)
			return err
		},
		"save baseline": func(ctx context.Context, a *archive.Archive) error { return a.SaveBaseline(ctx, 1, 1, 0, []byte("b")) },
		"load baseline": func(ctx context.Context, a *archive.Archive) error {
			_, err := a.LoadBaseline(ctx, 1, 1)
			return err
		},
		"import": func(ctx context.Context, a *archive.Archive) error {
			_, err := a.ImportCounts(ctx, archive.Import{Rows: rowsOf(row(0, "whatsapp", "NL", 1)), Now: noon})
			return err
		},
		"export": func(ctx context.Context, a *archive.Archive) error {
			return a.ExportCounts(ctx, noon, noon.Add(time.Hour), time.Minute, none)
		},
		"day key": func(ctx context.Context, a *archive.Archive) error {
			_, err := a.DayKey(ctx, noon)
			return err
		},
		"retain": func(ctx context.Context, a *archive.Archive) error {
			return a.Retain(ctx, noon, archive.MinKeepReports)
		},
		"forget": func(ctx context.Context, a *archive.Archive) error {
			_, err := a.ForgetReports(ctx, []outage.ID{outage.DeriveID("r")})
			return err
		},
		"save sources": func(ctx context.Context, a *archive.Archive) error { return a.SaveSources(ctx, bluesky("1", noon)) },
		"cursor": func(ctx context.Context, a *archive.Archive) error {
			_, err := a.Cursor(ctx, outage.SourceBluesky, "")
			return err
		},
		"sources": func(ctx context.Context, a *archive.Archive) error {
			_, err := a.Sources(ctx)
			return err
		},
	}
}

func closedIsUnavailable(t *testing.T, opener Opener) {
	a := open(t, opener)
	require.NoError(t, a.Close())
	for name, call := range calls() {
		require.ErrorIs(t, call(t.Context(), a), outage.ErrUnavailable, name)
	}
}

func cancelled(t *testing.T, opener Opener) {
	a := open(t, opener)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, call := range calls() {
		err := call(ctx, a)
		require.ErrorIs(t, err, context.Canceled, name)
		require.NotErrorIs(t, err, outage.ErrUnavailable, name)
	}
	require.Empty(t, counts(t, a, "whatsapp", "NL", time.Minute))
	require.Empty(t, stored(t, a, noon))
}

func deadline(t *testing.T, opener Opener) {
	a := open(t, opener)
	ctx, cancel := context.WithDeadline(t.Context(), time.Unix(1, 0))
	defer cancel()
	for name, call := range calls() {
		require.ErrorIs(t, call(ctx, a), outage.ErrUnavailable, name)
	}
}
