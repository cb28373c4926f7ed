package redis

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

// filledCell is a series' hour with its counts by minute.
type filledCell struct {
	cell
	minutes map[int64]int
}

// sumCounts gathers counts by series and hour, adds the sums over countries,
// and sorts by hour.
func sumCounts(counts []live.MinuteCount) []filledCell {
	byCell := map[cell]map[int64]int{}
	add := func(c cell, minute int64, count int) {
		if byCell[c] == nil {
			byCell[c] = map[int64]int{}
		}
		byCell[c][minute] += count
	}
	for _, m := range counts {
		hour := hourOf(m.Minute)
		minute := floorDiv(m.Minute.Unix(), 60) - hour*60
		add(cell{m.Series.Service, m.Series.Country, hour}, minute, m.Count)
		add(cell{m.Series.Service, outage.AllCountries, hour}, minute, m.Count)
	}
	cells := make([]filledCell, 0, len(byCell))
	for c, minutes := range byCell {
		cells = append(cells, filledCell{c, minutes})
	}
	slices.SortFunc(cells, func(a, b filledCell) int { return int(a.hour - b.hour) })
	return cells
}

// item is one thing that a rebuild puts back about a report; see
// lua/rebuild_reports.lua for its kinds.
type item struct {
	key           string
	kind          string
	ttl           time.Duration
	value, member string
}

// restoreReports puts back markers, receipts and seats of the last hour, and
// the evidence of all reports given.
func (e *Engine) restoreReports(ctx context.Context, now time.Time, lease live.Lease, reports []outage.Logged) error {
	var items []item
	for i := range reports {
		items = e.appendItems(items, now, lease.Partition, &reports[i])
		if len(items) < rebuildChunk && i < len(reports)-1 {
			continue
		}
		if err := e.putItems(ctx, lease, items); err != nil {
			return err
		}
		items = items[:0]
	}
	return nil
}

func (e *Engine) putItems(ctx context.Context, lease live.Lease, items []item) error {
	p := lease.Partition
	c := call{
		script: e.scripts.rebuildReports,
		keys:   []string{e.keys.lease(p), e.keys.epoch(p)},
		args:   []any{held(lease), live.EvidenceCap},
	}
	for _, it := range items {
		c.keys = append(c.keys, it.key)
		c.args = append(c.args, it.kind, it.ttl.Milliseconds(), it.value, it.member)
	}
	_, err := e.run(ctx, c)
	return err
}

// appendItems appends what is to be known of a report again.
func (e *Engine) appendItems(items []item, now time.Time, p int, r *outage.Logged) []item {
	at := r.ReceivedAt
	left := min(at.Add(live.DedupeFor).Sub(now), live.DedupeFor)
	if left >= time.Millisecond {
		items = append(items, item{key: e.keys.id(p, r.ID), kind: "m", ttl: left, value: receiptOf(r)})
	}
	if r.Outcome != outage.Counted {
		return items
	}
	if left >= time.Millisecond {
		items = append(items, item{
			key: e.keys.seen(p, r.Service, r.Reporter), kind: "m", ttl: left,
			value: string(appendStamp(nil, at.UnixMicro())),
		})
		if !r.Seat.IsZero() {
			items = append(items, item{
				key: e.keys.seat(p, r.Service, r.Seat), kind: "s", ttl: left,
				value: fmt.Sprint(at.UnixMicro()), member: r.Reporter.String(),
			})
		}
	}
	return e.appendEvidence(items, p, r)
}

// appendEvidence appends what a counted report says about its country's series
// and the service's.
func (e *Engine) appendEvidence(items []item, p int, r *outage.Logged) []item {
	members := []string{string([]byte{memberSource, sourceLetter(r.Source)})}
	if !r.Origin.IsZero() {
		members = append(members, string(memberOrigin)+string(r.Origin[:]))
	}
	if r.Network != 0 {
		members = append(members, string(binary.BigEndian.AppendUint32([]byte{memberNetwork}, r.Network)))
	}
	for _, country := range []string{r.Country, outage.AllCountries} {
		key := e.keys.evidence(p, outage.Series{Service: r.Service, Country: country}, hourOf(r.ObservedAt))
		for _, member := range members {
			items = append(items, item{key: key, kind: "e", ttl: keepFor, value: member})
		}
	}
	return items
}

// receiptOf is a report's receipt as lua/record.lua stores it.
func receiptOf(r *outage.Logged) string {
	letter := map[outage.Outcome]byte{
		outage.Counted: letterCounted, outage.Duplicate: letterDuplicate, outage.TooOld: letterTooOld,
	}[r.Outcome]
	dst := append(appendStamp(nil, r.ReceivedAt.UnixMicro()), letter)
	dst = binary.BigEndian.AppendUint32(dst, r.Digest)
	return string(dst) + r.Service + "/" + r.Country
}

// outageArguments are the arguments of one outage for lua/rebuild_outages.lua:
// none for one that is final and forgotten.
func outageArguments(now time.Time, change outage.Change) ([]any, error) {
	forget := ""
	if change.Outage.Final {
		until := now.Add(keepFinal)
		if closed := change.Outage.ClosedAt; closed != nil {
			until = closed.Add(keepFinal)
		}
		if !until.After(now) {
			return nil, nil
		}
		forget = fmt.Sprint(until.UnixMilli())
	}
	text, err := json.Marshal(&change.Outage)
	if err != nil {
		return nil, fmt.Errorf("encode an outage: %w", err)
	}
	return []any{change.Outage.ID.String(), rank(change), forget, text}, nil
}
