package main

import (
	"database/sql"
	"encoding/json"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	neturl "net/url"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/archive"
	"github.com/outcryhq/outcry/pkg/live/redis"
	"github.com/outcryhq/outcry/pkg/outage"
	"github.com/outcryhq/outcry/pkg/servertest"
)

// nothingLost checks the archive against what was acknowledged: every report is
// there exactly once with the outcome that was said, and the counts are those of
// the counted rows, neither below the acknowledged nor above the truth. since is
// when the crowd began, live what the API said at the end.
func nothingLost(t *testing.T, db *sql.DB, since time.Time, c *crowd, live map[string]int) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), `
		SELECT r.id, s.service, r.outcome FROM reports r JOIN series s ON s.id = r.series`)
	require.NoError(t, err)
	defer func() { require.NoError(t, rows.Close()) }()
	found := map[string]string{}
	counted := map[string]int{}
	for rows.Next() {
		var id outage.ID
		var raw []byte
		var service, outcome string
		require.NoError(t, rows.Scan(&raw, &service, &outcome))
		copy(id[:], raw)
		_, twice := found[id.String()]
		require.False(t, twice, "a report is in the archive twice")
		found[id.String()] = outcome
		if outcome == string(outage.Counted) {
			counted[service]++
		}
	}
	require.NoError(t, rows.Err())

	for id, report := range c.acked {
		outcome, ok := found[id]
		require.True(t, ok, "the acknowledged report %s is not in the archive", id)
		require.Equal(t, report.Counted, outcome == string(outage.Counted), "report %s was acknowledged as another outcome", id)
	}
	minutes := map[string]int{}
	sums, err := db.QueryContext(t.Context(), `
		SELECT s.service, SUM(m.count) FROM minutes m JOIN series s ON s.id = m.series
		WHERE m.minute >= $1 GROUP BY s.service`, since.Unix()/60)
	require.NoError(t, err)
	defer func() { require.NoError(t, sums.Close()) }()
	for sums.Next() {
		var service string
		var sum int
		require.NoError(t, sums.Scan(&service, &sum))
		minutes[service] = sum
	}
	require.NoError(t, sums.Err())
	require.Equal(t, counted, minutes, "the counts are those of the counted reports")
	for service, n := range c.countedBy() {
		require.GreaterOrEqual(t, counted[service], n)
		require.LessOrEqual(t, counted[service], c.people(service), "a count is above the truth")
	}
	require.Equal(t, counted, live, "the live counts are those of the archive")
}

// liveCounts asks the API what was counted since the crowd began, and checks
// that the sum over all countries is just that.
func liveCounts(t *testing.T, url string, since time.Time) map[string]int {
	t.Helper()
	sums := map[string]int{}
	for _, service := range crowdServices {
		sums[service] = sumOfSeries(t, url, service, "*", since)
		require.Equal(t, sumOfSeries(t, url, service, "NL", since), sums[service])
	}
	return sums
}

func sumOfSeries(t *testing.T, url, service, country string, since time.Time) int {
	t.Helper()
	query := neturl.Values{
		"country": {country}, "step": {"1m"},
		"from": {since.UTC().Truncate(time.Minute).Format(time.RFC3339)},
		"to":   {time.Now().UTC().Truncate(time.Minute).Add(time.Minute).Format(time.RFC3339)},
	}
	var series struct {
		Points []struct {
			Reports int `json:"reports"`
		} `json:"points"`
	}
	getJSON(t, url+"/v1/services/"+service+"/series?"+query.Encode(), &series)
	sum := 0
	for _, point := range series.Points {
		sum += point.Reports
	}
	return sum
}

// getJSON gets a document that must be there.
func getJSON(t *testing.T, url string, into any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer func() { require.NoError(t, resp.Body.Close()) }()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, resp.StatusCode, "%s: %s", url, body)
	require.NoError(t, json.Unmarshal(body, into))
}

func TestNothingIsLostWhenTheProcessIsKilled(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	importQuiet(t, config{DataDir: dir})
	address := freeAddress(t)
	args := []string{"--data-dir", dir, "--trusted-proxies", "1", "--log-level", "warn", "--limit-network", "100000/100000"}
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // a seeded test
	server := startOutcry(t, address, args...)
	people, since := newCrowd("NL", crowdServices, server.url), time.Now()
	callOff := people.gather(t, 16)

	for range 10 {
		people.waitFor(t, 50+random.IntN(200))
		server.kill()
		server = startOutcry(t, address, args...)
	}
	people.waitFor(t, 100)
	callOff()
	live := liveCounts(t, server.url, since)
	require.Equal(t, exitOK, server.stop(), "%s", server.logs)

	db, err := sql.Open("sqlite", sqlitePath(dir))
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	nothingLost(t, db, since, people, live)
	announcedOnce(t, db)
}

