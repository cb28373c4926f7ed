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
//   - A store that is slow or away makes the Listener stop reading. At most
//     InFlight reports wait in memory.
//   - A network that fails is tried again after a growing pause. One that refuses
//     for good stops its own Listener alone; the process and all others go on.
//   - A minute counts as listened to only if the connection was there and alive
//     through all of it.
//
// Of an author only a keyed hash is kept, of a text nothing. The public link of
// a post is kept only with KeepLinks, and forgotten when its author deletes the
// post.
package social
