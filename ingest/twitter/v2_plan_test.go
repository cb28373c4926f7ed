package twitter

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/catalog"
)

func TestV2TermsOfAService(t *testing.T) {
	t.Parallel()
	c := parseCatalog(t, `
  - {slug: whatsapp, name: WhatsApp, category: web, aliases: [whats app, WhatsApp web, وتساب, wa, واتس], handles: [WhatsApp, user.bsky.social],
     hashtags: [whatsappout], people: [jankoum], ambiguous: [wa, واتس]}
  - {slug: orange, name: Orange, category: web, handles: [orange_conseil], ambiguous: [Orange], qualifiers: [livebox, "4G box"], countries: [FR]}
  - {slug: att, name: AT&T, category: web, aliases: ['say "cheese"', 'or', '!!!']}
`)
	terms := func(slug string) v2Terms {
		service, ok := c.Service(slug)
		require.True(t, ok)
		return v2TermsOf(service)
	}
	whatsapp := terms("whatsapp")
	require.Equal(t, []string{"@WhatsApp", "@jankoum", "WhatsApp", `"whats app"`, "وتساب", "#whatsappout"}, whatsapp.beside)
	require.Equal(t, []string{"#WhatsAppdown", "#wadown", `"wa down"`, `"wa is down"`}, whatsapp.alone)
	require.Equal(t, []string{"WhatsApp", "@WhatsApp", "@jankoum"}, whatsapp.core)
	orange := terms("orange")
	require.Equal(t, []string{`(Orange (livebox OR "4G box"))`}, orange.beside)
	require.Equal(t, []string{"#Orangedown", `"Orange down"`, `"Orange is down"`, "@orange_conseil"}, orange.alone, "a local account is narrow enough")
	att := terms("att")
	require.Equal(t, []string{`"AT&T"`, `"say cheese"`, `"or"`}, att.beside)
}

// parseCatalog returns a catalog with services of one category.
func parseCatalog(t testing.TB, services string) *catalog.Catalog {
	t.Helper()
	c, err := catalog.Load(strings.NewReader("problems:\n  - {slug: app, label: The app}\ncategories:\n  - {slug: web, problems: [app]}\nservices:" + services))
	require.NoError(t, err)
	return c
}

func TestV2RulesLookAsTheyShould(t *testing.T) {
	t.Parallel()
	plan := planRules(parseCatalog(t, `
  - {slug: whatsapp, name: WhatsApp, category: web, handles: [WhatsApp], people: [jankoum]}
`), MostRules, LongestRule)
	require.Len(t, plan.rules, 2)
	require.Equal(t, "(#WhatsAppdown) -is:retweet", plan.rules[0].Value)
	require.Regexp(t, `^\(@WhatsApp OR @jankoum OR WhatsApp\) \(down OR outage OR "not working" OR .*\) -is:retweet$`, plan.rules[1].Value)
	require.Regexp(t, `^outcry:[0-9a-f]{16}$`, plan.rules[1].Tag)
	require.Equal(t, newRule(plan.rules[1].Value), plan.rules[1], "the tag names the content")
	require.Empty(t, plan.left)
}

// Whatever the catalog and the limits are: no rule is too long, the rules are
// not more than allowed and hardly more than must be, and every service is
// asked for or said to be left out.
func TestV2RulesCoverTheCatalog(t *testing.T) {
	t.Parallel()
	standard, err := catalog.Default()
	require.NoError(t, err)
	random := rand.New(rand.NewPCG(7, 11)) //nolint:gosec // the same catalogs each time
	catalogs := []*catalog.Catalog{standard}
	for range 4 {
		catalogs = append(catalogs, randomCatalog(t, random))
	}
	for i, c := range catalogs {
		for _, longest := range []int{shortestRule, 512, LongestRule} {
			for _, most := range []int{1, 5, 25, MostRules} {
				checkPlan(t, c, most, longest, fmt.Sprintf("catalog %d, %d rules of %d", i, most, longest))
			}
		}
	}
}

func checkPlan(t *testing.T, c *catalog.Catalog, most, longest int, name string) {
	t.Helper()
	plan := planRules(c, most, longest)
	require.Equal(t, plan, planRules(c, most, longest), name)
	require.LessOrEqual(t, len(plan.rules), most, name)
	require.NotEmpty(t, plan.rules, name)
	tags, asked := map[string]bool{}, map[string]bool{}
	characters := map[bool]int{}
	count := map[bool]int{}
	words := " (" + complaintWords(longest/2) + ")"
	room := map[bool]int{true: longest - length("()"+words+noReposts), false: longest - length("()"+noReposts)}
	for _, rule := range plan.rules {
		require.LessOrEqual(t, length(rule.Value), longest, name)
		require.False(t, tags[rule.Tag], name)
		tags[rule.Tag] = true
		terms, ok := strings.CutSuffix(rule.Value, noReposts)
		require.True(t, ok, name)
		terms, beside := strings.CutSuffix(terms, words)
		terms = strings.TrimSuffix(strings.TrimPrefix(terms, "("), ")")
		count[beside]++
		characters[beside] += length(terms) + len(or)
		for _, term := range splitTerms(terms) {
			asked[strings.ToLower(term)] = true
		}
	}
	for beside, total := range characters {
		fewest := (total + room[beside] + len(or) - 1) / (room[beside] + len(or))
		require.LessOrEqual(t, count[beside], fewest*11/9+1, "%s: rules that are not nearly full", name)
	}
	for _, service := range c.Services() {
		terms := v2TermsOf(service)
		covered := slices.ContainsFunc(slices.Concat(terms.alone, terms.beside), func(term string) bool { return asked[strings.ToLower(term)] })
		require.True(t, covered || slices.Contains(plan.left, service.Slug), "%s: %s is neither asked for nor left out", name, service.Slug)
	}
}

