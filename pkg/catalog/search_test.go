package catalog_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/catalog"
)

func slugs(services []catalog.Service) []string {
	var all []string
	for _, s := range services {
		all = append(all, s.Slug)
	}
	return all
}

func TestNearest(t *testing.T) {
	t.Parallel()
	c := standard(t)
	for typed, want := range map[string]string{
		"WhatsApp":         "whatsapp",
		"whatapp":          "whatsapp", // a letter is missing
		"whastapp":         "whatsapp", // two are exchanged
		"wathsap":          "whatsapp",
		"whats-app":        "whatsapp",
		"whatsapp.com":     "whatsapp",
		"twitter":          "x",
		"facebok":          "facebook",
		"you tube":         "youtube",
		"psn":              "playstation-network",
		"telekomsel":       "telkomsel",
		"pokemon":          "pokemon-go",
		"turk telekom":     "turk-telekom",
		"disney":           "disney-plus",
		"微信":               "wechat",
		"ВКонтакте":        "vk",
		"lloyd's bank":     "lloyds",
		"commonwealthbank": "commonwealth-bank",
		"Ｗｈａｔｓａｐｐ":         "whatsapp", // full width
	} {
		nearest := c.Nearest(typed, 3)
		require.NotEmpty(t, nearest, typed)
		require.Equal(t, want, nearest[0], typed)
		require.LessOrEqual(t, len(nearest), 3)
	}
}

func TestNothingIsNear(t *testing.T) {
	t.Parallel()
	c := standard(t)
	for _, typed := range []string{"", "   ", "!?", "qqqqqqqqqqqq", "\xff\xfe", strings.Repeat("q", 1<<20)} {
		require.Empty(t, c.Nearest(typed, 5), "%.20q", typed)
		require.Empty(t, c.Search(typed, 5), "%.20q", typed)
	}
	require.Empty(t, c.Nearest("whatsapp", 0))
	require.Empty(t, c.Search("whatsapp", -1))
}

func TestSearch(t *testing.T) {
	t.Parallel()
	c := load(t, minimal(`
  - {slug: bank, name: Bank, category: web}
  - {slug: bank-of-anna, name: Bank of Anna, category: web}
  - {slug: snowbank, name: Snowbank, category: web}
  - {slug: anna-bank, name: Anna Bank, category: web}
  - {slug: pokemon, name: Pokémon GO, aliases: [pogo], category: web}
  - {slug: strom, name: Strøm, category: web}
`))
	for typed, want := range map[string][]string{
		"bank":     {"bank", "bank-of-anna", "anna-bank", "snowbank"}, // itself, its beginning, a word, inside
		"BANK":     {"bank", "bank-of-anna", "anna-bank", "snowbank"},
		"anna":     {"anna-bank", "bank-of-anna"},
		"pokémon":  {"pokemon"},
		"POKEMON":  {"pokemon"},
		"pogo":     {"pokemon"},
		"strom":    {"strom"},
		"strøm":    {"strom"},
		"snowbnak": {"snowbank"}, // similar, as nothing else fits
		"my pogo":  {"pokemon"},  // the name is a word of what was typed
	} {
		require.Equal(t, want, slugs(c.Search(typed, 10)), typed)
	}
	require.Len(t, c.Search("bank", 2), 2)
}

func FuzzSearch(f *testing.F) {
	c := standard(f)
	for _, seed := range []string{"whatsapp", "İSTANBUL", "\xff", "a b c", "🤷", "ﷺ"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		require.LessOrEqual(t, len(c.Search(text, 5)), 5)
		for _, slug := range c.Nearest(text, 5) {
			_, ok := c.Service(slug)
			require.True(t, ok)
			require.True(t, utf8.ValidString(slug))
		}
	})
}

func BenchmarkNearest(b *testing.B) {
	c := standard(b)
	for _, typed := range []string{"whastapp", "qqqqqqqqqqqq", strings.Repeat("deutsche ", 100)} {
		b.Run(typed[:8], func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				c.Nearest(typed, 5)
			}
		})
	}
}

func BenchmarkSearch(b *testing.B) {
	c := standard(b)
	for _, typed := range []string{"whats", "bank", "bnak of amrica"} {
		b.Run(typed, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				c.Search(typed, 10)
			}
		})
	}
}

func BenchmarkDefault(b *testing.B) {
	for b.Loop() {
		standard(b)
	}
}
