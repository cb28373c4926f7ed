package main

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/ingest/social"
	"github.com/outcryhq/outcry/pkg/catalog"
	"github.com/outcryhq/outcry/pkg/outage"
)

func bearerFile(t *testing.T, text string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "bearer")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	require.NoError(t, os.Chmod(path, mode))
	return path
}

func TestXNeedsATokenAndNoMore(t *testing.T) {
	t.Parallel()
	path := bearerFile(t, "AAAA%2Fhunter2\n", 0o600)
	for name, given := range map[string]struct{ args, environ []string }{
		"a file":                    {args: []string{"--x-bearer-token-file", path}},
		"a file in the environment": {environ: []string{"OUTCRY_X_BEARER_TOKEN_FILE=" + path, "OUTCRY_X_RULES=25"}},
		"the environment":           {environ: []string{"OUTCRY_X_BEARER_TOKEN=AAAA%2Fhunter2"}},
	} {
		cfg, err := settle(t, given.args, given.environ)
		require.NoError(t, err, name)
		b := &builder{server: &server{cfg: *cfg, now: time.Now, logger: slog.New(slog.DiscardHandler)}, catalog: &catalog.Catalog{}}
		networks, err := xKind().open(b)
		require.NoError(t, err, name)
		require.Len(t, networks, 1, name)
		require.Equal(t, outage.SourceTwitter, networks[0].Source())
		require.Equal(t, "api.x.com", networks[0].Instance())
	}
	cfg, err := settle(t, nil, nil)
	require.NoError(t, err)
	networks, err := xKind().open(&builder{server: &server{cfg: *cfg}})
	require.NoError(t, err)
	require.Equal(t, []social.Network(nil), networks, "off, unless there is a token")
}

func TestXSettingsThatAreRefused(t *testing.T) {
	t.Parallel()
	good := bearerFile(t, "hunter2", 0o600)
	for name, test := range map[string]struct {
		args, environ []string
		says          string
	}{
		"two tokens":     {[]string{"--x-bearer-token-file", good}, []string{"OUTCRY_X_BEARER_TOKEN=hunter2"}, "are two tokens"},
		"no such file":   {[]string{"--x-bearer-token-file", "no-such-file"}, nil, "no such file"},
		"a folder":       {[]string{"--x-bearer-token-file", t.TempDir()}, nil, "is not a regular file"},
		"open to others": {[]string{"--x-bearer-token-file", bearerFile(t, "hunter2", 0o640)}, nil, "has mode 0640"},
		"empty":          {[]string{"--x-bearer-token-file", bearerFile(t, "\n", 0o600)}, nil, "is empty"},
		"two lines":      {[]string{"--x-bearer-token-file", bearerFile(t, "hunter2\nand hunter2", 0o600)}, nil, "bearer token of printable characters"},
		"a bad variable": {nil, []string{"OUTCRY_X_BEARER_TOKEN=hunter2 and hunter2"}, "bearer token of printable characters"},
		"no rules":       {[]string{"--x-rules", "0", "--x-bearer-token-file", good}, nil, "--x-rules is 1 to 1000"},
		"too many rules": {[]string{"--x-rules", "1001", "--x-bearer-token-file", good}, nil, "--x-rules is 1 to 1000"},
	} {
		_, err := settle(t, test.args, test.environ)
		require.ErrorContains(t, err, test.says, name)
		require.NotContains(t, err.Error(), "hunter2", name)
	}
}

func TestXTokenIsNotPrinted(t *testing.T) {
	t.Parallel()
	cfg := defaultConfig()
	fs := pflag.NewFlagSet("outcry", pflag.ContinueOnError)
	cfg.bind(fs)
	require.NoError(t, cfg.settle(fs, []string{"OUTCRY_X_BEARER_TOKEN=hunter2"}))
	var printed bytes.Buffer
	require.NoError(t, cfg.printSettings(&printed, fs))
	require.NotContains(t, printed.String(), "hunter2")
	require.Contains(t, strings.Split(printed.String(), "\n"), "x-bearer-token: xxxxx")
}
