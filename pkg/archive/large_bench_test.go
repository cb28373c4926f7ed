package archive_test

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/archive"
	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
	"github.com/outcryhq/outcry/pkg/servertest"
)

// The archive that BenchmarkLargeArchive fills.
const (
	largeOutages   = 100_000
	largeServices  = 500
	largeCountries = 40
	largeYears     = 5
	largeSamples   = 200 // of each call
)

// BenchmarkLargeArchive measures every list call on a PostgreSQL with 100,000
// outages and 50 million rows of counts, which takes some minutes to fill: it
// runs with OUTCRY_LARGE=1 only, or with a fraction of it for a try. If
// OUTCRY_LARGE_REPORT names a file, figures and query plans are written there as
// Markdown.
func BenchmarkLargeArchive(b *testing.B) {
	scale, err := strconv.ParseFloat(os.Getenv("OUTCRY_LARGE"), 64)
	if err != nil {
		b.Skip("set OUTCRY_LARGE=1: filling it takes some minutes")
	}
	server := servertest.Postgres(b, "shared_buffers=1GB", "max_wal_size=8GB", "work_mem=16MB", "maintenance_work_mem=1GB", "autovacuum=off")
	url := server.Database(b)
	a, err := archive.OpenPostgres(b.Context(), url, quiet())
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, a.Close()) })
	l := &large{b: b, archive: a, scale: scale, random: rand.New(rand.NewPCG(1, 2))} //nolint:gosec // the same archive each time
	l.fill(url)
	for _, call := range l.calls() {
		b.Run(call.name, func(b *testing.B) { l.measure(b, call) })
	}
	l.report()
}

// large is the archive, and what was measured on it.
type large struct {
	b       *testing.B
	archive *archive.Archive
	scale   float64
	random  *rand.Rand
	outages []outage.Outage
	filled  string
	figures []string
}

var largeEnd = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

func serviceName(i int) string { return fmt.Sprintf("service-%03d", i) }

func countryCode(i int) string { return string([]byte{'A' + byte(i/26), 'A' + byte(i%26)}) }

// zipf picks a number below n: the first most often, as with services and countries.
func (l *large) zipf(n int) int {
	return int(float64(n) * l.random.Float64() * l.random.Float64() * l.random.Float64())
}

// make is an outage of a few countries that lasted for minutes to hours.
func (l *large) make(i int) outage.Outage {
	started := largeEnd.Add(-time.Duration(l.random.Int64N(largeYears*365*24*60)) * time.Minute)
	ended := started.Add(time.Duration(5+l.random.ExpFloat64()*60) * time.Minute)
	closed := ended.Add(10 * time.Minute)
	o := outage.Outage{
		ID: outage.DeriveIDAt(started, "large", strconv.Itoa(i)), Service: serviceName(l.zipf(largeServices)), State: outage.Ended,
		StartedAt: started, DetectedAt: started.Add(2 * time.Minute), EndedAt: &ended, ClosedAt: &closed, Final: true, Revision: 9,
	}
	if i < 20 { // a few go on
		o.StartedAt = largeEnd.Add(-time.Duration(i) * time.Minute)
		o.State, o.EndedAt, o.ClosedAt, o.Final = outage.Ongoing, nil, nil, false
	}
	seen := map[int]bool{}
	for range 1 + l.zipf(12) {
		c := l.zipf(largeCountries)
		if seen[c] {
			continue
		}
		seen[c] = true
		reports := 10 + int(l.random.ExpFloat64()*300)
		o.Reports += reports
		o.Impacts = append(o.Impacts, outage.Impact{
			Country: countryCode(c), State: o.State, StartedAt: o.StartedAt, DetectedAt: o.DetectedAt, EndedAt: o.EndedAt, ClosedAt: o.ClosedAt,
			Reports: reports, Peak: outage.Peak{At: o.StartedAt, ReportsPerMinute: reports / 10}, BaselinePerMinute: .4, Score: 31.4,
			Evidence: outage.Evidence{
				WindowMinutes: 5, Reporters: 40, Expected: 2, Tolerated: 8.5, Dispersion: 5.7, Score: 31.4, Bar: 17.1, Origins: 12, Networks: 7, Sources: 2,
				Rho: 2, Floor: 4.5, Spread: .12, HistoryReports: 250, Windows: 5, Correction: 1.61, ListenedMinutes: 5, ObservedMinutes: 40_000,
			},
		})
	}
	return o
}

