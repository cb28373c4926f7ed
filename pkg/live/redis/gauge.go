package redis

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

// refreshEvery is how often a full log is measured anew.
const refreshEvery = time.Second

// logGauge knows how large the logs are, as this process heard last. Others
// write too, so that it may be late by what they write between two of this
// process's own steps in a partition.
type logGauge struct {
	limit int64
	bytes [live.Partitions]atomic.Int64

	mu        sync.Mutex
	refreshed time.Time
}

func newLogGauge(limit int64) *logGauge { return &logGauge{limit: limit} }

func (g *logGauge) set(partition int, bytes int64) { g.bytes[partition].Store(bytes) }

func (g *logGauge) full() bool {
	if g.limit == 0 {
		return false
	}
	sum := int64(0)
	for i := range g.bytes {
		sum += g.bytes[i].Load()
	}
	return sum >= g.limit
}

// due says whether it is time to measure again, and then that somebody does.
func (g *logGauge) due(now time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	since := now.Sub(g.refreshed)
	if since >= 0 && since < refreshEvery {
		return false
	}
	g.refreshed = now
	return true
}

// admit refuses while the logs are at their limit. Before it does, it asks
// Redis, at most once a second.
func (e *Engine) admit(ctx context.Context, now time.Time) error {
	if !e.logs.full() {
		return nil
	}
	if e.logs.due(now) {
		if _, _, err := e.LogSize(ctx); err != nil {
			return err
		}
	}
	if !e.logs.full() {
		return nil
	}
	return fmt.Errorf("%w: the log to the archive has reached its limit of %d bytes", outage.ErrUnavailable, e.logs.limit)
}

// LogSize returns how many entries and bytes wait on the logs of all partitions.
func (e *Engine) LogSize(ctx context.Context) (entries, bytes int64, err error) {
	if err := e.open(); err != nil {
		return 0, 0, err
	}
	pipe := e.client.Pipeline()
	var lengths [live.Partitions]*goredis.IntCmd
	var bounds [live.Partitions]*goredis.SliceCmd
	for p := range live.Partitions {
		lengths[p] = pipe.XLen(ctx, e.keys.log(p))
		bounds[p] = pipe.MGet(ctx, e.keys.logEnd(p), e.keys.logStart(p))
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return 0, 0, wrap("measure the log", err)
	}
	for p := range live.Partitions {
		size := number(bounds[p].Val()[0]) - number(bounds[p].Val()[1])
		e.logs.set(p, size)
		entries += lengths[p].Val()
		bytes += size
	}
	return entries, bytes, nil
}

// number reads a counter; one that is missing is zero.
func number(value any) int64 {
	text, _ := value.(string)
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0
	}
	return n
}
