// Package limit keeps one sender, one network or everybody together from
// sending more reports than the installation can bear.
//
// There are three limits, asked in this order: by address (an IPv6 address
// counts by its /64), by network and service, and for the whole installation.
// Each is a token bucket: so many a second for good, and a burst on top. The
// defaults are generous, because the moments that Outcry is for look like
// attacks: a mobile carrier's whole region behind a few addresses, a country's
// largest network complaining about its most used service in the same minute.
//
// A decision is made in this process's memory, in well under a microsecond, and
// never waits for anything. With Redis, processes share the limits after the
// fact: what a bucket has spent is reported in chunks of about 100 ms' worth, and a
// bucket that others have emptied is held back here for as long as the overdraft lasts.
// A sender who makes few requests never causes a round trip. While Redis
// is away, each process keeps to the limits by itself.
//
// In Redis an address is named by its keyed hash under the key of the day, and
// the name expires with the bucket.
package limit
