package place_test

import (
	"bufio"
	"bytes"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/place"
)

// addSeeds adds the lines of a file of examples.
func addSeeds(f *testing.F, name string) {
	f.Helper()
	raw, err := os.ReadFile(name)
	require.NoError(f, err)
	scanner := bufio.NewScanner(bytes.NewReader(raw))
	for scanner.Scan() {
		f.Add(scanner.Text())
	}
	f.Add("\U0001F1EE")
	f.Add("\xff\xfe \xe1\x84, \xf0\x9f\x87")
}

func FuzzProfile(f *testing.F) {
	addSeeds(f, "testdata/profiles.txt")
	g := openGazetteer(f)
	f.Fuzz(func(t *testing.T, text string) { requireAnswer(t, text, g.Profile) })
}

func FuzzText(f *testing.F) {
	addSeeds(f, "testdata/texts.txt")
	g := openGazetteer(f)
	f.Fuzz(func(t *testing.T, text string) { requireAnswer(t, text, g.Text) })
}

// requireAnswer requires a country of the list or none, and the same one when asked again.
func requireAnswer(t *testing.T, text string, find func(string) (string, bool)) {
	t.Helper()
	country, ok := find(text)
	require.Equal(t, ok, country != "")
	if ok {
		require.True(t, place.Valid(country) && country != place.Unknown, country)
	}
	again, _ := find(text)
	require.Equal(t, country, again)
}
