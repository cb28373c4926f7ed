package memory_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/live/livetest"
	"github.com/outcryhq/outcry/pkg/live/memory"
)

var _ livetest.Engine = (*memory.Engine)(nil)

func TestConformance(t *testing.T) {
	t.Parallel()
	livetest.Run(t, func(t *testing.T) livetest.Bundle {
		t.Helper()
		archive := &archive{}
		open := func(t *testing.T) livetest.Engine {
			t.Helper()
			return open(t, archive)
		}
		return livetest.Bundle{
			Engine:      open(t),
			Drain:       archive.drain,
			Wipe:        open,
			FailCommits: archive.failNext,
		}
	})
}

// open starts an engine that is closed with its test.
func open(t testing.TB, committer memory.Committer) *memory.Engine {
	t.Helper()
	e, err := memory.New(memory.Config{Committer: committer, Now: time.Now})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, e.Close()) })
	return e
}

// archive is a committer that keeps what it gets.
type archive struct {
	mu      sync.Mutex
	entries []live.Entry
	fail    int
}

var errDisk = errors.New("disk is full")

func (a *archive) Append(_ context.Context, entries []live.Entry) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.fail > 0 {
		a.fail--
		return errDisk
	}
	a.entries = append(a.entries, entries...)
	return nil
}

func (a *archive) drain() []live.Entry {
	a.mu.Lock()
	defer a.mu.Unlock()
	entries := a.entries
	a.entries = nil
	return entries
}

func (a *archive) failNext(n int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.fail = n
}