func (l *large) fill(url string) {
	began := time.Now()
	db, err := sql.Open("pgx", url)
	require.NoError(l.b, err)
	db.SetMaxOpenConns(1) // one session, with its settings
	defer func() { require.NoError(l.b, db.Close()) }()
	run := func(format string, values ...any) {
		statement := fmt.Sprintf(format, values...)
		_, err := db.ExecContext(l.b.Context(), statement)
		require.NoError(l.b, err, statement)
	}
	run(`SET statement_timeout = 0`)
	l.fillOutages()
	minute, quarter := largeEnd.Unix()/60, largeEnd.Unix()/900
	busy := int(200 * l.scale) // series that heard something in every minute; the others did now and then
	run(`INSERT INTO series (partition, service, country) SELECT s %% 64, 'service-' || to_char(s, 'FM000'), chr(65 + c / 26) || chr(65 + c %% 26)
		FROM generate_series(0, %d) s, generate_series(0, %d) c ORDER BY s, c`, int(largeServices*l.scale)-1, largeCountries-1)
	for _, table := range []struct {
		name       string
		end        int64
		many, step int
	}{{"minutes", minute, 90 * 24 * 60, 165}, {"quarters", quarter, 365 * 24 * 4, 430}} {
		run(`ALTER TABLE %[1]s DROP CONSTRAINT %[1]s_pkey`, table.name) // an index is made faster at the end
		run(`ALTER TABLE %s SET UNLOGGED`, table.name)
		run(`INSERT INTO %s SELECT s.id, m, 1 + m %% 7 FROM series s, generate_series(%[2]d - %[3]d, %[2]d - 1) m WHERE s.id <= %[4]d`, table.name, table.end, table.many, busy)
		run(`INSERT INTO %s SELECT s.id, m, 1 + m %% 3 FROM series s, generate_series(%[2]d - %[3]d, %[2]d - 1, %[5]d) m WHERE s.id > %[4]d`,
			table.name, table.end, table.many, busy, table.step)
		run(`ALTER TABLE %s ADD PRIMARY KEY (series, %s)`, table.name, strings.TrimSuffix(table.name, "s"))
	}
	run(`INSERT INTO outage_minutes SELECT i.outage, s.id, m, 5 FROM
		(SELECT * FROM impacts ORDER BY started_at DESC LIMIT 10000) i JOIN series s ON s.service = i.service AND s.country = i.country,
		generate_series(i.started_at / 60000 - 60, coalesce(i.to_at, i.from_at + 3600000) / 60000 + 60) m`)
	run(`VACUUM (ANALYZE)`) // as autovacuum does in time
	var counts, impacts, kept int
	require.NoError(l.b, db.QueryRowContext(l.b.Context(), `SELECT (SELECT count(*) FROM minutes) + (SELECT count(*) FROM quarters),
		(SELECT count(*) FROM impacts), (SELECT count(*) FROM outage_minutes)`).Scan(&counts, &impacts, &kept))
	l.filled = fmt.Sprintf("%d outages with %d impacts and %d minutes kept beside them, %d rows of counts; filled in %s",
		len(l.outages), impacts, kept, counts, time.Since(began).Round(time.Second))
	l.b.Log(l.filled)
}

func (l *large) fillOutages() {
	const atOnce = 500
	for i := 0; i < int(largeOutages*l.scale); i += atOnce {
		entries := make([]live.Entry, atOnce)
		for j := range entries {
			o := l.make(i + j)
			l.outages = append(l.outages, o)
			entries[j] = live.Entry{Partition: live.Partition(o.Service), Epoch: "e", Position: "1", Changes: []outage.Change{{Fence: 1, Outage: o}}}
		}
		require.NoError(l.b, l.archive.Append(l.b.Context(), entries))
	}
	for i := range 300 { // what an operator has said in five years
		require.NoError(l.b, l.archive.AddRemark(l.b.Context(), l.outages[100+i].ID,
			outage.Remark{Kind: []outage.RemarkKind{outage.Note, outage.Retraction}[i%2], Text: "because", At: largeEnd, By: outage.ByOperator}))
	}
}

// call is something that a client asks for.
type call struct {
	name string
	do   func(context.Context) error
}

