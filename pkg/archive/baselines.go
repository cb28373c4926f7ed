package archive

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/outcryhq/outcry/pkg/outage"
)

// keepBaselines is how many saves of a partition and format are kept.
const keepBaselines = 2

// SaveBaseline keeps a partition's baseline in a format of the given version,
// beside that of other versions, so that a binary before or after an upgrade
// finds its own.
func (a *Archive) SaveBaseline(ctx context.Context, partition, version int, blob []byte) error {
	return a.update(ctx, "save baseline", func(ctx context.Context, t *tx) error {
		var newest int64
		err := t.QueryRowContext(ctx, `SELECT coalesce(max(generation), 0) FROM baselines WHERE partition = $1 AND version = $2`,
			partition, version).Scan(&newest)
		if err != nil {
			return err
		}
		// Two savers at once would choose the same generation: then the later one replaces.
		_, err = t.exec(ctx, `INSERT INTO baselines (partition, version, generation, blob) VALUES ($1, $2, $3, $4)
			ON CONFLICT (partition, version, generation) DO UPDATE SET blob = excluded.blob`, partition, version, newest+1, blob)
		if err != nil {
			return err
		}
		_, err = t.exec(ctx, `DELETE FROM baselines WHERE partition = $1 AND version = $2 AND generation <= $3`,
			partition, version, newest+1-keepBaselines)
		return err
	})
}

// LoadBaseline returns what was saved last for a partition in that version's
// format, or outage.ErrNotFound.
func (a *Archive) LoadBaseline(ctx context.Context, partition, version int) ([]byte, error) {
	var blob []byte
	err := a.read.QueryRowContext(ctx, `SELECT blob FROM baselines WHERE partition = $1 AND version = $2
		ORDER BY generation DESC LIMIT 1`, partition, version).Scan(&blob)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("load baseline: %w: partition %d has none of version %d", outage.ErrNotFound, partition, version)
	}
	return blob, a.wrap("load baseline", err)
}
