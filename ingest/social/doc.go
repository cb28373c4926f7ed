// Package social listens to social networks: what all of them share.
//
// A Network speaks one network's protocol for the length of one connection. A
// Listener keeps it connected, and makes reports of the complaints among its
// posts:
//
//   - A post counts once, however often it is read: its id is remembered while
//     the process runs, and the report's id is derived from it.
//   - What was taken is recorded, or read again. The cursor that is kept never
//     passes a post whose report is not recorded yet.
//   - A store that is slow or away makes the Listener stop reading: InFlight
//     reports are recorded at once. Those that are tried again are in nobody's way,
//     since it may be one part alone that is away, until Waiting of them are in memory.
//   - A network that fails is tried again after a growing pause. One that refuses
//     for good stops its own Listener alone; the process and all others go on.
//   - A minute counts as listened to only if the connection was there and alive
//     through all of it, or if a network that resumes has read on past its end.
//
// Of an author only a keyed hash is kept, of a text nothing. The public link of
// a post is kept only with KeepLinks, and forgotten when its author deletes the
// post, or the account is gone. The id of a report follows from that of the post
// and a key that the archive does not hold.
package social
