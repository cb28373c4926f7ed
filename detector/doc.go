// Package detector is the role that notices outages. It divides the partitions
// of the live state with the other detectors, looks at what changed in its own
// once a second, and publishes what package detect concludes. It also drains
// the live log into the archive, and keeps the baselines.
//
// # What it guarantees
//
//   - Every partition has one owner at a time as far as writes go: whatever an
//     owner writes carries its fence, and the store refuses an older one.
//   - A change is never missed: changes are read after a sequence number that
//     moves on only when what was read has reached the detection. A look that
//     fails half way is repeated from the same number.
//   - An outage is announced once. Its id is derived from what it is, its
//     revision only grows, and what the store has not acknowledged is offered
//     again: the store ignores what it already has. A new owner goes on from
//     the outages that it finds.
//   - A store that is away stops nothing that does not need it: without the
//     archive detection goes on with the baselines in memory; without Redis
//     the detector waits, and takes its partitions over again.
//
// # Ownership
//
// All detectors that are there see the same list of them (Join) and divide the
// partitions by rendezvous hashing. A detector acquires those of its share that
// are free, and finishes and releases those that fall to another. One that has
// died drops out of the list before its leases run out, after LeaseTTL at most;
// by then its heirs ask for them every quarter of RenewEvery: a take-over
// begins six and a half seconds after a death with the defaults, at the latest.
//
// Trust in a lease starts when the attempt to get or renew it started, on this
// process's monotonic clock. The store lets the lease run for the TTL from some
// moment after that, so an owner that stops at its own start plus TTL has
// stopped before the store can give the partition to another, whatever the
// network did to the answer and whatever the two wall clocks say. A process that was
// suspended may wake up believing otherwise; there the fence is what holds.
//
// A lost lease ends everything that works under it, at once; the partition's
// state is dropped, and read again if the partition comes back.
//
// # Clocks
//
// Leases follow the real clock. Everything else follows Config.Now, which may
// jump: minutes in which nobody looked are unobserved, not quiet, unless the
// archive's coverage says that sources were listening.
package detector
