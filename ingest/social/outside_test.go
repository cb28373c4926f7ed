package social_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/ingest/social"
)

func TestWhatComesFromOutsideIsBounded(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"down": "down", "dé": "dé", "donné": "donn", "don\xff": "don", "": ""} {
		require.Equal(t, want, social.Bounded(text, 5), text)
	}
	now := time.Date(2026, time.November, 22, 12, 0, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"": 0, "soon": 0, "-5": 0, "7": 7 * time.Second, "99999999999": time.Hour,
		"Sun, 22 Nov 2026 12:00:30 GMT": 30 * time.Second, "Sun, 22 Nov 2026 11:00:00 GMT": 0, "Mon, 23 Nov 2026 12:00:00 GMT": time.Hour,
	} {
		require.Equal(t, want, social.RetryAfter(value, now, time.Hour), value)
	}
	for host, want := range map[string]bool{"localhost": true, "127.0.0.1": true, "127.9.9.9": true, "::1": true, "10.0.0.1": false, "localhost.example": false, "": false} {
		require.Equal(t, want, social.Loopback(host), host)
	}
}
