// Package twitter reads Twitter, now X: live streams, and archives of what they
// once carried.
//
// # The v1.1 format
//
// A stream of the v1.1 API is a line of JSON for each status, deletion or
// control message. The hosted streams ended in 2023; the format lives on in
// archives, which [DecodeV1] and [Archive] read, and in gateways that still
// speak it, which [V1] follows.
//
// V1 uses go-twitter, whose client reconnects without a pause, hides most
// refusals, waits for ever on a silent connection and takes lines of any length.
// So each Read gives it one connection through a transport that reads the
// statuses, bounds the lines, watches for silence, and lets it connect no second
// time: when to try again is the caller's to decide.
//
// # The v2 format
//
// [V2] follows the filtered stream of X's API v2, with rules that it makes from
// the catalog and reconciles with those that the account has.
//
// Text from outside is bounded, and nothing of it is in an error. Links name a
// post and no account.
package twitter
