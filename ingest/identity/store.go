package identity

import (
	"context"
	"time"
)

// KeyStore keeps the keys of the days for an installation.
type KeyStore interface {
	// DayKey returns the 32-byte key of the UTC day that contains the given
	// moment, the same one to every process, and makes it if there is none.
	// Every call also destroys the keys of days long past: those before the day
	// before the one that is asked for, or before yesterday. The slice is the
	// caller's to overwrite.
	DayKey(ctx context.Context, day time.Time) ([]byte, error)
}

const day = 24 * time.Hour

// dayOf numbers the UTC days from 1 January 1970 on.
func dayOf(at time.Time) int64 {
	const seconds = int64(day / time.Second)
	n := at.Unix() / seconds
	if at.Unix()%seconds < 0 {
		n--
	}
	return n
}

// startOf is the first moment of a day.
func startOf(n int64) time.Time { return time.Unix(n*int64(day/time.Second), 0).UTC() }