// crowdServices are what the crowds complain about.
var crowdServices = []string{"whatsapp", "telegram", "signal", "netflix"} //nolint:gochecknoglobals // constant

// importQuiet gives the crowd's services two days of hardly any reports, so that
// the crowd is an outage at once and not an ordinary first day.
func importQuiet(t *testing.T, cfg config) {
	t.Helper()
	var closing cleanups
	record, err := openArchive(t.Context(), cfg, slog.New(slog.DiscardHandler), &closing)
	require.NoError(t, err)
	until := time.Now().UTC().Truncate(time.Minute).Add(-time.Minute)
	_, err = record.ImportCounts(t.Context(), archive.Import{
		Now: until,
		Rows: func(yield func(archive.CountRow, error) bool) {
			for at := until.Add(-2 * day); at.Before(until); at = at.Add(20 * time.Minute) {
				for _, service := range crowdServices {
					if !yield(archive.CountRow{Start: at, Series: outage.Series{Service: service, Country: "NL"}, Reports: 1}, nil) {
						return
					}
				}
			}
		},
	})
	require.NoError(t, err)
	require.NoError(t, closing.run())
}

// announcedOnce checks that each of the crowd's services had one outage, not
// several in a row.
func announcedOnce(t *testing.T, db *sql.DB) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), `SELECT service, COUNT(*) FROM outages GROUP BY service`)
	require.NoError(t, err)
	defer func() { require.NoError(t, rows.Close()) }()
	announced := map[string]int{}
	for rows.Next() {
		var service string
		var n int
		require.NoError(t, rows.Scan(&service, &n))
		announced[service] = n
	}
	require.NoError(t, rows.Err())
	once := map[string]int{}
	for _, service := range crowdServices {
		once[service] = 1
	}
	require.Equal(t, once, announced)
}

// split is an installation whose roles run apart.
type split struct {
	redis    *servertest.RedisServer
	postgres *servertest.PostgresServer
	ingest   *process
	detector *process
	api      *process
}

func startSplit(t *testing.T) *split {
	t.Helper()
	s := &split{
		redis:    servertest.Redis(t, "appendonly yes", "appendfsync always", "maxmemory-policy noeviction"),
		postgres: servertest.Postgres(t),
	}
	importQuiet(t, config{DatabaseURL: s.postgres.URL()})
	common := []string{"--redis-url", s.redis.URL(), "--database-url", s.postgres.URL(), "--trusted-proxies", "1", "--log-level", "warn", "--limit-network", "100000/100000"}
	s.detector = startOutcry(t, freeAddress(t), append(common, "--roles", "detector")...)
	s.ingest = startOutcry(t, freeAddress(t), append(common, "--roles", "ingest")...)
	s.api = startOutcry(t, freeAddress(t), append(common, "--roles", "api")...)
	return s
}

// drained waits until nothing is on the log any more.
func (s *split) drained(t *testing.T) {
	t.Helper()
	hot := openRedisEngine(t, s.redis.URL())
	require.Eventually(t, func() bool {
		entries, _, err := hot.LogSize(t.Context())
		return err == nil && entries == 0
	}, time.Minute, 50*time.Millisecond, "the log is not drained")
}

func TestNothingIsLostWhenStoresFail(t *testing.T) {
	t.Parallel()
	s := startSplit(t)
	people, since := newCrowd("NL", crowdServices, s.ingest.url), time.Now()
	callOff := people.gather(t, 16)
	people.waitFor(t, 300)

	s.redis.Kill()
	s.redis.Restart()
	people.waitFor(t, 300)

	s.postgres.Stop()
	away := time.After(20 * time.Second)
	people.waitFor(t, 300) // reports go on without the archive
	<-away
	s.postgres.Restart()
	people.waitFor(t, 300)

	callOff()
	s.drained(t)
	require.NoError(t, openRedisClient(t, s.redis.URL()).FlushAll(t.Context()).Err())
	callOff = people.gather(t, 16)
	people.waitFor(t, 300)
	callOff()
	s.drained(t)
	live := liveCounts(t, s.api.url, since)

	for _, p := range []*process{s.ingest, s.api, s.detector} {
		require.Equal(t, exitOK, p.stop(), "%s", p.logs)
	}
	db, err := sql.Open("pgx", s.postgres.URL())
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	nothingLost(t, db, since, people, live)
	announcedOnce(t, db)
}

func openRedisClient(t *testing.T, url string) goredis.UniversalClient {
	t.Helper()
	client, err := redis.NewClient(url)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	return client
}

func openRedisEngine(t *testing.T, url string) *redis.Engine {
	t.Helper()
	hot, err := redis.New(redis.Config{Client: openRedisClient(t, url), Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	return hot
}
