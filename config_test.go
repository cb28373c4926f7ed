package main

import (
	"bytes"
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
		"unknown variable":         {environ: []string{"OUTCRY_LISTNE=x"}, says: "OUTCRY_LISTNE, which is no setting"},
		"unknown key":              {file: "listne: x\n", says: "unknown key listne"},
		"file that is not a map":   {file: "- listen\n", says: "not a YAML map"},
		"file that is not YAML":    {file: "listen: [\n", says: "not a YAML map"},
		"setting without a value":  {file: "listen: null\n", says: "listen has no value"},
		"role without a value":     {file: "roles: [ingest, ]\nlisten:\n", says: "listen has no value"},
		"setting with settings":    {file: "listen:\n  port: 80\n", says: "listen has keys of its own"},
		"a second document":        {file: "listen: 127.0.0.1:1\n---\nlisten: 127.0.0.1:2\n", says: "it has a second document"},
		"a file without end":       {args: []string{"--config", "/dev/zero"}, says: "/dev/zero is not a regular file"},
		"a file that is too large": {file: "# " + strings.Repeat("x", largestFile), says: "is larger than 1048576 bytes"},
		"file without its reader":  {args: []string{"--config", "no-such-file"}, says: "--config cannot be read"},
		"bad number in the env":    {environ: []string{"OUTCRY_TRUSTED_PROXIES=two"}, says: "OUTCRY_TRUSTED_PROXIES"},
		"bad duration in the file": {file: "keep-reports: soon\n", says: "number of days such as 30d"},
		"unknown role":             {args: []string{"--roles=ingset"}, says: `"ingset" is not one of all, ingest, detector, api`},
		"all and more":             {args: []string{"--roles=all,api"}, says: "already means every role"},
		"some roles, embedded":     {args: []string{"--roles=api"}, says: "needs --redis-url and --database-url"},
		"Redis alone":              {args: []string{redis}, says: "go together"},
		"database alone":           {args: []string{database}, says: "go together"},
		"data folder with Redis":   {args: []string{redis, database, "--data-dir=x"}, says: "--data-dir is for the embedded stores"},
		"log limit, embedded":      {args: []string{"--max-log-bytes=1GiB"}, says: "--max-log-bytes is for --redis-url"},
		"Redis URL without scheme": {args: []string{"--redis-url=127.0.0.1:6379", database}, says: "--redis-url is not a URL like redis://host"},
		"database of another kind": {args: []string{redis, "--database-url=mysql://host/db"}, says: "--database-url is not a URL like postgres://host"},
		"reports kept too short":   {args: []string{"--keep-reports=2d"}, says: "the least is 3d"},
		"listen without a port":    {args: []string{"--listen=127.0.0.1"}, says: "not host:port"},
		"listen on a bad port":     {args: []string{"--listen=127.0.0.1:99999"}, says: "no port from 0 to 65535"},
		"negative proxies":         {args: []string{"--trusted-proxies=-1"}, says: "not from 0 to 16"},
		"log format":               {args: []string{"--log-format=xml"}, says: "not one of text, json"},
		"catalog that is missing":  {args: []string{"--catalog=no-such-file"}, says: "--catalog cannot be read"},
		"limits upside down":       {args: []string{"--limit-address=60000/1"}, says: "is over --limit-installation"},
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