func (l *large) calls() []call {
	var calls []call
	for _, f := range l.filters() {
		calls = append(calls, call{"outages/" + f.name, func(ctx context.Context) error {
			_, err := l.archive.Outages(ctx, f.filter())
			return err
		}})
	}
	record := func(name string, service, country func() string, since time.Time) {
		calls = append(calls, call{"record/" + name, func(ctx context.Context) error {
			_, err := l.archive.Record(ctx, service(), country(), since, 10)
			return err
		}})
	}
	anyService, anyCountry := l.anyService, l.anyCountry
	none, first, firstCountry := func() string { return "" }, func() string { return serviceName(0) }, func() string { return countryCode(0) }
	record("service", anyService, none, time.Time{})
	record("largest_service", first, none, time.Time{})
	record("service_and_country", anyService, anyCountry, time.Time{})
	record("country", none, anyCountry, time.Time{})
	record("largest_country", none, firstCountry, time.Time{})
	record("largest_country_since", none, firstCountry, largeEnd.AddDate(-1, 0, 0))
	single := func(name string, do func(context.Context, outage.ID) error) {
		calls = append(calls, call{name, func(ctx context.Context) error { return do(ctx, l.outages[l.random.IntN(len(l.outages))].ID) }})
	}
	single("outage", func(ctx context.Context, id outage.ID) error { _, err := l.archive.Outage(ctx, id); return err })
	single("outage/minutes", func(ctx context.Context, id outage.ID) error { _, err := l.archive.OutageMinutes(ctx, id); return err })
	single("outage/remarks", func(ctx context.Context, id outage.ID) error { _, err := l.archive.Remarks(ctx, id); return err })
	single("standings", func(ctx context.Context, _ outage.ID) error { _, err := l.archive.Standings(ctx); return err })
	series := func(name, country string, back time.Duration, step time.Duration) {
		calls = append(calls, call{"series/" + name, func(ctx context.Context) error {
			_, err := l.archive.Counts(ctx, outage.Series{Service: serviceName(0), Country: country}, largeEnd.Add(-back), largeEnd, step)
			return err
		}})
	}
	series("day_of_a_country", countryCode(0), 24*time.Hour, 5*time.Minute)
	series("day_of_all_countries", outage.AllCountries, 24*time.Hour, 5*time.Minute)
	series("20_days_of_all_countries_by_quarter", outage.AllCountries, 480*time.Hour, 15*time.Minute)
	// What a round trip to the database costs on this machine, as busy as it is.
	calls = append(calls, call{"nothing", l.archive.Ping}, call{"totals_of_a_day", func(ctx context.Context) error {
		_, err := l.archive.CountryTotals(ctx, serviceName(0), largeEnd.Add(-24*time.Hour), largeEnd)
		return err
	}})
	return calls
}

func (l *large) anyService() string { return serviceName(l.zipf(largeServices)) }
func (l *large) anyCountry() string { return countryCode(l.zipf(largeCountries)) }

// named is a kind of filter, with other values at each call.
type named struct {
	name   string
	filter func() archive.OutageFilter
}

func (l *large) filters() []named {
	category := make([]string, 60)
	for i := range category {
		category[i] = serviceName(i * 8)
	}
	month := func() time.Time { return largeEnd.AddDate(0, -1-l.random.IntN(12*largeYears-2), 0) }
	parts := []struct {
		name string
		add  func(f *archive.OutageFilter)
	}{
		{"service", func(f *archive.OutageFilter) { f.Service = l.anyService() }},
		{"category", func(f *archive.OutageFilter) { f.Services = category }},
		{"country", func(f *archive.OutageFilter) { f.Country = l.anyCountry() }},
		{"ended", func(f *archive.OutageFilter) { f.State = outage.Ended }},
		{"period", func(f *archive.OutageFilter) { f.Since = month(); f.Until = f.Since.AddDate(0, 1, 0) }},
		{"reports", func(f *archive.OutageFilter) { f.MinReports = 2000 }},
		{"duration", func(f *archive.OutageFilter) { f.MinDuration, f.Now = 5*time.Hour, largeEnd }},
	}
	filters := []named{
		{"ongoing", func() archive.OutageFilter { return archive.OutageFilter{State: outage.Ongoing} }},
		{"ongoing_in_country", func() archive.OutageFilter {
			return archive.OutageFilter{State: outage.Ongoing, Country: l.anyCountry()}
		}},
		{"since_yesterday", func() archive.OutageFilter { return archive.OutageFilter{Since: largeEnd.Add(-24 * time.Hour)} }},
		{"200_at_once", func() archive.OutageFilter { return archive.OutageFilter{Limit: 200} }},
		{"nothing_so_large", func() archive.OutageFilter { return archive.OutageFilter{MinReports: 1_000_000} }},
		{"nothing_so_large_in_largest_country", func() archive.OutageFilter {
			return archive.OutageFilter{MinReports: 1_000_000, Country: countryCode(0)}
		}},
	}
	// Every combination of the filters, on the first page and on one far behind.
	for mask := range 1 << len(parts) {
		var names []string
		for i, part := range parts {
			if mask>>i&1 == 1 {
				names = append(names, part.name)
			}
		}
		filter := func() (f archive.OutageFilter) {
			for i, part := range parts {
				if mask>>i&1 == 1 {
					part.add(&f)
				}
			}
			return f
		}
		name := strings.Join(names, "+")
		if name == "" {
			name = "all"
		}
		filters = append(filters, named{name, filter}, named{name + "/deep", func() archive.OutageFilter {
			f := filter()
			f.Cursor = archive.CursorBehind(l.outages[l.random.IntN(len(l.outages))])
			return f
		}})
	}
	return filters
}

