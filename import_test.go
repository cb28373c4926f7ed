package main

import (
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/archive"
	"github.com/outcryhq/outcry/pkg/baseline"
	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/servertest"
)

// hourly is a file with 60 reports an hour, the last of them the hour before now's.
func hourly(service, country string, hours int, now time.Time) string {
	var file strings.Builder
	file.WriteString("time,service,country,reports\n")
	for hour := hours; hour > 0; hour-- {
		start := now.UTC().Truncate(time.Hour).Add(-time.Duration(hour) * time.Hour)
		_, _ = fmt.Fprintf(&file, "%s,%s,%s,60\n", start.Format(time.RFC3339), service, country)
	}
	return file.String()
}

const twoWeeks = 14 * 24

// usually are the counts of the last two days before an hour, as the API tells them.
type usually struct {
	Points []struct {
		Reports  int      `json:"reports"`
		Expected *float64 `json:"expected"`
	} `json:"points"`
}

// hours reads them from the API.
func (s *testServer) hours(t *testing.T, service, country string, now time.Time) usually {
	t.Helper()
	to := now.UTC().Truncate(time.Hour)
	query := url.Values{
		"country": {country}, "step": {"1h"},
		"from": {to.Add(-48 * time.Hour).Format(time.RFC3339)}, "to": {to.Format(time.RFC3339)},
	}
	var series usually
	getJSON(t, s.url+"/v1/services/"+service+"/series?"+query.Encode(), &series)
	require.Len(t, series.Points, 48)
	return series
}

// requireUsual asserts that 60 were heard in each hour, and are usual.
func (s *testServer) requireUsual(t *testing.T, service, country string, now time.Time) {
	t.Helper()
	require.Eventually(t, func() bool { // the API reads at its start what was learned
		return s.hours(t, service, country, now).Points[0].Expected != nil
	}, 30*time.Second, 20*time.Millisecond)
	for _, p := range s.hours(t, service, country, now).Points {
		require.Equal(t, 60, p.Reports)
		require.NotNil(t, p.Expected)
		require.InDelta(t, 60, *p.Expected, 3)
	}
}

// awaitLearned lets minutes go by until 60 were heard in each hour, and a
// baseline that was learned since the import is saved.
func awaitLearned(t *testing.T, clock *clock, service, country string, now time.Time, server *testServer, record *archive.Archive) {
	t.Helper()
	require.Eventually(t, func() bool {
		clock.set(clock.now().Add(time.Second))
		for _, p := range server.hours(t, service, country, now).Points {
			if p.Reports != 60 {
				return false
			}
		}
		_, err := record.LoadBaseline(t.Context(), live.Partition(service), baseline.Version)
		return err == nil
	}, time.Minute, 20*time.Millisecond)
}

// importInto imports a file through the command.
func importInto(t *testing.T, file string, args ...string) {
	t.Helper()
	status, _, stderr := outcry(file, append([]string{"import", "--step", "1h", "-"}, args...)...)
	require.Equal(t, exitOK, status, stderr)
	require.NotContains(t, stderr, "warning")
}

func TestAnImportIntoAUsedInstallation(t *testing.T) {
	t.Parallel()
	cfg := defaultConfig()
	cfg.Listen, cfg.DataDir = "127.0.0.1:0", t.TempDir()
	now := time.Now()
	importInto(t, hourly("whatsapp", "NL", twoWeeks, now), "--data-dir", cfg.DataDir)
	clock := &clock{}
	clock.set(now)
	startServer(t, cfg, clock.now).stop() // which saves what it has learned
	second := startServer(t, cfg, clock.now)
	second.requireUsual(t, "whatsapp", "NL", now)
	second.stop()

	importInto(t, hourly("netflix", "DE", twoWeeks, now), "--data-dir", cfg.DataDir)
	startServer(t, cfg, clock.now).stop()
	third := startServer(t, cfg, clock.now)
	third.requireUsual(t, "netflix", "DE", now)
	third.requireUsual(t, "whatsapp", "NL", now)
}

