package api_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

// follow opens a stream of a world whose streams run, and returns what reads the
// next event: its kind and its data.
func (w *world) follow(query string) func() (kind, data string) {
	w.t.Helper()
	if w.router == nil {
		w.router = w.route()
	}
	ctx, cancel := context.WithCancel(w.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.api.Run(ctx) }()
	server := httptest.NewServer(w.router)
	resp, err := http.Get(server.URL + "/v1/stream" + query)
	require.NoError(w.t, err)
	w.t.Cleanup(func() {
		cancel()
		require.NoError(w.t, <-ended)
		require.NoError(w.t, resp.Body.Close())
		server.Close()
	})
	require.Equal(w.t, http.StatusOK, resp.StatusCode)
	require.Equal(w.t, "*", resp.Header.Get("Access-Control-Allow-Origin"))
	require.Empty(w.t, resp.Header.Get("Content-Encoding"))
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 1<<20)
	return func() (kind, data string) {
		w.t.Helper()
		for lines.Scan() {
			field, value, _ := strings.Cut(lines.Text(), ": ")
			switch {
			case field == "event":
				kind = value
			case field == "data":
				data = value
			case lines.Text() == "" && data != "":
				return kind, data
			}
		}
		require.FailNow(w.t, "the stream has ended")
		return "", ""
	}
}

// conforms validates an event against the description of its data.
func (d description) conforms(t *testing.T, kind, data string) {
	t.Helper()
	name := map[string]string{
		"outage": "StreamOutage", "spike": "StreamSpike", "spikes": "StreamSpikes", "status": "StreamStatus", "reset": "StreamReset",
	}[kind]
	schema, err := d.compiler.Compile(documentURL + "#/components/schemas/" + name)
	require.NoError(t, err)
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader([]byte(data)))
	require.NoError(t, err)
	require.NoError(t, schema.Validate(value), "%s", data)
}

func TestTheStreamTellsWhatChangesAsDescribed(t *testing.T) {
	t.Parallel()
	d := describe(t)
	w := newWorld(t)
	o := ongoing("whatsapp", at("08:00"), "NL", "ID")
	w.announce(o)
	w.see(live.Partition("telegram"), possible("telegram", "GB", 13, 23))
	next := w.follow("?service=whatsapp,telegram&service=bca&country=id,*&country=GB&spikes=true")
	expect := func(kind, part string) {
		t.Helper()
		gotKind, data := next()
		require.Equal(t, kind, gotKind, data)
		require.Contains(t, data, part)
		d.conforms(t, kind, data)
	}
	expect("reset", `"new"`)
	expect("outage", `{"change":"opened","outage":{"id":"`+o.ID.String()+`"`)
	expect("spikes", `"service":"telegram"`)
	expect("status", `"live":"ok"`)
	o.Revision++
	w.announce(ongoing("facebook", at("08:01"), "ID"), o)
	expect("outage", `"changed"`)
	w.announce(over(o, at("08:20")))
	expect("outage", `"ended"`)
	w.see(live.Partition("telegram"))
	expect("spike", `"ended"`)
}

func TestAStreamOfSomethingUnknownIsRefused(t *testing.T) {
	t.Parallel()
	d := describe(t)
	w := newWorld(t)
	many := strings.Repeat("whatsapp,", 50) + "whatsapp"
	for query, says := range map[string]string{
		"sevice=whatsapp":         "known are service, country, spikes, last_event_id",
		"service=":                "expected slugs",
		"service=Whats%20App":     "expected slugs",
		"service=whatsap":         `"suggestions":["whatsapp"`,
		"service=" + many:         "at most 50",
		"country=Narnia":          "ISO 3166-1",
		"country=NL&country=":     "ISO 3166-1",
		"spikes=yes":              "expected one of false, true",
		"spikes=true&spikes=true": "give it once",
		"service=%zz":             "percent-encoded",
	} {
		answer := w.get("/v1/stream?" + query)
		require.Contains(t, answer.Body.String(), says, query)
		d.check(t, http.MethodGet, "/v1/stream", answer)
	}
	w.api.Drain()
	answer := w.get("/v1/stream")
	require.Equal(t, http.StatusServiceUnavailable, answer.Code)
	require.Equal(t, "1", answer.Header().Get("Retry-After"))
	d.check(t, http.MethodGet, "/v1/stream", answer)
}

func TestWhoComesBackIsToldOfRemarksToo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := ongoing("whatsapp", at("08:00"), "NL")
	w.announce(o)
	remark, err := outage.Remark{Kind: outage.Note, At: w.now, Text: "a note", By: outage.ByOperator}.Tidy(o.ID)
	require.NoError(t, err)
	require.NoError(t, w.archive.AddRemark(t.Context(), o.ID, remark))
	// A cursor of version 1, of a minute before, that names no outage.
	before := binary.AppendUvarint([]byte{1, 0}, uint64(w.now.Add(-time.Minute).UnixMilli()))
	next := w.follow("?last_event_id=" + base64.RawURLEncoding.EncodeToString(before))
	_, data := next()
	require.Contains(t, data, `"opened"`)
	kind, data := next()
	require.Equal(t, "outage", kind)
	describe(t).conforms(t, kind, data)
	var event struct {
		Change string
		Remark outage.Remark
		Outage outage.Published
	}
	require.NoError(t, json.Unmarshal([]byte(data), &event))
	require.Equal(t, "remarked", event.Change)
	require.Equal(t, remark, event.Remark)
	require.Equal(t, o.ID, event.Outage.ID)
	_, data = next()
	require.Contains(t, data, `"live":"ok"`)
}
