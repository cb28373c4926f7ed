package catalog_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/catalog"
	"github.com/outcryhq/outcry/pkg/outage"
)

func standard(t testing.TB) *catalog.Catalog {
	t.Helper()
	c, err := catalog.Default()
	require.NoError(t, err)
	return c
}

func load(t *testing.T, text string) *catalog.Catalog {
	t.Helper()
	c, err := catalog.Load(strings.NewReader(text))
	require.NoError(t, err)
	return c
}

func TestDefaultCoversTheWorld(t *testing.T) {
	t.Parallel()
	c := standard(t)
	services := c.Services()
	require.GreaterOrEqual(t, len(services), 220)
	countries, categories := map[string]bool{}, map[string]bool{}
	for _, s := range services {
		categories[s.Category] = true
		for _, country := range s.Countries {
			countries[country] = true
		}
		require.NotEmpty(t, s.Home, s.Slug)
		require.True(t, strings.HasPrefix(s.Home, "https://"), s.Slug)
		problems := c.Problems(s.Slug)
		require.Len(t, problems, len(s.Problems))
		require.NotEmpty(t, problems, s.Slug)
		for _, p := range problems {
			require.NotEmpty(t, p.Label)
		}
	}
	require.GreaterOrEqual(t, len(countries), 50)
	require.Len(t, categories, 13)
	require.True(t, countries["NO"], "Norway is no boolean")
}

// In November 2017 many people complained to the founder and not to the service.
func TestWhatsApp(t *testing.T) {
	t.Parallel()
	c := standard(t)
	s, ok := c.Service("whatsapp")
	require.True(t, ok)
	require.Equal(t, "WhatsApp", s.Name)
	require.Contains(t, s.Handles, "WhatsApp")
	require.Contains(t, s.People, "jankoum")
	require.Empty(t, s.Countries, "used worldwide")
	require.Equal(t, catalog.Problem{Slug: "messages", Label: "Messages are not sent or received"}, c.Problems("whatsapp")[0])
}

func TestUnknownService(t *testing.T) {
	t.Parallel()
	c := standard(t)
	_, ok := c.Service("WhatsApp")
	require.False(t, ok, "a slug is exact")
	require.Nil(t, c.Problems("nothing"))
}

func TestServicesAreSortedByNameAndTheCallersOwn(t *testing.T) {
	t.Parallel()
	c := load(t, minimal(`
  - {slug: z, name: alpha, category: web}
  - {slug: b, name: Édith, category: web}
  - {slug: a, name: Zulu, category: web}
  - {slug: c, name: delta, category: web}
  - {slug: d, name: Delta, category: web}
`))
	names := func() []string {
		var slugs []string
		for _, s := range c.Services() {
			slugs = append(slugs, s.Slug)
		}
		return slugs
	}
	want := []string{"z", "c", "d", "b", "a"}
	require.Equal(t, want, names())
	slices.Reverse(c.Services())
	require.Equal(t, want, names())
}

// minimal returns a file with two problem kinds and one category around services.
func minimal(services string) string {
	return `problems:
  - {slug: website, label: The website does not load}
  - {slug: login, label: I cannot log in}
categories:
  - {slug: web, problems: [website, login]}
services:` + services
}

func TestProblemsOfItsOwn(t *testing.T) {
	t.Parallel()
	c := load(t, minimal(`
  - {slug: usual, name: Usual, category: web}
  - {slug: own, name: Own, category: web, problems: [login]}
`))
	require.Len(t, c.Problems("usual"), 2)
	require.Equal(t, []catalog.Problem{{Slug: "login", Label: "I cannot log in"}}, c.Problems("own"))
}

func TestExtendsTheDefault(t *testing.T) {
	t.Parallel()
	c := load(t, `
extends: default
problems:
  - {slug: heating, label: It is cold}
  - {slug: app, label: The app is broken}
services:
  - {slug: stadsverwarming, name: Stadsverwarming, category: public, countries: [NL], problems: [heating]}
  - {slug: kpn, name: KPN (ours), category: carrier, countries: [NL]}
`)
	added, ok := c.Service("stadsverwarming")
	require.True(t, ok)
	require.Equal(t, []string{"NL"}, added.Countries)
	require.Equal(t, "It is cold", c.Problems("stadsverwarming")[0].Label)

	overridden, ok := c.Service("kpn")
	require.True(t, ok)
	require.Equal(t, "KPN (ours)", overridden.Name)
	require.Empty(t, overridden.Handles, "a service is replaced whole")

	require.Len(t, c.Services(), len(standard(t).Services())+1)
	require.Contains(t, c.Problems("whatsapp"), catalog.Problem{Slug: "app", Label: "The app is broken"})
}

func TestLoadFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "ours.yaml")
	require.NoError(t, os.WriteFile(path, []byte(minimal("\n  - {slug: ours, name: Ours, category: web}\n")), 0o600))
	c, err := catalog.LoadFile(path)
	require.NoError(t, err)
	require.Len(t, c.Services(), 1)

	require.NoError(t, os.WriteFile(path, []byte("services: 7\n"), 0o600))
	_, err = catalog.LoadFile(path)
	require.ErrorIs(t, err, outage.ErrInvalid)
	require.ErrorContains(t, err, "ours.yaml")

	_, err = catalog.LoadFile(filepath.Join(t.TempDir(), "none.yaml"))
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorContains(t, err, "none.yaml")
}
