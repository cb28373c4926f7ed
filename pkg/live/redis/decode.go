package redis

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"math"
	"time"

	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

// errDamaged: a payload is not what any encoder has written.
var errDamaged = errors.New("damaged")

const (
	// minReportBytes and the others are the least that an item takes in a
	// payload, so that a false number of items cannot make the decoder
	// allocate more than a small multiple of what it was given.
	minReportBytes   = 1 + 16 + 12 + 4
	minChangeBytes   = 2
	minCoverageBytes = 2
)

// decoder reads a payload. It keeps the first failure; after that, reads give zeros.
type decoder struct {
	rest   string
	failed string
}

func (d *decoder) fail(why string) {
	if d.failed == "" {
		d.failed = why
	}
	d.rest = ""
}

// take returns the next n bytes.
func (d *decoder) take(n uint64) string {
	if n > uint64(len(d.rest)) {
		d.fail("cut short")
		return ""
	}
	taken := d.rest[:n]
	d.rest = d.rest[n:]
	return taken
}

func (d *decoder) byte() byte {
	if b := d.take(1); b != "" {
		return b[0]
	}
	return 0
}

func (d *decoder) text() string { return d.take(d.uvarint()) }

func (d *decoder) uvarint() uint64 {
	var buf [binary.MaxVarintLen64]byte
	n := copy(buf[:], d.rest)
	value, used := binary.Uvarint(buf[:n])
	if used <= 0 {
		d.fail("a number is cut short or too large")
		return 0
	}
	d.rest = d.rest[used:]
	return value
}

// varint reads a number in the zigzag form of [binary.AppendVarint].
func (d *decoder) varint() int64 {
	u := d.uvarint()
	return int64(u>>1) ^ -int64(u&1)
}

func (d *decoder) uint32() uint32 {
	value := d.uvarint()
	if value > math.MaxUint32 {
		d.fail("a number is too large")
		return 0
	}
	return uint32(value)
}

// fits says whether n items of at least so many bytes can follow.
func (d *decoder) fits(n, atLeast int) bool {
	if n > len(d.rest)/atLeast {
		d.fail("too many items")
		return false
	}
	return true
}

func (d *decoder) reports(letters string) []outage.Logged {
	base := d.varint()
	if !d.fits(len(letters), minReportBytes) {
		return nil
	}
	list := make([]outage.Logged, 0, len(letters))
	var before outage.Report
	for i := range len(letters) {
		report := d.report(base, &before)
		before = report
		outcome := d.outcome(letters[i])
		if d.failed != "" {
			return nil
		}
		if outcome != "" {
			list = append(list, outage.Logged{Report: report, Outcome: outcome})
		}
	}
	return list
}

// outcome reads a report's letter. One that was recorded before, or refused,
// has none: it is not on the log.
func (d *decoder) outcome(letter byte) outage.Outcome {
	switch letter {
	case letterCounted:
		return outage.Counted
	case letterDuplicate:
		return outage.Duplicate
	case letterTooOld:
		return outage.TooOld
	case letterReplayed, letterReplayedOld, letterConflict:
	default:
		d.fail("unknown outcome")
	}
	return ""
}

func (d *decoder) report(base int64, before *outage.Report) outage.Report {
	flags := d.byte()
	var r outage.Report
	r.Service = d.unlessSame(flags, flagSameService, before.Service)
	r.Country = d.unlessSame(flags, flagSameCountry, before.Country)
	r.CountryFrom = outage.CountryFrom(d.unlessSame(flags, flagSameFrom, string(before.CountryFrom)))
	r.Source = outage.Source(d.unlessSame(flags, flagSameSource, string(before.Source)))
	r.Problem = d.unlessSame(flags, flagSameProblem, before.Problem)
	if flags&flagRef != 0 {
		r.Ref = d.text()
	}
	copy(r.ID[:], d.take(uint64(len(r.ID))))
	r.Reporter = d.hash()
	if flags&flagSeat != 0 {
		r.Seat = d.hash()
	}
	if flags&flagOrigin != 0 {
		r.Origin = d.hash()
	}
	r.Network, r.Digest = d.uint32(), d.uint32()
	r.ObservedAt = time.UnixMicro(base + d.varint()).UTC()
	r.ReceivedAt = time.UnixMicro(base + d.varint()).UTC()
	return r
}

func (d *decoder) unlessSame(flags, flag byte, before string) string {
	if flags&flag != 0 {
		return before
	}
	return d.text()
}

func (d *decoder) hash() outage.Hash {
	var h outage.Hash
	copy(h[:], d.take(uint64(len(h))))
	return h
}

// isNew reads the letter of a change or of coverage.
func (d *decoder) isNew(letter byte) bool {
	if letter != letterCounted && letter != letterIgnored {
		d.fail("unknown letter")
	}
	return letter == letterCounted
}

func (d *decoder) changes(letters string) []outage.Change {
	if !d.fits(len(letters), minChangeBytes) {
		return nil
	}
	var list []outage.Change
	for i := range len(letters) {
		change := outage.Change{Fence: d.uvarint()}
		text := d.text()
		if d.failed == "" && json.Unmarshal([]byte(text), &change.Outage) != nil {
			d.fail("an outage cannot be read")
		}
		if d.isNew(letters[i]) {
			list = append(list, change)
		}
		if d.failed != "" {
			return nil
		}
	}
	return list
}

func (d *decoder) coverage(letters string) []live.Coverage {
	if !d.fits(len(letters), minCoverageBytes) {
		return nil
	}
	var list []live.Coverage
	for i := range len(letters) {
		source := outage.Source(d.text())
		minute := d.varint()
		if minute > math.MaxInt64/60 || minute < math.MinInt64/60 {
			d.fail("a time is out of range")
		}
		if d.isNew(letters[i]) {
			list = append(list, live.Coverage{Source: source, Minute: time.Unix(minute*60, 0).UTC()})
		}
		if d.failed != "" {
			return nil
		}
	}
	return list
}
