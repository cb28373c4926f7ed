package archiver

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

// book is an archive that notes its transactions and refuses partition 13.
type book struct {
	mu           sync.Mutex
	transactions [][]int // the partitions in each
	away         error
}

func (b *book) Append(_ context.Context, entries []live.Entry) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.away != nil {
		return b.away
	}
	var partitions []int
	for _, e := range entries {
		if e.Partition == 13 {
			return outage.ErrInvalid
		}
		partitions = append(partitions, e.Partition)
	}
	b.transactions = append(b.transactions, partitions)
	return nil
}

func appendAll(ctx context.Context, t *together, partitions ...int) []error {
	errs := make([]error, len(partitions))
	var all sync.WaitGroup
	for i, p := range partitions {
		all.Go(func() {
			errs[i] = t.append(ctx, []live.Entry{{Partition: p, Reports: make([]outage.Logged, 10)}})
		})
	}
	all.Wait()
	return errs
}

func TestPartitionsThatDrainAtOnceShareATransaction(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &book{}
		shared := &together{archive: b, linger: 200 * time.Millisecond}
		for range 2 {
			require.Equal(t, make([]error, 3), appendAll(t.Context(), shared, 1, 2, 3))
		}
		require.Len(t, b.transactions, 2)
		require.ElementsMatch(t, []int{1, 2, 3}, b.transactions[0])
	})
}

func TestAnInvalidShareFailsForItselfAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &book{}
		shared := &together{archive: b, linger: time.Millisecond}
		errs := appendAll(t.Context(), shared, 1, 13, 2)
		require.NoError(t, errs[0])
		require.ErrorIs(t, errs[1], outage.ErrInvalid)
		require.NoError(t, errs[2])
		require.ElementsMatch(t, [][]int{{1}, {2}}, b.transactions)
	})
}

func TestAnArchiveThatIsAwayFailsAllThatWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		shared := &together{archive: &book{away: outage.ErrUnavailable}, linger: time.Millisecond}
		for _, err := range appendAll(t.Context(), shared, 1, 2) {
			require.ErrorIs(t, err, outage.ErrUnavailable)
		}
	})
}

func TestALeaderWhoHasToStopCommitsForTheOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &book{}
		shared := &together{archive: b, linger: time.Hour}
		ctx, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		all.Go(func() { _ = appendAll(ctx, shared, 1) })
		synctest.Wait()
		var errs []error
		all.Go(func() { errs = appendAll(t.Context(), shared, 2) })
		synctest.Wait()
		cancel()
		all.Wait()
		require.NoError(t, errors.Join(errs...))
		require.ElementsMatch(t, []int{1, 2}, b.transactions[0])
	})
}

func TestLargeSharesHaveTransactionsOfTheirOwn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &book{}
		shared := &together{archive: b, linger: time.Second}
		var all sync.WaitGroup
		for p := range 3 {
			all.Go(func() {
				large := []live.Entry{{Partition: p, Reports: make([]outage.Logged, mostReports/2+1)}}
				_ = shared.append(t.Context(), large)
			})
		}
		all.Wait()
		require.Len(t, b.transactions, 3)
	})
}
