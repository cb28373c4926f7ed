package memory

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

// viewFor is how long a view can be read after it was published.
const viewFor = 15 * time.Second

// owners is who owns which partition, what they see, and who is there at all.
type owners struct {
	now func() time.Time

	mu      sync.Mutex
	tenures [live.Partitions]tenure
	members map[string]time.Time // until when
}

// tenure is the ownership of one partition.
type tenure struct {
	owner   string // "" for none
	until   time.Time
	fence   uint64
	epoch   string
	view    live.View
	viewEnd time.Time
}

func newOwners(now func() time.Time) *owners {
	return &owners{now: now, members: map[string]time.Time{}}
}

// check answers outage.ErrFenced unless the lease holds.
func (o *owners) check(lease live.Lease) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	_, err := o.held(lease)
	return err
}

// held returns the tenure that a lease stands for. mu is held.
func (o *owners) held(lease live.Lease) (*tenure, error) {
	if err := checkPartition(lease.Partition); err != nil {
		return nil, err
	}
	t := &o.tenures[lease.Partition]
	if t.owner != lease.Owner || t.owner == "" || t.fence != lease.Fence || !o.now().Before(t.until) {
		return nil, fmt.Errorf("partition %d: %w", lease.Partition, outage.ErrFenced)
	}
	return t, nil
}

// Acquire takes a partition that nobody else owns; see package live.
func (e *Engine) Acquire(_ context.Context, partition int, owner string, ttl time.Duration) (live.Lease, bool, error) {
	if err := checkPartition(partition); err != nil {
		return live.Lease{}, false, err
	}
	if owner == "" || ttl <= 0 {
		return live.Lease{}, false, fmt.Errorf("%w: a lease needs an owner and a positive duration", outage.ErrInvalid)
	}
	o := e.owners
	o.mu.Lock()
	defer o.mu.Unlock()
	t, now := &o.tenures[partition], o.now()
	if t.owner != "" && t.owner != owner && now.Before(t.until) {
		return live.Lease{}, false, nil
	}
	t.owner, t.until = owner, now.Add(ttl)
	t.fence++
	return live.Lease{Partition: partition, Owner: owner, Fence: t.fence, Epoch: t.epoch}, true, nil
}

// Renew sets how long a lease still runs, or answers outage.ErrFenced.
func (e *Engine) Renew(_ context.Context, lease live.Lease, ttl time.Duration) error {
	o := e.owners
	o.mu.Lock()
	defer o.mu.Unlock()
	t, err := o.held(lease)
	if err != nil {
		return fmt.Errorf("renew the lease: %w", err)
	}
	t.until = o.now().Add(ttl)
	return nil
}

// Release gives a partition back. Releasing what was lost is no error.
func (e *Engine) Release(_ context.Context, lease live.Lease) error {
	o := e.owners
	o.mu.Lock()
	defer o.mu.Unlock()
	if t, err := o.held(lease); err == nil {
		t.owner = ""
	}
	return nil
}

// Join says that a detector is there for a while, and lists those that are.
func (e *Engine) Join(_ context.Context, owner string, ttl time.Duration) ([]string, error) {
	o := e.owners
	o.mu.Lock()
	defer o.mu.Unlock()
	now := o.now()
	o.members[owner] = now.Add(ttl)
	var there []string
	for member, until := range o.members {
		if now.Before(until) {
			there = append(there, member)
		} else {
			delete(o.members, member)
		}
	}
	slices.Sort(there)
	return there, nil
}

// Leave says that a detector is there no longer.
func (e *Engine) Leave(_ context.Context, owner string) error {
	e.owners.mu.Lock()
	defer e.owners.mu.Unlock()
	delete(e.owners.members, owner)
	return nil
}

// PutView publishes what a partition's owner sees.
func (e *Engine) PutView(_ context.Context, lease live.Lease, view live.View) error {
	o := e.owners
	o.mu.Lock()
	defer o.mu.Unlock()
	t, err := o.held(lease)
	if err != nil {
		return fmt.Errorf("publish a view: %w", err)
	}
	t.view, t.viewEnd = cloneView(view), o.now().Add(viewFor)
	return nil
}

// Views reads what the owners see, by partition. A view is left out 15 seconds
// after it was published.
func (e *Engine) Views(context.Context) ([]live.View, error) {
	o := e.owners
	o.mu.Lock()
	defer o.mu.Unlock()
	now := o.now()
	var list []live.View
	for i := range o.tenures {
		if t := &o.tenures[i]; now.Before(t.viewEnd) {
			list = append(list, cloneView(t.view))
		}
	}
	return list, nil
}

func cloneView(v live.View) live.View {
	v.Spikes = slices.Clone(v.Spikes)
	for i := range v.Spikes {
		v.Spikes[i].Windows = slices.Clone(v.Spikes[i].Windows)
	}
	return v
}
