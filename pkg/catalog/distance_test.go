package catalog

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDistance(t *testing.T) {
	t.Parallel()
	cases := []struct {
		a, b string
		want int
	}{
		{"", "", 0},
		{"a", "", 1},
		{"", "abc", 3},
		{"same", "same", 0},
		{"kitten", "sitting", 3},
		{"whatsapp", "whastapp", 1}, // exchanged
		{"whatsapp", "whatapp", 1},  // missing
		{"whatsapp", "whattsapp", 1},
		{"ca", "abc", 3}, // what tells this distance from the unrestricted one, which is 2
		{"abc", "xyz", 3},
	}
	for _, c := range cases {
		require.Equal(t, c.want, distance(c.a, c.b, 3), "%s %s", c.a, c.b)
		require.Equal(t, c.want, distance(c.b, c.a, 3), "%s %s", c.b, c.a)
		if c.want > 0 {
			require.Equal(t, c.want, distance(c.a, c.b, c.want-1), "limit+1 beyond the limit")
		}
	}
	require.Equal(t, 3, distance("abcdef", "uvwxyz", 2))
	long := strings.Repeat("a", maxCompared+1)
	require.Equal(t, 3, distance(long, long, 2), "too long to look at")
}

func TestFold(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"  Pokémon   GO! ": "pokemon go", "İstanbul ılık": "istanbul ilik", "Türk Telekom": "turk telekom", "AT&T": "at t",
		"Disney+": "disney+", "Straße Łódź Ærø": "strasse lodz aero", "ﬁnn": "finn", "ｱ": "ア", "": "", "#@!": "",
	} {
		require.Equal(t, want, fold(in))
	}
	require.Equal(t, fold("카카오톡"), fold("\u110f\u1161\u110f\u1161\u110b\u1169\u1110\u1169\u11a8"), "Hangul, composed and in parts")
	require.LessOrEqual(t, len(fold(strings.Repeat("é", 10_000))), maxQuery)
}
