package memory

import (
	"context"
	"fmt"
	"time"

	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

// Counts returns each series' counts by minute, zeros included; see package live.
func (e *Engine) Counts(_ context.Context, names []outage.Series, from, to time.Time) ([][]int, error) {
	first, last := minuteOf(from), minuteOf(to)
	counts := make([][]int, len(names))
	for i, name := range names {
		e.read(name, func(s *series) { counts[i] = s.dense(first, last) })
	}
	return counts, nil
}

// Evidence unites the hours that from and to touch; see package live.
func (e *Engine) Evidence(_ context.Context, names []outage.Series, from, to time.Time) ([]live.Evidence, error) {
	first, last := floor(from.Unix(), 3600), floor(to.Unix(), 3600)
	found := make([]live.Evidence, len(names))
	for i, name := range names {
		e.read(name, func(s *series) { found[i] = s.evidence(first, last) })
	}
	return found, nil
}

// read gives fn a series while it cannot change; an empty one if there is none.
func (e *Engine) read(name outage.Series, fn func(*series)) {
	b := &e.boards[live.Partition(name.Service)]
	b.mu.RLock()
	defer b.mu.RUnlock()
	s := b.find(name)
	if s == nil {
		s = &series{name: name}
	}
	fn(s)
}

// Changed lists the series that changed after a sequence number; see package live.
func (e *Engine) Changed(_ context.Context, partition int, after uint64, limit int) (live.Changes, error) {
	if limit < 1 {
		return live.Changes{}, fmt.Errorf("%w: a limit is positive", outage.ErrInvalid)
	}
	if err := checkPartition(partition); err != nil {
		return live.Changes{}, err
	}
	b := &e.boards[partition]
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.changes.after(after, limit), nil
}

// ServiceSeries lists the services' series, "*" included; see package live.
func (e *Engine) ServiceSeries(_ context.Context, services []string) ([]outage.Series, error) {
	var list []outage.Series
	for _, slug := range services {
		list = append(list, e.boards[live.Partition(slug)].series(slug)...)
	}
	return list, nil
}

// series lists a service's series.
func (b *board) series(slug string) []outage.Series {
	b.mu.RLock()
	defer b.mu.RUnlock()
	svc := b.services[slug]
	if svc == nil {
		return nil
	}
	list := []outage.Series{svc.sum.name}
	for _, s := range svc.countries {
		list = append(list, s.name)
	}
	return list
}

func checkPartition(partition int) error {
	if partition < 0 || partition >= live.Partitions {
		return fmt.Errorf("%w: partitions are 0 to %d", outage.ErrInvalid, live.Partitions-1)
	}
	return nil
}
