package redis_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/live/redis"
	"github.com/outcryhq/outcry/pkg/outage"
	"github.com/outcryhq/outcry/pkg/servertest"
)

func TestTheLogsLimitIsForTheWholeInstallation(t *testing.T) {
	t.Parallel()
	server := servertest.Redis(t, relaxed)
	const limit = 2000
	writer := open(t, redis.Config{URL: server.URL(), MaxLogBytes: limit})
	owner := open(t, redis.Config{URL: server.URL()})
	lease := ready(t, owner, live.Partition("whatsapp"))
	ready(t, owner, live.Partition("signal"))
	require.NotEqual(t, live.Partition("whatsapp"), live.Partition("signal"))

	now, n := anHour(), 0
	record := func(service string) error {
		n++
		return writer.Record(t.Context(), now, []outage.Report{aReport(now, service, n)})[0].Err
	}
	for n < 10 {
		require.NoError(t, record("whatsapp"))
	}
	for n < 100 && record("whatsapp") == nil {
		continue
	}
	_, size, err := owner.LogSize(t.Context())
	require.NoError(t, err)
	require.GreaterOrEqual(t, size, int64(limit))
	require.Less(t, size, int64(limit+400))
	require.ErrorIs(t, record("signal"), outage.ErrUnavailable, "another partition")
	require.ErrorIs(t, writer.Cover(t.Context(), now, outage.Sources), outage.ErrUnavailable, "nobody listens who takes no report")

	entries, err := owner.ReadLog(t.Context(), lease.Partition, 1000)
	require.NoError(t, err)
	require.NoError(t, owner.TrimLog(t.Context(), lease, entries[len(entries)-1]))
	require.ErrorIs(t, record("signal"), outage.ErrUnavailable, "it does not ask more than once a second")
	now = now.Add(time.Second)
	require.NoError(t, record("signal"), "it asks before it refuses")
}

func TestEverythingButFencesExpires(t *testing.T) {
	t.Parallel()
	server := servertest.Redis(t, relaxed)
	engine := open(t, redis.Config{URL: server.URL()})
	lease := ready(t, engine, live.Partition("whatsapp"))
	_, err := engine.Join(t.Context(), "a", time.Minute)
	require.NoError(t, err)
	ready(t, engine, 0)
	require.NoError(t, engine.Cover(t.Context(), anHour(), []outage.Source{outage.SourceForm}))
	seated := aReport(anHour(), "whatsapp", 2)
	seated.Seat = outage.Hash{1}
	again := aReport(anHour(), "whatsapp", 3)
	again.Reporter = seated.Reporter
	for _, result := range engine.Record(t.Context(), anHour(), []outage.Report{aReport(anHour(), "whatsapp", 1), seated, again}) {
		require.NoError(t, result.Err)
	}
	final := outage.Change{Fence: lease.Fence, Outage: outage.Outage{ID: outage.DeriveID("x"), Service: "whatsapp", Final: true, Revision: 1}}
	require.NoError(t, engine.PutOutages(t.Context(), anHour(), lease, []outage.Change{final}))
	require.NoError(t, engine.PutView(t.Context(), lease, live.View{At: anHour()}))
	entries, err := engine.ReadLog(t.Context(), lease.Partition, 10)
	require.NoError(t, err)
	require.NoError(t, engine.TrimLog(t.Context(), lease, entries[0]))
	require.NoError(t, engine.Renew(t.Context(), lease, time.Minute))

	keys := everyKey(t, server.URL(), redis.DefaultPrefix)
	require.Greater(t, len(keys), 20)
	for _, key := range keys {
		left, err := client(t, server.URL()).PTTL(t.Context(), key).Result()
		require.NoError(t, err)
		if strings.HasSuffix(key, ":fence") {
			require.Negative(t, left, key)
			continue
		}
		require.Positive(t, left, "%s never expires", key)
	}
}

func TestAWriteUnderAnEarlierRebuildIsRefused(t *testing.T) {
	t.Parallel()
	server := servertest.Redis(t, relaxed)
	engine := open(t, redis.Config{URL: server.URL()})
	lease, ok, err := engine.Acquire(t.Context(), 5, "a", time.Minute)
	require.NoError(t, err)
	require.True(t, ok)
	change := outage.Change{Fence: lease.Fence, Outage: outage.Outage{ID: outage.DeriveID("x"), Revision: 1}}
	require.ErrorIs(t, engine.PutOutages(t.Context(), anHour(), lease, []outage.Change{change}), outage.ErrRebuilding)
}

func TestCheckWarnsOfEachUnsafeSetting(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		config []string
		want   []string
	}{
		"as shipped":  {},
		"no log":      {[]string{"appendonly no"}, []string{"appendonly"}},
		"each second": {[]string{"appendfsync everysec"}, []string{"appendfsync"}},
		"evicts":      {[]string{"maxmemory-policy allkeys-lru"}, []string{"maxmemory-policy"}},
		"does not tell": {
			[]string{`rename-command CONFIG ""`},
			[]string{"could not be checked", "could not be checked", "could not be checked"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			engine := open(t, redis.Config{URL: servertest.Redis(t, c.config...).URL()})
			warnings, err := engine.Check(t.Context())
			require.NoError(t, err)
			require.Len(t, warnings, len(c.want))
			for i, want := range c.want {
				require.Contains(t, warnings[i], want)
			}
		})
	}
}

func TestCheckAsksEveryMasterOnce(t *testing.T) {
	t.Parallel()
	engine := open(t, redis.Config{URL: servertest.Cluster(t, "appendfsync everysec").URL()})
	warnings, err := engine.Check(t.Context())
	require.NoError(t, err)
	require.Len(t, warnings, 1, "the same warning of three masters is one")
}

func TestNewRefusesWhatItCannotUse(t *testing.T) {
	t.Parallel()
	for name, config := range map[string]redis.Config{
		"no logger":      {URL: "redis://localhost"},
		"no address":     {},
		"another scheme": {URL: "http://localhost"},
		"unknown option": {URL: "redis://localhost?speed=high"},
		"bad cluster":    {URL: "redis://a:1,b:2?speed=high"},
		"two URLs":       {URL: "redis://a:1,redis://b:2"},
		"a fragment":     {URL: "redis://localhost#a?pool_size=5"},
		"cluster's path": {URL: "redis://a:1,b:2/7"},
		"host in a path": {URL: "redis://a:1/0,b:2"},
		"negative limit": {URL: "redis://localhost", MaxLogBytes: -1},
		"a tag's braces": {URL: "redis://localhost", Prefix: "a{b}"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if name != "no logger" {
				config.Logger = discard()
			}
			_, err := redis.New(config)
			require.ErrorIs(t, err, outage.ErrInvalid)
		})
	}
}

func TestAURLsPasswordStaysOutOfErrors(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"redis://me:secret@host:port/x", "redis://me:secret@a,b?c=d", "me:secret@host", "redis://me:secret@h?%zz"} {
		_, err := redis.NewClient(url)
		require.ErrorIs(t, err, outage.ErrInvalid)
		require.NotContains(t, err.Error(), "secret")
	}
}
