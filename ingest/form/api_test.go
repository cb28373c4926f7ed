package form_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/ingest"
	"github.com/outcryhq/outcry/ingest/limit"
	"github.com/outcryhq/outcry/pkg/outage"
)

// receipt is the answer to a report.
type receipt struct {
	ID      outage.ID `json:"id"`
	Service string    `json:"service"`
	Country string    `json:"country"`
	Counted bool      `json:"counted"`
	Reason  string    `json:"reason"`
}

func (w *world) accepted(a ask) receipt {
	w.tb.Helper()
	answer := w.send(a)
	require.Equal(w.tb, http.StatusAccepted, answer.Code, answer.Body)
	require.Equal(w.tb, "application/json; charset=utf-8", answer.Header().Get("Content-Type"))
	var got receipt
	decoder := json.NewDecoder(answer.Body)
	decoder.DisallowUnknownFields()
	require.NoError(w.tb, decoder.Decode(&got))
	require.False(w.tb, got.ID.IsZero())
	return got
}

// refusal is a problem as a client sees it.
type refusal struct {
	Type, Title, Detail, Field string
	Status                     int
	Suggestions                []string
}

func (w *world) refusal(answer *httptest.ResponseRecorder, status int) refusal {
	w.tb.Helper()
	require.Equal(w.tb, status, answer.Code, answer.Body)
	require.Equal(w.tb, "application/problem+json", answer.Header().Get("Content-Type"))
	var got refusal
	require.NoError(w.tb, json.Unmarshal(answer.Body.Bytes(), &got))
	require.Equal(w.tb, status, got.Status)
	return got
}

func TestAReportIsCounted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	got := w.accepted(postJSON(`{"service":"whatsapp","problem":"calls","country":"be"}`))
	require.Equal(t, receipt{ID: got.ID, Service: "whatsapp", Country: "BE", Counted: true}, got)

	report := w.recorder.last(t)
	require.Equal(t, got.ID, report.ID)
	require.Equal(t, outage.FromChoice, report.CountryFrom)
	require.Equal(t, outage.SourceAPI, report.Source)
	require.Equal(t, "calls", report.Problem)
	require.Equal(t, uint32(1136), report.Network)
	require.False(t, report.Reporter.IsZero())
	require.False(t, report.Origin.IsZero())
	require.True(t, report.Seat.IsZero())
	require.Nil(t, report.Previous)
	require.Equal(t, noon, report.ObservedAt)

	again := w.accepted(postJSON(`{"service":"whatsapp"}`))
	require.False(t, again.Counted)
	require.Equal(t, "already counted in the last 60 minutes", again.Reason)
	require.True(t, w.accepted(postJSON(`{"service":"telegram"}`)).Counted, "another service")
	require.True(t, w.accepted(postJSON(`{"service":"whatsapp"}`).by("192.0.2.8")).Counted, "another person")
	require.InDelta(t, 3, w.metric("outcry_ingest_reports_total", "api", "counted"), 0)
	require.InDelta(t, 1, w.metric("outcry_ingest_reports_total", "api", "duplicate"), 0)
}

func TestWhereTheCountryComesFrom(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		body, peer, country string
		from                outage.CountryFrom
	}{
		{`{"service":"whatsapp","country":" sg "}`, "192.0.2.7", "SG", outage.FromChoice},
		{`{"service":"kpn","country":"SG"}`, "192.0.2.7", "SG", outage.FromChoice},
		{`{"service":"kpn"}`, "2001:db8::1", "NL", outage.FromService},
		{`{"service":"whatsapp"}`, "2001:db8::1", "ID", outage.FromAddress},
		{`{"service":"whatsapp","country":""}`, "2001:db8::1", "ID", outage.FromAddress},
		{`{"service":"whatsapp","country":null,"problem":null}`, "2001:db8::1", "ID", outage.FromAddress},
		{`{"service":"whatsapp"}`, "10.1.2.3", "ZZ", outage.FromNothing},
	} {
		w := newWorld(t, nil)
		require.Equal(t, c.country, w.accepted(postJSON(c.body).by(c.peer)).Country, c)
		require.Equal(t, c.from, w.recorder.last(t).CountryFrom, c)
	}
}

func TestAFormIsUnderstoodToo(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	got := w.accepted(post("/v1/reports", "application/x-www-form-urlencoded; charset=utf-8", "service=whatsapp&problem=calls&country=NL"))
	require.True(t, got.Counted)
	require.Equal(t, "calls", w.recorder.last(t).Problem)
}

