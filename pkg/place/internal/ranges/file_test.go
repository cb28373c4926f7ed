package ranges

import (
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"
)

func TestDecodeRefusesWhatIsNoTable(t *testing.T) {
	t.Parallel()
	pack := func(raw string) []byte {
		enc, err := zstd.NewWriter(nil)
		require.NoError(t, err)
		return enc.EncodeAll([]byte(raw), nil)
	}
	cases := map[string]struct {
		packed []byte
		want   string
	}{
		"not compressed":       {[]byte("hello"), "decode ranges"},
		"something else":       {pack("hello"), "not a table of ranges"},
		"no counts":            {pack(magic), "ends early"},
		"fewer than counted":   {pack(magic + "\x02\x01\x01"), "ends early"},
		"an absurd count":      {pack(magic + "\xff\xff\xff\xff\x0f"), "ends early"},
		"beyond IPv4":          {pack(magic + "\x02\xff\xff\xff\xff\x0f\x01\x01\x01\x00"), "not a table"},
		"the same start twice": {pack(magic + "\x02\x01\x01\x00\x01\x00"), "not a table"},
		"something after it":   {pack(magic + "\x00\x00x"), "1 bytes too many"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Decode(c.packed)
			require.ErrorContains(t, err, c.want)
		})
	}
	empty, err := Decode(pack(magic + "\x00\x00"))
	require.NoError(t, err)
	require.Zero(t, empty.Len())
}
