package api_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/catalog"
	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

type country struct {
	Country, Name string
	Status        outage.Status
}

type service struct {
	Service   string
	Name      string
	Status    outage.Status
	OutageID  *outage.ID `json:"outage_id"`
	Countries []country
	Problems  []struct{ Problem, Name string }
	Outage    *outage.Outage
}

type serviceList struct {
	Services   []service
	NextCursor *string `json:"next_cursor"`
}

func slugs(services []service) []string {
	found := []string{}
	for _, s := range services {
		found = append(found, s.Service)
	}
	return found
}

func TestStatusOfServices(t *testing.T) {
	t.Parallel()
	w := newWorld(t, slices.Concat(
		minutes("whatsapp", "NL", at("08:00"), 1), minutes("whatsapp", "FR", at("08:00"), 1),
		minutes("telegram", "GB", at("08:00"), 1), minutes("netflix", "US", at("08:00"), 1),
		minutes("spotify", "SE", at("08:00").Add(-50*time.Hour), 1))...)
	running := ongoing("whatsapp", at("08:00"), "NL", "ID", "BE")
	ended := at("08:20")
	running.Impacts[2].State, running.Impacts[2].EndedAt = outage.Ended, &ended
	w.announce(running, over(ongoing("netflix", at("05:00"), "US"), at("06:00")))
	w.see(live.Partition("telegram"), possible("telegram", "IE", 12, 8))

	for slug, want := range map[string]outage.Status{
		"whatsapp": outage.StatusProblem, "telegram": outage.StatusPossible,
		"netflix": outage.StatusOK, "spotify": outage.StatusUnknown, "instagram": outage.StatusUnknown,
	} {
		require.Equal(t, want, read[service](w, http.StatusOK, "/v1/services/"+slug).Status, slug)
	}
	_, because := why(w, "spotify", "")
	require.Equal(t, "not_heard_of", because)
	got := read[service](w, http.StatusOK, "/v1/services/whatsapp")
	require.Equal(t, []country{
		{"FR", "France", outage.StatusOK}, {"ID", "Indonesia", outage.StatusProblem}, {"NL", "Netherlands", outage.StatusProblem},
	}, got.Countries)
	require.Equal(t, running.ID, got.Outage.ID)
	require.NotEmpty(t, got.Problems)

	require.Equal(t, []string{"whatsapp"}, slugs(read[serviceList](w, http.StatusOK, "/v1/services?status=problem").Services))
	require.Equal(t, []string{"telegram"}, slugs(read[serviceList](w, http.StatusOK, "/v1/services?status=possible&country=IE").Services))
	require.Equal(t, []string{"whatsapp"}, slugs(read[serviceList](w, http.StatusOK, "/v1/services?status=ok&country=FR").Services))
	listed := read[serviceList](w, http.StatusOK, "/v1/services?status=problem").Services[0]
	require.Equal(t, running.ID, *listed.OutageID)
	require.Len(t, listed.Countries, 2, "a list has the countries with trouble only")
}

func TestSilenceIsUnknownWhereHardlyAnybodyReports(t *testing.T) {
	t.Parallel()
	for usual, want := range map[usually]outage.Status{.0005: outage.StatusUnknown, .001: outage.StatusOK} {
		w := newWorld(t, minutes("whatsapp", "NL", at("08:00"), 1)...)
		w.baselines = usual
		got := read[service](w, http.StatusOK, "/v1/services/whatsapp")
		require.Equal(t, want, got.Status, "%g a minute", float64(usual))
		require.Equal(t, want, got.Countries[0].Status, "%g a minute", float64(usual))
		if status, because := why(w, "whatsapp", "NL"); status == outage.StatusUnknown {
			require.Equal(t, "too_few_reports", because)
		}
	}
}

func TestQuietIsUnknownWhileNobodyWatches(t *testing.T) {
	t.Parallel()
	w := newWorld(t, minutes("netflix", "US", at("08:00"), 1)...)
	require.Equal(t, outage.StatusOK, read[service](w, http.StatusOK, "/v1/services/netflix").Status)
	w.lookAway()
	require.Equal(t, outage.StatusUnknown, read[service](w, http.StatusOK, "/v1/services/netflix").Status)

	w.liveAway.Store(true)
	w.now = w.now.Add(time.Minute)
	require.Equal(t, outage.StatusUnknown, read[service](w, http.StatusOK, "/v1/services/netflix").Status)
}

// why reads the status of a service and of a country of it, and why they are unknown.
func why(w *world, slug, code string) (outage.Status, string) {
	w.t.Helper()
	type known struct {
		Country, Status string
		UnknownBecause  string `json:"unknown_because"`
	}
	detail := read[struct {
		known
		Countries []known
	}](w, http.StatusOK, "/v1/services/"+slug)
	for _, c := range detail.Countries {
		if c.Country == code {
			require.Equal(w.t, detail.Status, c.Status, code)
			require.Equal(w.t, detail.UnknownBecause, c.UnknownBecause, code)
		}
	}
	return outage.Status(detail.Status), detail.UnknownBecause
}

