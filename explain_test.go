package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/outage"
)

// explained is an outage as it is stored: two countries took the place of the
// sum, one of them with evidence from before its parts were kept.
func explained() outage.Outage {
	at := time.Date(2017, 11, 3, 8, 2, 0, 0, time.UTC)
	learned := at.Truncate(time.Hour).Add(-time.Hour)
	impact := outage.Impact{
		Country: "ID", State: outage.Ongoing, StartedAt: at, DetectedAt: at, Score: 33,
		Evidence: outage.Evidence{
			WindowMinutes: 1, Reporters: 13, Expected: 0.001899908598, Tolerated: 0.202849862897, Dispersion: 5,
			Score: 32.94160656048, Bar: 9.6, Origins: 13, Networks: 5, Sources: 1,
			Rho: 1.5, Floor: .2, Spread: .15, HistoryReports: 20, Windows: 5, Correction: 1.6094379124341003,
			ListenedMinutes: 1, ObservedMinutes: 20221, BaselineUntil: &learned,
		},
	}
	old, sum := impact, impact
	old.Country = "NL"
	old.Evidence = outage.Evidence{WindowMinutes: 1, Reporters: 13, Expected: 0.0019, Tolerated: 0.202849862897, Dispersion: 5, Score: 32.94160656048, Bar: 9.6}
	sum.Country = outage.AllCountries
	return outage.Outage{
		ID: outage.DeriveIDAt(at, "x"), Service: "whatsapp", State: outage.Ongoing, StartedAt: at, DetectedAt: at, Revision: 3,
		Impacts: []outage.Impact{impact, old}, Superseded: &sum,
	}
}

func asJSON(t *testing.T, o outage.Outage) string {
	t.Helper()
	text, err := json.Marshal(o)
	require.NoError(t, err)
	return string(text)
}

func TestExplainShowsEveryStep(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "outage.json")
	require.NoError(t, os.WriteFile(path, []byte(asJSON(t, explained())), 0o600))
	status, stdout, stderr := outcry("", "explain", path)
	require.Equal(t, exitOK, status, stderr)
	for _, line := range []string{
		"whatsapp: outage " + explained().ID.String() + ", ongoing, revision 3",
		"ID (Indonesia), detected 2017-11-03T08:02:00Z",
		"w = 1 minute\n",
		"y = 13; 13 origins, 5 networks, 1 source\n",
		"H = 20 reports of weight; 20221 minutes listened to before; learned until 2017-11-03T07:00:00Z, 62 minutes before",
		"M = rho·E + f·√w = 1.5·0.001899908598 + 0.2·√1 = 0.2028498629",
		"r = 1/(φ + 1/H) = 1/(0.15 + 1/20) = 5\n",
		"p = P(NB(mean M, size r) >= y) = I_x(y, r) = 9.878·10^-16",
		"−ln p − ln 5 = 34.55104448 − 1.609437912 = 32.94160656 nats",
		"Indonesia: 13 people reported within 1 minute, where 0.0019 are usual and 0.2 would be harmless.",
		"in one of 1.012·10^15 such windows, which is rare enough to pass the bar.",
		"M = 0.2028498629, as stored",
		"* (All countries together), detected 2017-11-03T08:02:00Z; superseded when single countries stood out",
		"3 of 3 impacts agree with what is stored.",
	} {
		require.Contains(t, stdout, line)
	}
	for _, country := range []string{"ID", "id", "*"} {
		status, stdout, _ = outcry(asJSON(t, explained()), "explain", "--impact", country)
		require.Equal(t, exitOK, status)
		require.Contains(t, stdout, strings.ToUpper(country)+" (")
		require.Contains(t, stdout, "1 of 1 impacts agree")
	}
}

func TestExplainReadsWhatReplayPrints(t *testing.T) {
	t.Parallel()
	counts := filepath.Join("detector", "testdata", "scenarios", "whatsapp-2017-11-03", "counts.csv.zst")
	status, printed, stderr := outcry("", "replay", counts)
	require.Equal(t, exitOK, status, stderr)
	status, stdout, stderr := outcry(printed+printed, "explain", "-")
	require.Equal(t, exitOK, status, stderr)
	require.Contains(t, stdout, "12 of 12 impacts agree with what is stored.")
	require.NotContains(t, stdout, "as stored")

	status, stdout, stderr = outcry("", "explain", filepath.Join(filepath.Dir(counts), "outages.ndjson"))
	require.Equal(t, exitOK, status, stderr)
	require.Contains(t, stdout, "6 of 6 impacts agree with what is stored.")
}

