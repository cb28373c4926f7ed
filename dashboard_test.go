package main

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/servertest"
)

// expressions are the queries of a dashboard, wherever they are in it.
func expressions(node any) []string {
	var found []string
	switch node := node.(type) {
	case map[string]any:
		for key, child := range node {
			if text, ok := child.(string); ok && (key == "expr" || key == "definition") {
				found = append(found, text)
				continue
			}
			found = append(found, expressions(child)...)
		}
	case []any:
		for _, child := range node {
			found = append(found, expressions(child)...)
		}
	}
	return found
}

// Each metric of the dashboard but one is shown by a process from its start, so
// that no panel is empty before something has happened.
func TestTheDashboardNamesMetricsThatThereAre(t *testing.T) {
	t.Parallel()
	redis, postgres := servertest.Redis(t), servertest.Postgres(t)
	nobody := freeAddress(t) // a source that cannot be reached has metrics too
	server := startOutcry(t, freeAddress(t), "--redis-url", redis.URL(), "--database-url", postgres.URL(), "--bluesky=ws://"+nobody)
	text, err := os.ReadFile(filepath.Join("docs", "grafana-dashboard.json"))
	require.NoError(t, err)
	var dashboard map[string]any
	require.NoError(t, json.Unmarshal(text, &dashboard))
	named := map[string]bool{}
	metric := regexp.MustCompile(`\b(outcry|process|go)_[a-z0-9_]+`)
	for _, expression := range expressions(dashboard) {
		names := metric.FindAllString(expression, -1)
		require.NotEmpty(t, names, expression)
		require.Equal(t, strings.Count(expression, "("), strings.Count(expression, ")"), expression)
		for _, name := range names {
			named[name] = true
		}
	}
	require.Greater(t, len(named), 30)
	delete(named, "outcry_social_lag_seconds") // there is none before the first post: the only one

	var missing []string
	require.Eventually(t, func() bool {
		resp, err := http.Get(server.url + "/metrics")
		require.NoError(t, err)
		shown, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		missing = missing[:0]
		for name := range named {
			if !regexp.MustCompile(`(?m)^` + name + `[{ ]`).Match(shown) {
				missing = append(missing, name)
			}
		}
		return len(missing) == 0
	}, 30*time.Second, 100*time.Millisecond, "what /metrics lacks: %v", &missing)
}
