package api_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/api"
	"github.com/outcryhq/outcry/pkg/httpserver"
	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

// description is api/openapi.yaml as a test reads it.
type description struct {
	document map[string]any
	compiler *jsonschema.Compiler
}

const documentURL = "https://outcry.test/openapi.json"

// describe reads the description. Its objects are closed first: an answer with a
// field that is not described fails.
func describe(t *testing.T) description {
	t.Helper()
	asJSON, err := yaml.YAMLToJSON(api.OpenAPI)
	require.NoError(t, err)
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
	require.NoError(t, err)
	document, ok := parsed.(map[string]any)
	require.True(t, ok)
	closeObjects(document["components"])
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	require.NoError(t, compiler.AddResource(documentURL, document))
	return description{document, compiler}
}

func closeObjects(node any) {
	switch node := node.(type) {
	case map[string]any:
		_, described := node["properties"].(map[string]any)
		if _, open := node["additionalProperties"]; described && !open && node["type"] == "object" {
			node["additionalProperties"] = false
		}
		for _, child := range node {
			closeObjects(child)
		}
	case []any:
		for _, child := range node {
			closeObjects(child)
		}
	}
}

// check validates an answer against what the description says of the call.
func (d description) check(t *testing.T, method, path string, answer *httptest.ResponseRecorder) {
	t.Helper()
	status := strconv.Itoa(answer.Code)
	mediaType, _, _ := strings.Cut(answer.Header().Get("Content-Type"), ";")
	escaped := strings.NewReplacer("~", "~0", "/", "~1").Replace
	pointer := "/paths/" + escaped(path) + "/" + strings.ToLower(method) + "/responses/" + status
	if elsewhere, ok := d.at(t, pointer)["$ref"].(string); ok {
		pointer = strings.TrimPrefix(elsewhere, "#")
	}
	schema, err := d.compiler.Compile(documentURL + "#" + pointer + "/content/" + escaped(mediaType) + "/schema")
	require.NoError(t, err)
	value, err := jsonschema.UnmarshalJSON(answer.Body)
	require.NoError(t, err)
	require.NoError(t, schema.Validate(value), "%s %s %s", method, path, status)
}

// at follows a JSON pointer.
func (d description) at(t *testing.T, pointer string) map[string]any {
	t.Helper()
	node := d.document
	for _, step := range strings.Split(pointer, "/")[1:] {
		step = strings.NewReplacer("~1", "/", "~0", "~").Replace(step)
		child, ok := node[step].(map[string]any)
		require.True(t, ok, "the description has no %s", pointer)
		node = child
	}
	return node
}

func TestRoutesAndDescriptionAgree(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.router = w.route()
	watch, err := httpserver.NewWatch(httpserver.WatchConfig{Gatherer: prometheus.NewRegistry(), Now: time.Now})
	require.NoError(t, err)
	watch.Mount(w.router)

	// Pages with their assets, pictures and feeds, preflights, and the calls of ingest,
	// which has its own router in tests.
	elsewhere := regexp.MustCompile(`^(OPTIONS .*|\w+ /(|docs|how|(assets|countries|feeds|outages|services)/.*))$`)
	served := []string{"POST /v1/reports"}
	parameter := regexp.MustCompile(`:(\w+)`)
	for _, route := range w.router.Routes() {
		if call := route.Method + " " + parameter.ReplaceAllString(route.Path, "{$1}"); !elsewhere.MatchString(call) {
			served = append(served, call)
		}
	}
	var described []string
	for path, item := range describe(t).at(t, "/paths") {
		methods, ok := item.(map[string]any)
		require.True(t, ok, path)
		for method := range methods {
			if method != "parameters" {
				described = append(described, strings.ToUpper(method)+" "+path)
			}
		}
	}
	slices.Sort(served)
	slices.Sort(described)
	require.Equal(t, described, served)
}

func TestEverySchemaCompiles(t *testing.T) {
	t.Parallel()
	d := describe(t)
	for name := range d.at(t, "/components/schemas") {
		_, err := d.compiler.Compile(documentURL + "#/components/schemas/" + name)
		require.NoError(t, err, name)
	}
}

