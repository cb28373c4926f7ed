// Package identity turns a network address and a browser's token into the
// hashes that are all that Outcry keeps of a person.
//
// Every hash is an HMAC-SHA256 under the key of the UTC day, truncated to an
// outage.Hash. The key is 32 random bytes that every process of an
// installation shares through a KeyStore; two days after it came into use it
// is destroyed, and from then on nobody can tell whose hashes these were. A
// plain hash of an IPv4 address could be searched through in minutes.
//
// An address is one reporter, or a /64 where it is IPv6. Mobile carriers put
// thousands of people behind one address, so a browser that has loaded the form
// carries a signed random token: with it the reporter is the address together
// with the token, and the address alone becomes the seat, of which the live
// state counts no more than outage.SeatsPerAddress reporters per service.
//
// In the hour after midnight (UTC) a person is also known under yesterday's
// key, so that nobody counts twice because the key changed.
//
// Keys fetches tomorrow's key from noon on, so that midnight needs no store.
// When the store cannot be reached and the key is not yet here, identifying
// fails with outage.ErrUnavailable: a person is never identified by a key that
// other processes do not share.
package identity