func TestBadInputIsExplained(t *testing.T) {
	t.Parallel()
	const kind, formKind = "application/json", "application/x-www-form-urlencoded"
	w := newWorld(t, nil)
	for name, c := range map[string]struct {
		kind, body    string
		status        int
		field, detail string
	}{
		"empty":               {kind, ``, 400, "", "malformed JSON"},
		"not JSON":            {kind, `service=whatsapp`, 400, "", "malformed JSON"},
		"cut off":             {kind, `{"service":"whatsapp"`, 400, "", "malformed JSON at byte"},
		"trailing comma":      {kind, `{"service":"whatsapp",}`, 400, "", "malformed JSON"},
		"trailing garbage":    {kind, `{"service":"whatsapp"} x`, 400, "", "nothing after"},
		"two objects":         {kind, `{"service":"whatsapp"}{}`, 400, "", "nothing after"},
		"a list":              {kind, `[{"service":"whatsapp"}]`, 400, "", "want an object"},
		"null":                {kind, `null`, 400, "", "want an object"},
		"unknown field":       {kind, `{"service":"whatsapp","colour":"red"}`, 400, "colour", "unknown field"},
		"other case":          {kind, `{"Service":"whatsapp"}`, 400, "Service", "unknown field"},
		"a number":            {kind, `{"service":1}`, 400, "service", "want a string"},
		"an object within":    {kind, `{"service":{"slug":"whatsapp"}}`, 400, "service", "want a string"},
		"a list within":       {kind, `{"country":["NL"]}`, 400, "country", "want a string"},
		"true":                {kind, `{"problem":true}`, 400, "problem", "want a string"},
		"given twice":         {kind, `{"service":"whatsapp","service":"telegram"}`, 400, "service", "twice"},
		"no service":          {kind, `{}`, 400, "service", "missing"},
		"empty service":       {kind, `{"service":""}`, 400, "service", "missing"},
		"long service":        {kind, `{"service":"` + strings.Repeat("w", 101) + `"}`, 400, "service", "at most 100"},
		"unknown service":     {kind, `{"service":"watsapp"}`, 404, "service", "no such service"},
		"unknown problem":     {kind, `{"service":"whatsapp","problem":"tv"}`, 400, "problem", "app, calls, other"},
		"unknown country":     {kind, `{"service":"whatsapp","country":"UK"}`, 400, "country", "ISO 3166-1 alpha-2"},
		"all countries":       {kind, `{"service":"whatsapp","country":"*"}`, 400, "country", "ISO 3166-1 alpha-2"},
		"country by name":     {kind, `{"service":"whatsapp","country":"Belgium"}`, 400, "country", "ISO 3166-1 alpha-2"},
		"bad escape":          {formKind, `service=%zz`, 400, "", "malformed form"},
		"unknown form field":  {formKind, `service=whatsapp&colour=red`, 400, "colour", "unknown field"},
		"form field twice":    {formKind, `service=whatsapp&service=telegram`, 400, "service", "twice"},
		"empty form":          {formKind, ``, 400, "service", "missing"},
		"text":                {"text/plain", `{"service":"whatsapp"}`, 415, "", "application/json"},
		"no type":             {"", `{"service":"whatsapp"}`, 415, "", "application/json"},
		"strange type":        {"application/json/x; ;", `{"service":"whatsapp"}`, 415, "", "application/json"},
		"multipart":           {"multipart/form-data; boundary=x", `--x--`, 415, "", "application/json"},
		"a little too large":  {kind, strings.Repeat(" ", 16<<10) + `{}`, 413, "", "16384"},
		"a form of too much":  {formKind, strings.Repeat("a", 16<<10+1), 413, "", "16384"},
		"invalid UTF-8 field": {kind, "{\"\xff\":\"x\"}", 400, "\uFFFD", "unknown field"},
	} {
		answer := w.send(post("/v1/reports", c.kind, c.body))
		got := w.refusal(answer, c.status)
		require.Equal(t, c.field, got.Field, name)
		require.Contains(t, got.Detail, c.detail, name)
	}
	require.Empty(t, w.recorder.all(), "nothing was recorded")
	require.Equal(t, 1, w.refused(outage.SourceAPI, ingest.RefusedUnknown))
	require.Positive(t, w.refused(outage.SourceAPI, ingest.RefusedInvalid))
}

func TestAnUnknownServiceComesWithSuggestions(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	got := w.refusal(w.send(postJSON(`{"service":"watsapp"}`)), http.StatusNotFound)
	require.Equal(t, []string{"whatsapp"}, got.Suggestions)
}

// endless is a body that counts what is read of it.
type endless struct{ read int }

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	e.read += len(p)
	return len(p), nil
}

func TestALargeBodyIsNotReadToItsEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	body := &endless{}
	w.refusal(w.sendBody(postJSON(""), io.LimitReader(body, 10<<20)), http.StatusRequestEntityTooLarge)
	require.LessOrEqual(t, body.read, 32<<10)

	server := httptest.NewServer(w.router) // with its length announced, over a connection
	defer server.Close()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/v1/reports",
		strings.NewReader(strings.Repeat(" ", 10<<20)))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Expect", "100-continue") // so that the client waits for the answer before it sends
	transport := &http.Transport{ExpectContinueTimeout: time.Minute}
	defer transport.CloseIdleConnections()
	response, err := transport.RoundTrip(request)
	require.NoError(t, err)
	require.Equal(t, http.StatusRequestEntityTooLarge, response.StatusCode)
	require.NoError(t, response.Body.Close())
}

func TestABodyThatBreaksOffIsTheSendersFault(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	got := w.refusal(w.sendBody(postJSON(""), io.MultiReader(strings.NewReader(`{"serv`), failingReader{})), http.StatusBadRequest)
	require.Equal(t, "the body broke off", got.Detail)
}

type failingReader struct{}

func (failingReader) Read([]byte) (int, error) { return 0, errors.New("connection reset") }

func TestAnIdempotencyKeyMakesRepetitionsOneReport(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	keyed := postJSON(`{"service":"whatsapp","country":"NL"}`).with("Idempotency-Key", "a key of my own")
	first := w.accepted(keyed)
	require.True(t, first.Counted)
	require.Equal(t, first, w.accepted(keyed))
	asForm := post("/v1/reports", "application/x-www-form-urlencoded", "country=NL&service=whatsapp").with("Idempotency-Key", "a key of my own")
	require.Equal(t, first, w.accepted(asForm), "the same, said in another way")

	other := postJSON(`{"service":"whatsapp","country":"BE"}`).with("Idempotency-Key", "a key of my own")
	w.refusal(w.send(other), http.StatusUnprocessableEntity)
	require.Equal(t, 1, w.refused(outage.SourceAPI, ingest.RefusedConflict))
	require.NotEqual(t, first.ID, w.accepted(other.by("192.0.2.8")).ID, "somebody else's key is another")
	require.InDelta(t, 2, w.metric("outcry_ingest_reports_total", "api", "replayed"), 0)
}

func TestABadIdempotencyKeyIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	body := postJSON(`{"service":"whatsapp"}`)
	for _, bad := range []ask{
		body.with("Idempotency-Key", ""),
		body.with("Idempotency-Key", strings.Repeat("k", 129)),
		body.with("Idempotency-Key", "schlüssel"),
		body.with("Idempotency-Key", "a\x00b"),
		body.with("Idempotency-Key", "one").with("Idempotency-Key", "two"),
	} {
		got := w.refusal(w.send(bad), http.StatusBadRequest)
		require.Equal(t, "Idempotency-Key", got.Field)
		require.Contains(t, got.Detail, "printable ASCII")
	}
	require.True(t, w.accepted(body.with("Idempotency-Key", strings.Repeat("k", 128))).Counted)
}

func TestRetryableErrorsSayWhenToComeBack(t *testing.T) {
	t.Parallel()
	for _, sentinel := range []error{outage.ErrUnavailable, outage.ErrRebuilding} {
		w := newWorld(t, impatient)
		w.recorder.fail(fmt.Errorf("%w: secret detail", sentinel))
		answer := w.send(postJSON(`{"service":"whatsapp"}`))
		w.refusal(answer, http.StatusServiceUnavailable)
		require.NotEmpty(t, answer.Header().Get("Retry-After"))
		require.NotContains(t, answer.Body.String(), "secret")
	}
}

func TestLimitsAnswerHonestly(t *testing.T) {
	t.Parallel()
	const whatsapp = `{"service":"whatsapp"}`
	for _, c := range []struct {
		why   ingest.Refusal
		rates func(*limit.Rates)
	}{
		{ingest.RefusedAddress, func(r *limit.Rates) { r.Address = limit.Rate{PerSecond: 0.1, Burst: 1} }},
		{ingest.RefusedNetwork, func(r *limit.Rates) { r.Network = limit.Rate{PerSecond: 0.1, Burst: 1} }},
		{ingest.RefusedInstallation, func(r *limit.Rates) { r.Installation = limit.Rate{PerSecond: 0.1, Burst: 1} }},
	} {
		w := newWorld(t, func(s *setting) { c.rates(&s.rates) })
		w.accepted(postJSON(whatsapp))
		answer := w.send(postJSON(whatsapp))
		got := w.refusal(answer, http.StatusTooManyRequests)
		require.NotEmpty(t, got.Detail)
		require.Equal(t, "10", answer.Header().Get("Retry-After"))
		require.Equal(t, 1, w.refused(outage.SourceAPI, c.why))
		w.wait(10 * time.Second)
		w.accepted(postJSON(whatsapp))
	}
}

