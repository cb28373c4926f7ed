package archive

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"
)

// dayKeyBytes is the length of a day's key.
const dayKeyBytes = 32

// DayKey returns the key of the UTC day of t, 32 random bytes and the same for
// every process, and makes it if there is none. The keys of days before the day before
// that one are destroyed: overwritten in SQLite's file and its log; in
// PostgreSQL deleted, which its vacuum makes good and its backups do not.
func (a *Archive) DayKey(ctx context.Context, t time.Time) ([]byte, error) {
	today := dayOf(t)
	fresh := make([]byte, dayKeyBytes)
	_, _ = rand.Read(fresh) // crypto/rand.Read never returns an error: it ends the process instead
	var key []byte
	err := a.update(ctx, "read key of the day", func(ctx context.Context, t *tx) error {
		if _, err := t.exec(ctx, `INSERT INTO day_keys (day, key) VALUES ($1, $2) ON CONFLICT DO NOTHING`, today, fresh); err != nil {
			return err
		}
		return t.QueryRowContext(ctx, `SELECT key FROM day_keys WHERE day = $1`, today).Scan(&key)
	})
	if err != nil {
		return nil, err
	}
	if len(key) != dayKeyBytes {
		return nil, fmt.Errorf("read key of the day: the key has %d bytes instead of %d", len(key), dayKeyBytes)
	}
	return key, a.destroyKeys(ctx, today)
}

// destroyKeys forgets the keys of days before yesterday.
func (a *Archive) destroyKeys(ctx context.Context, today int64) error {
	var destroyed int64
	err := a.update(ctx, "destroy keys", func(ctx context.Context, t *tx) error {
		result, err := t.exec(ctx, `DELETE FROM day_keys WHERE day < $1`, today-1)
		if err != nil {
			return err
		}
		destroyed, err = result.RowsAffected()
		return err
	})
	if err != nil || destroyed == 0 {
		return err
	}
	return a.wrap("destroy keys", a.dialect.destroyed(ctx, a.write))
}

func dayOf(t time.Time) int64 { return floorDiv(t.Unix(), 24*60*60) }
