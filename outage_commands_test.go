package main

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/archive"
	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
	"github.com/outcryhq/outcry/pkg/servertest"
)

// pastOutage is an outage of May 2017 that lasted for two hours, or still does.
func pastOutage(name, service string, started time.Time, state outage.State) outage.Outage {
	o := outage.Outage{
		ID: outage.DeriveID(name), Service: service, State: state, StartedAt: started, DetectedAt: started.Add(time.Minute),
		Revision: 1, Reports: 5123, Peak: outage.Peak{At: started.Add(time.Hour), ReportsPerMinute: 90},
		Impacts: []outage.Impact{{Country: "NL", State: state, StartedAt: started, DetectedAt: started.Add(time.Minute)}},
	}
	if state == outage.Ended {
		ended, closed := started.Add(2*time.Hour), started.Add(2*time.Hour+10*time.Minute)
		o.EndedAt, o.ClosedAt, o.Final = &ended, &closed, true
		o.Impacts[0].EndedAt, o.Impacts[0].ClosedAt = &ended, &closed
	}
	return o
}

var may = time.Date(2017, time.May, 3, 20, 0, 0, 0, time.UTC) //nolint:gochecknoglobals // a constant

// outagesOfMay are in the archive when the tests of the commands begin.
func outagesOfMay() []outage.Outage {
	return []outage.Outage{
		pastOutage("may", "whatsapp", may, outage.Ended), pastOutage("again", "whatsapp", may.Add(5*time.Hour), outage.Ended),
		pastOutage("june", "signal", may.Add(40*day), outage.Ended), pastOutage("now", "whatsapp", time.Now().Add(-time.Hour).Truncate(time.Minute), outage.Ongoing),
	}
}

func putOutages(t *testing.T, record *archive.Archive, outages ...outage.Outage) {
	t.Helper()
	for _, o := range outages {
		require.NoError(t, record.Append(t.Context(), []live.Entry{{
			Partition: live.Partition(o.Service), Epoch: "e", Position: "1", Changes: []outage.Change{{Fence: 1, Outage: o}},
		}}))
	}
	require.NoError(t, record.Close())
}

