package bluesky_test

import (
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/ingest/bluesky"
	"github.com/outcryhq/outcry/ingest/bluesky/jetstreamtest"
	"github.com/outcryhq/outcry/ingest/social"
	"github.com/outcryhq/outcry/ingest/social/socialtest"
)

// silence is the watchdog's patience in tests: the server sends an identity ten times as often.
const silence = time.Second

// server is a jetstreamtest.Server as the contract wants it.
type server struct {
	*jetstreamtest.Server
	t *testing.T
}

func (s server) Network() social.Network { return network(s.t, silence, s.URL()) }

func (server) Abilities() socialtest.Abilities {
	return socialtest.Abilities{Resumes: true, Deletes: true}
}

func network(t *testing.T, silence time.Duration, hosts ...string) *bluesky.Network {
	t.Helper()
	n, err := bluesky.New(bluesky.Config{Hosts: hosts, Logger: slog.New(slog.DiscardHandler), Silence: silence})
	require.NoError(t, err)
	return n
}

func TestContract(t *testing.T) {
	t.Parallel()
	socialtest.Run(t, func(t *testing.T) socialtest.Server {
		t.Helper()
		return server{jetstreamtest.New(t, jetstreamtest.Config{}), t}
	})
}

func TestContractWithoutCompression(t *testing.T) {
	t.Parallel()
	socialtest.Run(t, func(t *testing.T) socialtest.Server {
		t.Helper()
		return server{jetstreamtest.New(t, jetstreamtest.Config{Plain: true}), t}
	})
}
