package catalog_test

import (
	"errors"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/catalog"
	"github.com/outcryhq/outcry/pkg/outage"
)

func TestShippedCatalogIsWithoutFindings(t *testing.T) {
	t.Parallel()
	linted, err := catalog.LintDefault()
	require.NoError(t, err)
	require.Empty(t, linted.Findings)
	require.GreaterOrEqual(t, linted.Services, 220)
	require.GreaterOrEqual(t, linted.Countries, 50)
	count := map[string]int{}
	for _, s := range standard(t).Services() {
		count[s.Category]++
	}
	for _, category := range []string{
		"messenger", "social", "streaming", "games", "carrier", "bank", "payment", "cloud", "work",
		"assistant", "shopping", "transport", "public",
	} {
		require.GreaterOrEqual(t, count[category], 5, category)
	}
}

// What is known to be misread must say so.
func TestShippedAmbiguousNames(t *testing.T) {
	t.Parallel()
	c := standard(t)
	for slug, name := range map[string]string{
		"line": "LINE", "x": "X", "ee": "EE", "free": "Free", "o2-uk": "o2", "o2-de": "o2", "o2-cz": "o2", "play": "Play",
		"three-uk": "three", "orange-fr": "orange", "orange-pl": "orange", "signal": "Signal", "max-messenger": "MAX",
		"whatsapp": "wa", "instagram": "ig", "sky": "sky", "tim-it": "tim", "wise": "Wise", "chase": "Chase", "target": "Target",
	} {
		s, ok := c.Service(slug)
		require.True(t, ok, slug)
		require.Contains(t, s.Ambiguous, name, slug)
		require.NotEmpty(t, s.Qualifiers, slug)
	}
	for _, slug := range []string{"youtube", "netflix", "revolut", "chatgpt"} {
		s, ok := c.Service(slug)
		require.True(t, ok, slug)
		require.NotContains(t, s.Ambiguous, s.Name, "%s stands for itself", slug)
	}
}

func TestLintFinds(t *testing.T) {
	t.Parallel()
	const home = ", category: web, home: 'https://example.com/'"
	// The services of minimal begin in line 7.
	cases := map[string]struct {
		services string
		line     int
		service  string
		want     string
	}{
		"a slug twice":            {"{slug: a, name: Aaaa" + home + "}\n  - {slug: a, name: Bbbb" + home + "}", 8, "", "there already, in line 7"},
		"an unknown country":      {"{slug: a, name: Aaaa, countries: [UK]" + home + "}", 7, "", `at home in "UK"`},
		"an unknown category":     {"{slug: a, name: Aaaa, category: bakery, home: 'https://example.com/'}", 7, "", `category "bakery"`},
		"an unknown problem":      {"{slug: a, name: Aaaa, problems: [rain]" + home + "}", 7, "", `problem "rain"`},
		"an address that is none": {"{slug: a, name: Aaaa, status: nowhere" + home + "}", 7, "", "status page"},
		"a handle with @":         {"{slug: a, name: Aaaa, handles: ['@a']" + home + "}", 7, "", "without @"},
		"a handle with a space":   {"{slug: a, name: Aaaa, handles: ['a a']" + home + "}", 7, "", "spaces"},
		"an unknown key":          {"{slug: a, name: Aaaa, colour: red" + home + "}", 7, "", `unknown field "colour"; expected`},
		"no home page":            {"{slug: a, name: Aaaa, category: web}", 7, "a", "no home page"},
		"two letters":             {"{slug: a, name: Aaaa, aliases: [qz]" + home + "}", 7, "a", `"qz" has one or two letters`},
		"an ordinary word":        {"{slug: a, name: Ｓｉｇｎａｌ" + home + "}", 7, "a", "is an ordinary word"},
		"an alias twice":          {"{slug: a, name: Aaaa, aliases: [AAAA]" + home + "}", 7, "a", `"AAAA" is there twice`},
		"a name of no letters":    {"{slug: a, name: '!!'" + home + "}", 7, "a", "no letter or digit"},
		"ambiguous without name":  {"{slug: a, name: Aaaa, ambiguous: [Bbbb]" + home + "}", 7, "a", `"Bbbb" is neither its name nor an alias`},
		"idle qualifiers":         {"{slug: a, name: Aaaa, qualifiers: [app]" + home + "}", 7, "a", "qualifiers without"},
		"a derived hashtag":       {"{slug: a, name: Aa aa, hashtags: [aaaadown]" + home + "}", 7, "a", "follows from the name"},
		"a shared name": {
			"{slug: a, name: Aaaa, aliases: [Çéc c]" + home + "}\n  - {slug: b, name: Bbbb, aliases: [cecc], ambiguous: [cecc]" + home + "}",
			8, "b", `name "cecc" belongs to a too, expected it among ambiguous of both`,
		},
		"a shared handle": {
			"{slug: a, name: Aaaa, handles: [Help]" + home + "}\n  - {slug: b, name: Bbbb, handles: [help]" + home + "}",
			8, "b", `handle "help" belongs to a too`,
		},
		"a shared hashtag": {
			"{slug: a, name: Aaaa, hashtags: [out]" + home + "}\n  - {slug: b, name: Bbbb, hashtags: [OUT]" + home + "}",
			8, "b", `hashtag "OUT" belongs to a too`,
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			linted, err := catalog.Lint(strings.NewReader(minimal("\n  - " + c.services + "\n")))
			require.NoError(t, err)
			require.Len(t, linted.Findings, 1, "%v", linted.Findings)
			require.Equal(t, c.line, linted.Findings[0].Line)
			require.Equal(t, c.service, linted.Findings[0].Service)
			require.Contains(t, linted.Findings[0].Text, c.want)
		})
	}
}

func TestLintLetsPass(t *testing.T) {
	t.Parallel()
	linted, err := catalog.Lint(strings.NewReader(minimal(`
  - {slug: a, name: Aaaa, category: web, home: 'https://a.example/', aliases: [Orange, 카톡, 微信], ambiguous: [orange], qualifiers: [box], countries: [FR], handles: [a_b]}
  - {slug: b, name: Bbbb, category: web, home: 'https://b.example/', aliases: [orange, or ange], ambiguous: [orange, or ange], countries: [PL, FR], handles: [ab]}
`)))
	require.NoError(t, err)
	require.Empty(t, linted.Findings)
	require.Equal(t, 2, linted.Services)
	require.Equal(t, 2, linted.Countries)
}

func TestLintJudgesOnlyTheFilesOwnServices(t *testing.T) {
	t.Parallel()
	linted, err := catalog.Lint(strings.NewReader("extends: default\nservices:\n  - {slug: ours, name: Ourselves, category: bank}\n"))
	require.NoError(t, err)
	require.Equal(t, []catalog.Finding{{Line: 3, Service: "ours", Text: "no home page, expected home: https://…"}}, linted.Findings)
	require.Len(t, standard(t).Services(), linted.Services-1)
}

func TestLintCannotRead(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"services: [", "services: 7\n", "extends: other\n"} {
		_, err := catalog.Lint(strings.NewReader(text))
		require.ErrorIs(t, err, outage.ErrInvalid, text)
	}
	broken := errors.New("disk on fire")
	_, err := catalog.Lint(iotest.ErrReader(broken))
	require.ErrorIs(t, err, broken)
	require.NotErrorIs(t, err, outage.ErrInvalid)
}
