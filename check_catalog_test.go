package main

import (
	"path/filepath"
	"regexp"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCheckCatalogHasNothingAgainstTheShippedOne(t *testing.T) {
	t.Parallel()
	status, stdout, stderr := outcry("", "check-catalog")
	require.Equal(t, exitOK, status, stdout+stderr)
	said := regexp.MustCompile(`^(\d+) services in (\d+) countries, no findings\n$`).FindStringSubmatch(stdout)
	require.Len(t, said, 3, stdout)
	services, err := strconv.Atoi(said[1])
	require.NoError(t, err)
	require.GreaterOrEqual(t, services, 220)
	countries, err := strconv.Atoi(said[2])
	require.NoError(t, err)
	require.GreaterOrEqual(t, countries, 50)
}

func TestCheckCatalogPrintsFindings(t *testing.T) {
	t.Parallel()
	path := writeFile(t, "extends: default\nservices:\n  - {slug: ours, name: Signal, category: web, countries: [UK]}\n")
	status, stdout, stderr := outcry("", "check-catalog", path)
	require.Equal(t, exitFailed, status)
	require.Contains(t, stdout, path+":3: ours: name \"Signal\" is an ordinary word, expected it among ambiguous\n")
	require.Contains(t, stdout, path+":3: ours: no home page")
	require.Contains(t, stdout, "belongs to signal too")
	require.Contains(t, stdout, `the category "web"`)
	require.Contains(t, stdout, `at home in "UK"`)
	require.NotContains(t, stdout, "no findings")
	require.Contains(t, stderr, "5 findings")
}

func TestCheckCatalogReadsStandardInput(t *testing.T) {
	t.Parallel()
	status, stdout, _ := outcry("extends: default\nservices:\n  - {slug: a, name: Ourselves, category: bank, home: 'https://example.com/', handles: [\"\\e[2J\"]}\n", "check-catalog", "-")
	require.Equal(t, exitFailed, status)
	require.Contains(t, stdout, "-:3: ")
	require.NotContains(t, stdout, "\x1b", "what is read does not steer the terminal")

	status, stdout, stderr := outcry("extends: default\nservices:\n  - {slug: a, name: Ourselves, category: bank, home: 'https://example.com/'}\n", "check-catalog", "-")
	require.Equal(t, exitOK, status, stderr)
	require.Contains(t, stdout, "no findings")
}

func TestCheckCatalogCannotRead(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{
		"no such file": {filepath.Join(t.TempDir(), "none.yaml")},
		"no YAML":      {writeFile(t, "services: [")},
		"no catalog":   {writeFile(t, "services: 7\n")},
		"two files":    {"a", "b"},
	} {
		status, stdout, stderr := outcry("", append([]string{"check-catalog"}, args...)...)
		require.Equal(t, exitUsage, status, name)
		require.Empty(t, stdout, name)
		require.NotEmpty(t, stderr, name)
	}
}
