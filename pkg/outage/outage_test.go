package outage_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/outage"
)

func TestNewIDIsVersion7AndSortsByTime(t *testing.T) {
	t.Parallel()
	at := time.Date(2017, 11, 3, 8, 0, 0, 0, time.UTC)
	a, b := outage.NewID(at), outage.NewID(at.Add(time.Millisecond))
	require.NotEqual(t, outage.NewID(at), a, "random")
	require.Equal(t, byte('7'), a.String()[14], "version")
	require.Contains(t, "89ab", string(a.String()[19]), "variant")
	require.Less(t, a.String(), b.String())
	require.Equal(t, "015f80e4-d000", a.String()[:13], "1509696000000 ms in hexadecimal")
}

func TestDerivedIDsDependOnTheirPartsAlone(t *testing.T) {
	t.Parallel()
	require.Equal(t, outage.DeriveID("a", "b"), outage.DeriveID("a", "b"))
	require.NotEqual(t, outage.DeriveID("ab", "c"), outage.DeriveID("a", "bc"))
	require.Equal(t, byte('8'), outage.DeriveID("x").String()[14], "version")
	at := time.UnixMilli(1509696000000)
	require.Equal(t, outage.DeriveIDAt(at, "x"), outage.DeriveIDAt(at, "x"))
	require.Equal(t, byte('7'), outage.DeriveIDAt(at, "x").String()[14])
	require.NotPanics(t, func() { outage.DeriveIDAt(time.Time{}, "x") }, "a time before 1970")
}

func TestParseID(t *testing.T) {
	t.Parallel()
	id := outage.DeriveID("x")
	parsed, err := outage.ParseID(id.String())
	require.NoError(t, err)
	require.Equal(t, id, parsed)
	for _, bad := range []string{"", "x", "0199f2c5000070008000000000000000", "0199f2c5-0000-7000-8000-00000000000g", id.String() + "0"} {
		_, err := outage.ParseID(bad)
		require.ErrorIs(t, err, outage.ErrInvalid, bad)
	}
}

func FuzzParseID(f *testing.F) {
	f.Add("0199f2c5-0000-7000-8000-000000000000")
	f.Fuzz(func(t *testing.T, s string) {
		id, err := outage.ParseID(s)
		if err != nil {
			require.True(t, id.IsZero())
			return
		}
		again, err := outage.ParseID(id.String())
		require.NoError(t, err)
		require.Equal(t, id, again)
	})
}

func TestParseHash(t *testing.T) {
	t.Parallel()
	h := outage.Hash{1, 2, 3, 0xff}
	parsed, err := outage.ParseHash(h.String())
	require.NoError(t, err)
	require.Equal(t, h, parsed)
	require.Len(t, h.String(), 16)
	for _, bad := range []string{"", "short", "!!!!!!!!!!!!!!!!", h.String() + "AAAA"} {
		_, err := outage.ParseHash(bad)
		require.ErrorIs(t, err, outage.ErrInvalid, bad)
	}
}

func TestOutageJSONIsTheDesigns(t *testing.T) {
	t.Parallel()
	at := time.Date(2017, 11, 3, 8, 0, 0, 0, time.UTC)
	o := outage.Outage{ID: outage.DeriveID("x"), Service: "whatsapp", State: outage.Ongoing, StartedAt: at, DetectedAt: at}
	text, err := json.Marshal(o)
	require.NoError(t, err)
	require.Contains(t, string(text), `"ended_at":null,"closed_at":null,"final":false`)
	require.Contains(t, string(text), `"started_at":"2017-11-03T08:00:00Z"`)
	require.NotContains(t, string(text), "superseded")
	var back outage.Outage
	require.NoError(t, json.Unmarshal(text, &back))
	require.Equal(t, o, back)
}

func TestAChangeIsSupersededByAGreaterFenceThenRevision(t *testing.T) {
	t.Parallel()
	change := func(fence, revision uint64) outage.Change {
		return outage.Change{Fence: fence, Outage: outage.Outage{Revision: revision}}
	}
	require.True(t, change(2, 1).Supersedes(change(1, 9)))
	require.True(t, change(1, 2).Supersedes(change(1, 1)))
	require.False(t, change(1, 1).Supersedes(change(1, 1)))
	require.False(t, change(1, 9).Supersedes(change(2, 1)))
}

func TestEvidenceFromBeforeItsPartsWereKeptIsReadAndWrittenAsItWas(t *testing.T) {
	t.Parallel()
	old := `{"window_minutes":5,"reporters":40,"expected":2,"tolerated":4,"dispersion":12,"score":57.1,"bar":17.1,"origins":31,"networks":9,"sources":2}`
	var e outage.Evidence
	require.NoError(t, json.Unmarshal([]byte(old), &e))
	require.Zero(t, e.Rho, "not known is not kept as some default")
	again, err := json.Marshal(e)
	require.NoError(t, err)
	require.JSONEq(t, old, string(again))
}
