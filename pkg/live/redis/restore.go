package redis

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
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

// known is what a rebuild puts back about some reports.
type known struct {
	recent []any  // fields and values of markers and receipts
	items  []item // the rest
}

// item is a seat ("s") or a member of evidence ("e"); see lua/rebuild_reports.lua.
type item struct {
	key           string
	kind          string
	ttl           time.Duration
	value, member string
}

// restoreReports puts back markers, receipts and seats of the last hour, and
// the evidence of all reports given.
func (e *Engine) restoreReports(ctx context.Context, now time.Time, lease live.Lease, reports []outage.Logged) error {
	var k known
	for i := range reports {
		e.gather(&k, now, lease.Partition, &reports[i])
		if len(k.recent)+len(k.items) < rebuildChunk && i < len(reports)-1 {
			continue
		}
		if err := e.putKnown(ctx, now, lease, &k); err != nil {
			return err
		}
		k = known{recent: k.recent[:0], items: k.items[:0]}
	}
	return nil
}

func (e *Engine) putKnown(ctx context.Context, now time.Time, lease live.Lease, k *known) error {
	p := lease.Partition
	c := call{
		script: e.scripts.rebuildReports,
		keys: []string{
			e.keys.lease(p), e.keys.epoch(p), e.keys.recent(p), e.keys.recentHalf(p, 0), e.keys.recentHalf(p, 1),
		},
		args: []any{
			held(lease), live.EvidenceCap, string(appendStamp(nil, now.UnixMicro())), keepRecent.Milliseconds(), len(k.recent),
		},
	}
	c.args = append(c.args, k.recent...)
	for _, it := range k.items {
		c.keys = append(c.keys, it.key)
		c.args = append(c.args, it.kind, it.ttl.Milliseconds(), it.value, it.member)
	}
	_, err := e.run(ctx, c)
	return err
}

// gather adds what is to be known of a report again.
func (e *Engine) gather(k *known, now time.Time, p int, r *outage.Logged) {
	at := r.ReceivedAt
	left := min(at.Add(live.DedupeFor).Sub(now), live.DedupeFor)
	recent := left >= time.Millisecond
	if recent {
		k.recent = append(k.recent, string(appendIDField(nil, r.ID)), receiptOf(r))
	}
	if r.Outcome != outage.Counted {
		return
	}
	if recent {
		k.recent = append(k.recent,
			string(appendMarkerField(nil, r.Service, r.Reporter)), string(appendStamp(nil, at.UnixMicro())))
	}
	if recent && !r.Seat.IsZero() {
		k.items = append(k.items, item{
			key: string(e.keys.appendSeat(nil, p, r.Service, r.Seat)), kind: "s", ttl: left,
			value: strconv.FormatInt(at.UnixMicro(), 10), member: string(r.Reporter[:]),
		})
	}
	k.items = e.appendEvidence(k.items, p, r)
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
		forget = strconv.FormatInt(until.UnixMilli(), 10)
	}
	text, err := json.Marshal(&change.Outage)
	if err != nil {
		return nil, fmt.Errorf("encode an outage: %w", err)
	}
	return []any{change.Outage.ID.String(), rank(change), forget, text}, nil
}
