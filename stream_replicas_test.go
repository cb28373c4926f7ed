package main

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/client"
	"github.com/outcryhq/outcry/pkg/servertest"
)

// told is the events of a stream that somebody reads, one after another.
type told struct {
	t      *testing.T
	events chan client.Event
	lastID string
}

func followFrom(t *testing.T, url, lastID string) (*told, func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	s := &told{t: t, events: make(chan client.Event, 100)}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for event, err := range client.Stream(ctx, client.Config{BaseURL: url}, client.StreamOptions{LastEventID: lastID}) {
			if err != nil {
				t.Errorf("follow: %v", err)
				return
			}
			select {
			case s.events <- event:
			case <-ctx.Done():
				return
			}
		}
	}()
	stop := func() {
		cancel()
		<-ended
	}
	t.Cleanup(stop)
	return s, stop
}

// expect takes the next event, which must be the one.
func (s *told) expect(kind string, part string) {
	s.t.Helper()
	select {
	case event := <-s.events:
		require.Equal(s.t, kind, event.Type, "%s", event.Data)
		var data struct {
			Change, Live, Reason string
			Outage               struct{ Service string }
		}
		require.NoError(s.t, json.Unmarshal(event.Data, &data))
		require.Equal(s.t, part, data.Change+data.Live+data.Reason+" "+data.Outage.Service)
		s.lastID = event.ID
	case <-time.After(time.Minute):
		require.FailNow(s.t, "no event", "expected %s %s", kind, part)
	}
}

// A stream outlives Redis, and goes on at another process.
func TestAStreamOutlivesRedisAndGoesOnAtAnotherReplica(t *testing.T) {
	t.Parallel()
	store, database := servertest.Redis(t), servertest.Postgres(t)
	tower := newWatchtower(t, store.URL())
	args := []string{"--roles", "api", "--redis-url", store.URL(), "--database-url", database.URL()}
	one := startOutcry(t, freeAddress(t), args...)
	other := startOutcry(t, freeAddress(t), args...)
	first, second := benchOutage("whatsapp", time.Now().Add(-time.Hour)), benchOutage("telegram", time.Now().Add(-time.Hour))
	tower.announce(&first)

	s, stop := followFrom(t, one.url, "")
	s.expect("reset", "new ")
	s.expect("outage", "opened whatsapp")
	s.expect("status", "ok ")
	tower.announce(&first)
	s.expect("outage", "changed whatsapp")

	store.Stop()
	s.expect("status", "away ")
	store.Restart()
	s.expect("status", "ok ")
	tower.announce(&second)
	s.expect("outage", "opened telegram")

	stop()
	tower.announce(&first)
	s, stop = followFrom(t, other.url, s.lastID)
	s.expect("outage", "changed whatsapp")
	s.expect("status", "ok ")
	stop()
	require.Equal(t, exitOK, other.stop())
	tower.announce(&second)
	s, _ = followFrom(t, one.url, s.lastID)
	s.expect("outage", "changed telegram")
	s.expect("status", "ok ")
}
