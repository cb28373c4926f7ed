package api_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/outage"
	"github.com/outcryhq/outcry/pkg/problem"
)

type outageList struct {
	Outages    []outage.Outage `json:"outages"`
	Complete   bool            `json:"complete"`
	NextCursor *string         `json:"next_cursor"`
}

func named(outages []outage.Outage) []string {
	names := []string{}
	for _, o := range outages {
		names = append(names, o.Service)
	}
	return names
}

func TestOutagesAreFilteredNewestFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.announce(ongoing("whatsapp", at("08:00"), "NL", "ID"), over(ongoing("telegram", at("05:00"), "IR"), at("06:00")))
	w.remember(
		over(ongoing("facebook", at("02:00").AddDate(0, 0, -3), "US", "NL"), at("04:00").AddDate(0, 0, -3)),
		over(ongoing("signal", at("02:00").AddDate(0, 0, -9), "ID"), at("04:00").AddDate(0, 0, -9)))
	tests := map[string][]string{
		"":                            {"whatsapp", "telegram", "facebook", "signal"},
		"?service=facebook":           {"facebook"},
		"?country=NL":                 {"whatsapp", "facebook"},
		"?country=id":                 {"whatsapp", "signal"},
		"?country=FR":                 {},
		"?state=ongoing":              {"whatsapp"},
		"?state=ended":                {"telegram", "facebook", "signal"},
		"?since=2017-11-03T05:30:00Z": {"whatsapp", "telegram"},
		"?since=2017-10-31T03:00:00Z&until=2017-11-03T05:00:00Z": {"facebook"},
		"?until=2017-11-03T05:00:00Z":                            {"facebook", "signal"},
		"?since=2017-11-03T06:30:00%2B01:00":                     {"whatsapp", "telegram"},
		"?since=2017-11-03T06:30:00+01:00":                       {"whatsapp", "telegram"},
	}
	for query, want := range tests {
		list := read[outageList](w, http.StatusOK, "/v1/outages"+query)
		require.Equal(t, want, named(list.Outages), query)
		require.True(t, list.Complete, query)
		require.Nil(t, list.NextCursor, query)
	}
}

// TestPagesHoldEveryOutageOnce walks through outages of which some began in the
// same moment, some are live, and some are archived only.
func TestPagesHoldEveryOutageOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	want := map[outage.ID]bool{}
	for i := range 37 {
		o := ongoing(fmt.Sprintf("service-%02d", i), at("08:00").Add(-time.Duration(i/8)*time.Hour), "NL")
		if i%3 == 0 {
			w.announce(o)
		} else {
			w.remember(over(o, o.StartedAt.Add(time.Hour)))
		}
		want[o.ID] = true
	}
	for _, limit := range []int{1, 2, 7, 36, 37, 200} {
		seen := map[outage.ID]bool{}
		var last outage.Outage
		for target := fmt.Sprintf("/v1/outages?limit=%d", limit); target != ""; {
			list := read[outageList](w, http.StatusOK, target)
			require.LessOrEqual(t, len(list.Outages), limit)
			require.NotEmpty(t, list.Outages)
			for _, o := range list.Outages {
				require.False(t, seen[o.ID], "twice")
				require.True(t, last.StartedAt.IsZero() || !o.StartedAt.After(last.StartedAt), "order")
				seen[o.ID], last = true, o
			}
			target = ""
			if list.NextCursor != nil {
				target = fmt.Sprintf("/v1/outages?limit=%d&cursor=%s", limit, *list.NextCursor)
			}
		}
		require.Equal(t, want, seen)
	}
}

func TestCursorBehindSince(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 3 { // began before since and ended after it
		o := ongoing(fmt.Sprintf("service-%d", i), at("05:00").Add(time.Duration(i)*time.Minute), "NL")
		w.remember(over(o, at("07:00")))
	}
	first := read[outageList](w, http.StatusOK, "/v1/outages?since=2017-11-03T06:00:00Z&limit=1")
	rest := read[outageList](w, http.StatusOK, "/v1/outages?since=2017-11-03T06:00:00Z&cursor="+*first.NextCursor)
	require.Equal(t, []string{"service-1", "service-0"}, named(rest.Outages))
}

func TestLiveOutagesAreFresherThanTheArchive(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	stale := ongoing("whatsapp", at("08:00"), "NL")
	fresh := over(stale, at("08:30"))
	w.rememberFor(1<<40, stale) // the archive will not take what follows
	w.announce(fresh)
	require.Equal(t, outage.Ended, read[outage.Outage](w, http.StatusOK, "/v1/outages/"+stale.ID.String()).State)
	require.Empty(t, read[outageList](w, http.StatusOK, "/v1/outages?state=ongoing").Outages)
	require.Len(t, read[outageList](w, http.StatusOK, "/v1/outages").Outages, 1)
}

