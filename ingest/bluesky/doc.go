// Package bluesky reads the public posts of Bluesky from Jetstream, for which
// no account is needed.
//
// A Network asks one of several hosts for what happens to posts, compressed with
// zstd, and goes to the next host when one fails: a cursor, microseconds since
// 1970, is valid on all of them. It asks again from a few seconds before the cursor,
// and the server itself goes back further still, so that posts arrive twice
// rather than never; whoever takes them drops the second.
//
// What it makes of an event:
//
//   - A created post is a post: replies and quotes too. Its time is when the relay
//     saw it, not the one that its author's client said, which can be forged.
//   - A deleted post is a deletion. An account that was deleted, deactivated,
//     suspended or taken down is the deletion of all its posts.
//   - A changed post is counted as other_kind, as are identities, other accounts
//     and what was not asked for: Bluesky's own clients cannot change posts, and a
//     changed one would be the same report.
//   - What cannot be read is counted as malformed, what is over 1 MiB as
//     too_large, and the connection goes on, unless nothing on it can be read.
//
// Jetstream says neither where a post was written nor what its author's profile
// says.
//
// A host that is silent for 30 seconds has failed, even if it answers pings: so
// long nothing happens only where nothing arrives. While reports wait to be recorded, nothing is
// read, and the server holds what is to come, or cuts the connection; then the
// next one continues after the cursor.
package bluesky
