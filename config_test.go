package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"
)

func writeFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "outcry.yaml")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func settle(t *testing.T, args, environ []string) (*config, error) {
	t.Helper()
	cfg := defaultConfig()
	fs := pflag.NewFlagSet("outcry", pflag.ContinueOnError)
	cfg.bind(fs)
	require.NoError(t, fs.Parse(args))
	err := cfg.settle(fs, environ)
	return &cfg, err
}

func TestSettingsPrecedence(t *testing.T) {
	t.Parallel()
	file := writeFile(t, "listen: 127.0.0.1:1\ntrusted-proxies: 1\nlog-format: json\nroles: [all]\n")

	cfg, err := settle(t,
		[]string{"--config", file, "--listen", "127.0.0.1:3"},
		[]string{"OUTCRY_LISTEN=127.0.0.1:2", "OUTCRY_TRUSTED_PROXIES=2", "PATH=/bin"})

	require.NoError(t, err)
	require.Equal(t, "127.0.0.1:3", cfg.Listen, "the flag wins over the environment and the file")
	require.Equal(t, 2, cfg.TrustedProxies, "the environment wins over the file")
	require.Equal(t, "json", cfg.LogFormat, "the file wins over the default")
	require.Equal(t, "data", cfg.DataDir, "the rest is the default")
	require.Equal(t, []string{"all"}, cfg.Roles)
}

func TestAFileOfSettingsInOtherForms(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"byte order mark": "\uFEFFlisten: 127.0.0.1:1\n",
		"begun":           "---\nlisten: 127.0.0.1:1\n",
		"begun and ended": "---\nlisten: 127.0.0.1:1\n...\n",
		"comments":        "# all of them\n\nlisten: 127.0.0.1:1 # here\n",
	} {
		cfg, err := settle(t, []string{"--config", writeFile(t, text)}, nil)
		require.NoError(t, err, name)
		require.Equal(t, "127.0.0.1:1", cfg.Listen, name)
	}
	for name, text := range map[string]string{"nothing": "", "only a comment": "# nothing\n"} {
		_, err := settle(t, []string{"--config", writeFile(t, text)}, nil)
		require.NoError(t, err, name)
	}
}

func TestAPipeOfSettingsIsRefusedAndNotWaitedFor(t *testing.T) {
	t.Parallel()
	pipe := filepath.Join(t.TempDir(), "pipe")
	require.NoError(t, syscall.Mkfifo(pipe, 0o600))
	_, err := settle(t, []string{"--config", pipe}, nil)
	require.ErrorIs(t, err, errUsage)
	require.ErrorContains(t, err, "is not a regular file")
}

func TestSettingsFromTheEnvironmentAlone(t *testing.T) {
	t.Parallel()
	file := writeFile(t, "keep-reports: 10d\n")
	cfg, err := settle(t, nil, []string{"OUTCRY_CONFIG=" + file})
	require.NoError(t, err)
	require.Equal(t, "10d", cfg.KeepReports.String())
}

