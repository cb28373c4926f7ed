package archiver

import (
	"context"
	"fmt"
)

// Measure returns how many entries wait on the log of the whole installation,
// and brings the figures about it up to date: that is what a loss of the live
// state would lose. While the live state is away it fails with
// outage.ErrUnavailable, and the figures stay as they were.
func (a *Archiver) Measure(ctx context.Context) (entries int64, err error) {
	entries, bytes, err := a.cfg.Log.LogSize(ctx)
	if err != nil {
		return 0, fmt.Errorf("measure the log: %w", err)
	}
	a.metrics.logEntries.Set(float64(entries))
	a.metrics.logBytes.Set(float64(bytes))
	return entries, nil
}

// Forget drops the figures of a partition that this process does not own any
// more: its new owner tells them.
func (a *Archiver) Forget(partition int) { a.metrics.forget(partition) }
