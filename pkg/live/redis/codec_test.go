package redis

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

// samplePayload is a payload of n reports, each unlike the one before.
func samplePayload(n int) string {
	now := time.Date(2017, time.November, 3, 8, 20, 0, 0, time.UTC)
	dst := appendHeader(nil, kindReports, n)
	dst = append(dst, 0) // a base of 0
	before := &outage.Report{}
	for i := range n {
		r := &outage.Report{
			Identity: outage.Identity{ID: outage.ID{1, byte(i)}, Reporter: outage.Hash{2, byte(i)}, Seat: outage.Hash{3}},
			Service:  "service", Country: "NL", CountryFrom: outage.FromText, Source: outage.Sources[i%3],
			Ref: "post", Problem: "p", Origin: outage.Hash{4}, Network: 64500, Digest: 7, ObservedAt: now, ReceivedAt: now,
		}
		dst = appendReport(dst, 0, before, r, r.ObservedAt)
		before = r
	}
	return string(dst)
}

func TestDecodeRefusesWhatNobodyWrote(t *testing.T) {
	t.Parallel()
	good := samplePayload(3)
	for name, c := range map[string]struct{ payload, letters string }{
		"nothing":                  {"", ""},
		"an unknown version":       {"\x02" + good[1:], "ccc"},
		"an unknown kind":          {"\x01q" + good[2:], "ccc"},
		"too few letters":          {good, "cc"},
		"an unknown letter":        {good, "cc?"},
		"cut short":                {good[:len(good)-1], "ccc"},
		"more than its items":      {good + "x", "ccc"},
		"a false number of items":  {"\x01r\xff\xff\xff\xff\x0f\x00", "c"},
		"an outage that is not":    {"\x01c\x01\x01\x03{x}", "c"},
		"a minute beyond all time": {"\x01v\x01\x01f\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01", "c"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var entry live.Entry
			require.ErrorIs(t, decodeEntry(&entry, c.payload, c.letters), errDamaged)
			require.Zero(t, entry)
		})
	}
}

func TestDecodeLeavesOutWhatWasNotLogged(t *testing.T) {
	t.Parallel()
	var entry live.Entry
	require.NoError(t, decodeEntry(&entry, samplePayload(6), "crdxpo"))
	require.Len(t, entry.Reports, 3)
	for i, want := range []struct {
		number  byte
		outcome outage.Outcome
	}{{0, outage.Counted}, {2, outage.Duplicate}, {5, outage.TooOld}} {
		require.Equal(t, want.number, entry.Reports[i].ID[1])
		require.Equal(t, want.outcome, entry.Reports[i].Outcome)
	}
}

func FuzzDecodeEntry(f *testing.F) {
	f.Add(samplePayload(3), "cdo")
	f.Add(samplePayload(1), "r")
	f.Add(string(encodeCoverage(time.Unix(0, 0), outage.Sources)), "cccccc")
	changes, err := encodeChanges([]outage.Change{{Fence: 7, Outage: outage.Outage{Service: "whatsapp"}}})
	require.NoError(f, err)
	f.Add(string(changes), "c")
	f.Fuzz(func(t *testing.T, payload, letters string) {
		var entry live.Entry
		err := decodeEntry(&entry, payload, letters)
		items := len(entry.Reports) + len(entry.Changes) + len(entry.Coverage)
		if err != nil {
			require.ErrorIs(t, err, errDamaged)
			require.Zero(t, items)
		}
		require.LessOrEqual(t, items, len(payload), "no more items than bytes")
	})
}

func TestStampsCompareLikeTimes(t *testing.T) {
	t.Parallel()
	last := ""
	for _, micros := range []int64{-5, 1, 15, 16, 1509697230123456, 1509697230123457, maxStamp - 1, maxStamp} {
		stamp := string(appendStamp(nil, micros))
		require.Len(t, stamp, 13)
		require.Greater(t, stamp, last)
		last = stamp
	}
	require.Equal(t, string(appendStamp(nil, maxStamp)), string(appendStamp(nil, maxStamp+1)), "clamped")
}

func TestKeysOfAPartitionShareItsTag(t *testing.T) {
	t.Parallel()
	k := newKeys("outcry")
	require.Equal(t, "outcry:{p07}:epoch", k.epoch(7))
	require.Equal(t, "outcry:{p07}:counts:whatsapp:NL:419360", k.counts(7, outage.Series{Service: "whatsapp", Country: "NL"}, 419360))
	require.Equal(t, "outcry:{p00}:detectors", k.detectors())
}
