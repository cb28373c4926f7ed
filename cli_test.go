package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/outage"
	"github.com/outcryhq/outcry/pkg/servertest"
)

// outcry runs a command in this process.
func outcry(stdin string, args ...string) (status int, stdout, stderr string) {
	var out, errs bytes.Buffer
	status = run(args, strings.NewReader(stdin), &out, &errs)
	return status, out.String(), errs.String()
}

// emptyArchive is a data folder of a server that has heard nothing.
func emptyArchive(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	status, _, stderr := outcry("time,service,country,reports\n", "import", "--data-dir", dir, "-")
	require.Equal(t, exitOK, status, stderr)
	return dir
}

func TestCommandLineMistakes(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		args  []string
		stdin string
		says  string
	}{
		"unknown command":         {args: []string{"sevre"}, says: `does not know "sevre"`},
		"unknown flag":            {args: []string{"--listne", "x"}, says: "unknown flag: --listne; see outcry --help"},
		"flag without value":      {args: []string{"--listen"}, says: "flag needs an argument"},
		"arguments to version":    {args: []string{"version", "please"}, says: `does not know "please"`},
		"replay without file":     {args: []string{"replay"}, says: "needs one FILE, or - for standard input"},
		"replay of nothing":       {args: []string{"replay", "no-such-file.csv"}, says: "outcry: replay: open no-such-file.csv: no such file or directory\n"},
		"import of nothing":       {args: []string{"import", "--data-dir", t.TempDir(), "no-such-file.csv"}, says: "outcry: import: open no-such-file.csv: no such file or directory\n"},
		"explain nothing":         {args: []string{"explain", "no-such-file.json"}, says: "outcry: explain: open no-such-file.json: no such file or directory; expected"},
		"replay of a folder":      {args: []string{"replay", t.TempDir()}, says: "is a folder"},
		"replay of another file":  {args: []string{"replay", "-"}, stdin: "a,b\n", says: "time,service,country,reports"},
		"replay of a bad row":     {args: []string{"replay", "-"}, stdin: "time,service,country,reports\n2017-11-03T08:00:00Z,whatsapp,NL,1\n2017-11-03T08:01:00Z,whatsapp,NL,many\n", says: "line 3"},
		"replay with a bad step":  {args: []string{"replay", "--step", "90s", "-"}, says: "whole minutes"},
		"import of a bad row":     {args: []string{"import", "--data-dir", t.TempDir(), "-"}, stdin: "time,service,country,reports\nyesterday,whatsapp,NL,1\n", says: "line 2"},
		"import of next year":     {args: []string{"import", "--data-dir", t.TempDir(), "-"}, stdin: "time,service,country,reports\n2017-11-03T08:00:00Z,whatsapp,NL,1\n2099-11-03T08:00:00Z,whatsapp,NL,1\n", says: "line 3: import counts: invalid input: a row of recorded counts lies in the past, not at 2099-11-03"},
		"import of year 9999":     {args: []string{"import", "--data-dir", t.TempDir(), "-"}, stdin: "time,service,country,reports\n9999-11-03T08:00:00Z,whatsapp,NL,1\n", says: "line 2: invalid input: expected a time in the years 2000 to 2099"},
		"import with a bad step":  {args: []string{"import", "--data-dir", t.TempDir(), "--step", "90s", "-"}, stdin: "time,service,country,reports\n", says: "import counts: invalid input: expected a step of whole minutes"},
		"export upside down":      {args: []string{"export", "--from", "2017-11-04T00:00:00Z", "--to", "2017-11-03T00:00:00Z"}, says: "is not before"},
		"export from a bad time":  {args: []string{"export", "--from", "yesterday"}, says: "is not a time such as"},
		"export in bad steps":     {args: []string{"export", "--data-dir", emptyArchive(t), "--step", "7m"}, says: "1m, 5m, 15m or 1h"},
		"export of no archive":    {args: []string{"export", "--data-dir", t.TempDir()}, says: "--data-dir cannot be read"},
		"import into two":         {args: []string{"import", "--data-dir", "x", "--database-url", "postgres://127.0.0.1/x", "-"}, says: "are two archives"},
		"import beside a Redis":   {args: []string{"import", "--redis-url", "redis://127.0.0.1", "-"}, says: "is in PostgreSQL"},
		"catalog that is no such": {args: []string{"--data-dir", t.TempDir(), "--listen", "127.0.0.1:0", "--catalog", writeFile(t, "services: 7\n")}, says: "--catalog"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, _, stderr := outcry(tc.stdin, tc.args...)
			require.Equal(t, exitUsage, status, stderr)
			require.Contains(t, stderr, tc.says)
		})
	}
}