// folderWithOutages is a data folder with outagesOfMay.
func folderWithOutages(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	record, err := archive.OpenSQLite(t.Context(), sqlitePath(dir), slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	putOutages(t, record, outagesOfMay()...)
	return dir
}

func TestRemarksBesideARunningServer(t *testing.T) {
	t.Parallel()
	dir := folderWithOutages(t)
	server := startOutcry(t, freeAddress(t), "--data-dir", dir)
	remarksWork(t, "ended", "--data-dir", dir) // its detector knows nothing of the ongoing one's reports

	var shown outage.Published
	getJSON(t, server.url+"/v1/outages/"+outage.DeriveID("again").String(), &shown)
	require.Equal(t, outage.DeriveID("may"), *shown.MergedInto)
	require.Len(t, shown.Remarks, 1)
	var record struct {
		Record struct{ Outages, Minutes int }
	}
	getJSON(t, server.url+"/v1/services/whatsapp/record", &record)
	require.Equal(t, 1, record.Record.Outages)
	require.Equal(t, 120, record.Record.Minutes)
	require.Equal(t, exitOK, server.stop(), "%s", server.logs)
}

func TestRemarksWithoutAServer(t *testing.T) {
	t.Parallel()
	remarksWork(t, "so far", "--data-dir", folderWithOutages(t))
}

func TestRemarksInASharedArchive(t *testing.T) {
	t.Parallel()
	url := servertest.Postgres(t).URL()
	record, err := archive.OpenPostgres(t.Context(), url, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	putOutages(t, record, outagesOfMay()...)
	remarksWork(t, "so far", "--database-url", url)
}

// remarksWork goes through the commands with the flag that names an archive, in
// which the last outage is ongoing "so far" or not.
func remarksWork(t *testing.T, last string, archiveFlags ...string) {
	t.Helper()
	ongoing := last == "so far"
	do := func(status int, args ...string) (stdout, stderr string) {
		got, stdout, stderr := outcry("", append(append([]string{"outage"}, args...), archiveFlags...)...)
		require.Equal(t, status, got, "%s: %s", args, stderr)
		return stdout, stderr
	}
	id := func(name string) string { return outage.DeriveID(name).String() }

	stdout, _ := do(exitOK, "list", "--service", "whatsapp")
	lines := strings.Split(strings.TrimSpace(stdout), "\n")
	require.Len(t, lines, 4)
	require.Equal(t, ongoing, strings.Contains(lines[1], "so far"))
	require.Contains(t, lines[3], "2017-05-03T20:00:00Z  2h")
	stdout, _ = do(exitOK, "note", id("may"), "A cable\u202e was cut.", "--link", "https://example.com/cable")
	require.Equal(t, "added a note to the outage of whatsapp that began at 2017-05-03T20:00:00Z\n", stdout)
	stdout, _ = do(exitOK, "note", id("may"), "A cable was cut.", "--link", "https://example.com/cable")
	require.Contains(t, stdout, "nothing changed: this was said at ")
	stdout, _ = do(exitOK, "acknowledge", id("may"), "--text", "WhatsApp is back", "--at", "2017-05-03T22:30:00+02:00", "--link", "https://status.example.com/1")
	require.Contains(t, stdout, "recorded the acknowledgement")
	stdout, _ = do(exitOK, "merge", id("again"), "--into", id("may"), "--reason", "It had not been mended.")
	require.Contains(t, stdout, "into "+id("may"))
	stdout, _ = do(exitOK, "retract", id("june"), "--reason", "A test of ours.")
	require.NotContains(t, stdout, "ongoing")
	stdout, _ = do(exitOK, "retract", id("now"), "--reason", "A test of ours.")
	require.Equal(t, ongoing, strings.Contains(stdout, "it is still ongoing"))

	for _, wrong := range []struct {
		args []string
		says string
	}{
		{[]string{"note", id("nobody"), "x"}, "there is no outage " + id("nobody")},
		{[]string{"show", id("nobody")}, "there is no outage"},
		{[]string{"merge", id("may"), "--into", id("may"), "--reason", "x"}, "into itself"},
		{[]string{"merge", id("may"), "--into", id("again"), "--reason", "x"}, "is itself part of"},
		{[]string{"merge", id("may"), "--into", id("nobody"), "--reason", "x"}, "there is no outage"},
		{[]string{"merge", id("june"), "--into", id("may"), "--reason", "x"}, "was retracted already"},
		{[]string{"retract", id("june"), "--reason", "Another reason."}, "was retracted already"},
		{[]string{"note", id("may"), "x", "--link", "javascript:alert(1)"}, "a link looks like"},
		{[]string{"list", "--state", "paused"}, "ongoing or ended"},
	} {
		_, stderr := do(exitUsage, wrong.args...)
		require.Contains(t, stderr, wrong.says)
	}

	stdout, _ = do(exitOK, "show", id("may"))
	for _, says := range []string{"lasted     2h", "note by operator at ", "  A cable was cut.\n  https://example.com/cable", "published 2017-05-03T20:30:00Z"} {
		require.Contains(t, stdout, says)
	}
	var shown outage.Published
	stdout, _ = do(exitOK, "show", "--json", id("may"))
	require.NoError(t, json.Unmarshal([]byte(stdout), &shown))
	require.Equal(t, pastOutage("may", "whatsapp", may, outage.Ended), shown.Outage, "it is as it was")
	require.Len(t, shown.Remarks, 2)
	stdout, _ = do(exitOK, "list", "--json", "--limit", "3")
	require.Equal(t, 3, strings.Count(stdout, "\n"))
	stdout, _ = do(exitOK, "list", "--min-reports", "5123", "--min-duration", "2h", "--country", "nl", "--until", "2018-01-01T00:00:00Z")
	require.Equal(t, 4, strings.Count(stdout, "\n"))
	require.Contains(t, stdout, "retracted")
	require.Contains(t, stdout, "part of "+id("may"))
}

func TestMistakesInOutageCommands(t *testing.T) {
	t.Parallel()
	id := outage.DeriveID("o").String()
	empty := t.TempDir()
	for name, tc := range map[string]struct {
		args []string
		says string
	}{
		"no command":            {nil, "needs one of its commands"},
		"unknown command":       {[]string{"delete", id}, `does not know "delete"`},
		"note without text":     {[]string{"note", id}, "takes ID TEXT, and got 1 words"},
		"note without quotes":   {[]string{"note", id, "two", "words"}, "needs quotes"},
		"note of nothing":       {[]string{"note", id, " "}, "needs a text"},
		"not an id":             {[]string{"note", "0199", "x"}, "an id looks like"},
		"retraction, no reason": {[]string{"retract", id}, "--reason is missing"},
		"merge into nothing":    {[]string{"merge", id, "--reason", "x"}, "--into is missing"},
		"merge into no id":      {[]string{"merge", id, "--into", "x", "--reason", "x"}, "--into: invalid input: an id looks like"},
		"said nothing":          {[]string{"acknowledge", id}, "--text is missing"},
		"said tomorrow":         {[]string{"acknowledge", id, "--text", "x", "--at", time.Now().Add(day).Format(time.RFC3339)}, "lies in the future"},
		"list of no country":    {[]string{"list", "--country", "Holland"}, "ISO 3166-1"},
		"list of nothing":       {[]string{"list", "--limit", "0"}, "is not at least 1"},
		"no archive":            {[]string{"list", "--data-dir", empty}, "--data-dir cannot be read"},
	} {
		status, _, stderr := outcry("", append([]string{"outage"}, tc.args...)...)
		require.Equal(t, exitUsage, status, name)
		require.Contains(t, stderr, tc.says, name)
	}
	entries, err := http.Dir(empty).Open("/")
	require.NoError(t, err)
	defer func() { require.NoError(t, entries.Close()) }()
	made, err := entries.Readdir(-1)
	require.NoError(t, err)
	require.Empty(t, made, "a command that reads makes no archive")
}