func TestAnswersAreAsDescribed(t *testing.T) {
	t.Parallel()
	d := describe(t)
	w := newWorld(t, hour("whatsapp", "NL", 240)...)
	w.baselines = usually(.4)
	running := ongoing("whatsapp", at("08:00"), "NL", "ID")
	running.Superseded = &outage.Impact{Country: "*", State: outage.Ongoing, StartedAt: at("08:00"), DetectedAt: at("08:02"), Peak: outage.Peak{At: at("08:02")}}
	running.Impacts[0].Intervals = []outage.Interval{{StartedAt: at("08:00"), EndedAt: at("08:10")}}
	w.announce(running)
	w.remember(over(ongoing("telegram", at("02:00"), "IR"), at("03:00")))
	w.see(live.Partition("telegram"), possible("telegram", "GB", 13, 23), possible("telegram", "*", 12, 30))

	for path, targets := range map[string][]string{
		"/v1/services":                  {"?limit=3", "?q=whatsapp", "?country=NL&status=problem", "?limit=0"},
		"/v1/services/{service}":        {"whatsapp", "telegram", "whatsap"},
		"/v1/services/{service}/series": {"whatsapp/series", "whatsapp/series?country=NL&step=1h", "whatsap/series", "whatsapp/series?step=2m"},
		"/v1/spikes":                    {"", "?limit=1", "?status=ok"},
		"/v1/outages":                   {"", "?limit=1", "?state=ended", "?limit=x", "?service=whatsap"},
		"/v1/outages/{id}":              {running.ID.String(), "x", "0199f2c5-0000-7000-8000-000000000000"},
	} {
		base, _, _ := strings.Cut(path, "{")
		for _, target := range targets {
			d.check(t, http.MethodGet, path, w.get(base+target))
		}
	}
	w.liveAway.Store(true)
	w.archiveAway.Store(true)
	w.now = w.now.Add(time.Minute)
	for path, target := range map[string]string{
		"/v1/services": "/v1/services", "/v1/spikes": "/v1/spikes", "/v1/outages": "/v1/outages",
		"/v1/outages/{id}":              "/v1/outages/" + running.ID.String(),
		"/v1/services/{service}/series": "/v1/services/whatsapp/series",
	} {
		d.check(t, http.MethodGet, path, w.get(target))
	}
}

// TestEvidenceIsDescribedWhole holds the other way round too: no field is
// described that there is not.
func TestEvidenceIsDescribedWhole(t *testing.T) {
	t.Parallel()
	o := ongoing("whatsapp", at("08:00"), "NL")
	w := newWorld(t)
	w.announce(o)
	answer := read[map[string]any](w, http.StatusOK, "/v1/outages/"+o.ID.String())
	impacts, ok := answer["impacts"].([]any)
	require.True(t, ok)
	impact, ok := impacts[0].(map[string]any)
	require.True(t, ok)
	given, ok := impact["evidence"].(map[string]any)
	require.True(t, ok)
	described := describe(t).at(t, "/components/schemas/Evidence/properties")
	require.ElementsMatch(t, slices.Collect(maps.Keys(described)), slices.Collect(maps.Keys(given)))
}

func TestReadinessIsAsDescribed(t *testing.T) {
	t.Parallel()
	d := describe(t)
	for _, away := range []bool{false, true} {
		watch, err := httpserver.NewWatch(httpserver.WatchConfig{
			Gatherer: prometheus.NewRegistry(), Now: time.Now,
			Checks: []httpserver.Check{{Name: "live", Needed: true, Probe: newSwitch(away)}},
		})
		require.NoError(t, err)
		router, err := httpserver.NewRouter(httpserver.RouterConfig{Logger: quietLogger(), Registerer: prometheus.NewRegistry(), Now: time.Now})
		require.NoError(t, err)
		watch.Mount(router)
		for _, path := range []string{"/readyz", "/healthz"} {
			recorder := httptest.NewRecorder()
			router.ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, path, nil))
			d.check(t, http.MethodGet, path, recorder)
		}
	}
}

func TestDescriptionIsServed(t *testing.T) {
	t.Parallel()
	recorder := newWorld(t).get("/openapi.yaml")
	require.Equal(t, http.StatusOK, recorder.Code)
	require.Equal(t, api.OpenAPI, recorder.Body.Bytes())
	require.True(t, json.Valid(must(yaml.YAMLToJSON(recorder.Body.Bytes()))))
}