func TestSilenceMeansNothingWhere(t *testing.T) {
	t.Parallel()
	heard := minutes("netflix", "US", at("08:00"), 1)
	tests := map[string]struct {
		listened time.Duration
		prepare  func(*world)
		because  string
	}{
		"a day was listened to":        {24 * time.Hour, func(*world) {}, ""},
		"less than a day was":          {24*time.Hour - 2*time.Minute, func(*world) {}, "new_installation"},
		"nothing was":                  {-time.Minute, func(*world) {}, "not_listening"},
		"the last minutes were not":    {25 * time.Hour, func(w *world) { w.now = w.now.Add(11 * time.Minute); w.watchAgain() }, "not_listening"},
		"one that brings much was not": {25 * time.Hour, func(w *world) { w.broughtByBluesky() }, "not_listening"},
		"no detector is there":         {25 * time.Hour, func(w *world) { w.lookAway() }, "not_watched"},
		"the live state is away":       {25 * time.Hour, func(w *world) { w.liveAway.Store(true) }, "live_state_unreachable"},
		"the archive is away":          {25 * time.Hour, func(w *world) { w.archiveAway.Store(true) }, "listening_unknown"},
		"a day was, with a long pause": {30 * time.Minute, func(w *world) { w.listen(morning.AddDate(0, 0, -9), morning.AddDate(0, 0, -8)) }, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorldThatListened(t, tt.listened, heard...)
			tt.prepare(w)
			status, because := why(w, "netflix", "US")
			require.Equal(t, tt.because, because)
			want := outage.StatusUnknown
			if because == "" {
				want = outage.StatusOK
			}
			require.Equal(t, want, status)
		})
	}
}

func TestTroubleShowsHoweverLittleWasListened(t *testing.T) {
	t.Parallel()
	w := newWorldThatListened(t, time.Hour, minutes("netflix", "US", at("08:00"), 1)...)
	w.announce(ongoing("whatsapp", at("08:00"), "NL"))
	w.see(live.Partition("telegram"), possible("telegram", "GB", 13, 23))
	for slug, want := range map[string]outage.Status{
		"whatsapp": outage.StatusProblem, "telegram": outage.StatusPossible, "netflix": outage.StatusUnknown,
	} {
		status, because := why(w, slug, "")
		require.Equal(t, want, status, slug)
		require.Equal(t, want == outage.StatusUnknown, because != "", slug)
	}
	require.Equal(t, []string{"telegram"}, slugs(read[serviceList](w, http.StatusOK, "/v1/services?status=possible").Services))
	require.Empty(t, read[serviceList](w, http.StatusOK, "/v1/services?status=ok").Services)
	body := page(w, http.StatusOK, "/?q=telegram")
	require.Contains(t, body, `<span class="status possible">Possible problem: United Kingdom</span>`)
	require.Contains(t, body, "Outcry has listened here for 1 h 1 min so far.")
	require.Contains(t, page(w, http.StatusOK, "/?q=netflix"), `<span class="status unknown">Too few reports to tell</span>`)
}

func TestAReportThatWasJustCountedShowsThatSomebodyListens(t *testing.T) {
	t.Parallel()
	w := newWorld(t, minutes("netflix", "US", at("08:40"), 1)...)
	status, _ := why(w, "netflix", "US")
	require.Equal(t, outage.StatusOK, status)
	w.archiveAway.Store(true)
	w.passTime()
	status, _ = why(w, "netflix", "US")
	require.Equal(t, outage.StatusOK, status, "that it has listened for long is remembered")
	w.now = w.now.Add(10 * time.Minute)
	w.watchAgain()
	status, because := why(w, "netflix", "US")
	require.Equal(t, outage.StatusUnknown, status)
	require.Equal(t, "listening_unknown", because)
}

func TestServicesAreSearched(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.Equal(t, "whatsapp", read[serviceList](w, http.StatusOK, "/v1/services?q=WhatsApp").Services[0].Service)
	require.Contains(t, slugs(read[serviceList](w, http.StatusOK, "/v1/services?q=whatsap").Services), "whatsapp")
	require.Empty(t, read[serviceList](w, http.StatusOK, "/v1/services?q=qqqqqqqq").Services)
}

func TestPagesHoldEveryServiceOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	known, err := catalog.Default()
	require.NoError(t, err)
	var want, got []string
	for _, s := range known.Services() {
		want = append(want, s.Slug)
	}
	for target := "/v1/services?limit=7"; target != ""; {
		list := read[serviceList](w, http.StatusOK, target)
		got = append(got, slugs(list.Services)...)
		target = ""
		if list.NextCursor != nil {
			target = "/v1/services?limit=7&cursor=" + *list.NextCursor
		}
	}
	require.Equal(t, want, got)
}

type spikeList struct {
	Spikes     []outage.Spike
	Complete   bool
	NextCursor *string `json:"next_cursor"`
}

func TestSpikesAreStrongestFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	problem := possible("netflix", "US", 40, 90)
	problem.Status = outage.StatusProblem
	w.see(live.Partition("telegram"), possible("telegram", "GB", 13, 23), possible("telegram", "*", 13, 30))
	w.see(live.Partition("netflix"), problem)

	all := read[spikeList](w, http.StatusOK, "/v1/spikes")
	require.True(t, all.Complete)
	require.Equal(t, []outage.Series{{Service: "netflix", Country: "US"}, {Service: "telegram", Country: "*"}, {Service: "telegram", Country: "GB"}},
		[]outage.Series{all.Spikes[0].Series, all.Spikes[1].Series, all.Spikes[2].Series})
	require.Len(t, read[spikeList](w, http.StatusOK, "/v1/spikes?status=problem").Spikes, 1)
	require.Len(t, read[spikeList](w, http.StatusOK, "/v1/spikes?country=*").Spikes, 1)
	require.Len(t, read[spikeList](w, http.StatusOK, "/v1/spikes?service=telegram").Spikes, 2)

	var paged []outage.Spike
	for target := "/v1/spikes?limit=1"; target != ""; {
		list := read[spikeList](w, http.StatusOK, target)
		paged, target = append(paged, list.Spikes...), ""
		if list.NextCursor != nil {
			target = "/v1/spikes?limit=1&cursor=" + *list.NextCursor
		}
	}
	require.Equal(t, all.Spikes, paged)

	w.lookAway()
	require.False(t, read[spikeList](w, http.StatusOK, "/v1/spikes").Complete)
}
