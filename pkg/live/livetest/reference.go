package livetest

import (
	"fmt"
	"time"

	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

// reference is the rules of this package's documentation in their plainest
// form. It forgets nothing and is not safe for use by several goroutines.
type reference struct {
	receipts map[string]remembered // by partition and id
	markers  map[string]time.Time  // by service and reporter
	seats    map[string][]time.Time
	counts   map[outage.Series]map[time.Time]int
}

// remembered is a receipt with the moment and the fingerprint of its request.
type remembered struct {
	receipt outage.Receipt
	at      time.Time
	digest  uint32
}

func newReference() *reference {
	return &reference{
		receipts: map[string]remembered{},
		markers:  map[string]time.Time{},
		seats:    map[string][]time.Time{},
		counts:   map[outage.Series]map[time.Time]int{},
	}
}

// record decides one report.
func (m *reference) record(now time.Time, r outage.Report) live.Result {
	if r.ObservedAt.Sub(now) > live.FutureLimit {
		return live.Result{Err: outage.ErrFuture}
	}
	if r.ObservedAt.After(now) {
		r.ObservedAt = now
	}
	if res, ok := m.replay(now, r); ok {
		return res
	}
	receipt := receiptOf(r, m.decide(now, r))
	m.receipts[idKey(r.Service, r.ID)] = remembered{receipt: receipt, at: now, digest: r.Digest}
	return live.Result{Receipt: receipt}
}

func (m *reference) replay(now time.Time, r outage.Report) (live.Result, bool) {
	ids := []outage.ID{r.ID}
	if r.Previous != nil {
		ids = append(ids, r.Previous.ID)
	}
	for _, id := range ids {
		first, ok := m.receipts[idKey(r.Service, id)]
		if !ok || now.Sub(first.at) >= live.DedupeFor {
			continue
		}
		if first.digest != 0 && r.Digest != 0 && first.digest != r.Digest {
			return live.Result{Err: outage.ErrConflict}, true
		}
		return live.Result{Receipt: first.receipt, Replayed: true}, true
	}
	return live.Result{}, false
}

func (m *reference) decide(now time.Time, r outage.Report) outage.Outcome {
	if now.Sub(r.ObservedAt) > live.LateAfter {
		return outage.TooOld
	}
	if m.marked(now, r.Service, r.Reporter) || r.Previous != nil && m.marked(now, r.Service, r.Previous.Reporter) {
		return outage.Duplicate
	}
	if !r.Seat.IsZero() {
		taken := m.taken(now, r.Service, r.Seat)
		if r.Previous != nil && r.Previous.Seat != r.Seat {
			taken += m.taken(now, r.Service, r.Previous.Seat)
		}
		if taken >= outage.SeatsPerAddress {
			return outage.Duplicate
		}
		m.seats[hashKey(r.Service, r.Seat)] = append(m.seats[hashKey(r.Service, r.Seat)], now)
	}
	m.markers[hashKey(r.Service, r.Reporter)] = now
	for _, country := range []string{r.Country, outage.AllCountries} {
		series := outage.Series{Service: r.Service, Country: country}
		if m.counts[series] == nil {
			m.counts[series] = map[time.Time]int{}
		}
		m.counts[series][r.ObservedAt.UTC().Truncate(time.Minute)]++
	}
	return outage.Counted
}

func (m *reference) marked(now time.Time, service string, who outage.Hash) bool {
	at, ok := m.markers[hashKey(service, who)]
	return ok && now.Sub(at) < live.DedupeFor
}

func (m *reference) taken(now time.Time, service string, seat outage.Hash) int {
	n := 0
	for _, at := range m.seats[hashKey(service, seat)] {
		if now.Sub(at) < live.DedupeFor {
			n++
		}
	}
	return n
}

// dense gives a series' counts in the form of Counts.
func (m *reference) dense(s outage.Series, from, to time.Time) []int {
	from, to = from.UTC().Truncate(time.Minute), to.UTC().Truncate(time.Minute)
	counts := make([]int, int(to.Sub(from)/time.Minute))
	for i := range counts {
		counts[i] = m.counts[s][from.Add(time.Duration(i)*time.Minute)]
	}
	return counts
}

func idKey(service string, id outage.ID) string {
	return fmt.Sprintf("%d/%s", live.Partition(service), id)
}

func hashKey(service string, h outage.Hash) string { return service + "/" + h.String() }