func TestOutagesWithoutArchive(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	running := ongoing("whatsapp", at("08:00"), "NL")
	second := ongoing("telegram", at("07:00"), "NL")
	w.announce(running, second)
	old := over(ongoing("facebook", at("02:00").AddDate(0, 0, -3), "US"), at("04:00").AddDate(0, 0, -3))
	w.remember(old)
	cursor := *read[outageList](w, http.StatusOK, "/v1/outages?limit=1").NextCursor
	w.archiveAway.Store(true)

	list := read[outageList](w, http.StatusOK, "/v1/outages")
	require.Equal(t, []string{"whatsapp", "telegram"}, named(list.Outages))
	require.False(t, list.Complete, "older ones are missing, and it says so")
	require.True(t, read[outageList](w, http.StatusOK, "/v1/outages?state=ongoing").Complete)
	require.True(t, read[outageList](w, http.StatusOK, "/v1/outages?since=2017-11-03T00:00:00Z").Complete)
	require.Equal(t, []string{"telegram"}, named(read[outageList](w, http.StatusOK, "/v1/outages?state=ongoing&cursor="+cursor).Outages))
	require.Equal(t, running.ID, read[outage.Outage](w, http.StatusOK, "/v1/outages/"+running.ID.String()).ID)

	for _, target := range []string{"?cursor=" + cursor, "?until=2017-11-01T00:00:00Z", "/" + old.ID.String()} {
		recorder := w.get("/v1/outages" + target)
		require.Equal(t, http.StatusServiceUnavailable, recorder.Code, target)
		require.NotEmpty(t, recorder.Header().Get("Retry-After"), target)
		require.NotContains(t, recorder.Body.String(), "10.9.8.7", target)
	}
}

func TestOutagesWithoutLiveState(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old := over(ongoing("facebook", at("02:00"), "US"), at("04:00"))
	w.remember(old)
	w.liveAway.Store(true)
	require.Equal(t, []string{"facebook"}, named(read[outageList](w, http.StatusOK, "/v1/outages").Outages))
	require.Equal(t, old.ID, read[outage.Outage](w, http.StatusOK, "/v1/outages/"+old.ID.String()).ID)
	read[problem.Problem](w, http.StatusServiceUnavailable, "/v1/outages/0199f2c5-0000-7000-8000-000000000000")

	w.archiveAway.Store(true)
	w.ageAnswers()
	read[problem.Problem](w, http.StatusServiceUnavailable, "/v1/outages")
}

func TestPollingDoesNotReachTheStores(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 20 {
		w.get("/v1/spikes")
		w.get("/v1/services")
	}
	require.EqualValues(t, 1, w.reads.Load())
	w.now = w.now.Add(time.Second)
	w.get("/v1/spikes")
	require.EqualValues(t, 2, w.reads.Load())
}

func TestPagesOfOtherSitesMayReadAndNoMore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	preflight := httptest.NewRequest(http.MethodOptions, "/v1/spikes", nil)
	preflight.Header.Set("Origin", "https://example.org")
	preflight.Header.Set("Access-Control-Request-Headers", "if-none-match")
	asked := w.do(preflight)
	require.Equal(t, http.StatusNoContent, asked.Code)
	require.Equal(t, "*", asked.Header().Get("Access-Control-Allow-Origin"))
	require.Equal(t, "If-None-Match, Last-Event-ID", asked.Header().Get("Access-Control-Allow-Headers"))
	require.Equal(t, "GET, HEAD", asked.Header().Get("Access-Control-Allow-Methods"))
	require.Contains(t, w.get("/v1/spikes").Header().Get("Access-Control-Expose-Headers"), "ETag")
}

func TestUnchangedAnswersAreNotSentAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.get("/v1/outages")
	require.Equal(t, "public, max-age=2", first.Header().Get("Cache-Control"))
	require.Equal(t, "*", first.Header().Get("Access-Control-Allow-Origin"))
	tag := first.Header().Get("ETag")
	for header, status := range map[string]int{
		tag: http.StatusNotModified, `"x", ` + tag: http.StatusNotModified, "*": http.StatusNotModified, `"x"`: http.StatusOK,
	} {
		r := httptest.NewRequest(http.MethodGet, "/v1/outages", nil)
		r.Header.Set("If-None-Match", header)
		require.Equal(t, status, w.do(r).Code, header)
	}
}

func TestFinalOutagesMayBeKeptLonger(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	final, running := over(ongoing("telegram", at("05:00"), "IR"), at("06:00")), ongoing("whatsapp", at("08:00"), "NL")
	w.announce(final, running)
	require.Equal(t, "public, max-age=60", w.get("/v1/outages/"+final.ID.String()).Header().Get("Cache-Control"))
	require.Equal(t, "public, max-age=2", w.get("/v1/outages/"+running.ID.String()).Header().Get("Cache-Control"))
}
