package twitter_test

import (
	"bytes"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/ingest/social"
	"github.com/outcryhq/outcry/ingest/twitter"
	"github.com/outcryhq/outcry/ingest/twitter/v2test"
)

// connectOnce sets the rules, connects and ends.
func connectOnce(t *testing.T, cfg twitter.V2Config) {
	t.Helper()
	r := connect(t, newV2(t, cfg))
	r.end()
	require.NoError(t, r.wait(t))
}

func TestV2SetsItsRulesAndNoOthers(t *testing.T) {
	t.Parallel()
	server := v2test.New(t)
	foreign := server.AddRule("cats has:images", "cats")
	untagged := server.AddRule("dogs", "")
	for i := range 120 { // more than a page, and than a batch
		server.AddRule("old "+strconv.Itoa(i), "outcry:"+strconv.Itoa(i))
	}
	services := defaultCatalog(t)
	connectOnce(t, v2Config(t, server, services))
	rules := server.Rules()
	require.Equal(t, []string{foreign, untagged}, []string{rules[0].ID, rules[1].ID})
	require.Greater(t, len(rules), 52, "several batches")
	var values []string
	for _, rule := range rules[2:] {
		require.Regexp(t, `^outcry:[0-9a-f]{16}$`, rule.Tag)
		require.True(t, strings.HasSuffix(rule.Value, " -is:retweet"))
		values = append(values, rule.Value)
	}
	require.Contains(t, strings.Join(values, " "), "@jankoum")

	// They are there: another process changes nothing.
	changes := server.Changes()
	connectOnce(t, v2Config(t, server, services))
	require.Equal(t, changes, server.Changes())
	require.Equal(t, rules, server.Rules())

	// Another catalog replaces them.
	connectOnce(t, v2Config(t, server, fewServices(t)))
	require.Len(t, server.Rules(), 2+2)
}

func TestV2SetsRulesBeforeTheFirstConnectionOnly(t *testing.T) {
	t.Parallel()
	server := v2test.New(t)
	network := newV2(t, v2Config(t, server, fewServices(t)))
	server.Refuse(v2test.RulesPath, v2test.Refusal{Status: 0})
	require.Error(t, read(t, network).wait(t))
	require.Empty(t, server.Streams(), "no connection without rules")
	for range 2 {
		r := connect(t, network)
		server.Drop()
		require.Error(t, r.wait(t))
	}
	require.Equal(t, 1, server.Changes())

	// Somebody deletes them all: X says so, and they are set again.
	server.ClearRules()
	require.Positive(t, retryAfter(t, read(t, network).wait(t)))
	connect(t, network)
	require.Len(t, server.Rules(), 2)
}

func TestV2LeavesRoomForTheRulesOfOthers(t *testing.T) {
	t.Parallel()
	server := v2test.New(t)
	server.Limit(25, 1024)
	for i := range 20 {
		server.AddRule("cats "+strconv.Itoa(i), "cats")
	}
	var log bytes.Buffer
	cfg := v2Config(t, server, defaultCatalog(t))
	cfg.Rules, cfg.Logger = 25, logTo(&log)
	network := newV2(t, cfg)
	r := connect(t, network)
	require.Len(t, server.Rules(), 25)
	server.Drop()
	require.Error(t, r.wait(t))
	server.ClearRules()
	require.Error(t, read(t, network).wait(t))
	r = connect(t, network)
	require.Equal(t, 1, strings.Count(log.String(), "no room for all rules"), "said once")
	require.NotContains(t, log.String(), v2test.Bearer)
	r.end()
	require.NoError(t, r.wait(t))
}

func TestV2SaysThatThePlanIsSmaller(t *testing.T) {
	t.Parallel()
	server := v2test.New(t)
	server.Limit(25, 1024)
	err := read(t, newV2(t, v2Config(t, server, defaultCatalog(t)))).wait(t)
	require.True(t, social.IsPermanent(err))
	require.ErrorContains(t, err, "fewer rules")

	full := v2test.New(t)
	full.AddRule("cats", "cats")
	cfg := v2Config(t, full, fewServices(t))
	cfg.Rules = 1
	err = read(t, newV2(t, cfg)).wait(t)
	require.True(t, social.IsPermanent(err), "others have them all")
}

