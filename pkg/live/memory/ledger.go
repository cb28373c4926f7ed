package memory

import (
	"slices"
	"time"

	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

// ledger is what one partition decides reports by. Only the committer uses it,
// or whoever is building it anew.
//
// There may be millions of receipts and markers, so they hold no pointers:
// names are numbers, times are nanoseconds since 1970.
type ledger struct {
	epoch    string
	names    *names
	receipts map[outage.ID]receipt
	markers  map[person]int64 // when the reporter was counted
	seats    map[person]seats
	outages  map[outage.ID]outage.Change

	// What was recorded in which minute, so that it can be forgotten.
	receiptAges generations[outage.ID]
	markerAges  generations[person]
	seatAges    generations[person]
}

// receipt is a remembered outage.Receipt.
type receipt struct {
	at               int64
	digest           uint32
	service, country name
	outcome          uint8 // index in outcomes
}

// person is a reporter of, or an address that reported, one service.
type person struct {
	service name
	who     outage.Hash
}

// seats is when each of an address's seats was taken; 0 is a seat never taken.
type seats [outage.SeatsPerAddress]int64

// outcomes numbers the outcomes.
var outcomes = [...]outage.Outcome{outage.Counted, outage.Duplicate, outage.TooOld} //nolint:gochecknoglobals // a constant table

// keepMinutes is how long a ledger's entries are kept: as long as they are
// remembered, and some minutes more in case the clock steps back a little.
const keepMinutes = int64(live.DedupeFor/time.Minute) + 5

const (
	counts uint8 = iota
	duplicates
	tooOld
)

func newLedger(epoch string) *ledger {
	return &ledger{
		epoch:    epoch,
		names:    newNames(),
		receipts: map[outage.ID]receipt{},
		markers:  map[person]int64{},
		seats:    map[person]seats{},
		outages:  map[outage.ID]outage.Change{},
	}
}

// remembered says whether what happened at a time still holds now.
func remembered(at, now int64) bool { return now-at < int64(live.DedupeFor) }

// record decides a report on a service, whose name has a number by now, and
// marks what follows from it.
func (l *ledger) record(now time.Time, service name, r *outage.Report, j *journal) live.Result {
	at := now.UnixNano()
	if res, ok := l.replay(at, r.ID, r.Digest); ok {
		return res
	}
	if p := r.Previous; p != nil {
		if res, ok := l.replay(at, p.ID, r.Digest); ok {
			return res
		}
	}
	outcome := l.decide(now, service, r, j)
	l.remember(at, service, r, outcome, j)
	return live.Result{Receipt: outage.Receipt{
		ID: r.ID, Service: r.Service, Country: r.Country, Outcome: outcomes[outcome],
	}}
}

// replay finds the first receipt of an id.
func (l *ledger) replay(at int64, id outage.ID, digest uint32) (live.Result, bool) {
	first, ok := l.receipts[id]
	if !ok || !remembered(first.at, at) {
		return live.Result{}, false
	}
	if first.digest != 0 && digest != 0 && first.digest != digest {
		return live.Result{Err: outage.ErrConflict}, true
	}
	return live.Result{Replayed: true, Receipt: outage.Receipt{
		ID:      id,
		Service: l.names.text(first.service),
		Country: l.names.text(first.country),
		Outcome: outcomes[first.outcome],
	}}, true
}

// decide says whether a new report counts, and marks its reporter and seat if so.
func (l *ledger) decide(now time.Time, service name, r *outage.Report, j *journal) uint8 {
	if now.Sub(r.ObservedAt) > live.LateAfter {
		return tooOld
	}
	at := now.UnixNano()
	if l.wasCounted(at, person{service, r.Reporter}) ||
		r.Previous != nil && l.wasCounted(at, person{service, r.Previous.Reporter}) {
		return duplicates
	}
	if !r.Seat.IsZero() {
		if l.taken(at, service, r) >= outage.SeatsPerAddress {
			return duplicates
		}
		l.sit(at, service, r, j)
	}
	l.mark(at, service, r.Reporter, j)
	return counts
}

func (l *ledger) wasCounted(at int64, who person) bool {
	marked, ok := l.markers[who]
	return ok && remembered(marked, at)
}

// taken is how many reporters sit at the report's address, under today's and
// yesterday's key together.
func (l *ledger) taken(at int64, service name, r *outage.Report) int {
	taken := l.seats[person{service, r.Seat}]
	n := taken.count(at)
	if p := r.Previous; p != nil && !p.Seat.IsZero() && p.Seat != r.Seat {
		before := l.seats[person{service, p.Seat}]
		n += before.count(at)
	}
	return n
}

// count is how many of the seats are taken.
func (s *seats) count(at int64) int {
	n := 0
	for _, since := range s {
		if since != 0 && remembered(since, at) {
			n++
		}
	}
	return n
}

// sit takes a free seat of the address; there is one.
func (l *ledger) sit(at int64, service name, r *outage.Report, j *journal) {
	key := person{service, r.Seat}
	after := l.seats[key]
	for i, since := range after {
		if since == 0 || !remembered(since, at) {
			after[i] = at
			break
		}
	}
	set(j, l.seats, key, after)
	l.seatAges.add(j, minuteAt(at), key)
}

// mark notes that the reporter was counted.
func (l *ledger) mark(at int64, service name, who outage.Hash, j *journal) {
	key := person{service, who}
	set(j, l.markers, key, at)
	l.markerAges.add(j, minuteAt(at), key)
}

// remember keeps the receipt of a report.
func (l *ledger) remember(at int64, service name, r *outage.Report, outcome uint8, j *journal) {
	minute := minuteAt(at)
	set(j, l.receipts, r.ID, receipt{
		at:      at,
		digest:  r.Digest,
		service: service,
		country: l.names.use(r.Country, minute),
		outcome: outcome,
	})
	l.receiptAges.add(j, minute, r.ID)
}

// forget drops what has been over for some minutes, at most budget entries of each kind.
func (l *ledger) forget(now time.Time, budget int) {
	before := minuteOf(now) - keepMinutes
	l.receiptAges.forget(before, budget, func(minute int64, id outage.ID) {
		if r, ok := l.receipts[id]; ok && minuteAt(r.at) <= minute {
			delete(l.receipts, id)
		}
	})
	l.markerAges.forget(before, budget, func(minute int64, key person) {
		if at, ok := l.markers[key]; ok && minuteAt(at) <= minute {
			delete(l.markers, key)
		}
	})
	l.seatAges.forget(before, budget, func(minute int64, key person) {
		if taken, ok := l.seats[key]; ok && minuteAt(slices.Max(taken[:])) <= minute {
			delete(l.seats, key)
		}
	})
	l.names.forget(before)
}

// forgetOutages drops those that only the archive keeps.
func (l *ledger) forgetOutages(now time.Time) {
	for id, c := range l.outages {
		if outdated(c, now) {
			delete(l.outages, id)
		}
	}
}
