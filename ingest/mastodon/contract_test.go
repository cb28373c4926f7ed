package mastodon_test

import (
	"testing"

	"github.com/outcryhq/outcry/ingest/mastodon/mastodontest"
	"github.com/outcryhq/outcry/ingest/social/socialtest"
)

func TestContract(t *testing.T) {
	t.Parallel()
	socialtest.Run(t, func(t *testing.T) socialtest.Server {
		t.Helper()
		return mastodontest.New(t)
	})
}
