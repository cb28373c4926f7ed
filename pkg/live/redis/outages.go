package redis

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

const (
	// keepFinal is how long a final outage can be read here.
	keepFinal = 24 * time.Hour
	// viewFor is how long a view is shown after its owner's last one.
	viewFor = 15 * time.Second
	// rankDigits is the length of a rank: fence and revision, 20 digits each,
	// so that ranks compare as text.
	rankDigits = 40
)

// PutOutages writes outages into the live state and on the log in one atomic
// step. A change that does not supersede what is there is ignored.
func (e *Engine) PutOutages(ctx context.Context, now time.Time, lease live.Lease, changes []outage.Change) error {
	if len(changes) == 0 {
		return e.open()
	}
	payload, err := encodeChanges(changes)
	if err != nil {
		return fmt.Errorf("write outages: %w", err)
	}
	p := lease.Partition
	c := call{
		script: e.scripts.putOutages,
		keys: []string{
			e.keys.lease(p), e.keys.epoch(p), e.keys.outages(p), e.keys.finals(p), e.keys.log(p), e.keys.logEnd(p),
			e.keys.logStart(p),
		},
		args: []any{
			held(lease), now.UnixMilli(), now.Add(keepFinal).UnixMilli(),
			keepFor.Milliseconds(), keepLogFor.Milliseconds(), payload,
		},
	}
	for i := range changes {
		text, err := json.Marshal(&changes[i].Outage)
		if err != nil {
			return fmt.Errorf("write outages: %w", err)
		}
		final := "0"
		if changes[i].Outage.Final {
			final = "1"
		}
		c.args = append(c.args, changes[i].Outage.ID.String(), rank(changes[i]), final, text)
	}
	_, err = e.run(ctx, c)
	return wrap("write outages", err)
}

// rank orders changes of one outage as Supersedes does.
func rank(c outage.Change) string { return fmt.Sprintf("%020d%020d", c.Fence, c.Outage.Revision) }

// Outages returns the open and recent outages of the partitions, of all if
// none is named.
func (e *Engine) Outages(ctx context.Context, partitions ...int) ([]outage.Change, error) {
	if err := e.open(); err != nil {
		return nil, err
	}
	if len(partitions) == 0 {
		for p := range live.Partitions {
			partitions = append(partitions, p)
		}
	}
	pipe := e.client.Pipeline()
	commands := make([]*goredis.StringSliceCmd, len(partitions))
	for i, p := range partitions {
		commands[i] = pipe.HVals(ctx, e.keys.outages(p))
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, wrap("read outages", err)
	}
	var changes []outage.Change
	for _, command := range commands {
		for _, stored := range command.Val() {
			change, err := parseOutage(stored)
			if err != nil {
				return nil, fmt.Errorf("read outages: %w", err)
			}
			changes = append(changes, change)
		}
	}
	return changes, nil
}

// parseOutage reads a stored outage: its rank and its JSON.
func parseOutage(stored string) (outage.Change, error) {
	var change outage.Change
	if len(stored) < rankDigits {
		return change, errDamaged
	}
	fence, err := strconv.ParseUint(stored[:rankDigits/2], 10, 64)
	if err != nil {
		return change, fmt.Errorf("%w: its fence", errDamaged)
	}
	change.Fence = fence
	if err := json.Unmarshal([]byte(stored[rankDigits:]), &change.Outage); err != nil {
		return change, fmt.Errorf("%w: %w", errDamaged, err)
	}
	return change, nil
}

// PutView publishes what the partition's owner sees. It expires soon after
// the owner's last one.
func (e *Engine) PutView(ctx context.Context, lease live.Lease, view live.View) error {
	text, err := json.Marshal(&view)
	if err != nil {
		return fmt.Errorf("publish a view: %w", err)
	}
	p := lease.Partition
	_, err = e.run(ctx, call{
		script: e.scripts.putView,
		keys:   []string{e.keys.lease(p), e.keys.view(p), e.keys.outages(p), e.keys.finals(p)},
		args:   []any{held(lease), text, viewFor.Milliseconds(), view.At.UnixMilli()},
	})
	return wrap("publish a view", err)
}

// Views returns what the owners of all partitions see; partitions without an
// owner's view are left out.
func (e *Engine) Views(ctx context.Context) ([]live.View, error) {
	if err := e.open(); err != nil {
		return nil, err
	}
	pipe := e.client.Pipeline()
	var commands [live.Partitions]*goredis.SliceCmd
	for p := range commands {
		commands[p] = pipe.MGet(ctx, e.keys.view(p)) // unlike GET, a missing one is no error
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, wrap("read views", err)
	}
	var views []live.View
	for _, command := range commands {
		text, ok := command.Val()[0].(string)
		if !ok {
			continue
		}
		var view live.View
		if err := json.Unmarshal([]byte(text), &view); err != nil {
			return nil, fmt.Errorf("read views: %w: %w", errDamaged, err)
		}
		views = append(views, view)
	}
	return views, nil
}
