package archive

import (
	"context"
	"database/sql"
)

// dialect is all in which the two databases differ. Every other statement is
// the same text for both: placeholders are $1, upserts are ON CONFLICT.
type dialect interface { //nolint:interfacebloat // two implementations, side by side
	// local says that the database is in this process: a statement does not
	// wait for a network.
	local() bool
	// viewOptions begin a transaction that sees one consistent state.
	viewOptions() *sql.TxOptions
	// insertReports inserts those whose id is new, and says of each row whether it was.
	insertReports(ctx context.Context, t *tx, rows []reportRow) ([]bool, error)
	// merge merges counts into a table.
	merge(ctx context.Context, t *tx, how merging, counts []seriesCount) error
	// lockCounts keeps other writers from minutes and quarters until the
	// transaction ends, so that sums over them are exact.
	lockCounts(ctx context.Context, t *tx) error
	// lockRemarks keeps other writers from remarks until the transaction ends.
	lockRemarks(ctx context.Context, t *tx) error
	// refs is the column of reports' references, in the order of its bytes.
	refs() string
	// passing says of an error that the database is away, busy or full.
	passing(err error) bool
	// destroyed is called after a secret was deleted, to overwrite copies of
	// it as far as the database allows.
	destroyed(ctx context.Context, db *sql.DB) error
}

// merging says what becomes of counts that meet others of the same series and time.
type merging int

const (
	addMinutes    merging = iota // minutes: the sum
	addQuarters                  // quarters: the sum
	raiseMinutes                 // minutes: the greater
	raiseQuarters                // quarters: the greater
)

// reportColumns are those that Append fills, in the order of reportRow.values.
const reportColumns = `id, partition, series, country_from, source, ref, problem, reporter,
	seat, origin, network, digest, outcome, observed_at, received_at`