func TestGuessingServicesIsLimited(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(s *setting) { s.rates.Address = limit.Rate{PerSecond: 0.1, Burst: 2} })
	for range 2 {
		w.refusal(w.send(postJSON(`{"service":"nope"}`)), http.StatusNotFound)
	}
	w.refusal(w.send(postJSON(`{"service":"nope"}`)), http.StatusTooManyRequests)
}

func TestMidnightCountsNobodyTwice(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.wait(11*time.Hour + 50*time.Minute)
	keyed := postJSON(`{"service":"whatsapp"}`).with("Idempotency-Key", "k")
	first := w.accepted(keyed)
	require.True(t, first.Counted)
	w.wait(20 * time.Minute) // 00:10
	require.False(t, w.accepted(postJSON(`{"service":"whatsapp"}`)).Counted)
	require.NotNil(t, w.recorder.last(t).Previous)
	require.Equal(t, first, w.accepted(keyed), "the key's report is still the same one")
	w.wait(45 * time.Minute) // 00:55: an hour has passed since
	require.True(t, w.accepted(postJSON(`{"service":"whatsapp"}`)).Counted)
}

func TestPagesOfOtherSitesCannotReport(t *testing.T) {
	t.Parallel()
	const form = "application/x-www-form-urlencoded"
	for name, foreign := range map[string]ask{
		"JSON":                  postJSON(`{"service":"whatsapp"}`).with("Origin", "https://other.example"),
		"JSON with a token":     postJSON(`{"service":"whatsapp"}`).with("Origin", "https://other.example").with("Cookie", "outcry=x"),
		"a form":                post("/v1/reports", form, "service=whatsapp").with("Origin", "https://other.example"),
		"a form without origin": post("/v1/reports", form, "service=whatsapp").with("Sec-Fetch-Site", "cross-site"),
		"a neighbour":           post("/v1/reports", form, "service=whatsapp").with("Sec-Fetch-Site", "same-site").with("Origin", "http://blog.example.com"),
		"a sandboxed frame":     postJSON(`{"service":"whatsapp"}`).with("Origin", "null"),
		"text":                  post("/v1/reports", "text/plain", `{"service":"whatsapp"}`).with("Origin", "https://other.example"),
	} {
		w := newWorld(t, nil)
		answer := w.send(foreign)
		got := w.refusal(answer, http.StatusForbidden)
		require.Equal(t, "/problems/cross-site-request", got.Type, name)
		require.Contains(t, got.Detail, "from a server", name)
		require.Empty(t, answer.Header().Get("Access-Control-Allow-Origin"), name)
		require.Empty(t, w.recorder.all(), name)
		require.Equal(t, 1, w.refused(outage.SourceAPI, ingest.RefusedForeign), name)
	}
}

func TestNoPreflightIsAnswered(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	preflight := w.send(ask{method: http.MethodOptions, path: "/v1/reports", from: "192.0.2.7"}.
		with("Origin", "https://other.example").with("Access-Control-Request-Method", "POST"))
	require.Empty(t, preflight.Header().Get("Access-Control-Allow-Origin"))
	require.Empty(t, preflight.Header().Get("Access-Control-Allow-Methods"))
	require.GreaterOrEqual(t, preflight.Code, http.StatusBadRequest)
}

func TestOurOwnPagesAndProgramsMayReport(t *testing.T) {
	t.Parallel()
	plain := postJSON(`{"service":"whatsapp"}`)
	for name, own := range map[string]ask{
		"a program":                      plain,
		"a page":                         plain.with("Sec-Fetch-Site", "same-origin").with("Origin", "http://example.com"),
		"a page in an old browser":       plain.with("Origin", "http://example.com"), // the host that httptest asks
		"a person, by a tool or plug-in": plain.with("Sec-Fetch-Site", "none"),
	} {
		w := newWorld(t, nil)
		answer := w.send(own)
		require.Equal(t, http.StatusAccepted, answer.Code, name)
		require.Empty(t, answer.Header().Get("Access-Control-Allow-Origin"), name)
		require.Len(t, w.recorder.all(), 1, name)
	}
}
