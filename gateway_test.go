package main

import (
	"bytes"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/catalog"
	"github.com/outcryhq/outcry/pkg/outage"
)

func TestAGatewayIsAskedForWhatItHasRoomFor(t *testing.T) {
	t.Parallel()
	path := bearerFile(t, "hunter2\n", 0o600)
	cfg, err := settle(t, []string{"--twitter-gateway", "https://gateway.example/base", "--twitter-gateway-token-file", path}, nil)
	require.NoError(t, err)
	services, err := catalog.Default()
	require.NoError(t, err)
	var log bytes.Buffer
	b := &builder{server: &server{cfg: *cfg, now: time.Now, logger: slog.New(slog.NewTextHandler(&log, nil))}, catalog: services}
	networks, err := gatewayKind().open(b)
	require.NoError(t, err)
	require.Len(t, networks, 1)
	require.Equal(t, outage.SourceTwitter, networks[0].Source())
	require.Equal(t, "gateway.example", networks[0].Instance())
	require.Contains(t, log.String(), "services_left_out=")
	require.NotContains(t, log.String(), "hunter2")

	cfg, err = settle(t, nil, nil)
	require.NoError(t, err)
	networks, err = gatewayKind().open(&builder{server: &server{cfg: *cfg}})
	require.NoError(t, err)
	require.Empty(t, networks, "off, unless there is a URL")
}

func TestGatewaysThatAreRefused(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		args []string
		says string
	}{
		"a token without a gateway": {[]string{"--twitter-gateway-token-file", bearerFile(t, "hunter2", 0o600)}, "needs --twitter-gateway"},
		"no URL":                    {[]string{"--twitter-gateway", "gateway"}, "a gateway is a URL"},
		"a user in the URL":         {[]string{"--twitter-gateway", "https://u:hunter2@gateway.example"}, "has no user"},
		"open to others":            {[]string{"--twitter-gateway", "https://gateway.example", "--twitter-gateway-token-file", bearerFile(t, "hunter2", 0o644)}, "has mode 0644"},
	} {
		_, err := settle(t, test.args, nil)
		require.ErrorContains(t, err, test.says, name)
		require.NotContains(t, err.Error(), "hunter2", name)
	}
}
