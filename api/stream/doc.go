// Package stream tells many readers what changes, as server-sent events.
//
// One poller a process reads the live state twice a second, compares it with
// what it read before, and hands each change to the readers that asked for it.
// An event is encoded once, whoever gets it; a reader's queue holds references.
//
// # What arrives
//
// An event carries the outage as it is, not the difference to what it was.
// Revisions that followed one another within half a second may arrive as one.
// Otherwise every change arrives: at least once, and in the order in which an
// outage's revisions came about. What arrives twice, after a connection that
// broke in the middle of catching up, has the same revision.
//
// # Ids
//
// An event's id is a cursor: what had been told up to and with this event, in
// terms of the outages and not of a process. It holds the time of the reading,
// and fence, revision and state of each outage that was not final or had been
// closed within half an hour. Whoever comes back with it is told what differs
// from the present: by any process, before or after a restart. An outage that
// the cursor does not name, and that is not final or was closed later than half
// an hour before the cursor's time, is new; any other one was final when the
// cursor was written, and cannot have changed.
//
// Three cursors do not lead back: one that is older than 23 hours, because the
// live state forgets outages that have been final for a day, one that names an
// ongoing outage that is no longer there, and one that cannot be read. Then
// there is an event "reset", and all that is ongoing or ended within a day
// follows. Where more than maxListed outages would have to be named, a cursor
// holds its time only, and what may have changed since is told again.
//
// Remarks are in the archive and are looked for every few seconds. Spikes are
// of the present: each connection that asks for them begins with all there are.
//
// # How it fails
//
// While the live state is away, an event "status" says so, once, and again
// when it is back; the connections stay. A reader that does not keep up, with
// its queue full or a write that takes too long, is cut off and can come back
// with its last id. More readers than allowed are refused before anything is
// written to them.
package stream
