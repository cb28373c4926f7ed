package social

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/outcryhq/outcry/pkg/outage"
)

const (
	// maxDeletions is how many deletions wait: more than an hour of Bluesky's.
	maxDeletions = 100_000
	// forgetBatch is how many reports are looked for at once.
	forgetBatch = 500
	// forgetRetry is the pause before a report that must come is looked for again.
	forgetRetry = 10 * time.Second
	// forgetWithin is how long a report that must come is looked for.
	forgetWithin = 3 * 24 * time.Hour
	// holdWithin is how long it holds the cursor back.
	holdWithin = time.Hour
)

// lookAgain are the pauses before a report that may not come is looked for
// again. Nearly all deletions are of posts that were no complaints.
// But one that an earlier process took may still be on its way.
var lookAgain = []time.Duration{0, time.Minute, 10 * time.Minute, time.Hour} //nolint:gochecknoglobals // a constant table

// deletions are the posts that their authors have deleted, until their links
// are forgotten. A report takes a while from the live state to the archive. So
// one that is known to be on its way is looked for until it is there, and holds
// the cursor back: after a restart the network tells of the deletion again.
type deletions struct {
	expected *seen // the reports with links that this process has taken

	mu sync.Mutex
	// waiting is bounded by maxDeletions; past it, only what is expected is added.
	waiting map[outage.ID]*deletion
}

// deletion is one report whose link is to be forgotten.
type deletion struct {
	at, next time.Time // when it was deleted, and is to be looked for
	tries    int
	expected bool   // the report will come
	release  func() // lets the cursor pass; nil if it may
}

func newDeletions() *deletions {
	return &deletions{expected: newSeen(maxSeen), waiting: map[outage.ID]*deletion{}}
}

// expect notes that a report with a link will come to the archive.
func (d *deletions) expect(id outage.ID) { d.expected.add(id) }

// forgo notes that it will not.
func (d *deletions) forgo(id outage.ID) {
	d.expected.remove(id)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.settle(id)
}

// add notes a deletion. hold keeps the cursor from passing it until what it
// returns is called. It returns false if there is no room.
func (d *deletions) add(id outage.ID, now time.Time, hold func() func()) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.waiting[id] != nil {
		return true
	}
	entry := &deletion{at: now, next: now, expected: d.expected.has(id)}
	if entry.expected {
		entry.release = hold()
	} else if len(d.waiting) >= maxDeletions {
		return false
	}
	d.waiting[id] = entry
	return true
}

// due returns some of those that are to be looked for.
func (d *deletions) due(now time.Time) []outage.ID {
	d.mu.Lock()
	defer d.mu.Unlock()
	var ids []outage.ID
	for id, entry := range d.waiting {
		if !entry.next.After(now) {
			if ids = append(ids, id); len(ids) == forgetBatch {
				break
			}
		}
	}
	return ids
}

// looked notes that reports were looked for, and which were found.
func (d *deletions) looked(now time.Time, ids, found []outage.ID) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, id := range found {
		d.settle(id)
	}
	for _, id := range ids {
		entry := d.waiting[id]
		if entry == nil {
			continue
		}
		entry.tries++
		if now.Sub(entry.at) >= holdWithin {
			entry.letGo()
		}
		switch {
		case entry.expected && now.Sub(entry.at) < forgetWithin:
			entry.next = now.Add(forgetRetry)
		case !entry.expected && entry.tries < len(lookAgain):
			entry.next = now.Add(lookAgain[entry.tries])
		default:
			d.settle(id)
		}
	}
}

func (d *deletions) settle(id outage.ID) {
	if entry := d.waiting[id]; entry != nil {
		entry.letGo()
		delete(d.waiting, id)
	}
}

func (e *deletion) letGo() {
	if e.release != nil {
		e.release()
		e.release = nil
	}
}

// forget has the archive forget what is due, as far as it goes. What fails is
// tried again at the next call.
func (l *Listener) forget(ctx context.Context) {
	if !l.config.KeepLinks {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, saveTimeout)
	defer cancel()
	err := errors.Join(l.forgetPosts(ctx), l.forgetAccounts(ctx))
	if err == nil {
		l.forgetting.Store(false)
	} else if l.forgetting.CompareAndSwap(false, true) && ctx.Err() == nil {
		l.logger.Warn("links of deleted posts cannot be forgotten now", "error", err)
	}
}

func (l *Listener) forgetPosts(ctx context.Context) error {
	for {
		now := l.config.Now()
		ids := l.deleted.due(now)
		if len(ids) == 0 {
			return nil
		}
		found, err := l.config.Forgetter.ForgetReports(ctx, ids)
		if err != nil {
			return err
		}
		l.deleted.looked(now, ids, found)
	}
}

func (l *Listener) forgetAccounts(ctx context.Context) error {
	for {
		now := l.config.Now()
		links := l.departed.due(now)
		if len(links) == 0 {
			return nil
		}
		if err := l.config.Forgetter.ForgetLinks(ctx, links); err != nil {
			return err
		}
		l.departed.looked(now, links)
	}
}
