package redis

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

// positionDigits is the length of a position, so that positions compare as text.
const positionDigits = 20

// Cover notes on the log of the home partition that the sources are listening
// in this minute, once a source and minute. While the logs are at their limit
// it is refused like a report: whoever reports then is not heard.
func (e *Engine) Cover(ctx context.Context, now time.Time, sources []outage.Source) error {
	if err := e.open(); err != nil {
		return err
	}
	if len(sources) == 0 {
		return nil
	}
	if err := e.admit(ctx, now); err != nil {
		return fmt.Errorf("note what listens: %w", err)
	}
	minute := now.UTC().Truncate(time.Minute)
	c := call{
		script: e.scripts.cover,
		keys: []string{
			e.keys.epoch(homePartition), e.keys.log(homePartition), e.keys.logEnd(homePartition), e.keys.logStart(homePartition),
		},
		args: []any{encodeCoverage(minute, sources), keepFor.Milliseconds(), keepLogFor.Milliseconds()},
	}
	for _, source := range sources {
		c.keys = append(c.keys, e.keys.covered(source, minute))
	}
	_, err := e.run(ctx, c)
	return wrap("note what listens", err)
}

// ReadLog returns at most limit entries from the beginning of a partition's log.
// One that cannot be decoded is given with its Damaged set.
func (e *Engine) ReadLog(ctx context.Context, partition, limit int) ([]live.Entry, error) {
	if err := e.open(); err != nil {
		return nil, err
	}
	if limit <= 0 {
		return nil, nil
	}
	messages, err := e.client.XRangeN(ctx, e.keys.log(partition), "-", "+", int64(limit)).Result()
	if err != nil {
		return nil, wrap("read the log", err)
	}
	entries := make([]live.Entry, len(messages))
	for i, message := range messages {
		entry := &entries[i]
		entry.Partition, entry.Position = partition, positionOf(message.ID)
		entry.Epoch, _ = message.Values["e"].(string)
		payload, _ := message.Values["p"].(string)
		letters, _ := message.Values["o"].(string)
		entry.Damaged = decodeEntry(entry, payload, letters)
	}
	return entries, nil
}

// positionOf turns a stream id ("123-0") into a position.
func positionOf(id string) string {
	number, _, _ := strings.Cut(id, "-")
	return strings.Repeat("0", max(positionDigits-len(number), 0)) + number
}

// TrimLog forgets the log up to an entry, itself included. An entry that is
// not on the log any more, or is of another life of the partition, trims
// nothing.
func (e *Engine) TrimLog(ctx context.Context, lease live.Lease, upTo live.Entry) error {
	position, err := strconv.ParseUint(upTo.Position, 10, 63)
	if err != nil && upTo.Position != "" {
		return fmt.Errorf("trim the log: %w: a position is a number", outage.ErrInvalid)
	}
	p := lease.Partition
	_, err = e.run(ctx, call{
		script: e.scripts.trimLog,
		keys:   []string{e.keys.lease(p), e.keys.log(p), e.keys.logStart(p)},
		args:   []any{held(lease), strconv.FormatUint(position, 10), strconv.FormatUint(position+1, 10), upTo.Epoch},
	})
	return wrap("trim the log", err)
}
