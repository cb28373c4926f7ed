// Package archive is the record in SQL: reports, counts, coverage, outages and
// baselines. SQLite (embedded) and PostgreSQL serve one contract, through one
// Archive type and one suite, pkg/archive/archivetest.
//
//	OpenSQLite(ctx, path string, logger) (*Archive, error)
//	OpenPostgres(ctx, url string, logger) (*Archive, error)
//
// open, migrate forward and verify; the archive of a newer Outcry is refused.
//
//	Append(ctx, entries []live.Entry) error
//
// writes log entries in one transaction: inserts the reports, adds to minutes
// and quarters for those rows that were really inserted and whose outcome is
// counted, ORs coverage, replaces outages by greater (fence, revision), and
// stores each partition's last (epoch, position). Appending the same entries
// again, in whole or in part, changes nothing. An outage that arrives final has
// its minute series copied beside it. It is what the memory engine commits
// through, so it is fast: many reports a call, prepared statements, one sync.
//
//	Snapshot(ctx, now time.Time, partitions []int) (map[int]live.Snapshot, error)
//
// reads what live partitions are rebuilt from, in as few passes as possible.
//
//	Outages(ctx, OutageFilter) (OutagePage, error)
//	Outage(ctx, outage.ID) (outage.Outage, error)               // outage.ErrNotFound
//	Counts(ctx, outage.Series, from, to time.Time, step) ([]Bucket, error) // non-zero buckets only
//	CountryTotals(ctx, service string, from, to) ([]SeriesTotal, error)
//	Hours(ctx, partitions []int, from, to, fn func(HourCount) error) error // baseline learning, by time
//	Coverage(ctx, from, to time.Time) (CoveredMinutes, error)
//	SaveBaseline / LoadBaseline(ctx, partition int, version int) // versioned blobs
//
//	ImportCounts(ctx, rows iterator, step) ; ExportCounts(ctx, from, to, step, fn)
//	DayKeys(ctx, day time.Time) : get or create the key of a day, forget those older than two days
//	Retain(ctx, now time.Time, keepReports time.Duration) error
//	Ping, Close
//
// Errors: what a caller did wrong wraps outage.ErrInvalid or ErrNotFound; a
// database out of reach, locked or full wraps outage.ErrUnavailable.
package archive