func TestSettingsThatAreRefused(t *testing.T) {
	t.Parallel()
	redis := "--redis-url=redis://127.0.0.1"
	database := "--database-url=postgres://127.0.0.1/outcry"
	cases := map[string]struct {
		args    []string
		environ []string
		file    string
		says    string
	}{
		"unknown variable":          {environ: []string{"OUTCRY_LISTNE=x"}, says: "OUTCRY_LISTNE, which is no setting"},
		"unknown key":               {file: "listne: x\n", says: "unknown key listne"},
		"file that is not a map":    {file: "- listen\n", says: "not a YAML map"},
		"file that is not YAML":     {file: "listen: [\n", says: "not a YAML map"},
		"setting without a value":   {file: "listen: null\n", says: "listen has no value"},
		"role without a value":      {file: "roles: [ingest, ]\nlisten:\n", says: "listen has no value"},
		"setting with settings":     {file: "listen:\n  port: 80\n", says: "listen has keys of its own"},
		"a second document":         {file: "listen: 127.0.0.1:1\n---\nlisten: 127.0.0.1:2\n", says: "it has a second document"},
		"a file without end":        {args: []string{"--config", "/dev/zero"}, says: "/dev/zero is not a regular file"},
		"a file that is too large":  {file: "# " + strings.Repeat("x", largestFile), says: "is larger than 65536 bytes"},
		"file without its reader":   {args: []string{"--config", "no-such-file"}, says: "--config cannot be read"},
		"bad number in the env":     {environ: []string{"OUTCRY_TRUSTED_PROXIES=two"}, says: "OUTCRY_TRUSTED_PROXIES"},
		"bad duration in the file":  {file: "keep-reports: soon\n", says: "number of days such as 30d"},
		"unknown role":              {args: []string{"--roles=ingset"}, says: `"ingset" is not one of all, ingest, detector, api`},
		"all and more":              {args: []string{"--roles=all,api"}, says: "already means every role"},
		"some roles, embedded":      {args: []string{"--roles=api"}, says: "needs --redis-url and --database-url"},
		"Redis alone":               {args: []string{redis}, says: "go together"},
		"database alone":            {args: []string{database}, says: "go together"},
		"data folder with Redis":    {args: []string{redis, database, "--data-dir=x"}, says: "--data-dir is for the embedded stores"},
		"log limit, embedded":       {args: []string{"--max-log-bytes=1GiB"}, says: "--max-log-bytes is for --redis-url"},
		"Redis URL without scheme":  {args: []string{"--redis-url=127.0.0.1:6379", database}, says: "--redis-url is not a URL like redis://host"},
		"database of another kind":  {args: []string{redis, "--database-url=mysql://host/db"}, says: "--database-url is not a URL like postgres://host"},
		"reports kept too short":    {args: []string{"--keep-reports=2d"}, says: "the least is 3d"},
		"listen without a port":     {args: []string{"--listen=127.0.0.1"}, says: "not host:port"},
		"listen on a bad port":      {args: []string{"--listen=127.0.0.1:99999"}, says: "no port from 0 to 65535"},
		"negative proxies":          {args: []string{"--trusted-proxies=-1"}, says: "not from 0 to 16"},
		"log format":                {args: []string{"--log-format=xml"}, says: "not one of text, json"},
		"catalog that is missing":   {args: []string{"--catalog=no-such-file"}, says: "--catalog cannot be read"},
		"base URL with a query":     {args: []string{"--base-url=https://x/path?y"}, says: "which mean nothing there"},
		"base URL with a fragment":  {args: []string{"--base-url=https://x/path#z"}, says: "which mean nothing there"},
		"base URL with a user":      {args: []string{"--base-url=https://u:p@x"}, says: "which mean nothing there"},
		"two Redis URLs":            {args: []string{"--redis-url=redis://h/0,redis://h2", database}, says: "--redis-url is not a URL like redis://host"},
		"Redis of a bad number":     {args: []string{"--redis-url=redis://h/first", database}, says: "--redis-url: invalid input: the Redis URL has a part or parameter"},
		"Redis with a bad option":   {args: []string{"--redis-url=redis://h?speed=high", database}, says: "--redis-url: invalid input: the Redis URL has a part or parameter"},
		"two database URLs":         {args: []string{redis, "--database-url=postgres://h/db,postgres://h2/db"}, says: "--database-url is not a URL like postgres://host"},
		"database with bad TLS":     {args: []string{redis, "--database-url=postgres://h/db?sslmode=some"}, says: "--database-url has a part or parameter that is not understood"},
		"database without its CA":   {args: []string{redis, "--database-url=postgres://h/db?sslmode=verify-full&sslrootcert=/no/such"}, says: "--database-url: open /no/such"},
		"a rate of next to nothing": {args: []string{"--limit-address=1e-300/1"}, says: "--limit-address: 1e-300 a second with a burst of 1: want a positive rate"},
		"a burst of days":           {args: []string{"--limit-network=1/1000000"}, says: "--limit-network: 1 a second with a burst of 1000000: want"},
		"a list of lists":           {file: "roles: [[all]]\n", says: "roles is a list of lists"},
		"limits upside down":        {args: []string{"--limit-address=60000/1"}, says: "is over --limit-installation"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if tc.file != "" {
				tc.args = append(tc.args, "--config", writeFile(t, tc.file))
			}
			_, err := settle(t, tc.args, tc.environ)
			require.ErrorIs(t, err, errUsage)
			require.ErrorContains(t, err, tc.says)
		})
	}
}

