package archivetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/archive"
	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

// noon is a full hour, in the middle of a quarter for noon+7 and so on.
var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC) //nolint:gochecknoglobals // a constant

// open opens the archive and closes it with the test.
func open(t *testing.T, opener Opener) *archive.Archive {
	t.Helper()
	a, err := opener(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, a.Close()) })
	return a
}

// report is one counted report, told apart by its name.
func report(name, service, country string, at time.Time) outage.Logged {
	var reporter outage.Hash
	id := outage.DeriveID(name)
	copy(reporter[:], id[:])
	return outage.Logged{
		Report: outage.Report{
			Identity: outage.Identity{ID: id, Reporter: reporter},
			Service:  service, Country: country, CountryFrom: outage.FromAddress,
			Source: outage.SourceForm, Problem: "login", Origin: reporter, Network: 4_200_000_000, Digest: 4_000_000_000,
			ObservedAt: at, ReceivedAt: at,
		},
		Outcome: outage.Counted,
	}
}

// reports are n counted reports of one minute.
func reports(n int, name, service, country string, at time.Time) []outage.Logged {
	list := make([]outage.Logged, n)
	for i := range list {
		list[i] = report(fmt.Sprintf("%s-%d", name, i), service, country, at)
	}
	return list
}

// entry is a log entry of the reports' partition: that of the first.
func entry(position string, list ...outage.Logged) live.Entry {
	return live.Entry{Partition: live.Partition(list[0].Service), Epoch: "e1", Position: position, Reports: list}
}

// add appends reports as one entry.
func add(t *testing.T, a *archive.Archive, list ...outage.Logged) {
	t.Helper()
	require.NoError(t, a.Append(t.Context(), []live.Entry{entry("1", list...)}))
}

// change is an outage of a service that started at a moment, in some countries.
func change(name, service string, started time.Time, fence, revision uint64, countries ...string) outage.Change {
	o := outage.Outage{
		ID: outage.DeriveID(name), Service: service, State: outage.Ongoing, StartedAt: started,
		DetectedAt: started.Add(3 * time.Minute), Revision: revision, Reports: int(revision) * 10,
		Peak: outage.Peak{At: started, ReportsPerMinute: 5},
	}
	for _, country := range countries {
		o.Impacts = append(o.Impacts, outage.Impact{
			Country: country, State: outage.Ongoing, StartedAt: started, DetectedAt: o.DetectedAt, BaselinePerMinute: 0.25,
			Peak: o.Peak, Evidence: outage.Evidence{WindowMinutes: 5, Reporters: 9, Score: 19.5},
		})
	}
	return outage.Change{Fence: fence, Outage: o}
}

// ended is the change after the outage's end; final if so.
func ended(c outage.Change, at time.Time, final bool) outage.Change {
	closed := at.Add(10 * time.Minute)
	c.Outage.State, c.Outage.EndedAt, c.Outage.ClosedAt, c.Outage.Final = outage.Ended, &at, &closed, final
	c.Outage.Revision++
	return c
}

// put appends outage changes as one entry.
func put(t *testing.T, a *archive.Archive, changes ...outage.Change) {
	t.Helper()
	require.NoError(t, a.Append(t.Context(), []live.Entry{{
		Partition: live.Partition(changes[0].Outage.Service), Epoch: "e1", Position: "1", Changes: changes,
	}}))
}

// counts reads a series in a step as "offset from noon in minutes → count".
func counts(t *testing.T, a *archive.Archive, service, country string, step time.Duration) map[int]int {
	t.Helper()
	buckets, err := a.Counts(t.Context(), outage.Series{Service: service, Country: country}, noon.Add(-240*24*time.Hour), noon.Add(24*time.Hour), step)
	require.NoError(t, err)
	got := map[int]int{}
	for _, b := range buckets {
		got[int(b.Start.Sub(noon)/time.Minute)] = b.Count
	}
	return got
}

// stored reads every report that a snapshot has, by id.
func stored(t *testing.T, a *archive.Archive, now time.Time) map[outage.ID]outage.Logged {
	t.Helper()
	snapshots, err := a.Snapshot(t.Context(), now, everyPartition())
	require.NoError(t, err)
	found := map[outage.ID]outage.Logged{}
	for _, s := range snapshots {
		for _, r := range s.Reports {
			require.NotContains(t, found, r.ID)
			found[r.ID] = r
		}
	}
	return found
}

func everyPartition() []int {
	all := make([]int, live.Partitions)
	for p := range all {
		all[p] = p
	}
	return all
}
