// Package statusfeed follows the status feeds of services (RSS, Atom or JSON)
// and records what a service says of an outage as a remark beside it, once:
// an acknowledgement, with its title, link and time.
//
//	New(Config) (*Follower, error)
//	Run(ctx) error // until ctx ends
//
// An entry belongs to an outage of the feed's service if it was published from
// half an hour before the outage's start to its end. What was read is kept in
// memory and compared again at every poll: an entry may be there before the
// crowd is loud enough for an outage.
//
// A feed is text from outside. It is asked for every few minutes and not more
// than every hour while it fails, with what it said last as a condition; of an
// answer a megabyte is read, within fifteen seconds. Redirects lead to public
// addresses over https only. Titles become plain text, and links that are not
// http or https are dropped.
//
// A feed that fails, or lies, disturbs nothing: it is counted, said in the log
// when it begins and when it ends, and asked again later. Several processes may
// follow the same feeds: the archive keeps the same remark once.
package statusfeed