func (l *large) measure(b *testing.B, c call) {
	b.Helper()
	var took []time.Duration
	for b.Loop() {
		for range largeSamples {
			began := time.Now()
			require.NoError(b, c.do(b.Context()))
			took = append(took, time.Since(began))
			if len(took) >= 50 && b.Elapsed() > time.Second {
				break
			}
		}
	}
	slices.Sort(took)
	at := func(q float64) time.Duration { return took[min(int(q*float64(len(took))), len(took)-1)] }
	b.ReportMetric(at(.5).Seconds()*1000, "p50-ms")
	b.ReportMetric(at(.99).Seconds()*1000, "p99-ms")
	l.figures = append(l.figures, fmt.Sprintf("| %s | %d | %.1f | %.1f | %.1f |", strings.ReplaceAll(c.name, "_", " "), len(took),
		at(.5).Seconds()*1000, at(.99).Seconds()*1000, took[len(took)-1].Seconds()*1000))
}

// report writes figures and plans.
func (l *large) report() {
	path := os.Getenv("OUTCRY_LARGE_REPORT")
	if path == "" {
		return
	}
	var text strings.Builder
	_, _ = fmt.Fprintf(&text, "%s.\n\n| call | samples | p50 ms | p99 ms | slowest ms |\n| --- | ---: | ---: | ---: | ---: |\n%s\n", l.filled, strings.Join(l.figures, "\n"))
	plan := func(name, query string, lines []string, err error) {
		require.NoError(l.b, err)
		_, _ = fmt.Fprintf(&text, "\n### %s\n\n```sql\n%s\n```\n\n```\n%s\n```\n", name, query, strings.Join(lines, "\n"))
	}
	ctx := l.b.Context()
	for _, p := range []struct {
		name   string
		filter archive.OutageFilter
	}{
		{"The newest outages", archive.OutageFilter{}},
		{"A page far behind", archive.OutageFilter{Cursor: archive.CursorBehind(l.outages[len(l.outages)/2])}},
		{"Of a service", archive.OutageFilter{Service: serviceName(7)}},
		{"Of a category", archive.OutageFilter{Services: []string{serviceName(8), serviceName(80), serviceName(160)}}},
		{"In a country, with many reports, for long", archive.OutageFilter{Country: countryCode(3), MinReports: 2000, MinDuration: 5 * time.Hour, Now: largeEnd}},
		{"Of a service in a country", archive.OutageFilter{Service: serviceName(7), Country: countryCode(3)}},
		{"Of a month", archive.OutageFilter{Since: largeEnd.AddDate(-2, -1, 0), Until: largeEnd.AddDate(-2, 0, 0)}},
		{"Of a month, with many reports", archive.OutageFilter{MinReports: 5000, Since: largeEnd.AddDate(-2, -1, 0), Until: largeEnd.AddDate(-2, 0, 0)}},
		{"Ongoing", archive.OutageFilter{State: outage.Ongoing}},
		{"A filter that nothing passes: the whole index is read", archive.OutageFilter{MinReports: 1_000_000}},
	} {
		query, lines, err := l.archive.Plan(ctx, p.filter)
		plan(p.name, query, lines, err)
	}
	query, lines, err := l.archive.PlanRecord(ctx, serviceName(0), "", time.Time{})
	plan("The record of the service with most outages", query, lines, err)
	query, lines, err = l.archive.PlanRecord(ctx, "", countryCode(0), time.Time{})
	plan("The record of the country with most outages", query, lines, err)
	require.NoError(l.b, os.WriteFile(path, []byte(text.String()), 0o600))
}
