package redis

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

// readChunk is how many keys are read in one round trip.
const readChunk = 2048

// hourOf numbers the hour that a time lies in.
func hourOf(t time.Time) int64 { return floorDiv(t.Unix(), 3600) }

// Counts returns for each series its counts from the minute of from
// (inclusive) to the minute of to (exclusive), zeros included.
func (e *Engine) Counts(ctx context.Context, series []outage.Series, from, to time.Time) ([][]int, error) {
	if err := e.open(); err != nil {
		return nil, err
	}
	first, end := floorDiv(from.Unix(), 60), floorDiv(to.Unix(), 60)
	length := int(max(end-first, 0))
	counts := make([][]int, len(series))
	for i := range counts {
		counts[i] = make([]int, length)
	}
	if length == 0 {
		return counts, nil
	}
	r := cellReader[goredis.MapStringStringCmd]{
		firstHour: floorDiv(first, 60), lastHour: floorDiv(end-1, 60),
		read: func(pipe goredis.Pipeliner, s outage.Series, hour int64) *goredis.MapStringStringCmd {
			return pipe.HGetAll(ctx, e.keys.counts(live.Partition(s.Service), s, hour))
		},
		take: func(i int, hour int64, cmd *goredis.MapStringStringCmd) {
			for field, value := range cmd.Val() {
				minute, at := number(field), int64(-1)
				if minute >= 0 && minute < 60 {
					at = hour*60 + minute - first
				}
				if at >= 0 && at < int64(length) {
					counts[i][at] = int(number(value))
				}
			}
		},
	}
	if err := r.run(ctx, e.client, series); err != nil {
		return nil, fmt.Errorf("read counts: %w", err)
	}
	return counts, nil
}

// cellReader reads something of every series and hour, in round trips of
// bounded size.
type cellReader[C any] struct {
	firstHour, lastHour int64
	read                func(goredis.Pipeliner, outage.Series, int64) *C
	take                func(i int, hour int64, cmd *C)
}

