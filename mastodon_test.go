package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/ingest/social"
	"github.com/outcryhq/outcry/pkg/outage"
)

func tokensFile(t *testing.T, text string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "tokens")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	require.NoError(t, os.Chmod(path, mode))
	return path
}

const twoTokens = "# users' tokens\n\na.example secret-1\n  https://b.example\tsecret-2 \n"

func TestMastodonInstancesAndTheirTokens(t *testing.T) {
	t.Parallel()
	path := tokensFile(t, twoTokens, 0o600)
	settings := writeFile(t, "mastodon: [https://a.example/, B.example]\nmastodon-tokens-file: "+path+"\n")
	for name, given := range map[string]struct{ args, environ []string }{
		"flags":       {args: []string{"--mastodon", "https://a.example/,B.example", "--mastodon-tokens-file", path}},
		"environment": {environ: []string{"OUTCRY_MASTODON=a.example,b.example", "OUTCRY_MASTODON_TOKENS_FILE=" + path}},
		"file":        {args: []string{"--config", settings}},
	} {
		cfg, err := settle(t, given.args, given.environ)
		require.NoError(t, err, name)
		networks, err := mastodonKind().open(&builder{server: &server{cfg: *cfg, logger: slog.New(slog.DiscardHandler)}})
		require.NoError(t, err, name)
		instances := []string{}
		for _, network := range networks {
			require.Equal(t, outage.SourceMastodon, network.Source())
			instances = append(instances, network.Instance())
		}
		require.Equal(t, []string{"a.example", "b.example"}, instances, name)
	}
	cfg, err := settle(t, nil, nil)
	require.NoError(t, err)
	networks, err := mastodonKind().open(&builder{server: &server{cfg: *cfg}})
	require.NoError(t, err)
	require.Equal(t, []social.Network(nil), networks)
}

func TestMastodonSettingsThatAreRefused(t *testing.T) {
	t.Parallel()
	good := tokensFile(t, twoTokens, 0o600)
	for name, test := range map[string]struct{ instances, path, says string }{
		"no tokens":          {"a.example", "", "--mastodon needs --mastodon-tokens-file"},
		"no instances":       {"", good, "--mastodon-tokens-file is for --mastodon"},
		"no such file":       {"a.example", "no-such-file", "no such file"},
		"a folder":           {"a.example", t.TempDir(), "is not a regular file"},
		"another instance":   {"a.example,c.example", good, "has no token for c.example"},
		"twice":              {"a.example,https://A.example", good, "names a.example twice"},
		"without TLS":        {"http://a.example", good, "over https"},
		"a token in the URL": {"https://hunter2@a.example", good, "has no user and no token"},
		"a token in a query": {"https://a.example?access_token=hunter2", good, "an instance is a URL such as"},
		"a token as a path":  {"a.example/hunter2", good, "an instance is a URL such as"},
		"an empty instance":  {"a.example,", good, "an instance is a URL such as"},
		"a lonely token":     {"a.example", tokensFile(t, "\nhunter2\n", 0o600), "line 2: not a host and a token"},
		"three words":        {"a.example", tokensFile(t, "a.example Bearer hunter2", 0o600), "line 1: not a host and a token"},
		"the wrong order":    {"a.example", tokensFile(t, "hunter2/x a.example", 0o600), "line 1: what comes first is not an instance's host"},
		"two tokens":         {"a.example", tokensFile(t, "a.example hunter2\na.example hunter3", 0o600), "line 2: a second token for a.example"},
		"no such token":      {"a.example", tokensFile(t, "a.example hunter2\x00", 0o600), "visible ASCII characters alone, for a.example"},
		"a file of too much": {"a.example", tokensFile(t, strings.Repeat("#", largestFile+1), 0o600), "is larger than"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args := []string{"check-config"}
			if test.instances != "" {
				args = append(args, "--mastodon", test.instances)
			}
			if test.path != "" {
				args = append(args, "--mastodon-tokens-file", test.path)
			}
			status, stdout, stderr := outcry("", args...)
			require.Equal(t, exitUsage, status)
			require.Contains(t, stderr, test.says)
			require.NotContains(t, stdout+stderr, "hunter")
		})
	}
}

func TestATokensFileThatOthersMayReadIsRefused(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("modes say nothing there")
	}
	for _, mode := range []os.FileMode{0o644, 0o640, 0o604, 0o620} {
		_, err := settle(t, []string{"--mastodon", "a.example", "--mastodon-tokens-file", tokensFile(t, twoTokens, mode)}, nil)
		require.ErrorIs(t, err, errUsage)
		require.ErrorContains(t, err, "chmod 600")
	}
	for _, mode := range []os.FileMode{0o600, 0o400} {
		_, err := settle(t, []string{"--mastodon", "a.example", "--mastodon-tokens-file", tokensFile(t, twoTokens, mode)}, nil)
		require.NoError(t, err)
	}
}

func TestCheckConfigShowsNoToken(t *testing.T) {
	t.Parallel()
	path := tokensFile(t, twoTokens, 0o600)
	status, stdout, stderr := outcry("", "check-config", "--mastodon", "a.example,b.example", "--mastodon-tokens-file", path)
	require.Equal(t, exitOK, status, stderr)
	require.Contains(t, stdout, "mastodon: a.example,b.example")
	require.Contains(t, stdout, "mastodon-tokens-file: "+path)
	require.NotContains(t, stdout+stderr, "secret-")
}
