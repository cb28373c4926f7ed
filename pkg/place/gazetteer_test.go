package place_test

import (
	"bufio"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/place"
)

// right is the part of a table of examples that has to come out as written, and junk the part of what names no place
// that may be placed nevertheless.
const right, junk = .95, .05

func openGazetteer(t testing.TB) *place.Gazetteer {
	t.Helper()
	g, err := place.OpenGazetteer()
	require.NoError(t, err)
	return g
}

// examples reads lines of a country, or - for none, and a text.
func examples(t *testing.T, name string) [][2]string {
	t.Helper()
	var list [][2]string
	for _, line := range lines(t, name) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		want, text, ok := strings.Cut(line, "\t")
		require.True(t, ok && (want == "-" || place.Valid(want)), line)
		list = append(list, [2]string{want, text})
	}
	return list
}

func lines(t *testing.T, name string) []string {
	t.Helper()
	file, err := os.Open(filepath.Join("testdata", name))
	require.NoError(t, err)
	defer func() { require.NoError(t, file.Close()) }()
	var list []string
	scanner := bufio.NewScanner(file)
	for scanner.Scan() {
		list = append(list, scanner.Text())
	}
	require.NoError(t, scanner.Err())
	return list
}

// requireRight asks find for every example and requires the part right of them to come out.
func requireRight(t *testing.T, list [][2]string, find func(string) (string, bool)) {
	t.Helper()
	good := 0
	for _, example := range list {
		country, ok := find(example[1])
		require.Equal(t, country != "", ok)
		if country == example[0] || !ok && example[0] == "-" {
			good++
			continue
		}
		t.Logf("%s: got %q, want %s", example[1], country, example[0])
	}
	t.Logf("%d of %d", good, len(list))
	require.GreaterOrEqual(t, float64(good), right*float64(len(list)))
}

func requireJunk(t *testing.T, list []string, find func(string) (string, bool)) {
	t.Helper()
	placed := 0
	for _, text := range list {
		if country, ok := find(text); ok {
			placed++
			t.Logf("%s is in %s", text, country)
		}
	}
	t.Logf("%d of %d placed", placed, len(list))
	require.LessOrEqual(t, float64(placed), junk*float64(len(list)))
}

func TestProfileFindsTheCountry(t *testing.T) {
	t.Parallel()
	list := examples(t, "profiles.txt")
	require.GreaterOrEqual(t, len(list), 200)
	requireRight(t, list, openGazetteer(t).Profile)
}

func TestProfileOfJunkIsNowhere(t *testing.T) {
	t.Parallel()
	list := lines(t, "junk.txt")
	require.GreaterOrEqual(t, len(list), 100)
	requireJunk(t, list, openGazetteer(t).Profile)
}

func TestTextFindsTheCountry(t *testing.T) {
	t.Parallel()
	list := examples(t, "texts.txt")
	require.GreaterOrEqual(t, len(list), 120)
	requireRight(t, list, openGazetteer(t).Text)
}

func TestTextOfNoPlaceIsNowhere(t *testing.T) {
	t.Parallel()
	g := openGazetteer(t)
	list := lines(t, "prose.txt")
	require.GreaterOrEqual(t, len(list), 100)
	requireJunk(t, list, g.Text)
}

func TestGazetteerBoundsWhatItReads(t *testing.T) {
	t.Parallel()
	g := openGazetteer(t)
	_, ok := g.Profile(strings.Repeat("é", 130) + ", Jakarta")
	require.False(t, ok, "past the first 256 bytes")
	_, ok = g.Text(strings.Repeat("wow ", 1100) + "in Jakarta")
	require.False(t, ok, "past the first 4,096 bytes")
	for _, text := range []string{"", " ", "\xff", "\U0001F1EE", strings.Repeat("京", 100_000), strings.Repeat("a", 100_000), strings.Repeat("New ", 50_000)} {
		_, ok = g.Profile(text)
		require.False(t, ok)
		_, ok = g.Text(text)
		require.False(t, ok)
	}
}

func TestGazetteerReadsOtherSpellings(t *testing.T) {
	t.Parallel()
	g := openGazetteer(t)
	for text, want := range map[string]string{
		"Sa\u0303o Paulo": "BR", "I\u0307stanbul": "TR", "ıstanbul": "TR", "ＴＯＫＹＯ": "JP", "القاهره": "EG", "الإسكندرية": "EG",
		"\u110b\u1175\u11ab\u110e\u1165\u11ab": "KR", "दिल्\u200dली": "IN", "SAINT PETERSBURG": "RU", "st. petersburg, russia": "RU", "U.S.A": "US",
	} {
		country, _ := g.Profile(text)
		require.Equal(t, want, country, text)
	}
}