func TestAPackedFileThatIsCutIsAMistakeInWhatWasRead(t *testing.T) {
	t.Parallel()
	whole, err := os.ReadFile(filepath.Join("detector", "testdata", "scenarios", "whatsapp-2017-11-03", "counts.csv.zst"))
	require.NoError(t, err)
	for name, packed := range map[string][]byte{"cut.csv.zst": whole[:len(whole)-1], "garbage.csv.zst": []byte("time,service,country,reports\n"), "garbage.csv.gz": []byte("time,service,country,reports\n")} {
		file := filepath.Join(t.TempDir(), name)
		require.NoError(t, os.WriteFile(file, packed, 0o600))
		for _, args := range [][]string{{"replay", file}, {"import", "--data-dir", t.TempDir(), file}} {
			status, _, stderr := outcry("", args...)
			require.Equal(t, exitUsage, status, stderr)
			require.Equal(t, 1, strings.Count(stderr, file+" cannot be unpacked"), stderr)
		}
	}
}

func TestExitStatuses(t *testing.T) {
	t.Parallel()
	require.ErrorIs(t, badInput(fmt.Errorf("replay: %w", outage.ErrInvalid)), errUsage)
	require.NotErrorIs(t, badInput(outage.ErrUnavailable), errUsage)
	role := runAll(t.Context(), []component{{"detector", func(context.Context) error { return outage.ErrInvalid }}})
	require.NotErrorIs(t, role, errUsage, "a role that fails ends the process with 1, whatever it found invalid")
}

func TestHelpAndVersion(t *testing.T) {
	t.Parallel()
	for _, command := range [][]string{{}, {"check-config"}, {"replay"}, {"import"}, {"export"}, {"healthcheck"}, {"version"}} {
		status, stdout, stderr := outcry("", append(command, "--help")...)
		require.Equal(t, exitOK, status, stderr)
		require.Contains(t, stdout, "Usage:")
	}
	status, stdout, _ := outcry("", "version")
	require.Equal(t, exitOK, status)
	require.Regexp(t, `^outcry \S+ \(go1\.\S+, \w+/\w+\)\n$`, stdout)
}

func TestCheckConfigPrintsWhatWouldBeInForce(t *testing.T) {
	t.Parallel()
	status, stdout, stderr := outcry("", "check-config", "--redis-url", "redis://u:hunter2@h", "--database-url", "postgres://u:hunter2@h/d", "--roles", "api")
	require.Equal(t, exitOK, status, stderr)
	require.Contains(t, stdout, "roles: api\n")
	require.Contains(t, stdout, "keep-reports: 30d\n")
	require.NotContains(t, stdout, "hunter2")
}

func TestImportThenExportGivesTheSameCounts(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	counts := "time,service,country,reports\n2017-11-03T08:00:00Z,bank,NL,3\n2017-11-03T08:00:00Z,whatsapp,ID,1\n2017-11-03T08:07:00Z,whatsapp,ID,2\n"
	for range 2 { // importing again changes nothing
		status, stdout, stderr := outcry(counts, "import", "--data-dir", dir, "-")
		require.Equal(t, exitOK, status, stderr)
		require.Equal(t, "imported 3 rows with 6 reports, from 2017-11-03T08:00:00Z to 2017-11-03T08:08:00Z: 2 minutes listened to, 6 not\n", stdout)
	}
	status, stdout, stderr := outcry("", "export", "--data-dir", dir, "--step", "15m")
	require.Equal(t, exitOK, status, stderr)
	require.Equal(t, "time,service,country,reports\n2017-11-03T08:00:00Z,bank,NL,3\n2017-11-03T08:00:00Z,whatsapp,ID,3\n", stdout)
}

