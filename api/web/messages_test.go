package web

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/catalog"
)

// form strips a message's key of its plural form.
func form(key string) string {
	return strings.TrimSuffix(strings.TrimSuffix(key, ".one"), ".other")
}

func TestLanguagesSayTheSameThings(t *testing.T) {
	t.Parallel()
	languages, err := loadLanguages()
	require.NoError(t, err)
	holes := regexp.MustCompile(`\{[0-9]\}`)
	english, indonesian := languages[English].messages, languages[Indonesian].messages
	for key, text := range english {
		translated, ok := indonesian[key]
		if !ok && strings.HasSuffix(key, ".one") {
			translated, ok = indonesian[form(key)+".other"]
		}
		require.True(t, ok, "not in id.yaml: %s", key)
		want, got := holes.FindAllString(text, -1), holes.FindAllString(translated, -1)
		slices.Sort(want)
		slices.Sort(got)
		if strings.HasSuffix(key, ".one") { // may leave out what only many things have
			require.Subset(t, got, want, key)
			continue
		}
		require.Equal(t, slices.Compact(want), slices.Compact(got), key)
		require.NotContains(t, text+translated, "<b", "messages are text: %s", key)
	}
	for key := range indonesian {
		require.Contains(t, english, key, "not in en.yaml")
	}
}

// used finds every key that templates and Go name.
func used(t *testing.T) map[string]string {
	t.Helper()
	patterns := []*regexp.Regexp{
		regexp.MustCompile(`[{( ](?:t|h) "([a-z_.]+)"`),
		regexp.MustCompile(`\b(?:Say|say|T)\("([a-z_]+\.[a-z_.]+)"`),
		regexp.MustCompile(`key :?= "([a-z_]+\.[a-z_.]+)"`),
		regexp.MustCompile(`Key: +"([a-z_]+\.[a-z_.]+)"`),
		regexp.MustCompile(`problem\.Invalid\(stampField, "([a-z_.]+)"`),
	}
	keys := map[string]string{}
	for _, files := range []string{"templates/*.html", "*.go", "../*.go", "../../ingest/form/*.go"} {
		names, err := filepath.Glob(files)
		require.NoError(t, err)
		require.NotEmpty(t, names)
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			text, err := os.ReadFile(name)
			require.NoError(t, err)
			for _, pattern := range patterns {
				for _, found := range pattern.FindAllStringSubmatch(string(text), -1) {
					keys[found[1]] = name
				}
			}
		}
	}
	return keys
}

func TestEveryMessageIsThereAndUsed(t *testing.T) {
	t.Parallel()
	languages, err := loadLanguages()
	require.NoError(t, err)
	keys := used(t)
	require.Greater(t, len(keys), 80, "the patterns find nothing any more")
	for tag, spoken := range languages {
		for key, file := range keys {
			_, plain := spoken.messages[key]
			_, plural := spoken.messages[key+".other"]
			require.True(t, plain || plural, "%s has no %s, which %s says", tag, key, file)
		}
	}
	for key := range languages[English].messages {
		kind, _, _ := strings.Cut(key, ".")
		if slices.Contains([]string{"problem", "category", "usual", "country"}, kind) || strings.HasPrefix(key, "service.") && strings.HasSuffix(key, "_in") {
			continue // said by slug or by kind
		}
		require.Contains(t, keys, form(key), "nobody says %s", key)
	}
}

// A label that an operator has changed must not be translated as if it were ours.
func TestTheCatalogsLabelsAreTranslated(t *testing.T) {
	t.Parallel()
	languages, err := loadLanguages()
	require.NoError(t, err)
	known, err := catalog.Default()
	require.NoError(t, err)
	for _, service := range known.Services() {
		require.Contains(t, languages[English].messages, "category."+service.Category)
		for _, kind := range known.Problems(service.Slug) {
			require.Equal(t, kind.Label, languages[English].messages["problem."+kind.Slug])
		}
	}
}
