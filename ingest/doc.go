// Package ingest takes reports from their sources to the live state.
//
// A source hands each report to the pipeline and waits for the answer. The
// pipeline gathers the reports that wait at the same moment into batches:
// a few workers each take all that there is and record it in one step, so that
// batches grow with the load and nobody ever waits for a batch to fill up.
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
