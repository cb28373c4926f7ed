// Package ingest takes reports from their sources to the live state.
//
// A source hands each report to the pipeline and waits for the answer. The
// pipeline records them a batch at a time: a batch is all that has come while
// the one before it was recorded, so that batches grow with the load and nobody
// ever waits for one to fill up. Two at once would be smaller ones, and each
// costs the sync of a disk.
//
// An answer without an error means that the report is recorded: a crash of any
// process cannot lose it any more. An error is permanent (it wraps
// outage.ErrInvalid, ErrConflict or ErrFuture: sending it again is useless) or
// retryable (ErrUnavailable, ErrRebuilding: nothing was recorded, or sending it
// again under the same id is safe).
//
// The subpackages are the sources, and what they need to know who
// reports (identity) and how much is too much (limit).
package ingest
