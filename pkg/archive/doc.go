// Package archive is the record in SQL: reports, counts, coverage, outages and
// baselines. SQLite (embedded) and PostgreSQL serve one contract, through one
// Archive type and one suite, pkg/archive/archivetest. What differs between
// them is in dialect_sqlite.go and dialect_postgres.go, side by side; every
// other statement is one text for both.
//
//	OpenSQLite(ctx, path string, logger) (*Archive, error)
//	OpenSQLiteBeside(ctx, path string, logger) (*Archive, error) // of a running Outcry, for remarks
//	OpenPostgres(ctx, url string, logger) (*Archive, error)
//
// open, migrate forward and verify; the archive of a newer Outcry is refused,
// and so is a file of something else, which is left as it was.
//
//	Append(ctx, entries []live.Entry) error
//
// writes log entries in one transaction: inserts the reports, adds to minutes
// and quarters for those rows that were really inserted and whose outcome is
// counted, ORs coverage, replaces outages by greater (fence, revision), and
// stores each partition's last (epoch, position), which nothing depends on.
// Appending the same entries again, in whole or in part, changes nothing. A
// final outage never changes, and has its minute series copied beside it. It
// is what the memory engine commits through, so it is fast: many reports a
// call, prepared statements, one sync.
//
//	Snapshot(ctx, now time.Time, partitions []int) (map[int]live.Snapshot, error)
//
// reads what live partitions are rebuilt from, as of one moment.
//
//	Outages(ctx, OutageFilter) (OutagePage, error)              // newest first, by cursor
//	Outage(ctx, outage.ID) (outage.Outage, error)               // outage.ErrNotFound
//	AddRemark(ctx, of outage.ID, outage.Remark) error           // beside the outage, which stays as it is
//	Remarks(ctx, of ...outage.ID) (map[outage.ID][]outage.Remark, error)
//	Standings(ctx) (map[outage.ID]outage.Standing, error)       // those retracted or merged
//	Record(ctx, service, country string, since, latest) (Record, error) // without those
//	OutageMinutes(ctx, outage.ID) ([]live.MinuteCount, error)   // kept with a final outage
//	Counts(ctx, outage.Series, from, to time.Time, step) ([]Bucket, error) // non-zero buckets only
//	CountryTotals(ctx, service string, from, to) ([]SeriesTotal, error)
//	Hours(ctx, partitions []int, from, to, fn func(HourCount) error) error // baseline learning, by time
//	Coverage(ctx, from, to time.Time) (CoveredMinutes, error)
//	Positions(ctx) ([]Position, error)
//	SaveBaseline / LoadBaseline(ctx, partition int, version int, ...) // versioned blobs
//	Edition(ctx) (int64, error)                                       // grows with imports
//
//	ImportCounts(ctx, Import) (Imported, error) ; ExportCounts(ctx, from, to, step, fn) error
//	DayKey(ctx, day time.Time) ([]byte, error) // get or create; destroys those before yesterday
//	ForgetReports(ctx, ids []outage.ID) ([]outage.ID, error) // clears references, keeps the counts
//	SaveSources(ctx, ...SourceState) error ; Sources(ctx) ([]SourceState, error) ; Cursor(ctx, source, instance) (string, error)
//	Retain(ctx, now time.Time, keepReports time.Duration) error
//	Ping, Close
//
// Only country series are stored; "*" is their sum, made when reading. Counts
// are kept by the minute for 90 days and by the quarter of an hour for good.
//
// Errors: what a caller did wrong wraps outage.ErrInvalid or ErrNotFound; a
// database that is closed, out of reach, locked or full, and a deadline that
// passed, wrap outage.ErrUnavailable, and nothing of the call was written. A
// cancelled context is context.Canceled.
package archive