func TestV2RulesThatXDoesNotTake(t *testing.T) {
	t.Parallel()
	server := v2test.New(t)
	var log bytes.Buffer
	cfg := v2Config(t, server, fewServices(t))
	cfg.Logger = logTo(&log)
	server.CallInvalid("jankoum")
	connectOnce(t, cfg)
	require.Len(t, server.Rules(), 1, "the one beside it is there")
	require.Contains(t, log.String(), "duplicate=0 invalid=1")
	require.NotContains(t, log.String(), "jankoum")

	// One that somebody else has set is there all the same.
	copied := v2test.New(t)
	copied.AddRule(server.Rules()[0].Value, "theirs")
	log.Reset()
	cfg = v2Config(t, copied, fewServices(t))
	cfg.Logger = logTo(&log)
	connectOnce(t, cfg)
	require.Len(t, copied.Rules(), 2)
	require.Contains(t, log.String(), "duplicate=1 invalid=0")

	none := v2test.New(t)
	none.Limit(1000, 10)
	err := read(t, newV2(t, v2Config(t, none, fewServices(t)))).wait(t)
	require.True(t, social.IsPermanent(err))
}

func TestV2RulesWaitAsX(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	server := v2test.New(t)
	cfg := v2Config(t, server, fewServices(t))
	cfg.Now = func() time.Time { return now }
	network := newV2(t, cfg)
	reset := map[string]string{"x-rate-limit-reset": strconv.FormatInt(now.Add(time.Minute).Unix(), 10)}
	server.Refuse(v2test.RulesPath, v2test.Refusal{Status: http.StatusTooManyRequests, Header: reset})
	require.Equal(t, time.Minute+time.Second, retryAfter(t, read(t, network).wait(t)))
	for _, body := range []string{"", "{", `{"data":7}`, strings.Repeat("[", 100_000)} {
		server.Refuse(v2test.RulesPath, v2test.Refusal{Status: http.StatusOK, Body: body})
		require.Positive(t, retryAfter(t, read(t, network).wait(t)))
	}
	for _, status := range []int{http.StatusMovedPermanently, http.StatusBadRequest, http.StatusInternalServerError} {
		server.Refuse(v2test.RulesPath, v2test.Refusal{Status: status, Header: map[string]string{"Location": "/elsewhere"}})
		require.Positive(t, retryAfter(t, read(t, network).wait(t)))
	}
	server.Refuse(v2test.RulesPath, v2test.Refusal{Status: http.StatusOK, Body: `{}`})
	server.Refuse(v2test.RulesPath, v2test.Refusal{Status: http.StatusOK, Body: `{"meta":{}}`})
	require.Positive(t, retryAfter(t, read(t, network).wait(t)), "rules are not there, and nothing says why")
	for range 100 {
		server.Refuse(v2test.RulesPath, v2test.Refusal{Status: http.StatusOK, Body: `{"meta":{"next_token":"again"}}`})
	}
	require.Positive(t, retryAfter(t, read(t, network).wait(t)), "pages without end")
	connect(t, network)
}

// A limit in the middle of setting rules is waited for, and then the rest is set.
func TestV2GoesOnWithItsRules(t *testing.T) {
	t.Parallel()
	server := v2test.New(t)
	network := newV2(t, v2Config(t, server, defaultCatalog(t)))
	server.LimitChanges(2)
	require.Positive(t, retryAfter(t, read(t, network).wait(t)))
	require.Empty(t, server.Streams())
	some := len(server.Rules())
	require.Equal(t, 100, some, "two batches")
	server.LimitChanges(1000)
	connect(t, network)
	rules := server.Rules()
	require.Greater(t, len(rules), some)
	tags := map[string]bool{}
	for _, rule := range rules {
		require.False(t, tags[rule.Tag], "twice")
		tags[rule.Tag] = true
	}
}
