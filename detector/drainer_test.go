package detector_test

import (
	"context"

	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/live/redis"
)

type drainer struct {
	engine *redis.Engine
	log    *ledger
	line   *wire
}

func (d *drainer) Drain(ctx context.Context, lease live.Lease) error {
	if d.line.down.Load() {
		return errCut
	}
	for {
		entries, err := d.engine.ReadLog(ctx, lease.Partition, 100)
		if err != nil || len(entries) == 0 {
			return err
		}
		if err := d.log.Append(ctx, entries); err != nil {
			return err
		}
		if err := d.engine.TrimLog(ctx, lease, entries[len(entries)-1]); err != nil {
			return err
		}
	}
}