// splitTerms parts terms at the ORs between them.
func splitTerms(terms string) []string {
	var found []string
	depth, quoted, from := 0, false, 0
	for i, r := range terms {
		switch {
		case r == '"':
			quoted = !quoted
		case quoted:
		case r == '(':
			depth++
		case r == ')':
			depth--
		case depth == 0 && strings.HasPrefix(terms[i:], or):
			found = append(found, terms[from:i])
			from = i + len(or)
		}
	}
	return append(found, terms[from:])
}

// randomCatalog has services with names of any kind.
func randomCatalog(t *testing.T, random *rand.Rand) *catalog.Catalog {
	t.Helper()
	letters := []rune("abcdefghijklmnopqrstuvwxyzäéıñ日本語한국어غمن& .-+")
	var services strings.Builder
	slug := 0
	word := func(longest int) string {
		var b strings.Builder
		for range 1 + random.IntN(longest) {
			b.WriteRune(letters[random.IntN(len(letters))])
		}
		return b.String()
	}
	for range 1 + random.IntN(120) {
		slug++
		fmt.Fprintf(&services, "\n  - {slug: s%d, name: 'n%d%s', category: web", slug, slug, strings.TrimSpace(word(40)))
		if random.IntN(2) == 0 {
			fmt.Fprintf(&services, ", handles: [h%d, g%d]", slug, slug)
		}
		if random.IntN(3) == 0 {
			services.WriteString(", countries: [NL]")
		}
		var aliases []string
		for i := range random.IntN(30) {
			aliases = append(aliases, fmt.Sprintf("'a%dx%d%s'", slug, i, strings.TrimSpace(word(30))))
		}
		fmt.Fprintf(&services, ", aliases: [%s]}", strings.Join(aliases, ", "))
	}
	return parseCatalog(t, services.String())
}

func TestV2SmallPlansKeepTheImportantServices(t *testing.T) {
	t.Parallel()
	c, err := catalog.Default()
	require.NoError(t, err)
	plan := planRules(c, 5, LongestRule)
	require.True(t, plan.core)
	require.NotEmpty(t, plan.left)
	var values []string
	for _, rule := range plan.rules {
		values = append(values, rule.Value)
	}
	all := strings.Join(values, " ")
	for _, term := range []string{"@WhatsApp", "@jankoum", "Instagram"} {
		require.Contains(t, all, term)
	}
	require.NotContains(t, plan.left, "whatsapp")
	bigger := planRules(c, 25, LongestRule)
	require.Subset(t, plan.left, bigger.left, "more rules, fewer left out")
	require.Less(t, len(bigger.left), len(plan.left))
}

func TestV2ServicesThatCannotBeAskedFor(t *testing.T) {
	t.Parallel()
	c := parseCatalog(t, `
  - {slug: marks, name: '!!!', category: web, handles: [marks.bsky.social]}
  - {slug: plain, name: Plain, category: web}
  - {slug: line, name: ライン, category: web, ambiguous: [ライン], hashtags: [lineout]}
`)
	for _, most := range []int{MostRules, 1} {
		plan := planRules(c, most, LongestRule)
		require.Equal(t, []string{"marks"}, plan.left)
		require.Equal(t, most == 1, plan.core)
		last := plan.rules[len(plan.rules)-1].Value
		require.Contains(t, last, "Plain")
		require.Contains(t, last, "#lineout", "with few rules too")
	}
	require.Empty(t, planRules(c, 0, LongestRule).rules)
}

func TestV2WordsAreNoOperators(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"down": "down", "not working": `"not working"`, "OR": `"OR"`, "a:b": `"a:b"`, "-x": `"-x"`, "from:me": `"from:me"`,
		`a" OR "b`: `"a OR b"`, "(x": `"(x"`, "": "", "...": "", "障害": "障害", "काम": "काम", "a\nb": `"a b"`, "x\\": "x",
	} {
		require.Equal(t, want, v2Word(text), text)
	}
	plain := regexp.MustCompile(`^([\p{L}\p{N}\p{M}_]+|"[^"\\]+")$`)
	for _, word := range v2Complaints {
		require.Regexp(t, plain, v2Word(word))
	}
}