func TestReplayOfTheStoryFile(t *testing.T) {
	t.Parallel()
	story := filepath.Join("detector", "testdata", "scenarios", "whatsapp-2017-11-03")
	want, err := os.ReadFile(filepath.Join(story, "outages.ndjson"))
	require.NoError(t, err)
	status, stdout, stderr := outcry("", "replay", filepath.Join(story, "counts.csv.zst"))
	require.Equal(t, exitOK, status, stderr)
	require.Equal(t, withoutScores(t, string(want)), withoutScores(t, stdout))
	require.Empty(t, stderr, "progress is for terminals")
}

// withoutScores reads the outages of a replay, and leaves out the figures whose
// last digits differ from one processor to another.
func withoutScores(t *testing.T, printed string) []outage.Outage {
	t.Helper()
	var outages []outage.Outage
	for decoder := json.NewDecoder(strings.NewReader(printed)); decoder.More(); {
		var o outage.Outage
		require.NoError(t, decoder.Decode(&o))
		for i := range o.Impacts {
			o.Impacts[i].Score, o.Impacts[i].BaselinePerMinute, o.Impacts[i].Evidence = 0, 0, outage.Evidence{}
		}
		outages = append(outages, o)
	}
	require.NotEmpty(t, outages)
	return outages
}

func TestACommandThatIsStoppedSaysSo(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	counts := "time,service,country,reports\n2017-11-03T08:00:00Z,bank,NL,3\n2017-11-03T08:07:00Z,bank,NL,2\n"
	for _, args := range [][]string{{"replay", "-"}, {"import", "--data-dir", t.TempDir(), "-"}} {
		var stderr bytes.Buffer
		status := execute(ctx, args, strings.NewReader(counts), io.Discard, &stderr)
		require.Equal(t, exitFailed, status)
		require.Equal(t, "outcry: "+args[0]+": stopped\n", stderr.String())
	}
}

func TestASecondProcessOnTheSameFolderIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := startOutcry(t, freeAddress(t), "--data-dir", dir)
	for _, command := range [][]string{{"--listen", "127.0.0.1:0"}, {"import", "-"}, {"export"}} {
		status, _, stderr := outcry("", append(command, "--data-dir", dir)...)
		require.Equal(t, exitFailed, status)
		require.Contains(t, stderr, "is in use by another Outcry process; stop that one, or give this one another --data-dir")
	}
	require.Equal(t, exitOK, first.stop(), "%s", first.logs)
	status, _, stderr := outcry("", "export", "--data-dir", dir)
	require.Equal(t, exitOK, status, stderr)
}

func TestAStartThatCannotSucceedSaysWhy(t *testing.T) {
	t.Parallel()
	taken := startOutcry(t, freeAddress(t), "--data-dir", t.TempDir())
	address := strings.TrimPrefix(taken.url, "http://")
	notADatabase := t.TempDir()
	require.NoError(t, os.WriteFile(sqlitePath(notADatabase), []byte(strings.Repeat("not a database. ", 1000)), 0o600))
	file := writeFile(t, "x")
	nobody := freeAddress(t)
	cases := map[string]struct {
		args []string
		says string
	}{
		"a port that is taken":   {[]string{"--listen", address, "--data-dir", t.TempDir()}, "listen on --listen " + address},
		"a folder that is none":  {[]string{"--listen", "127.0.0.1:0", "--data-dir", file}, "make the data folder"},
		"a file of another kind": {[]string{"--listen", "127.0.0.1:0", "--data-dir", notADatabase}, "open the archive"},
		"Redis that is not there": {
			[]string{"--listen", "127.0.0.1:0", "--wait-for-stores", "1s", "--redis-url", "redis://" + nobody, "--database-url", "postgres://" + nobody + "/x"},
			"cannot use Redis",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, _, stderr := outcry("", tc.args...)
			require.Equal(t, exitFailed, status, stderr)
			require.Contains(t, stderr, tc.says)
		})
	}
}

func TestADatabaseThatIsNotThereAtTheStart(t *testing.T) {
	t.Parallel()
	redis := servertest.Redis(t)
	status, _, stderr := outcry("", "--listen", "127.0.0.1:0", "--wait-for-stores", "1s",
		"--redis-url", redis.URL(), "--database-url", "postgres://someone:hunter2@"+freeAddress(t)+"/outcry")
	require.Equal(t, exitFailed, status)
	require.Contains(t, stderr, "cannot use PostgreSQL")
	require.NotContains(t, stderr, "hunter2")
}
