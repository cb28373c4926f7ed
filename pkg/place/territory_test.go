package place_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/language"

	"github.com/outcryhq/outcry/pkg/place"
)

func TestCodesAreAllTheAssignedOnes(t *testing.T) {
	t.Parallel()
	codes := place.Codes()
	require.Len(t, codes, 249)
	sorted := slices.Clone(codes)
	slices.Sort(sorted)
	require.Len(t, slices.Compact(sorted), 249, "no code twice")
	for _, code := range codes {
		require.True(t, place.Valid(code), code)
		region, err := language.ParseRegion(code)
		require.NoError(t, err)
		require.True(t, region.IsCountry(), code)
		require.Equal(t, code, region.Canonicalize().String(), "an outdated code")
		name := place.Name(code)
		require.NotEqual(t, code, name)
		require.NotEmpty(t, name)
	}
	at := func(code string) int { return slices.Index(codes, code) }
	require.Equal(t, "AF", codes[0])
	require.Less(t, at("AX"), at("AL"), "Åland Islands stand among the As")
	require.Less(t, at("AL"), at("DZ"))
	require.Equal(t, "ZW", codes[len(codes)-1])
	require.NotContains(t, codes, place.Unknown)
}

func TestValid(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"NL", "AD", "ZW", "ZZ", "SX", "BQ"} {
		require.True(t, place.Valid(code), code)
	}
	for _, code := range []string{"", "*", "N", "nl", "NLD", "UK", "EU", "XK", "AN", "YU", "AA", "ZX", "\x00\x00", "DA", " NL"} {
		require.False(t, place.Valid(code), code)
	}
}

func TestNormalize(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{" nl ": "NL", "NL": "NL", "zz": "ZZ", "\tGb\n": "GB", strings.Repeat(" ", 100) + "NL": "NL"} {
		got, ok := place.Normalize(in)
		require.True(t, ok, in)
		require.Equal(t, want, got)
	}
	for _, in := range []string{"", "*", "uk", "n l", "nederland", "ſs"} {
		got, ok := place.Normalize(in)
		require.False(t, ok, in)
		require.Empty(t, got)
	}
}

func TestName(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]string{
		"NL": "Netherlands", "GB": "United Kingdom", "ID": "Indonesia", "CI": "Côte d’Ivoire", "MK": "North Macedonia",
		"SZ": "Eswatini", "CV": "Cabo Verde", "TR": "Türkiye", "MM": "Myanmar", "PS": "Palestine", "HK": "Hong Kong", "MO": "Macao", "ZZ": "Unknown", "*": "*", "XX": "XX",
	} {
		require.Equal(t, want, place.Name(code))
	}
}