func (r *cellReader[C]) run(ctx context.Context, client goredis.UniversalClient, series []outage.Series) error {
	type place struct {
		series int
		hour   int64
	}
	pipe := client.Pipeline()
	places := make([]place, 0, min(readChunk, len(series)*int(r.lastHour-r.firstHour+1)))
	commands := make([]*C, 0, cap(places))
	flush := func() error {
		if _, err := pipe.Exec(ctx); err != nil {
			return wrap("ask redis", err)
		}
		for at, p := range places {
			r.take(p.series, p.hour, commands[at])
		}
		places, commands = places[:0], commands[:0]
		return nil
	}
	for i, s := range series {
		for hour := r.firstHour; hour <= r.lastHour; hour++ {
			places, commands = append(places, place{i, hour}), append(commands, r.read(pipe, s, hour))
			if len(places) < readChunk {
				continue
			}
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

// Evidence unites what the hours that from and to touch know of each series.
func (e *Engine) Evidence(ctx context.Context, series []outage.Series, from, to time.Time) ([]live.Evidence, error) {
	if err := e.open(); err != nil {
		return nil, err
	}
	united := make([]union, len(series))
	r := cellReader[goredis.StringSliceCmd]{
		firstHour: hourOf(from), lastHour: hourOf(to),
		read: func(pipe goredis.Pipeliner, s outage.Series, hour int64) *goredis.StringSliceCmd {
			return pipe.SMembers(ctx, e.keys.evidence(live.Partition(s.Service), s, hour))
		},
		take: func(i int, hour int64, cmd *goredis.StringSliceCmd) {
			united[i].add(floorDiv(hour, 24), cmd.Val())
		},
	}
	if err := r.run(ctx, e.client, series); err != nil {
		return nil, fmt.Errorf("read evidence: %w", err)
	}
	evidence := make([]live.Evidence, len(series))
	for i := range united {
		evidence[i] = united[i].evidence()
	}
	return evidence, nil
}

// The first letter of a member of evidence.
const (
	memberOrigin  = 'o'
	memberNetwork = 'n'
	memberSource  = 's'
)

// union gathers a series' evidence over hours. Origins are told apart within a day only.
type union struct {
	origins           map[int64]map[string]struct{}
	networks, sources map[string]struct{}
}

func (u *union) add(day int64, members []string) {
	if u.origins == nil {
		u.origins = map[int64]map[string]struct{}{}
		u.networks, u.sources = map[string]struct{}{}, map[string]struct{}{}
	}
	if u.origins[day] == nil {
		u.origins[day] = map[string]struct{}{}
	}
	for _, member := range members {
		if member == "" {
			continue
		}
		switch member[0] {
		case memberOrigin:
			u.origins[day][member] = struct{}{}
		case memberNetwork:
			u.networks[member] = struct{}{}
		case memberSource:
			u.sources[member] = struct{}{}
		}
	}
}

func (u *union) evidence() live.Evidence {
	found := live.Evidence{Networks: len(u.networks), Sources: len(u.sources)}
	for _, origins := range u.origins {
		found.Origins = max(found.Origins, len(origins))
	}
	return found
}

// Changed lists the series of a partition that changed after a sequence number.
func (e *Engine) Changed(ctx context.Context, partition int, after uint64, limit int) (live.Changes, error) {
	if limit <= 0 {
		return live.Changes{Next: after, More: true}, nil
	}
	answer, err := e.run(ctx, call{
		script: e.scripts.changed,
		keys:   []string{e.keys.seq(partition), e.keys.changed(partition)},
		args:   []any{strconv.FormatUint(after, 10), limit},
	})
	if err != nil {
		return live.Changes{}, wrap("list changes", err)
	}
	texts, ok := textsOf(answer)
	if !ok || len(texts)%2 != 1 {
		return live.Changes{}, unexpected("list changes")
	}
	changes := live.Changes{}
	if changes.Next, err = strconv.ParseUint(texts[0], 10, 64); err != nil {
		return live.Changes{}, unexpected("list changes")
	}
	for at := 1; at < len(texts); at += 2 {
		series, ok := seriesOf(texts[at])
		seq, err := strconv.ParseUint(texts[at+1], 10, 64)
		if !ok || err != nil {
			return live.Changes{}, unexpected("list changes")
		}
		changes.Changed = append(changes.Changed, live.Change{Series: series, Seq: seq})
		changes.Next = seq
	}
	changes.More = len(changes.Changed) == limit
	return changes, nil
}

// seriesOf reads "service/country".
func seriesOf(text string) (outage.Series, bool) {
	service, country, ok := strings.Cut(text, "/")
	return outage.Series{Service: service, Country: country}, ok
}

// ServiceSeries lists the series of services that have been counted within
// live.KeepCounts, "*" included.
func (e *Engine) ServiceSeries(ctx context.Context, services []string) ([]outage.Series, error) {
	var calls []call
	var byPartition [live.Partitions]int // place in calls, from 1
	for _, service := range services {
		p := live.Partition(service)
		if byPartition[p] == 0 {
			calls = append(calls, call{script: e.scripts.serviceSeries, keys: []string{e.keys.changed(p)}})
			byPartition[p] = len(calls)
		}
		c := &calls[byPartition[p]-1]
		c.keys = append(c.keys, e.keys.countries(p, service))
		c.args = append(c.args, service)
	}
	if len(calls) == 0 {
		return nil, e.open()
	}
	answers, errs := e.runAll(ctx, calls)
	var list []outage.Series
	for i, answer := range answers {
		if errs[i] != nil {
			return nil, wrap("list a service's series", errs[i])
		}
		texts, ok := textsOf(answer)
		if !ok {
			return nil, unexpected("list a service's series")
		}
		for _, text := range texts {
			if series, ok := seriesOf(text); ok {
				list = append(list, series)
			}
		}
	}
	return list, nil
}
