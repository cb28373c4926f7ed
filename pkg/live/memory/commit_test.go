package memory_test

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/live/memory"
	"github.com/outcryhq/outcry/pkg/outage"
)

const patience, tick = 20 * time.Second, time.Millisecond

// noon is when the reports of these tests are made.
func noon() time.Time { return time.Date(2017, time.November, 3, 12, 0, 0, 0, time.UTC) }

// report is by reporter n.
func report(at time.Time, n int) outage.Report {
	r := outage.Report{Service: "whatsapp", Country: "NL", Source: outage.SourceForm, ObservedAt: at, ReceivedAt: at}
	r.ID = outage.DeriveID("report", strconv.Itoa(n), at.String())
	id := outage.DeriveID("reporter", strconv.Itoa(n))
	copy(r.Reporter[:], id[:])
	return r
}

// slowDisk is a committer whose calls wait to be told their end.
type slowDisk struct {
	archive
	begun  chan int   // how many entries a call brought
	finish chan error // what it shall answer
}

func newSlowDisk() *slowDisk {
	return &slowDisk{begun: make(chan int), finish: make(chan error)}
}

func (d *slowDisk) Append(ctx context.Context, entries []live.Entry) error {
	reports := 0
	for _, e := range entries {
		reports += len(e.Reports)
	}
	d.begun <- reports
	if err := <-d.finish; err != nil {
		return err
	}
	return d.archive.Append(ctx, entries)
}

// stuck is an engine whose committer is at work on a first report, so that
// whatever is recorded next has to wait.
type stuck struct {
	*memory.Engine
	disk  *slowDisk
	first chan live.Result
}

func newStuck(t *testing.T) *stuck {
	t.Helper()
	disk := newSlowDisk()
	s := &stuck{Engine: open(t, disk), disk: disk}
	rebuildAll(t, s.Engine)
	s.first = s.start(t.Context(), noon(), report(noon(), 0))
	require.Equal(t, 1, <-disk.begun)
	return s
}

// start records a report in a goroutine of its own.
func (s *stuck) start(ctx context.Context, now time.Time, r outage.Report) chan live.Result {
	result := make(chan live.Result, 1)
	go func() { result <- s.Record(ctx, now, []outage.Report{r})[0] }()
	return result
}

// queued waits until n tasks wait for the committer.
func (s *stuck) queued(t *testing.T, n int) {
	t.Helper()
	require.Eventually(t, func() bool { return s.Waiting() == n }, patience, tick)
}

func (s *stuck) count(t *testing.T, at time.Time) int {
	t.Helper()
	counts, err := s.Counts(t.Context(), []outage.Series{{Service: "whatsapp", Country: "NL"}}, at, at.Add(time.Minute))
	require.NoError(t, err)
	return counts[0][0]
}

func TestReadersDoNotWaitForTheDisk(t *testing.T) {
	t.Parallel()
	s := newStuck(t)
	require.Zero(t, s.count(t, noon()), "not before it is committed")
	_, err := s.Outages(t.Context())
	require.NoError(t, err)
	changes, err := s.Changed(t.Context(), live.Partition("whatsapp"), 0, 10)
	require.NoError(t, err)
	require.Empty(t, changes.Changed)
	s.disk.finish <- nil
	require.NoError(t, (<-s.first).Err)
	require.Equal(t, 1, s.count(t, noon()))
}

func TestThoseWhoWaitAreCommittedTogether(t *testing.T) {
	t.Parallel()
	s := newStuck(t)
	const n = 50
	var waiting []chan live.Result
	for i := range n {
		waiting = append(waiting, s.start(t.Context(), noon(), report(noon(), 1+i)))
	}
	s.queued(t, n)
	s.disk.finish <- nil
	require.Equal(t, n, <-s.disk.begun)
	s.disk.finish <- nil
	for _, w := range waiting {
		require.Equal(t, outage.Counted, (<-w).Receipt.Outcome)
	}
	require.Equal(t, n+1, s.count(t, noon()))
	require.Len(t, s.disk.drain(), 2, "one entry a group and partition")
}

