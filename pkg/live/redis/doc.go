// Package redis is the live state in Redis 7 or newer, or in a Redis Cluster:
// many processes record, count and read through it at once. The contract is
// that of package live; this page says how it is kept here.
//
// # Layout
//
// keys.go builds every key, and lua/ holds one script for each operation that
// changes something. All keys of a partition carry one hash tag, so that a
// script touches one slot of a cluster and is atomic there. Every key is
// declared to its script.
//
// What is kept expires by relative times, because the caller hands in what time
// it is; whether something still holds is decided by that time alone, which is
// written beside it. Only fences are kept for good. Leases, joins and views
// run on the server's clock.
//
// # Guarantees
//
// An acknowledged report is as safe as Redis is: with appendonly yes and
// appendfsync always it is on disk before the answer leaves. [Engine.Check]
// warns when the server is set otherwise.
//
// When a connection breaks in the middle of a call, nobody knows whether the
// script ran. The client then sends it again, which is safe for Record: the
// reports' ids are known, and come back as replayed. The other writes are
// harmless to repeat as well: they set what they set before.
//
// A script that the server has forgotten (after a restart, a failover or
// SCRIPT FLUSH) has done nothing when the server says so, and is sent again in
// full.
//
// # Failures
//
// A server that is out of reach, loading, full, read-only or without its
// cluster gives outage.ErrUnavailable; a partition without an epoch
// outage.ErrRebuilding; a lost lease outage.ErrFenced.
package redis
