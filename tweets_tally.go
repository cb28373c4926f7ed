package main

import (
	"bytes"
	"cmp"
	"container/heap"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"slices"
	"time"

	"github.com/outcryhq/outcry/ingest/social"
	"github.com/outcryhq/outcry/pkg/countcsv"
	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/live/memory"
	"github.com/outcryhq/outcry/pkg/outage"
)

const (
	// disorder is by how much posts may be out of order.
	disorder = 5 * time.Minute
	// mostWaiting is how many complaints wait to be put in order. When there are
	// more, the oldest minute is counted at once.
	mostWaiting = 1 << 19
)

// tally counts distinct reporters a minute as the live state does, for it asks
// the memory engine, and writes them as recorded counts. Of an account only a
// hash is kept, under a key that ends with the process.
type tally struct {
	engine *memory.Engine
	key    [32]byte
	quiet  outage.Series // of the row that says that a minute was listened to
	rows   *countcsv.Writer

	newest  time.Time   // of any post
	heard   []time.Time // minutes with posts that have not been counted, in order
	next    time.Time   // the first minute that has not been
	waiting complaints  // of those minutes
	most    int         // that wait
	row     map[outage.Series]int

	counted, repeated, late int
}

// newTally starts an engine of its own.
func newTally(ctx context.Context, service string) (*tally, error) {
	engine, err := memory.New(memory.Config{Now: time.Now}) //nolint:contextcheck // it commits on its own
	if err != nil {
		return nil, err
	}
	t := &tally{
		engine: engine, row: map[outage.Series]int{}, most: mostWaiting,
		quiet: outage.Series{Service: service, Country: outage.UnknownCountry},
	}
	_, _ = rand.Read(t.key[:]) // never fails
	for partition := range live.Partitions {
		lease, _, err := engine.Acquire(ctx, partition, "replay", time.Minute)
		if err == nil {
			_, err = engine.Rebuild(ctx, time.Time{}, lease, live.Snapshot{})
		}
		if err != nil {
			t.close()
			return nil, err
		}
	}
	return t, nil
}

func (t *tally) close() { _ = t.engine.Close() }

// complaint is a post that waits to be counted.
type complaint struct {
	at       time.Time
	id       outage.ID
	reporter outage.Hash
	series   outage.Series
}

// complaints is a heap, the oldest first, and of one moment in the order of ids,
// so that two runs count alike.
type complaints []complaint

// Len implements [heap.Interface].
func (c *complaints) Len() int { return len(*c) }

// Swap implements [heap.Interface].
func (c *complaints) Swap(i, j int) { (*c)[i], (*c)[j] = (*c)[j], (*c)[i] }

// Less implements [heap.Interface].
func (c *complaints) Less(i, j int) bool {
	a, b := (*c)[i], (*c)[j]
	return cmp.Or(a.at.Compare(b.at), bytes.Compare(a.id[:], b.id[:])) < 0
}

// Push implements [heap.Interface].
func (c *complaints) Push(x any) { *c = append(*c, x.(complaint)) } //nolint:errcheck,forcetypeassert // only add calls it

// Pop implements [heap.Interface].
func (c *complaints) Pop() any {
	last := len(*c) - 1
	x := (*c)[last]
	*c = (*c)[:last]
	return x
}

// hear notes that there was a post, and counts the minutes that no later post
// should fall into.
func (t *tally) hear(ctx context.Context, at time.Time) error {
	minute := at.Truncate(time.Minute)
	if minute.Before(t.next) {
		return nil
	}
	if i, found := slices.BinarySearchFunc(t.heard, minute, time.Time.Compare); !found {
		t.heard = slices.Insert(t.heard, i, minute)
	}
	if at.After(t.newest) {
		t.newest = at
	}
	return t.count(ctx, t.newest.Add(-disorder))
}

// add takes a complaint whose time was heard.
func (t *tally) add(ctx context.Context, post social.Post, series outage.Series) error {
	if post.At.Before(t.next) {
		t.late++
		return nil
	}
	mac := hmac.New(sha256.New, t.key[:])
	_, _ = mac.Write([]byte(post.Author))
	heap.Push(&t.waiting, complaint{
		at: post.At, id: outage.DeriveID(string(outage.SourceTwitter), post.ID),
		reporter: outage.Hash(mac.Sum(nil)[:len(outage.Hash{})]), series: series,
	})
	if len(t.waiting) > t.most {
		return t.count(ctx, t.heard[0].Add(time.Minute))
	}
	return nil
}

// count counts the minutes that are over by a time.
func (t *tally) count(ctx context.Context, by time.Time) error {
	for len(t.heard) > 0 && !t.heard[0].Add(time.Minute).After(by) {
		minute := t.heard[0]
		t.heard = slices.Delete(t.heard, 0, 1)
		t.next = minute.Add(time.Minute)
		for len(t.waiting) > 0 && t.waiting[0].at.Before(t.next) {
			if err := t.record(ctx, heap.Pop(&t.waiting).(complaint)); err != nil { //nolint:errcheck,forcetypeassert // it holds nothing else
				return err
			}
		}
		if err := t.write(minute); err != nil {
			return err
		}
	}
	return nil
}

// record lets the engine decide at the complaint's own time.
func (t *tally) record(ctx context.Context, c complaint) error {
	result := t.engine.Record(ctx, c.at, []outage.Report{{
		Identity: outage.Identity{ID: c.id, Reporter: c.reporter},
		Service:  c.series.Service, Country: c.series.Country,
		Source: outage.SourceTwitter, Origin: c.reporter, ObservedAt: c.at, ReceivedAt: c.at,
	}})[0]
	switch {
	case result.Err != nil:
		return fmt.Errorf("count complaints: %w", result.Err)
	case result.Replayed || result.Receipt.Outcome != outage.Counted:
		t.repeated++
	default:
		t.counted++
		t.row[c.series]++
	}
	return nil
}

// write writes a minute's counts, or that it was quiet: a minute without posts
// is one in which nobody listened.
func (t *tally) write(minute time.Time) error {
	if len(t.row) == 0 {
		return t.rows.Write(countcsv.Row{Start: minute, Series: t.quiet})
	}
	series := make([]outage.Series, 0, len(t.row))
	for s := range t.row {
		series = append(series, s)
	}
	slices.SortFunc(series, func(a, b outage.Series) int {
		return cmp.Or(cmp.Compare(a.Service, b.Service), cmp.Compare(a.Country, b.Country))
	})
	for _, s := range series {
		if err := t.rows.Write(countcsv.Row{Start: minute, Series: s, Reports: t.row[s]}); err != nil {
			return err
		}
	}
	clear(t.row)
	return nil
}

// end counts what is left.
func (t *tally) end(ctx context.Context) error {
	if len(t.heard) > 0 {
		if err := t.count(ctx, t.heard[len(t.heard)-1].Add(time.Minute)); err != nil {
			return err
		}
	}
	return t.rows.Flush()
}