func TestAnEntryHoldsOneStep(t *testing.T) {
	t.Parallel()
	s := newStuck(t)
	const each = live.MaxBatch - 100
	var waiting sync.WaitGroup
	for writer := range 2 {
		batch := make([]outage.Report, each)
		for i := range batch {
			batch[i] = report(noon(), 1+writer*each+i)
		}
		waiting.Go(func() { s.Record(t.Context(), noon(), batch) })
	}
	s.queued(t, 2)
	s.disk.finish <- nil
	require.Equal(t, 2*each, <-s.disk.begun)
	s.disk.finish <- nil
	waiting.Wait()
	entries := s.disk.drain()
	require.Len(t, entries, 3)
	require.Len(t, entries[1].Reports, live.MaxBatch)
	require.Len(t, entries[2].Reports, 2*each-live.MaxBatch)
}

func TestAFailedCommitFailsItsWholeGroup(t *testing.T) {
	t.Parallel()
	s := newStuck(t)
	one := report(noon(), 1)
	other := one
	other.ID = outage.DeriveID("another")
	conflicting := one
	one.Digest, conflicting.Digest = 1, 2
	var waiting []chan live.Result
	for i, r := range []outage.Report{one, one, other, conflicting, report(noon(), 2)} {
		waiting = append(waiting, s.start(t.Context(), noon(), r))
		s.queued(t, i+1)
	}
	s.disk.finish <- nil
	require.Equal(t, 3, <-s.disk.begun, "one is a replay, one a conflict")
	s.disk.finish <- errors.New("disk is full")
	for _, w := range waiting {
		res := <-w
		require.ErrorIs(t, res.Err, outage.ErrUnavailable)
		require.ErrorContains(t, res.Err, "disk is full")
		require.Equal(t, live.Result{Err: res.Err}, res)
	}
	require.Equal(t, 1, s.count(t, noon()))

	again := s.start(t.Context(), noon(), other)
	<-s.disk.begun
	s.disk.finish <- nil
	require.Equal(t, outage.Counted, (<-again).Receipt.Outcome, "no mark of the reporter was left")
}

func TestAFailedCommitRestoresWhatItReplaced(t *testing.T) {
	t.Parallel()
	a := &archive{}
	e := open(t, a)
	rebuildAll(t, e)
	record := func(at time.Time, r outage.Report) live.Result {
		return e.Record(t.Context(), at, []outage.Report{r})[0]
	}
	require.Equal(t, outage.Counted, record(noon(), report(noon(), 1)).Receipt.Outcome)
	later := noon().Add(61 * time.Minute)
	a.failNext(1)
	require.ErrorIs(t, record(later, report(later, 1)).Err, outage.ErrUnavailable)
	within := noon().Add(59 * time.Minute)
	require.Equal(t, outage.Duplicate, record(within, report(within, 1)).Receipt.Outcome)
	require.Equal(t, outage.Counted, record(later, report(later, 1)).Receipt.Outcome)
}

func TestCoverageOfAFailedCommitIsNotedAgain(t *testing.T) {
	t.Parallel()
	a := &archive{}
	e := open(t, a)
	rebuildAll(t, e)
	a.failNext(1)
	require.ErrorIs(t, e.Cover(t.Context(), noon(), outage.Sources), outage.ErrUnavailable)
	require.NoError(t, e.Cover(t.Context(), noon(), outage.Sources))
	require.Len(t, a.drain(), len(outage.Sources))
}

func TestCoverageThatIsNotedAlreadyTellsWhetherCommitsWork(t *testing.T) {
	t.Parallel()
	a := &archive{}
	e := open(t, a)
	rebuildAll(t, e)
	require.NoError(t, e.Cover(t.Context(), noon(), outage.Sources))
	require.NoError(t, e.Cover(t.Context(), noon(), outage.Sources))
	require.Len(t, a.drain(), len(outage.Sources), "nothing is written twice as long as all is well")

	a.failNext(2)
	require.ErrorIs(t, e.Record(t.Context(), noon(), []outage.Report{report(noon(), 1)})[0].Err, outage.ErrUnavailable)
	require.ErrorIs(t, e.Cover(t.Context(), noon(), outage.Sources), errDisk)
	require.NoError(t, e.Cover(t.Context(), noon(), outage.Sources))
	require.NoError(t, e.Ping(t.Context()))
	tried := a.drain()
	require.Len(t, tried, 1)
	require.Empty(t, tried[0].Coverage)
}

