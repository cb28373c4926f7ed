package gazette_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/place/internal/gazette"
)

func fold(name string) string { return string(gazette.Fold(nil, name)) }

func TestFoldMakesSpellingsAlike(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"İstanbul": "istanbul", "ISTANBUL": "istanbul", "Iğdır": "igdir", "São Paulo": "sao paulo", "Sa\u0303o  Paulo": "sao paulo", "Saint-Denis": "saint denis",
		"Xi'an": "xian", "St. Louis": "st louis", "Łódź": "lodz", "القاهرة": "القاهره", "الإسكندرية": "الاسكندريه", "ﾄｳｷｮｳ": "トウキョウ", "ＴＯＫＹＯ": "tokyo",
		"서울": "서울", "\u1109\u1165\u110b\u116e\u11af": "서울", " - ": "", "": "",
	} {
		require.Equal(t, want, fold(name), name)
	}
}

func built(t *testing.T) *gazette.Table {
	t.Helper()
	b := gazette.NewBuilder("CAGBUS")
	b.Add("London", "GB", gazette.Largest, 900)
	b.Add("London", "CA", gazette.Large, 10)
	b.Add("Richmond", "US", gazette.City, 11)
	b.Add("Richmond", "CA", gazette.City, 4)
	b.Add("New York", "US", gazette.Largest, 900)
	b.Add("Nowhere", "XX", gazette.Largest, 900)
	b.Also("London", "US")
	b.Mark("Richmond", gazette.Person)
	table, err := b.Table()
	require.NoError(t, err)
	return table
}

func TestTableKnowsWhichPlaceIsMeant(t *testing.T) {
	t.Parallel()
	packed, err := built(t).Encode()
	require.NoError(t, err)
	table, err := gazette.Decode(packed)
	require.NoError(t, err)
	require.Equal(t, 3, table.Len())
	london, ok := table.Lookup([]byte("london"))
	require.True(t, ok)
	require.Equal(t, "GB", table.Code(london.Winner))
	require.Equal(t, 3, london.Countries.Len())
	require.Equal(t, gazette.Largest, london.Marks.Rank())
	richmond, ok := table.Lookup([]byte("richmond"))
	require.True(t, ok)
	require.Zero(t, richmond.Winner, "neither has by far the most people")
	require.True(t, richmond.Marks.Has(gazette.Person))
	_, ok = table.Lookup([]byte("nowhere"))
	require.False(t, ok, "a country that is not in the list")
	require.True(t, table.Begins([]byte("new")))
	require.False(t, table.Begins([]byte("london")))
	require.True(t, table.Starts([]byte("lo")))
}

func TestDecodeRefusesDamage(t *testing.T) {
	t.Parallel()
	packed, err := built(t).Encode()
	require.NoError(t, err)
	for i := range packed {
		_, err := gazette.Decode(packed[:i])
		require.Error(t, err)
	}
	_, err = gazette.Decode(bytes.Repeat([]byte("x"), 100))
	require.Error(t, err)
}
