package catalog_test

import (
	"errors"
	"io"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/catalog"
	"github.com/outcryhq/outcry/pkg/outage"
)

func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	// The services of minimal begin in line 7.
	cases := map[string]struct {
		text string
		want []string
	}{
		"nothing":              {"", []string{"no services"}},
		"another kind of file": {"hello", []string{"string"}},
		"an unknown key":       {"servises: []\n", []string{`[1:1] unknown field "servises"`}},
		"a second document":    {minimal("\n  - {slug: a, name: A, category: web}\n---\nservices: []\n"), []string{"second YAML document"}},
		"not the default":      {"extends: other\n", []string{`extends is "other"`}},
		"an unknown key of a service": {
			minimal("\n  - slug: a\n    name: A\n    category: web\n    colour: red\n"),
			[]string{`[10:5] unknown field "colour"`},
		},
		"an unknown key of a problem":  {"problems:\n  - {slug: a, label: A, icon: x}\n", []string{`[2:25] unknown field "icon"`}},
		"an unknown key of a category": {"categories:\n  - {slug: a, icon: x}\n", []string{`[2:15] unknown field "icon"`}},
		"a slug twice": {
			minimal("\n  - {slug: a, name: A, category: web}\n  - slug: a\n    name: B\n    category: web\n"),
			[]string{`line 8: service "a" is there already, in line 7`},
		},
		"a slug in capitals":          {minimal("\n  - {slug: Abc, name: A, category: web}\n"), []string{`line 7`, `"Abc"`, "a-z"}},
		"a slug that begins with -":   {minimal("\n  - {slug: -a, name: A, category: web}\n"), []string{`"-a"`}},
		"a slug that is too long":     {minimal("\n  - {slug: " + strings.Repeat("a", 41) + ", name: A, category: web}\n"), []string{"1 to 40"}},
		"no slug":                     {minimal("\n  - {name: A, category: web}\n"), []string{`line 7`, `is ""`}},
		"no name":                     {minimal("\n  - {slug: a, category: web}\n"), []string{`line 7: service "a" has an empty name`}},
		"a blank name":                {minimal("\n  - {slug: a, name: ' ', category: web}\n"), []string{"empty name"}},
		"an endless name":             {minimal("\n  - {slug: a, name: " + strings.Repeat("n", 61) + ", category: web}\n"), []string{"more than 60"}},
		"a control character":         {minimal("\n  - {slug: a, name: \"A\\x1b[2J\", category: web}\n"), []string{"control character"}},
		"an unknown category":         {minimal("\n  - {slug: a, name: A, category: bakery}\n"), []string{`line 7: service "a" has the category "bakery"`}},
		"an unknown problem":          {minimal("\n  - {slug: a, name: A, category: web, problems: [rain]}\n"), []string{`line 7: service "a" has the problem "rain"`}},
		"a problem twice":             {minimal("\n  - {slug: a, name: A, category: web, problems: [login, login]}\n"), []string{"twice"}},
		"a country that is none":      {minimal("\n  - {slug: a, name: A, category: web, countries: [NL, UK]}\n"), []string{`line 7`, `at home in "UK"`}},
		"a country in small letters":  {minimal("\n  - {slug: a, name: A, category: web, countries: [nl]}\n"), []string{`"nl"`}},
		"at home in the unknown":      {minimal("\n  - {slug: a, name: A, category: web, countries: [ZZ]}\n"), []string{`"ZZ"`}},
		"at home everywhere":          {minimal("\n  - {slug: a, name: A, category: web, countries: ['*']}\n"), []string{`"*"`}},
		"a handle with its @":         {minimal("\n  - {slug: a, name: A, category: web, handles: ['@a']}\n"), []string{"without @"}},
		"an empty alias":              {minimal("\n  - {slug: a, name: A, category: web, aliases: ['']}\n"), []string{"empty alias"}},
		"a link that runs a script":   {minimal("\n  - {slug: a, name: A, category: web, home: 'javascript:alert(1)'}\n"), []string{"home page", "https://"}},
		"a link without a host":       {minimal("\n  - {slug: a, name: A, category: web, status: 'https:///x'}\n"), []string{"status page"}},
		"a category without problems": {"categories:\n  - {slug: web}\nservices: []\n", []string{`line 2: category "web" has no problems`}},
		"a problem without a label":   {"problems:\n  - {slug: rain}\n", []string{`line 2: problem kind "rain" has an empty label`}},
		"a problem kind twice":        {"problems:\n  - {slug: rain, label: R}\n  - {slug: rain, label: R}\n", []string{`line 3: problem kind "rain" is there already, in line 2`}},
		"twice in what extends":       {"extends: default\nservices:\n  - {slug: a, name: A, category: bank}\n  - {slug: a, name: A, category: bank}\n", []string{"line 4", "in line 3"}},
		"a key twice":                 {minimal("\n  - {slug: a, slug: b, name: A, category: web}\n"), []string{"already defined"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			loaded, err := catalog.Load(strings.NewReader(c.text))
			require.Nil(t, loaded)
			require.ErrorIs(t, err, outage.ErrInvalid)
			for _, want := range c.want {
				require.ErrorContains(t, err, want)
			}
		})
	}
}

func TestLoadTellsSeveralErrorsAtOnceButNotAll(t *testing.T) {
	t.Parallel()
	var services strings.Builder
	for i := range 100 {
		services.WriteString("\n  - {slug: s" + strconv.Itoa(i) + ", name: S, category: none}")
	}
	_, err := catalog.Load(strings.NewReader(minimal(services.String())))
	require.ErrorContains(t, err, "line 7:")
	require.ErrorContains(t, err, "line 26:")
	require.NotContains(t, err.Error(), "line 27:")
	require.ErrorContains(t, err, "and 80 more")
}

func TestLoadBoundsTheFile(t *testing.T) {
	t.Parallel()
	_, err := catalog.Load(io.MultiReader(strings.NewReader("# "), strings.NewReader(strings.Repeat("x", 5<<20))))
	require.ErrorIs(t, err, outage.ErrInvalid)
	require.ErrorContains(t, err, "larger than")
}

func TestLoadPassesOnAReadError(t *testing.T) {
	t.Parallel()
	broken := errors.New("disk on fire")
	_, err := catalog.Load(iotest.ErrReader(broken))
	require.ErrorIs(t, err, broken)
	require.NotErrorIs(t, err, outage.ErrInvalid)
}

func FuzzLoad(f *testing.F) {
	f.Add(minimal("\n  - {slug: a, name: A, category: web, countries: [NL]}\n"))
	f.Add("extends: default\n")
	f.Add("services: [{slug: a}]")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := catalog.Load(strings.NewReader(text))
		if err != nil {
			return
		}
		require.NotEmpty(t, c.Services())
	})
}