func TestAnImportBesideRunningRoles(t *testing.T) {
	t.Parallel()
	cfg := defaultConfig()
	cfg.Listen = "127.0.0.1:0"
	cfg.RedisURL = servertest.Redis(t, "appendonly yes", "appendfsync everysec", "maxmemory-policy noeviction").URL()
	cfg.DatabaseURL = servertest.Postgres(t).URL()
	now := time.Now()
	importInto(t, hourly("whatsapp", "NL", twoWeeks, now), "--database-url", cfg.DatabaseURL)
	clock := &clock{}
	clock.set(now)
	first, second := startServer(t, cfg, clock.now), startServer(t, cfg, clock.now)
	var closing cleanups
	record, err := openArchive(t.Context(), cfg, slog.New(slog.DiscardHandler), &closing)
	require.NoError(t, err)
	defer func() { require.NoError(t, closing.run()) }()
	awaitLearned(t, clock, "whatsapp", "NL", now, first, record)

	importInto(t, hourly("netflix", "DE", twoWeeks, now), "--database-url", cfg.DatabaseURL)
	awaitLearned(t, clock, "netflix", "DE", now, first, record)
	awaitLearned(t, clock, "whatsapp", "NL", now, second, record)
	first.stop()
	second.stop()
	third := startServer(t, cfg, clock.now)
	third.requireUsual(t, "netflix", "DE", now)
	third.requireUsual(t, "whatsapp", "NL", now)
	third.stop()

	importInto(t, hourly("signal", "GB", twoWeeks, now), "--database-url", cfg.DatabaseURL)
	fourth := startServer(t, cfg, clock.now) // on a live state that was there before the import
	for service, country := range map[string]string{"whatsapp": "NL", "netflix": "DE", "signal": "GB"} {
		awaitLearned(t, clock, service, country, now, fourth, record)
	}
	fourth.stop()
	fifth := startServer(t, cfg, clock.now)
	for service, country := range map[string]string{"whatsapp": "NL", "netflix": "DE", "signal": "GB"} {
		fifth.requireUsual(t, service, country, now)
	}
}

func TestAnImportSaysWhatItTookForSilence(t *testing.T) {
	t.Parallel()
	now := time.Date(2017, time.November, 3, 8, 30, 0, 0, time.UTC)
	day := hourly("whatsapp", "NL", 24, now)
	for name, tc := range map[string]struct {
		file  string
		args  []string
		says  string
		warns string
	}{
		"hours taken for minutes": {
			file: day, says: "24 minutes listened to, 1357 not\n",
			warns: "outcry: import: warning: all rows start whole multiples of 1h apart, and were taken as buckets of 1m; if they are longer, import them with --step 1h into",
		},
		"hours taken for quarters": {file: day, args: []string{"--step", "15m"}, says: " not\n", warns: "--step 1h"},
		"hours":                    {file: day, args: []string{"--step", "1h"}, says: "1440 minutes listened to, 0 not\n"},
		"half hours off the hour":  {file: strings.ReplaceAll(day, ":00:00Z", ":30:00Z"), says: " not\n", warns: "--step 1h"},
		"minutes": {
			file: strings.Replace(day, "reports\n", "reports\n2017-11-02T07:59:00Z,whatsapp,NL,1\n", 1),
			says: " not\n",
		},
		"single reports by the hour": {file: strings.ReplaceAll(day, ",60\n", ",1\n"), says: "1322 minutes listened to, 59 not\n"},
		"hardly any rows":            {file: hourly("whatsapp", "NL", 3, now), says: "3 minutes listened to, 118 not\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, stdout, stderr := outcry(tc.file, append([]string{"import", "--data-dir", t.TempDir(), "-"}, tc.args...)...)
			require.Equal(t, exitOK, status, stderr)
			require.Contains(t, stdout, tc.says)
			if tc.warns == "" {
				require.NotContains(t, stderr, "warning")
			} else {
				require.Contains(t, stderr, tc.warns)
			}
		})
	}
}
