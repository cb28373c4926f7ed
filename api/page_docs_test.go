package api_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/api/spec"
)

func TestTheReferenceIsWhole(t *testing.T) {
	t.Parallel()
	answer := newWorld(t).get("/docs")
	require.Equal(t, http.StatusOK, answer.Code)
	page := answer.Body.String()
	for _, call := range spec.Calls() {
		path := regexp.MustCompile(`:(\w+)`).ReplaceAllString(call.Path, "{$1}")
		require.Contains(t, page, `<code>`+path+`</code>`)
		for _, name := range call.Query {
			require.Contains(t, page, `<code>`+name+`</code>`)
		}
	}
	require.Contains(t, page, `curl &#39;http://example.com/v1/outages?state=ongoing&#39;`)
	require.Contains(t, page, `-d &#39;{&#34;service&#34;:&#34;whatsapp&#34;`)

	ids := map[string]bool{}
	for _, id := range regexp.MustCompile(` id="([^"]+)"`).FindAllStringSubmatch(page, -1) {
		require.False(t, ids[id[1]], "two things are called %s", id[1])
		ids[id[1]] = true
	}
	for _, link := range regexp.MustCompile(`href="#([^"]+)"`).FindAllStringSubmatch(page, -1) {
		require.True(t, ids[link[1]], "a link leads to #%s", link[1])
	}
	require.NotContains(t, page, "<style")
	require.NotContains(t, page, "<script>")
	require.NotRegexp(t, `(?:src|<link[^>]+href)="https?:`, page, "nothing is loaded from elsewhere")
}

func TestTheReferenceNamesWhereItIs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.Contains(t, w.get("http://outages.example/docs").Body.String(), "http://outages.example/v1/outages/")
	require.NotContains(t, strings.ToLower(w.get("/docs?lang=id").Body.String()), "%!")
	require.Contains(t, w.get("/docs?lang=id").Body.String(), "Halaman ini berbahasa Inggris")
}
