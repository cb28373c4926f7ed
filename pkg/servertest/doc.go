// Package servertest starts real servers for tests: Redis, a Redis Cluster and
// PostgreSQL, on free ports of the loopback interface with their data in
// directories of the test, stopped when the test ends. A test that needs a
// server that is not installed is skipped with a plain message; with the
// environment variable CI=true it fails instead.
package servertest
