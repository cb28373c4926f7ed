package identity_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/ingest/identity"
	"github.com/outcryhq/outcry/pkg/outage"
)

func (f fixture) account(source outage.Source, account string) identity.Who {
	f.t.Helper()
	who, err := f.Account(f.t.Context(), f.clock.now(), source, account)
	require.NoError(f.t, err)
	return who
}

func TestAccountIsOneReporterADay(t *testing.T) {
	t.Parallel()
	f := setUp(t)
	who := f.account(outage.SourceBluesky, "did:plc:abc")
	require.Equal(t, who, f.account(outage.SourceBluesky, "did:plc:abc"))
	require.False(t, who.Reporter.IsZero())
	require.Equal(t, who.Reporter, who.Origin, "accounts are independent of each other")
	require.True(t, who.Seat.IsZero())
	require.True(t, who.PreviousReporter.IsZero())
	require.NotEqual(t, who.Reporter, f.account(outage.SourceBluesky, "did:plc:abd").Reporter)
	require.NotEqual(t, who.Reporter, f.account(outage.SourceMastodon, "did:plc:abc").Reporter)

	f.clock.set(noon.Add(12*time.Hour + 30*time.Minute)) // half past midnight
	after := f.account(outage.SourceBluesky, "did:plc:abc")
	require.NotEqual(t, who.Reporter, after.Reporter)
	require.Equal(t, who.Reporter, after.PreviousReporter, "so that nobody counts twice at midnight")
	f.clock.set(noon.Add(13 * time.Hour))
	require.True(t, f.account(outage.SourceBluesky, "did:plc:abc").PreviousReporter.IsZero())
}

func TestAccountWithoutAKey(t *testing.T) {
	t.Parallel()
	f := setUp(t)
	f.store.setAway(outage.ErrUnavailable)
	_, err := f.Account(t.Context(), noon, outage.SourceBluesky, "did:plc:abc")
	require.ErrorIs(t, err, outage.ErrUnavailable)
}
