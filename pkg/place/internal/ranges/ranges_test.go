package ranges

import (
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
)

func addr(s string) netip.Addr { return netip.MustParseAddr(s) }

func TestTable(t *testing.T) {
	t.Parallel()
	var b Builder
	require.NoError(t, b.AddPrefix(netip.MustParsePrefix("0.0.0.0/8"), 1))
	require.NoError(t, b.Add(addr("1.0.0.0"), addr("1.0.0.9"), 2))
	require.NoError(t, b.Add(addr("1.0.0.5"), addr("1.0.0.20"), 3)) // shares 5 to 9
	require.NoError(t, b.Add(addr("1.0.0.6"), addr("1.0.0.7"), 9))  // inside
	require.NoError(t, b.AddPrefix(netip.MustParsePrefix("255.0.0.0/8"), 4))
	require.NoError(t, b.Add(addr("::"), addr("::f"), 5))
	require.NoError(t, b.Add(addr("::10"), addr("0:0:0:1::"), 6)) // the first /64 is taken
	require.NoError(t, b.AddPrefix(netip.MustParsePrefix("ffff::/16"), 7))
	table := b.Table()
	for in, want := range map[string]uint32{
		"0.0.0.0": 1, "0.255.255.255": 1, "1.0.0.0": 2, "1.0.0.9": 2, "1.0.0.10": 3, "1.0.0.20": 3, "1.0.0.21": 0,
		"254.255.255.255": 0, "255.0.0.0": 4, "255.255.255.255": 4,
		"::": 5, "::10": 5, "0:0:0:1::": 6, "0:0:0:1:ffff::": 6, "0:0:0:2::": 0,
		"fffe:ffff::": 0, "ffff::": 7, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff": 7,
	} {
		require.Equal(t, want, table.Value(addr(in)), in)
	}
	require.Zero(t, table.Value(netip.Addr{}))
	require.Zero(t, new(Table).Value(addr("1.2.3.4")))
}

func TestAdjacentRangesAreJoined(t *testing.T) {
	t.Parallel()
	var b Builder
	require.NoError(t, b.AddPrefix(netip.MustParsePrefix("1.0.0.0/24"), 7))
	require.NoError(t, b.AddPrefix(netip.MustParsePrefix("1.0.1.0/24"), 7))
	require.NoError(t, b.AddPrefix(netip.MustParsePrefix("1.0.2.0/24"), 0))
	require.Equal(t, 2, b.Table().Len())
}

func TestAddRefusesWhatIsOutOfOrder(t *testing.T) {
	t.Parallel()
	var b Builder
	require.NoError(t, b.Add(addr("2.0.0.0"), addr("2.0.0.1"), 1))
	require.ErrorIs(t, b.Add(addr("1.0.0.0"), addr("1.0.0.1"), 1), ErrOrder)
	require.ErrorIs(t, b.Add(addr("3.0.0.1"), addr("3.0.0.0"), 1), ErrOrder)
	require.ErrorIs(t, b.Add(addr("3.0.0.1"), addr("::"), 1), ErrOrder)
}

// A table, and what becomes of it in a file, answer as a plain walk through the ranges does.
func TestEncodeKeepsEveryAnswer(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(7, 11))
	type span struct {
		first, last uint32
		value       uint32
	}
	var b Builder
	var spans []span
	for at := uint32(0); at < 1<<31; {
		first := at + random.Uint32N(1<<20)
		last := first + random.Uint32N(1<<22)
		spans = append(spans, span{first, last, random.Uint32N(3)})
		require.NoError(t, b.Add(v4(first), v4(last), spans[len(spans)-1].value))
		at = last + 1
	}
	packed, err := b.Table().Encode()
	require.NoError(t, err)
	decoded, err := Decode(packed)
	require.NoError(t, err)
	require.Equal(t, b.Table().Len(), decoded.Len())
	again, err := decoded.Encode()
	require.NoError(t, err)
	require.Equal(t, packed, again, "the same table gives the same bytes")

	for range 2000 {
		at := random.Uint32N(1 << 31)
		want := uint32(0)
		for _, s := range spans {
			if s.first <= at && at <= s.last {
				want = s.value
			}
		}
		require.Equal(t, want, decoded.Value(v4(at)), v4(at))
	}
}

func v4(n uint32) netip.Addr {
	return netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
}

func FuzzDecode(f *testing.F) {
	var b Builder
	require.NoError(f, b.Add(addr("1.0.0.0"), addr("1.0.0.9"), 2))
	require.NoError(f, b.Add(addr("2001::"), addr("2001::9"), 300))
	packed, err := b.Table().Encode()
	require.NoError(f, err)
	f.Add(packed)
	f.Add(packed[:len(packed)-2])
	f.Add([]byte(nil))
	f.Fuzz(func(t *testing.T, packed []byte) {
		table, err := Decode(packed)
		if err != nil {
			require.Nil(t, table)
			return
		}
		table.Value(addr("1.0.0.1"))
		table.Value(addr("2001::"))
	})
}