func TestPingTellsWhetherCommitsWork(t *testing.T) {
	t.Parallel()
	a := &archive{}
	e := open(t, a)
	rebuildAll(t, e)
	require.NoError(t, e.Ping(t.Context()))
	require.Empty(t, a.drain(), "nothing is written as long as all is well")

	a.failNext(3)
	require.ErrorIs(t, e.Cover(t.Context(), noon(), outage.Sources), outage.ErrUnavailable)
	for range 2 { // each of them tries
		err := e.Ping(t.Context())
		require.ErrorIs(t, err, outage.ErrUnavailable)
		require.ErrorIs(t, err, errDisk)
	}
	require.NoError(t, e.Ping(t.Context()), "no report was needed to learn that")
	tried := a.drain()
	require.Len(t, tried, 1)
	require.Empty(t, tried[0].Reports)
	require.NoError(t, e.Ping(t.Context()))
	require.Empty(t, a.drain())
}

func TestPingDoesNotWaitForADiskThatHangs(t *testing.T) {
	t.Parallel()
	s := newStuck(t)
	s.disk.finish <- errDisk
	require.ErrorIs(t, (<-s.first).Err, outage.ErrUnavailable)
	again := s.start(t.Context(), noon(), report(noon(), 1))
	<-s.disk.begun
	ctx, cancel := context.WithCancel(t.Context())
	pinged := make(chan error, 1)
	go func() { pinged <- s.Ping(ctx) }()
	s.queued(t, 1)
	cancel()
	require.ErrorIs(t, <-pinged, outage.ErrUnavailable)
	s.disk.finish <- nil
	require.NoError(t, (<-again).Err)
}

func TestWhoWaitsMayWithdraw(t *testing.T) {
	t.Parallel()
	s := newStuck(t)
	ctx, cancel := context.WithCancel(t.Context())
	waiting := s.start(ctx, noon(), report(noon(), 1))
	s.queued(t, 1)
	cancel()
	res := <-waiting
	require.ErrorIs(t, res.Err, outage.ErrUnavailable)
	require.ErrorIs(t, res.Err, context.Canceled)
	s.disk.finish <- nil
	require.NoError(t, (<-s.first).Err)

	again := s.start(t.Context(), noon(), report(noon(), 2))
	require.Equal(t, 1, <-s.disk.begun, "what was withdrawn is not committed")
	s.disk.finish <- nil
	require.NoError(t, (<-again).Err)
	require.Equal(t, 2, s.count(t, noon()))
}

func TestWhatIsBeingCommittedCannotBeWithdrawn(t *testing.T) {
	t.Parallel()
	s := newStuck(t)
	s.disk.finish <- nil
	require.NoError(t, (<-s.first).Err)
	ctx, cancel := context.WithCancel(t.Context())
	waiting := s.start(ctx, noon(), report(noon(), 1))
	<-s.disk.begun
	cancel()
	s.disk.finish <- nil
	res := <-waiting
	require.NoError(t, res.Err)
	require.Equal(t, outage.Counted, res.Receipt.Outcome)
}

func TestACanceledCallIsNotQueued(t *testing.T) {
	t.Parallel()
	e := open(t, nil)
	rebuildAll(t, e)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	res := e.Record(ctx, noon(), []outage.Report{report(noon(), 1), {}})
	require.ErrorIs(t, res[0].Err, outage.ErrUnavailable)
	require.ErrorIs(t, res[1].Err, outage.ErrInvalid, "a refusal for good stays one")
}

func TestCloseCommitsWhatWaits(t *testing.T) {
	t.Parallel()
	s := newStuck(t)
	const n = 5
	var waiting []chan live.Result
	for i := range n {
		waiting = append(waiting, s.start(t.Context(), noon(), report(noon(), 1+i)))
	}
	s.queued(t, n)
	var closing sync.WaitGroup
	for range 2 {
		closing.Go(func() { _ = s.Close() })
	}
	require.Eventually(t, func() bool { return s.Ping(t.Context()) != nil }, patience, tick)
	s.disk.finish <- nil
	require.Equal(t, n, <-s.disk.begun)
	s.disk.finish <- nil
	closing.Wait()
	for _, w := range append(waiting, s.first) {
		require.Equal(t, outage.Counted, (<-w).Receipt.Outcome)
	}
	require.Equal(t, n+1, s.count(t, noon()), "it can still be read")
	require.ErrorIs(t, s.Record(t.Context(), noon(), []outage.Report{report(noon(), 9)})[0].Err, outage.ErrUnavailable)
}

func TestNewNeedsAClock(t *testing.T) {
	t.Parallel()
	_, err := memory.New(memory.Config{})
	require.ErrorContains(t, err, "Now")
}