func TestExplainSaysWhatDoesNotAgree(t *testing.T) {
	t.Parallel()
	changed := explained()
	changed.Service += "\x1b[2J" // what is read does not steer the terminal
	changed.Superseded.Evidence.Reporters++
	status, stdout, stderr := outcry(asJSON(t, changed), "explain")
	require.Equal(t, exitFailed, status)
	require.Contains(t, stdout, "DIFFERS     score is stored as 32.94160656 and comes to")
	require.Contains(t, stdout, "What is stored does not follow from its own evidence")
	require.Contains(t, stdout, "2 of 3 impacts agree with what is stored.")
	require.NotContains(t, stdout, "\x1b")
	require.Equal(t, "outcry: explain: 1 of 3 impacts do not agree with what is stored\n", stderr)
}

func TestExplainRefusesWhatIsNoOutage(t *testing.T) {
	t.Parallel()
	without := explained()
	without.Impacts[0].Evidence = outage.Evidence{}
	whole := asJSON(t, explained())
	cases := map[string]struct {
		args  []string
		stdin string
		says  string
	}{
		"nothing":            {nil, "", "the input is empty; expected an outage as JSON"},
		"no JSON":            {nil, "time,service\n", "outage 1: invalid character"},
		"half an outage":     {nil, whole[:200], "unexpected EOF"},
		"a second of a kind": {nil, whole + `{"id":7}`, "outage 2:"},
		"a list":             {nil, "[" + whole + "]", "expected an outage as JSON"},
		"another object":     {nil, `{"outages":[]}`, "object 1 has no id, service or impacts"},
		"no evidence":        {nil, asJSON(t, without), "impact ID of outage " + without.ID.String() + ": invalid input: expected evidence with window_minutes"},
		"no such file":       {[]string{"no-such-file.json"}, "", "no-such-file.json"},
		"two files":          {[]string{"a", "b"}, "", "takes one FILE or ID, not 2"},
		"no such impact":     {[]string{"--impact", "FR"}, whole, "there is no impact on FR; there are ID, NL, *"},
		"no country":         {[]string{"--impact", "Narnia"}, whole, "--impact: expected an ISO 3166-1 alpha-2 code"},
		"no URL":             {[]string{"--server", "localhost:8080", without.ID.String()}, "", "--server: expected a URL such as http://127.0.0.1:8080"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, stdout, stderr := outcry(tc.stdin, append([]string{"explain"}, tc.args...)...)
			require.Equal(t, exitUsage, status, stderr)
			require.Contains(t, stderr, tc.says)
			require.Empty(t, stdout)
		})
	}
}

func TestExplainAsksAServer(t *testing.T) {
	t.Parallel()
	known := explained()
	answer := func(status int, body string) string {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/outcry/v1/outages/"+known.ID.String() {
				w.WriteHeader(http.StatusTeapot)
				return
			}
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		}))
		t.Cleanup(server.Close)
		return server.URL + "/outcry/"
	}
	cases := map[string]struct {
		server string
		status int
		says   string
	}{
		"that knows it":      {answer(http.StatusOK, asJSON(t, known)), exitOK, ""},
		"that does not":      {answer(http.StatusNotFound, "{}"), exitUsage, "knows no outage with the id " + known.ID.String()},
		"that is unwell":     {answer(http.StatusServiceUnavailable, `{"detail":"live state is being rebuilt"}`), exitFailed, "answered 503 Service Unavailable: live state is being rebuilt"},
		"of another kind":    {answer(http.StatusOK, "<html>"), exitFailed, "is it an Outcry?"},
		"that is not there":  {"http://" + freeAddress(t), exitFailed, "is Outcry running there?"},
		"with a secret name": {"http://me:hunter2@" + freeAddress(t), exitFailed, "is Outcry running there?"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, stdout, stderr := outcry("", "explain", "--server", tc.server, known.ID.String())
			require.Equal(t, tc.status, status, stderr)
			require.Contains(t, stderr, tc.says)
			require.NotContains(t, stderr, "hunter2")
			if tc.status == exitOK {
				require.Contains(t, stdout, "3 of 3 impacts agree")
			}
		})
	}
}

func TestErrorsDoNotSteerTheTerminal(t *testing.T) {
	t.Parallel()
	o := explained()
	o.Impacts[0].Country = "\x1b[2J"
	status, _, stderr := outcry(asJSON(t, o), "explain", "--impact", "US")
	require.Equal(t, exitUsage, status)
	require.Contains(t, stderr, "[2J")
	require.NotContains(t, stderr, "\x1b")
}

func TestExplainHelpTellsTheFormulae(t *testing.T) {
	t.Parallel()
	var help bytes.Buffer
	require.Equal(t, exitOK, execute(t.Context(), []string{"explain", "--help"}, strings.NewReader(""), &help, &help))
	for _, want := range []string{"Usage:", "explain [FILE|-|ID]", "M    = rho·E + f·√w", "r    = 1/(φ + 1/H)", "I_x(y, r)", "http://127.0.0.1:8080", "exit status"} {
		require.Contains(t, help.String(), want)
	}
}
