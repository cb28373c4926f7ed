package redis

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

// held is the value of a lease's key while it is this one that runs.
func held(lease live.Lease) string {
	return strconv.FormatUint(lease.Fence, 10) + "|" + lease.Owner
}

// Acquire takes a partition for ttl by the server's clock, unless another
// owner's lease runs. The same owner may take it anew. Each acquisition has a
// greater fence.
func (e *Engine) Acquire(ctx context.Context, partition int, owner string, ttl time.Duration) (live.Lease, bool, error) {
	if owner == "" || ttl < time.Millisecond {
		return live.Lease{}, false, fmt.Errorf("acquire a lease: %w: it needs an owner and a time of 1 ms or more", outage.ErrInvalid)
	}
	answer, err := e.run(ctx, call{
		script: e.scripts.acquire,
		keys:   []string{e.keys.lease(partition), e.keys.fence(partition), e.keys.epoch(partition)},
		args:   []any{owner, ttl.Milliseconds()},
	})
	if err != nil || answer == nil {
		return live.Lease{}, false, wrap("acquire a lease", err)
	}
	texts, ok := textsOf(answer)
	if !ok || len(texts) != 2 {
		return live.Lease{}, false, unexpected("acquire a lease")
	}
	fence, err := strconv.ParseUint(texts[0], 10, 64)
	if err != nil {
		return live.Lease{}, false, unexpected("acquire a lease")
	}
	return live.Lease{Partition: partition, Owner: owner, Fence: fence, Epoch: texts[1]}, true, nil
}

// Renew sets the time that the lease has left. It fails with outage.ErrFenced
// when the lease is lost, or when the partition's epoch is gone: then the
// owner acquires it again and finds that it has to rebuild.
func (e *Engine) Renew(ctx context.Context, lease live.Lease, ttl time.Duration) error {
	p := lease.Partition
	_, err := e.run(ctx, call{
		script: e.scripts.renew,
		keys: []string{
			e.keys.lease(p), e.keys.epoch(p), e.keys.outages(p), e.keys.finals(p),
			e.keys.log(p), e.keys.logEnd(p), e.keys.logStart(p),
		},
		args: []any{
			held(lease), lease.Epoch, max(ttl, time.Millisecond).Milliseconds(),
			keepFor.Milliseconds(), keepLogFor.Milliseconds(),
		},
	})
	return wrap("renew a lease", err)
}

// Release gives the partition back. Releasing a lost lease is no error.
func (e *Engine) Release(ctx context.Context, lease live.Lease) error {
	_, err := e.run(ctx, call{
		script: e.scripts.release,
		keys:   []string{e.keys.lease(lease.Partition)},
		args:   []any{held(lease)},
	})
	return wrap("release a lease", err)
}

// Join says for ttl that a detector is there, and lists those that are, sorted.
func (e *Engine) Join(ctx context.Context, owner string, ttl time.Duration) ([]string, error) {
	answer, err := e.run(ctx, call{
		script: e.scripts.join,
		keys:   []string{e.keys.detectors()},
		args:   []any{owner, max(ttl, time.Millisecond).Milliseconds()},
	})
	if err != nil {
		return nil, wrap("join the detectors", err)
	}
	owners, ok := textsOf(answer)
	if !ok {
		return nil, unexpected("join the detectors")
	}
	slices.Sort(owners)
	return owners, nil
}

// Leave says that a detector is gone.
func (e *Engine) Leave(ctx context.Context, owner string) error {
	if err := e.open(); err != nil {
		return err
	}
	return wrap("leave the detectors", e.client.ZRem(ctx, e.keys.detectors(), owner).Err())
}

// textsOf reads an answer that is a list of texts.
func textsOf(answer any) ([]string, bool) {
	list, ok := answer.([]any)
	if !ok {
		return nil, false
	}
	texts := make([]string, len(list))
	for i, item := range list {
		if texts[i], ok = item.(string); !ok {
			return nil, false
		}
	}
	return texts, true
}
