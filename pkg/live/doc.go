// Package live is the hot state: who has been counted, the counts of the last
// two days, the log on its way to the archive, open outages, and which
// detector owns what. Two engines fulfil one contract: live/memory for one
// process, live/redis for many; live/livetest is the suite that both pass.
//
// Both have these methods. Callers declare the few that they need.
//
//	Record(ctx, now time.Time, reports []outage.Report) []Result
//
// records each report once, in the order given; the result has the reports'
// order. Reports of one partition are decided in atomic steps of at most
// MaxBatch: every report of a step is deduplicated, counted in the minute of
// its observation, and logged, or none is. now is the caller's clock.
// A partition without an epoch answers outage.ErrRebuilding; a full log or a
// store out of reach answers outage.ErrUnavailable.
//
//	Cover(ctx, now time.Time, sources []outage.Source) error
//
// notes on the log that the sources are listening in this minute, once a
// source and minute.
//
//	Counts(ctx, series []outage.Series, from, to time.Time) ([][]int, error)
//
// returns for each series its counts from the minute of from (inclusive) to
// the minute of to (exclusive), one element a minute, zeros included.
//
//	Evidence(ctx, series []outage.Series, from, to time.Time) ([]Evidence, error)
//
// unites the hours that from and to touch (both inclusive).
//
//	Changed(ctx, partition int, after uint64, limit int) (Changes, error)
//	ServiceSeries(ctx, services []string) ([]outage.Series, error)
//
// lists the series, "*" included, that changed after the sequence number; and
// the series of services heard of within KeepCounts.
//
//	Acquire(ctx, partition int, owner string, ttl time.Duration) (Lease, bool, error)
//	Renew(ctx, Lease, ttl time.Duration) error
//	Release(ctx, Lease) error
//
// take, keep and give back a partition. Acquire answers false while another
// owner's lease runs. Each acquisition has a greater fence. Renew fails with
// outage.ErrFenced when the lease is lost. Release of a lost lease is no error.
//
//	Join(ctx, owner string, ttl time.Duration) ([]string, error)
//	Leave(ctx, owner string) error
//
// say that a detector is there, and list those that are (sorted, itself
// included), so that they can divide the partitions without talking.
//
//	Rebuild(ctx, now time.Time, Lease, Snapshot) (Lease, error)
//
// fills a partition that has no epoch, then gives it one. Until then Record
// refuses. It may be interrupted anywhere and begun again by any later owner.
//
//	Discard(ctx, Lease) error
//
// takes a partition's epoch away, so that it has to be rebuilt, which the next
// owner does. The log, markers and receipts stay.
//
//	PutOutages(ctx, now time.Time, Lease, []outage.Change) error
//	Outages(ctx, partitions ...int) ([]outage.Change, error)
//
// write outages into the live state and on the log in one atomic step, and
// read the open and recent ones (final ones stay for a day). A change that
// does not supersede what is there is ignored.
//
//	PutView(ctx, Lease, View) error
//	Views(ctx) ([]View, error)
//
// publish and read what the owners see. Views leaves out partitions without an owner's view.
//
//	ReadLog(ctx, partition int, max int) ([]Entry, error)
//	TrimLog(ctx, Lease, upTo Entry) error
//	LogSize(ctx) (entries, bytes int64, error)
//
// (Redis) read the log from its beginning and forget it up to an entry that
// the archive has committed. The memory engine hands each entry to the archive
// before it acknowledges, and its log is always empty.
//
//	Ping(ctx) error
//	Close() error
package live