func TestSettingsErrorsDoNotShowPasswords(t *testing.T) {
	t.Parallel()
	_, err := settle(t, []string{"--redis-url=http://user:hunter2@host", "--database-url=postgres://u:hunter2@h/d\x7f"}, nil)
	require.ErrorIs(t, err, errUsage)
	require.NotContains(t, err.Error(), "hunter2")
}

func TestPasswordsOfWhatIsNotOneURLAreNotShown(t *testing.T) {
	t.Parallel()
	const redis, database = "redis://u:hunter2@h/0", "postgres://u:hunter2@h/d"
	for _, urls := range [][2]string{
		{"redis://u:p@h/0,redis://v:hunter2@h2", database},
		{"redis://h,v:hunter2@h2/0,w:hunter2@h3", database},
		{"redis://h/0#v:hunter2@h2", database},
		{"redis://h?client_name=redis://v:hunter2@h2", database},
		{redis, "postgres://h/db,postgres://u:hunter2@h2/db"},
		{redis, "postgres://h/db;u:hunter2@h2/db"},
		{redis, "postgres://h/db u:hunter2@h2"},
		{redis, "postgres://h/db?sslmode=disable,postgres://u:hunter2@h2/db"},
		{redis, "postgres://h/db?password=hunter2&sslmode=some"},
		{redis, "postgres://h/db#u:hunter2@h2"},
		{redis, "postgres://u:hunter2"},
	} {
		args := []string{"--redis-url", urls[0], "--database-url", urls[1]}
		status, stdout, stderr := outcry("", append([]string{"check-config"}, args...)...)
		require.Equal(t, exitUsage, status, "%s %s", urls, stdout)
		require.NotContains(t, stdout+stderr, "hunter2", urls)
		status, _, stderr = outcry("", args...) // refused before anything is contacted
		require.Equal(t, exitUsage, status, urls)
		require.NotContains(t, stderr, "hunter2", urls)
		require.NotContains(t, mask(urls[0])+mask(urls[1]), "hunter2")
	}
}

func TestURLsOfSeveralHostsAreTaken(t *testing.T) {
	t.Parallel()
	for _, redis := range []string{"redis://u:hunter2@a:1,b:2,c:3", "redis://u:hunter2@a:1,b:2/0", "rediss://a:1?cluster=true", "redis://u:a,b@h/7?pool_size=5"} {
		args := []string{"check-config", "--redis-url", redis, "--database-url", "postgres://u:hunter2@a:1,b:2/db?target_session_attrs=read-write"}
		status, stdout, stderr := outcry("", args...)
		require.Equal(t, exitOK, status, stderr)
		require.NotContains(t, stdout, "hunter2")
	}
}

// What takes the parser a minute is refused before it is asked: no test waits
// that long.
func TestAFileThatIsNestedDeeply(t *testing.T) {
	t.Parallel()
	const most = largestFile - 100
	for name, text := range map[string]string{
		"brackets":        "a: " + strings.Repeat("[", most),
		"closed brackets": "a: " + strings.Repeat("[", most/2) + strings.Repeat("]", most/2),
		"braces":          "a: " + strings.Repeat("{a: ", most/4),
		"dashes":          "a:\n " + strings.Repeat("- ", most/2),
		"brackets below":  "a:\n" + strings.Repeat("  [\n", most/4),
	} {
		_, err := settle(t, []string{"--config", writeFile(t, text)}, nil)
		require.ErrorIs(t, err, errUsage, name)
		require.ErrorContains(t, err, "nested too deeply", name)
	}
	text := "roles: [all] # " + strings.Repeat("[", 100) + "\nlisten: '[::1]:1'\nlog-level: \"info\" # {{{{\n" + strings.Repeat("# - - -\n", 100)
	_, err := settle(t, []string{"--config", writeFile(t, text)}, nil)
	require.NoError(t, err, "in comments and quotes, brackets nest nothing")
}

