package main

import (
	"context"
	"net/http"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/client"
)

// askAs returns a client that uses the story's connections.
func askAs(t *testing.T, url string) *client.ClientWithResponses {
	t.Helper()
	asked, err := client.New(client.Config{BaseURL: url, HTTP: storyClient})
	require.NoError(t, err)
	return asked
}

// from lets a request seem to come from an address, for a server that trusts a proxy.
func from(address netip.Addr) client.RequestEditorFn {
	return func(_ context.Context, r *http.Request) error {
		r.Header.Set("X-Forwarded-For", address.String())
		return nil
	}
}

func TestTheClientUnderstandsAServer(t *testing.T) {
	t.Parallel()
	cfg := defaultConfig()
	cfg.Listen, cfg.DataDir = "127.0.0.1:0", t.TempDir()
	cfg.LimitReads = optionalRate{PerSecond: 50, Burst: 200}
	server := startServer(t, cfg, time.Now)
	asked, ctx := askAs(t, server.url), t.Context()

	report, err := asked.ReportWithResponse(ctx, nil, client.Report{Service: "whatsapp", Country: new("NL")})
	require.NoError(t, err)
	require.True(t, report.JSON202.Counted)
	services, err := asked.ListServicesWithResponse(ctx, &client.ListServicesParams{Q: new("whatsapp"), Limit: new(1)})
	require.NoError(t, err)
	require.Equal(t, "whatsapp", services.JSON200.Services[0].Service)
	require.NotNil(t, services.JSON200.AsOf)
	step := client.GetSeriesParamsStepN1M
	series, err := asked.GetSeriesWithResponse(ctx, "whatsapp", &client.GetSeriesParams{Country: new("NL"), Step: &step})
	require.NoError(t, err)
	require.Len(t, series.JSON200.Points, 24*60)
	require.NotEmpty(t, series.HTTPResponse.Header.Get("RateLimit"))

	var failed *client.Error
	_, err = asked.GetServiceWithResponse(ctx, "whatsap")
	require.ErrorAs(t, err, &failed)
	require.Contains(t, failed.Suggestions, "whatsapp")
	_, err = asked.ListOutagesWithResponse(ctx, &client.ListOutagesParams{Limit: new(0)})
	require.ErrorAs(t, err, &failed)
	require.Equal(t, "limit", *failed.Field)
}

func TestReadersAreLimitedByAddress(t *testing.T) {
	t.Parallel()
	cfg := defaultConfig()
	cfg.Listen, cfg.DataDir, cfg.TrustedProxies = "127.0.0.1:0", t.TempDir(), 1
	cfg.LimitReads = optionalRate{PerSecond: .001, Burst: 2}
	server := startServer(t, cfg, time.Now)
	asked, err := client.New(client.Config{BaseURL: server.url, Retries: -1})
	require.NoError(t, err)
	ask := func(address string) error {
		_, err := asked.ListSpikesWithResponse(t.Context(), nil, from(netip.MustParseAddr(address)))
		return err
	}
	require.NoError(t, ask("2001:db8:1:2::1"))
	require.NoError(t, ask("2001:db8:1:2::2"))
	var failed *client.Error
	require.ErrorAs(t, ask("2001:db8:1:2::3"), &failed, "one network of a household or host is one")
	require.Equal(t, http.StatusTooManyRequests, failed.Status)
	require.Positive(t, failed.RetryAfter)
	require.NoError(t, ask("2001:db8:1:3::1"), "others are not held back")
}

func TestTheLimitOfReadersCanBeOff(t *testing.T) {
	t.Parallel()
	var rate optionalRate
	require.NoError(t, rate.Set("20/100"))
	require.Equal(t, "20/100", rate.String())
	require.NoError(t, rate.Set("0"))
	require.Equal(t, "0", rate.String())
	require.ErrorContains(t, rate.Set("0/0"), "or 0 for no limit")

	cfg := defaultConfig()
	cfg.LimitReads = optionalRate{PerSecond: 1e-6, Burst: 1000}
	require.ErrorContains(t, cfg.validateLimits(), "--limit-reads")
	cfg.LimitReads = optionalRate{}
	require.NoError(t, cfg.validateLimits())
}
