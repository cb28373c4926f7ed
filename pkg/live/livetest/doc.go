// Package livetest is the conformance suite of the live state. Both engines,
// live/memory and live/redis, pass it; what it asserts is what callers may
// rely on.
//
// Each subtest opens an engine of its own and runs in parallel with the
// others. Times handed to the engine lie in November 2017, so that an engine
// which mixes its own clock into the contract fails; only leases, joins and
// views run on real time. Times have microsecond precision.
//
// # How a report is decided
//
// The suite holds the engines to these rules, in this order. A reporter,
// receipt or seat recorded at a time T is remembered while now−T is less than
// live.DedupeFor, whatever the store's own expiry has done so far.
//
//  1. A report without id, reporter, service or country, or with the country
//     "*", is refused with outage.ErrInvalid; one observed more than
//     live.FutureLimit ahead with outage.ErrFuture. Within the limit its
//     observation becomes now.
//  2. If its id is remembered, or else its previous identity's id: another
//     digest (both non-zero) is outage.ErrConflict, else the first receipt is
//     replayed. Nothing is written.
//  3. If it was observed more than live.LateAfter before now: too old.
//  4. If its reporter, or its previous reporter, was counted for this service: duplicate.
//  5. If it has a seat, and outage.SeatsPerAddress reporters were counted for
//     this service on that seat and the previous one together: duplicate.
//  6. Otherwise it is counted, in its country and in "*", in the minute of its
//     observation, and marks its reporter and its seat at now.
//
// Whatever the outcome of 3 to 6, the receipt, which names the report's own
// id, service and country, is remembered, and the report is logged.
package livetest
