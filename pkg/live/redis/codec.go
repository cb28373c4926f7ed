package redis

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"time"

	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

// A log entry has three fields: e, the epoch; p, the payload; o, one letter for
// each item of the payload, which the script adds because only it knows.
//
// A payload is a version byte, a kind byte, the number of items, and the items.
// Numbers are varints, texts are preceded by their length. Times are
// microseconds since 1970, those of reports relative to the batch's time. A
// report leaves out what it shares with the one before.
const (
	codecVersion = 1

	kindReports  = 'r'
	kindChanges  = 'c'
	kindCoverage = 'v'
)

// The letters of the scripts.
const (
	letterCounted     = 'c' // also: a change or coverage that was new
	letterDuplicate   = 'd'
	letterTooOld      = 'o'
	letterReplayed    = 'r'
	letterReplayedOld = 'p' // under the previous identity
	letterConflict    = 'x'
	letterIgnored     = 'i' // a change or coverage that was not new
)

// The flags of a report in a payload: what follows, and what is as before.
const (
	flagSameService = 1 << iota
	flagSameCountry
	flagSameFrom
	flagSameSource
	flagSameProblem
	flagRef
	flagSeat
	flagOrigin
)

// appendHeader begins a payload of n items.
func appendHeader(dst []byte, kind byte, n int) []byte {
	dst = append(dst, codecVersion, kind)
	return binary.AppendUvarint(dst, uint64(n)) //nolint:gosec // a length
}

func appendText(dst []byte, s string) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(s)))
	return append(dst, s...)
}

// appendReport appends a report as it is logged. before is the one before it in
// the payload, or an empty one. The previous identity has served its purpose
// when the report has been decided, and is left out.
func appendReport(dst []byte, base int64, before, r *outage.Report, observed time.Time) []byte {
	at := len(dst)
	dst = append(dst, 0)
	flags := byte(0)
	dst, flags = appendUnlessSame(dst, flags, flagSameService, before.Service, r.Service)
	dst, flags = appendUnlessSame(dst, flags, flagSameCountry, before.Country, r.Country)
	dst, flags = appendUnlessSame(dst, flags, flagSameFrom, string(before.CountryFrom), string(r.CountryFrom))
	dst, flags = appendUnlessSame(dst, flags, flagSameSource, string(before.Source), string(r.Source))
	dst, flags = appendUnlessSame(dst, flags, flagSameProblem, before.Problem, r.Problem)
	if r.Ref != "" {
		flags |= flagRef
		dst = appendText(dst, r.Ref)
	}
	dst = append(dst, r.ID[:]...)
	dst = append(dst, r.Reporter[:]...)
	if !r.Seat.IsZero() {
		flags |= flagSeat
		dst = append(dst, r.Seat[:]...)
	}
	if !r.Origin.IsZero() {
		flags |= flagOrigin
		dst = append(dst, r.Origin[:]...)
	}
	dst = binary.AppendUvarint(dst, uint64(r.Network))
	dst = binary.AppendUvarint(dst, uint64(r.Digest))
	dst = binary.AppendVarint(dst, observed.UnixMicro()-base)
	dst = binary.AppendVarint(dst, r.ReceivedAt.UnixMicro()-base)
	dst[at] = flags
	return dst
}

func appendUnlessSame(dst []byte, flags, flag byte, before, now string) ([]byte, byte) {
	if before == now {
		return dst, flags | flag
	}
	return appendText(dst, now), flags
}

// encodeChanges returns the payload of outage changes.
func encodeChanges(changes []outage.Change) ([]byte, error) {
	dst := appendHeader(nil, kindChanges, len(changes))
	for i := range changes {
		text, err := json.Marshal(&changes[i].Outage)
		if err != nil {
			return nil, fmt.Errorf("encode an outage: %w", err)
		}
		dst = binary.AppendUvarint(dst, changes[i].Fence)
		dst = binary.AppendUvarint(dst, uint64(len(text)))
		dst = append(dst, text...)
	}
	return dst, nil
}

// encodeCoverage returns the payload of sources that listen in a minute.
func encodeCoverage(minute time.Time, sources []outage.Source) []byte {
	dst := appendHeader(nil, kindCoverage, len(sources))
	for _, source := range sources {
		dst = appendText(dst, string(source))
		dst = binary.AppendVarint(dst, minute.Unix()/60)
	}
	return dst
}

// decodeEntry fills an entry from its payload and the script's letters.
// Anything that no encoder has written is an error.
func decodeEntry(entry *live.Entry, payload, letters string) error {
	d := decoder{rest: payload}
	version, kind, n := d.byte(), d.byte(), d.uvarint()
	switch {
	case d.failed != "":
	case version != codecVersion:
		d.fail("unknown version")
	case n != uint64(len(letters)):
		d.fail("another number of items than of letters")
	case kind == kindReports:
		entry.Reports = d.reports(letters)
	case kind == kindChanges:
		entry.Changes = d.changes(letters)
	case kind == kindCoverage:
		entry.Coverage = d.coverage(letters)
	default:
		d.fail("unknown kind")
	}
	if d.failed == "" && d.rest != "" {
		d.fail("more than its items")
	}
	if d.failed != "" {
		entry.Reports, entry.Changes, entry.Coverage = nil, nil, nil
		return fmt.Errorf("decode a log entry: %w: %s", errDamaged, d.failed)
	}
	return nil
}