func TestAliasesDoNotMultiply(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	text.WriteString("roles:\n- &a [x]\n")
	for name := 'a'; name < 'z'; name++ {
		fmt.Fprintf(&text, "- &%c [%s]\n", name+1, strings.Repeat(fmt.Sprintf("*%c ,", name), 9))
	}
	_, err := settle(t, []string{"--config", writeFile(t, text.String())}, nil)
	require.ErrorIs(t, err, errUsage)
	require.ErrorContains(t, err, "roles is a list of lists")
}

func TestFilesThatTheRolesWouldRefuse(t *testing.T) {
	t.Parallel()
	for flag, text := range map[string]string{"--catalog": "services: 7\n", "--country-db": "no MMDB", "--network-db": "no MMDB"} {
		dir, file := filepath.Join(t.TempDir(), "data"), writeFile(t, text)
		for _, args := range [][]string{{"check-config"}, {"--listen", "127.0.0.1:0", "--data-dir", dir}} {
			status, _, stderr := outcry("", append(args, flag, file)...)
			require.Equal(t, exitUsage, status, stderr)
			require.Contains(t, stderr, flag)
		}
		require.NoDirExists(t, dir, "no store is made for settings that are wrong")
	}
}

func TestPrintedSettingsReadBackAndHidePasswords(t *testing.T) {
	t.Parallel()
	cfg := defaultConfig()
	fs := pflag.NewFlagSet("outcry", pflag.ContinueOnError)
	cfg.bind(fs)
	require.NoError(t, fs.Parse([]string{
		"--roles=ingest,api", "--listen=[::1]:8080", "--redis-url=redis://u:hunter2@h:1/0",
		"--database-url=postgres://h/d?password=hunter2&sslmode=disable", "--max-log-bytes=512MiB",
	}))
	require.NoError(t, cfg.settle(fs, nil))
	var out bytes.Buffer
	require.NoError(t, cfg.printSettings(&out, fs))
	require.NotContains(t, out.String(), "hunter2")
	require.Contains(t, out.String(), "sslmode=disable")

	again, err := settle(t, []string{"--config", writeFile(t, out.String())}, nil)
	require.NoError(t, err)
	require.Equal(t, cfg.Roles, again.Roles)
	require.Equal(t, cfg.Listen, again.Listen)
}

func TestValues(t *testing.T) {
	t.Parallel()
	var d days
	require.NoError(t, d.Set("30d"))
	require.Equal(t, "30d", d.String())
	require.NoError(t, d.Set("80h"))
	require.Equal(t, "80h0m0s", d.String())
	require.Error(t, d.Set("d"))
	require.Error(t, d.Set("-3d"))

	var b byteSize
	require.NoError(t, b.Set("512MiB"))
	require.EqualValues(t, 512<<20, b)
	require.Equal(t, "512MiB", b.String())
	require.NoError(t, b.Set("1000"))
	require.Equal(t, "1000", b.String())
	for _, bad := range []string{"", "0", "-1", "1GB", "9999999999TiB", "MiB"} {
		require.Error(t, b.Set(bad), bad)
	}

	var r rateLimit
	require.NoError(t, r.Set("0.5/10"))
	require.Equal(t, rateLimit{PerSecond: 0.5, Burst: 10}, r)
	for _, bad := range []string{"", "5", "5/0", "0/5", "-1/5", "NaN/5", "+Inf/5", "x/y"} {
		require.Error(t, r.Set(bad), bad)
	}
}
