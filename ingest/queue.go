package ingest

import (
	"slices"
	"sync"

	"github.com/outcryhq/outcry/pkg/live"
)

// queue holds the reports that wait to be recorded, by partition. A partition
// is one atomic step of the live state, whose cost hardly grows with the
// reports in it. So a batch takes whole partitions, those first that have
// waited longest: what the others have meanwhile gathered makes theirs larger.
type queue struct {
	limit int // reports; when so many wait, push refuses

	mu      sync.Mutex
	filled  *sync.Cond
	waiting [live.Partitions][]*waiting
	order   []int // partitions with reports that wait, longest first
	total   int
	closed  bool
}

func newQueue(limit int) *queue {
	q := &queue{limit: limit, order: make([]int, 0, live.Partitions)}
	q.filled = sync.NewCond(&q.mu)
	return q
}

// push adds a report, or returns errFull or errStopped.
func (q *queue) push(w *waiting) error {
	partition := live.Partition(w.report.Service)
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.closed:
		return errStopped
	case q.total == q.limit:
		return errFull
	}
	if len(q.waiting[partition]) == 0 {
		q.order = append(q.order, partition)
	}
	q.waiting[partition] = append(q.waiting[partition], w)
	q.total++
	q.filled.Signal()
	return nil
}

// take appends the next batch to an empty one, up to its capacity. It waits
// for a report; nothing means that the queue is closed and empty.
func (q *queue) take(batch []*waiting) []*waiting {
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.total == 0 && !q.closed {
		q.filled.Wait()
	}
	for len(batch) < cap(batch) && len(q.order) > 0 {
		partition := q.order[0]
		list := q.waiting[partition]
		n := min(len(list), cap(batch)-len(batch))
		batch = append(batch, list[:n]...)
		q.waiting[partition] = slices.Delete(list, 0, n)
		q.total -= n
		if n == len(list) {
			q.order = slices.Delete(q.order, 0, 1)
		}
	}
	return batch
}

// close lets the worker end once the queue is empty.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.filled.Broadcast()
}

func (q *queue) len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.total
}
