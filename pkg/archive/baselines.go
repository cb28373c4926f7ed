package archive

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/outcryhq/outcry/pkg/outage"
)

// keepBaselines is how many saves of a partition, format and edition are kept.
const keepBaselines = 2

// Edition returns the edition of the counts. It grows with each part of an
// import: what was learned, or rebuilt, from another edition lacks something.
func (a *Archive) Edition(ctx context.Context) (int64, error) {
	edition, err := readEdition(ctx, a.read)
	return edition, a.wrap("read edition", err)
}

// rowQuerier is what a pool and a transaction have in common for one row.
type rowQuerier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

func readEdition(ctx context.Context, from rowQuerier) (edition int64, err error) {
	err = from.QueryRowContext(ctx, `SELECT edition FROM counts_edition`).Scan(&edition)
	return edition, err
}

// raiseEdition makes all that was learned so far a thing of the past.
func raiseEdition(ctx context.Context, t *tx) error {
	_, err := t.exec(ctx, `UPDATE counts_edition SET edition = edition + 1`)
	return err
}

// SaveBaseline keeps a partition's baseline in a format of the given version,
// beside that of other versions, so that a binary before or after an upgrade
// finds its own. The edition is that of the counts which it was learned from:
// one that was learned before an import is never loaded after it, however late
// it is saved.
func (a *Archive) SaveBaseline(ctx context.Context, partition, version int, edition int64, blob []byte) error {
	return a.update(ctx, "save baseline", func(ctx context.Context, t *tx) error {
		var newest int64
		err := t.QueryRowContext(ctx, `SELECT coalesce(max(generation), 0) FROM baselines WHERE partition = $1 AND version = $2`,
			partition, version).Scan(&newest)
		if err != nil {
			return err
		}
		// Two savers at once would choose the same generation: then the later one
		// replaces, unless it knows less.
		_, err = t.exec(ctx, `INSERT INTO baselines (partition, version, generation, edition, blob) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (partition, version, generation) DO UPDATE SET edition = excluded.edition, blob = excluded.blob
			WHERE excluded.edition >= baselines.edition`, partition, version, newest+1, edition, blob)
		if err != nil {
			return err
		}
		_, err = t.exec(ctx, `DELETE FROM baselines WHERE partition = $1 AND version = $2
			AND (edition < $3 OR edition = $3 AND generation <= $4)`,
			partition, version, edition, newest+1-keepBaselines)
		return err
	})
}

// LoadBaseline returns what was saved last for a partition in that version's
// format and learned from the counts as they are, or outage.ErrNotFound.
func (a *Archive) LoadBaseline(ctx context.Context, partition, version int) ([]byte, error) {
	var blob []byte
	err := a.read.QueryRowContext(ctx, `SELECT blob FROM baselines WHERE partition = $1 AND version = $2
		AND edition = (SELECT edition FROM counts_edition) ORDER BY generation DESC LIMIT 1`, partition, version).Scan(&blob)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("load baseline: %w: partition %d has none of version %d", outage.ErrNotFound, partition, version)
	}
	return blob, a.wrap("load baseline", err)
}
