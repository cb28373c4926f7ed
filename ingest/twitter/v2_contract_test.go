package twitter_test

import (
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/ingest/social"
	"github.com/outcryhq/outcry/ingest/social/socialtest"
	"github.com/outcryhq/outcry/ingest/twitter"
	"github.com/outcryhq/outcry/ingest/twitter/v2test"
	"github.com/outcryhq/outcry/pkg/catalog"
)

func TestV2KeepsTheContract(t *testing.T) {
	t.Parallel()
	services := defaultCatalog(t)
	socialtest.Run(t, func(t *testing.T) socialtest.Server {
		t.Helper()
		return v2Server{v2test.New(t), t, services}
	})
}

func defaultCatalog(t testing.TB) *catalog.Catalog {
	t.Helper()
	services, err := catalog.Default()
	require.NoError(t, err)
	return services
}

// v2Server is a v2test.Server that the contract can be held against.
type v2Server struct {
	*v2test.Server

	t        *testing.T
	services *catalog.Catalog
}

func v2Config(t *testing.T, server *v2test.Server, services *catalog.Catalog) twitter.V2Config {
	t.Helper()
	// One that is kept from the rules would be tried and replaced without a word.
	transport := &http.Transport{DisableKeepAlives: true}
	t.Cleanup(transport.CloseIdleConnections)
	return twitter.V2Config{
		BaseURL: server.URL, Bearer: v2test.Bearer, Catalog: services, HTTPClient: &http.Client{Transport: transport},
		Now: time.Now, Logger: slog.New(slog.DiscardHandler), Quiet: time.Second,
	}
}

func (s v2Server) Network() social.Network {
	network, err := twitter.NewV2(v2Config(s.t, s.Server, s.services))
	require.NoError(s.t, err)
	return network
}

// Delete implements [socialtest.Server]: X tells of deletions elsewhere.
func (v2Server) Delete(string) {}

func (v2Server) Abilities() socialtest.Abilities { return socialtest.Abilities{} }
