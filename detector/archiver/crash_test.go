package archiver_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/detector/archiver"
	"github.com/outcryhq/outcry/pkg/archive"
	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
	"github.com/outcryhq/outcry/pkg/servertest"
)

// errDied is what a step returns when its process dies around it.
var errDied = errors.New("the process died")

// dying kills its process around one step in three: before the step, or after
// it, when the step has happened and nobody learns of it.
type dying struct {
	random  *rand.Rand
	log     archiver.Log
	archive archiver.Archive
	deaths  map[string]int
}

func (d *dying) around(name string, step func() error) error {
	switch d.random.IntN(6) {
	case 0:
		d.deaths["before "+name]++
		return errDied
	case 1:
		err := step()
		d.deaths["after "+name]++
		return errors.Join(errDied, err)
	}
	return step()
}

func (d *dying) ReadLog(ctx context.Context, partition, limit int) (entries []live.Entry, err error) {
	err = d.around("read", func() error {
		entries, err = d.log.ReadLog(ctx, partition, 1+d.random.IntN(limit))
		return err
	})
	return entries, err
}

func (d *dying) TrimLog(ctx context.Context, lease live.Lease, upTo live.Entry) error {
	return d.around("trim", func() error { return d.log.TrimLog(ctx, lease, upTo) })
}

func (d *dying) LogSize(ctx context.Context) (entries, bytes int64, err error) {
	return d.log.LogSize(ctx)
}

func (d *dying) Append(ctx context.Context, entries []live.Entry) error {
	return d.around("append", func() error { return d.archive.Append(ctx, entries) })
}

func TestNothingIsLostOrDoubledBetweenAnyTwoSteps(t *testing.T) {
	t.Parallel()
	logger := slog.New(slog.DiscardHandler)
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "archive.db")
		survives(t, func() (*archive.Archive, error) { return archive.OpenSQLite(t.Context(), path, logger) })
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		url := servertest.Postgres(t).Database(t)
		survives(t, func() (*archive.Archive, error) { return archive.OpenPostgres(t.Context(), url, logger) })
	})
}

// survives drains a growing log through owners that keep dying, each with a
// new fence, some of which only believe that they are owners.
func survives(t *testing.T, open func() (*archive.Archive, error)) {
	t.Helper()
	record, err := open()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, record.Close()) })
	random := rand.New(rand.NewPCG(3, 14)) //nolint:gosec // a seeded test
	log, deaths := &memoryLog{}, map[string]int{}
	truth := map[outage.ID]outage.Logged{}
	final := false
	for life := range 150 {
		log.owner = uint64(life + 1)
		for range random.IntN(4) {
			e := entry()
			for i := range random.IntN(4) {
				r := report(fmt.Sprint(life, "-", i, "-", random.Uint64()))
				r.ObservedAt = noon.Add(time.Duration(random.IntN(30)) * time.Minute)
				truth[r.ID] = r
				e.Reports = append(e.Reports, r)
			}
			e.Changes = []outage.Change{{Fence: log.owner, Outage: outage.Outage{
				ID: outage.DeriveID("o"), Service: "whatsapp", State: outage.Ongoing, StartedAt: noon, Revision: uint64(life),
			}}}
			log.add(e)
		}
		d := &dying{random: random, log: log, archive: record, deaths: deaths}
		a, _ := newArchiver(t, d, d, 4)
		if random.IntN(5) == 0 {
			stale, _ := newArchiver(t, log, record, 4)
			_ = stale.Drain(t.Context(), live.Lease{Partition: live.Partition("whatsapp"), Fence: log.owner - 1})
		}
		err := a.Drain(t.Context(), live.Lease{Partition: live.Partition("whatsapp"), Fence: log.owner})
		if err != nil {
			require.ErrorIs(t, err, errDied)
		}
		final = err == nil
	}
	require.NotEmpty(t, truth)
	for _, step := range []string{"before read", "after read", "before append", "after append", "before trim", "after trim"} {
		require.NotZero(t, deaths[step], step)
	}
	if !final {
		last, _ := newArchiver(t, log, record, 4)
		require.NoError(t, last.Drain(t.Context(), live.Lease{Partition: live.Partition("whatsapp"), Fence: log.owner}))
	}
	require.Zero(t, log.len())
	requireExact(t, record, truth)
}

// requireExact checks that every report is there once, and that counts are true.
func requireExact(t *testing.T, record *archive.Archive, truth map[outage.ID]outage.Logged) {
	t.Helper()
	p := live.Partition("whatsapp")
	snapshots, err := record.Snapshot(t.Context(), noon, []int{p})
	require.NoError(t, err)
	got := map[outage.ID]outage.Logged{}
	for _, r := range snapshots[p].Reports {
		got[r.ID] = r
	}
	require.Len(t, snapshots[p].Reports, len(truth))
	require.Equal(t, truth, got)
	minutes := map[time.Time]int{}
	for _, r := range truth {
		minutes[r.ObservedAt]++
	}
	counted := map[time.Time]int{}
	for _, c := range snapshots[p].Counts {
		counted[c.Minute] = c.Count
	}
	require.Equal(t, minutes, counted)
	require.Len(t, snapshots[p].Outages, 1)
	require.Equal(t, snapshots[p].Outages[0].Fence, snapshots[p].Fence)
}
