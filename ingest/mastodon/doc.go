// Package mastodon listens to the public timeline of a Mastodon instance, or of
// another server with Mastodon's API, such as GoToSocial.
//
// A Network follows one instance: its WebSocket stream, which a user's token
// with the scope read:statuses opens. After a gap it asks the timeline for what
// was posted meanwhile, while the stream waits, so that posts come in order and
// none is missing. A gap is bounded: posts of the last 15 minutes are asked for,
// since older ones do not count, and 4,000 of them, the newest; a longer gap is
// logged. What was deleted in a gap is not told by any server.
//
// The cursor is the time of the newest post, in milliseconds since 1970, and not
// its id: servers give a post that reaches them late an id of the time when it
// was written, so that a question for all after an id leaves it out. Each gap
// is therefore asked for from five minutes before it on, over a bounded number of
// pages. Posts that say that they are yet to come move no cursor.
//
// A post is known by the instance's host and its own id, which is what a deletion
// names, so that it is understood at any time. The same author is known by the
// account's URL, through whichever instance a post of theirs is seen.
//
// The token goes into a header alone, never into a URL, and to the instance's own
// site alone. Text from outside is bounded, and nothing of it is in an error.
package mastodon
