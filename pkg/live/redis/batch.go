package redis

import (
	"context"
	"encoding/binary"
	"strconv"
	"sync"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

// The flags of a report record, as lua/record.lua reads them.
const (
	recordTooOld = 1 << iota
	recordPrevious
	recordSeat
	recordPreviousSeat
)

// fixedKeys is how many keys of record.lua come before those of the batch.
const fixedKeys = 11

// batch is one run of record.lua: the reports of one step of one partition,
// grouped so that the script touches each series once. Everything is written
// into one buffer, and batches are used again, because this path carries every
// report there is.
type batch struct {
	keys   *keys
	script *script

	partition int
	now       time.Time
	reports   []outage.Report // the caller's
	index     []int           // which of them are in this step

	cells    map[cell]uint16 // numbered from 1
	services map[string]uint16
	groups   map[group]uint16
	sums     map[group]uint16

	cellList    []cell
	serviceList []string
	groupCells  []byte // group records
	sumCells    []byte
	cellService []byte
	records     []byte
	seats       spans // keys
	before      spans // fields of previous identities

	body spans // all keys and arguments after the fixed ones
	args []any
}

// cell is a series in an hour.
type cell struct {
	service, country string
	hour             int64
}

// group is a series in a minute.
type group struct {
	service, country string
	minute           int64
}

// spans is a list of byte strings in one buffer.
type spans struct {
	buf  []byte
	ends []int
	list []bytesArg
}

// bytesArg is an argument of a command that costs no allocation: go-redis
// writes what MarshalBinary returns.
type bytesArg struct{ b []byte }

// MarshalBinary implements [encoding.BinaryMarshaler].
func (a *bytesArg) MarshalBinary() ([]byte, error) { return a.b, nil }

// end closes the string that has been appended to buf.
func (s *spans) end() { s.ends = append(s.ends, len(s.buf)) }

func (s *spans) bytes(b []byte) {
	s.buf = append(s.buf, b...)
	s.end()
}

func (s *spans) int(n int64) {
	s.buf = strconv.AppendInt(s.buf, n, 10)
	s.end()
}

// all appends every string of another list.
func (s *spans) all(other *spans) {
	start := len(s.buf)
	s.buf = append(s.buf, other.buf...)
	for _, end := range other.ends {
		s.ends = append(s.ends, start+end)
	}
}

func (s *spans) reset() { s.buf, s.ends = s.buf[:0], s.ends[:0] }

// appendTo appends the strings as arguments. They are valid until reset.
func (s *spans) appendTo(args []any) []any {
	if cap(s.list) < len(s.ends) {
		s.list = make([]bytesArg, len(s.ends), 2*len(s.ends))
	}
	s.list = s.list[:len(s.ends)]
	start := 0
	for i, end := range s.ends {
		s.list[i].b = s.buf[start:end]
		args = append(args, &s.list[i])
		start = end
	}
	return args
}

// batchPool keeps batches for use again.
type batchPool struct {
	keys   *keys
	script *script
	pool   sync.Pool
}

func newBatchPool(k *keys, s *script) *batchPool { return &batchPool{keys: k, script: s} }

func (p *batchPool) get() *batch {
	if b, ok := p.pool.Get().(*batch); ok {
		return b
	}
	return &batch{
		keys: p.keys, script: p.script,
		cells: map[cell]uint16{}, services: map[string]uint16{}, groups: map[group]uint16{}, sums: map[group]uint16{},
	}
}

// put takes a batch back when nothing refers to it any more.
func (p *batchPool) put(b *batch) {
	b.reset()
	p.pool.Put(b)
}

func (b *batch) reset() {
	clear(b.cells)
	clear(b.services)
	clear(b.groups)
	clear(b.sums)
	clear(b.args) // no report's text is kept alive
	b.reports = nil
	b.index, b.cellList, b.serviceList = b.index[:0], b.cellList[:0], b.serviceList[:0]
	b.groupCells, b.sumCells, b.cellService = b.groupCells[:0], b.sumCells[:0], b.cellService[:0]
	b.records, b.args = b.records[:0], b.args[:0]
	b.seats.reset()
	b.before.reset()
	b.body.reset()
}

// build prepares the command's arguments once index is complete.
func (b *batch) build() {
	b.group()
	b.body.reset()
	b.appendKeys()
	numKeys := fixedKeys + len(b.body.ends)
	b.appendArgs()

	k, p := b.keys, b.partition
	b.args = append(b.args[:0], "evalsha", b.script.sha, numKeys,
		k.epoch(p), k.log(p), k.logEnd(p), k.logStart(p), k.seq(p), k.changed(p), k.hours(p),
		k.recent(p), k.recentHalf(p, 0), k.recentHalf(p, 1), k.full(p, hourOf(b.now)))
	b.args = b.body.appendTo(b.args)
}

// command implements runner.
func (b *batch) command(ctx context.Context, full bool) *goredis.Cmd {
	if full {
		b.args[0], b.args[1] = "eval", b.script.text
	}
	return goredis.NewCmd(ctx, b.args...)
}

// group writes the report, group and cell records.
func (b *batch) group() {
	for _, i := range b.index {
		r := &b.reports[i]
		minute := observed(b.now, r).Unix() / 60
		g := b.groupOf(r, minute)
		flags := b.careful(r)
		b.records = append(b.records, flags)
		b.records = binary.BigEndian.AppendUint16(b.records, g)
		b.records = binary.BigEndian.AppendUint32(b.records, r.Digest)
		b.records = append(b.records, r.Origin[:]...)
		b.records = binary.BigEndian.AppendUint32(b.records, r.Network)
		b.records = append(b.records, sourceLetter(r.Source))
	}
}

// careful notes what only some reports need, and returns the report's flags.
func (b *batch) careful(r *outage.Report) byte {
	flags := byte(0)
	if b.now.Sub(r.ObservedAt) > live.LateAfter {
		flags |= recordTooOld
	}
	if r.Previous != nil {
		flags |= recordPrevious
		b.before.buf = appendIDField(b.before.buf, r.Previous.ID)
		b.before.end()
		b.before.buf = appendMarkerField(b.before.buf, r.Service, r.Previous.Reporter)
		b.before.end()
	}
	if r.Seat.IsZero() {
		return flags
	}
	flags |= recordSeat
	b.seats.buf = b.keys.appendSeat(b.seats.buf, b.partition, r.Service, r.Seat)
	b.seats.end()
	if r.Previous != nil && !r.Previous.Seat.IsZero() && r.Previous.Seat != r.Seat {
		flags |= recordPreviousSeat
		b.seats.buf = b.keys.appendSeat(b.seats.buf, b.partition, r.Service, r.Previous.Seat)
		b.seats.end()
	}
	return flags
}

// groupOf returns the number of a report's group, with its sum beside it.
func (b *batch) groupOf(r *outage.Report, minute int64) uint16 {
	key := group{r.Service, r.Country, minute}
	if n, ok := b.groups[key]; ok {
		return n
	}
	all := group{r.Service, outage.AllCountries, minute}
	sum, ok := b.sums[all]
	if !ok {
		sum = uint16(len(b.sums) + 1) //nolint:gosec // at most MaxBatch
		b.sums[all] = sum
		b.sumCells = b.appendGroup(b.sumCells, all, 0)
	}
	n := uint16(len(b.groups) + 1) //nolint:gosec // at most MaxBatch
	b.groups[key] = n
	b.groupCells = b.appendGroup(b.groupCells, key, sum)
	return n
}

func (b *batch) appendGroup(dst []byte, g group, sum uint16) []byte {
	dst = binary.BigEndian.AppendUint16(dst, b.cellOf(cell{g.service, g.country, floorDiv(g.minute, 60)}))
	dst = binary.BigEndian.AppendUint16(dst, sum)
	return appendMinute(dst, g.minute-floorDiv(g.minute, 60)*60)
}

func (b *batch) cellOf(c cell) uint16 {
	if n, ok := b.cells[c]; ok {
		return n
	}
	n := uint16(len(b.cellList) + 1) //nolint:gosec // at most twice MaxBatch
	b.cells[c] = n
	b.cellList = append(b.cellList, c)
	service, ok := b.services[c.service]
	if !ok {
		service = uint16(len(b.serviceList) + 1) //nolint:gosec // at most MaxBatch
		b.services[c.service] = service
		b.serviceList = append(b.serviceList, c.service)
	}
	b.cellService = binary.BigEndian.AppendUint16(b.cellService, service)
	return n
}

// appendKeys writes the keys after the fixed ones, in the order of record.lua.
func (b *batch) appendKeys() {
	s, k, p := &b.body, b.keys, b.partition
	for _, c := range b.cellList {
		s.buf = k.appendCounts(s.buf, p, c.service, c.country, c.hour)
		s.end()
		s.buf = k.appendEvidence(s.buf, p, c.service, c.country, c.hour)
		s.end()
	}
	for _, service := range b.serviceList {
		s.buf = k.appendCountries(s.buf, p, service)
		s.end()
	}
	s.all(&b.seats)
}

// appendArgs writes the arguments, in the order of record.lua.
func (b *batch) appendArgs() {
	s, now := &b.body, b.now.UnixMicro()
	edge := now - live.DedupeFor.Microseconds()
	hour := hourOf(b.now)
	s.buf = appendStamp(s.buf, now)
	s.end()
	s.int(now)
	s.int(edge)
	s.int(edge - time.Hour.Microseconds())
	for _, n := range []int{len(b.index), len(b.cellList), len(b.serviceList), len(b.groups), len(b.sums)} {
		s.int(int64(n))
	}
	s.bytes(b.records)
	s.buf = append(s.buf, b.groupCells...)
	s.bytes(b.sumCells)
	s.bytes(b.cellService)
	s.int(hour)
	s.int(hour - int64(live.KeepCounts/time.Hour))
	b.appendPayload()
	s.int(live.DedupeFor.Milliseconds())
	s.int(keepFor.Milliseconds())
	s.int(keepLogFor.Milliseconds())
	s.int(live.EvidenceCap)
	s.int(outage.SeatsPerAddress)
	s.int(rotateRecent.Microseconds())
	s.int(keepRecent.Milliseconds())
	for _, c := range b.cellList {
		s.buf = append(append(append(s.buf, c.service...), '/'), c.country...)
		s.end()
	}
	for _, i := range b.index {
		r := &b.reports[i]
		s.buf = appendIDField(s.buf, r.ID)
		s.end()
		s.buf = appendMarkerField(s.buf, r.Service, r.Reporter)
		s.end()
	}
	s.all(&b.before)
}

// appendPayload writes what goes on the log.
func (b *batch) appendPayload() {
	s, base := &b.body, b.now.UnixMicro()
	s.buf = appendHeader(s.buf, kindReports, len(b.index))
	s.buf = binary.AppendVarint(s.buf, base)
	before := &outage.Report{}
	for _, i := range b.index {
		r := &b.reports[i]
		s.buf = appendReport(s.buf, base, before, r, observed(b.now, r))
		before = r
	}
	s.end()
}

// observed is when a report was observed: never later than now.
func observed(now time.Time, r *outage.Report) time.Time {
	if r.ObservedAt.After(now) {
		return now
	}
	return r.ObservedAt
}

// maxStamp is the latest time that a stamp can hold, in the year 2112.
const maxStamp = 1<<52 - 1

// appendStamp writes microseconds since 1970 as 13 hexadecimal digits, which
// compare as text like the times themselves. Times beyond are clamped.
func appendStamp(dst []byte, micros int64) []byte {
	const digits = "0123456789abcdef"
	micros = min(max(micros, 0), maxStamp)
	for shift := 48; shift >= 0; shift -= 4 {
		dst = append(dst, digits[micros>>shift&0xf])
	}
	return dst
}

func appendMinute(dst []byte, minute int64) []byte {
	return append(dst, byte('0'+minute/10), byte('0'+minute%10)) //nolint:gosec // 0 to 59
}

// sourceLetter is how evidence names a source.
func sourceLetter(source outage.Source) byte {
	for i, s := range outage.Sources {
		if s == source {
			return byte('a' + i)
		}
	}
	return '?'
}

// floorDiv divides and rounds down, also before 1970.
func floorDiv(a, b int64) int64 {
	if a%b < 0 {
		return a/b - 1
	}
	return a / b
}
