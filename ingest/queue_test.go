package ingest

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

// services gives a service for each of the first partitions that have one.
func services(n int) []string {
	byPartition := map[int]string{}
	for i := 0; len(byPartition) < live.Partitions; i++ {
		name := "s" + string(rune('a'+i%26)) + string(rune('a'+i/26%26)) + string(rune('a'+i/676))
		byPartition[live.Partition(name)] = name
	}
	list := make([]string, n)
	for p := range list {
		list[p] = byPartition[p]
	}
	return list
}

func fill(t *testing.T, q *queue, service string, n int) {
	t.Helper()
	for range n {
		require.NoError(t, q.push(&waiting{report: outage.Report{Service: service}}))
	}
}

func count(batch []*waiting) map[string]int {
	n := map[string]int{}
	for _, w := range batch {
		n[w.report.Service]++
	}
	return n
}

func TestABatchTakesWholePartitionsThatHaveWaitedLongest(t *testing.T) {
	t.Parallel()
	q, s := newQueue(10_000), services(3)
	const half = live.MaxBatch / 2
	for _, service := range s {
		fill(t, q, service, half)
	}
	fill(t, q, s[0], 7)
	buffer := make([]*waiting, 0, live.MaxBatch)
	require.Equal(t, map[string]int{s[0]: half + 7, s[1]: half - 7}, count(q.take(buffer)), "all of a partition, then of the next")
	fill(t, q, s[0], 1)
	require.Equal(t, map[string]int{s[1]: 7, s[2]: half, s[0]: 1}, count(q.take(buffer)))
	fill(t, q, s[2], half)
	fill(t, q, s[0], half+1)
	require.Equal(t, map[string]int{s[2]: half, s[0]: half}, count(q.take(buffer)), "who was served goes to the end")
	require.Equal(t, map[string]int{s[0]: 1}, count(q.take(buffer)))
	require.Zero(t, q.len())
}

func TestAFewReportsAreTakenAtOnce(t *testing.T) {
	t.Parallel()
	q := newQueue(10_000)
	for _, service := range services(10) {
		fill(t, q, service, 3)
	}
	require.Len(t, q.take(make([]*waiting, 0, live.MaxBatch)), 30)
}

func TestABatchIsNotLargerThanItsBuffer(t *testing.T) {
	t.Parallel()
	q, s := newQueue(10_000), services(1)
	fill(t, q, s[0], live.MaxBatch+5)
	require.Len(t, q.take(make([]*waiting, 0, live.MaxBatch)), live.MaxBatch)
	require.Len(t, q.take(make([]*waiting, 0, live.MaxBatch)), 5, "the rest keeps its place")
}

func TestAFullAndAClosedQueueRefuse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q, s := newQueue(2), services(1)
		fill(t, q, s[0], 2)
		require.ErrorIs(t, q.push(&waiting{}), errFull)
		q.close()
		require.ErrorIs(t, q.push(&waiting{}), errStopped)
		buffer := make([]*waiting, 0, live.MaxBatch)
		require.Len(t, q.take(buffer), 2, "what waits is still recorded")
		require.Empty(t, q.take(buffer))
	})
}
