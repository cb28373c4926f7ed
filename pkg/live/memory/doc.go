// Package memory is the live state of one process. It fulfils the contract of
// package live without a server, and has no durability of its own: what it
// acknowledges has been committed to the archive first.
//
// # How it works
//
// Callers put tasks into a bounded queue: reports to record, sources to note,
// outages to write, a rebuilt partition to take into use. One committer takes
// the tasks that wait, a group at a time, and
//
//  1. decides them in order, tentatively, against the ledgers: who was counted
//     and which receipts were given. Only the committer sees the ledgers, and
//     they keep how to undo what they have decided;
//  2. commits the group's log entries in one call of Committer.Append. No lock
//     is held meanwhile: readers go on, callers queue;
//  3. publishes counts, changed series and outages on the boards, which readers
//     see under a short lock a partition, and answers the callers.
//
// If the commit fails, the ledgers are undone, nothing is published, and every
// caller of the group gets an error that wraps outage.ErrUnavailable.
//
// # What it keeps, and for how long
//
// Ledgers are forgotten by the minute, a little with each group, some minutes
// after their hour is over; boards after live.KeepCounts. The clock is the one
// that callers hand in: if it steps back, nothing is forgotten early, and what
// was recorded under the wrong time stays until its time has passed.
//
// Every partition begins without an epoch and must be rebuilt, as in the Redis
// engine. Leases run on Config.Now.
package memory
