package httpserver_test

import (
	"bufio"
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// fetch asks as it is told, without Go's own decompression.
func fetch(t *testing.T, method, url, encoding string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	require.NoError(t, err)
	req.Header.Set("Accept-Encoding", encoding)
	resp, err := http.DefaultTransport.RoundTrip(req)
	require.NoError(t, err)
	t.Cleanup(func() { _ = resp.Body.Close() })
	return resp
}

func TestTextTravelsCompressed(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("one more person for whom it fails\n", 100)
	s := run(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := long
		if r.URL.Query().Has("short") {
			body = "short"
		}
		if as := r.URL.Query().Get("as"); as != "" {
			w.Header().Set("Content-Encoding", as)
		}
		w.Header().Set("Content-Type", r.URL.Query().Get("type"))
		w.Header().Set("ETag", `W/"1"`)
		_, _ = io.WriteString(w, body)
	}), 0)
	for name, tt := range map[string]struct {
		method, query, accept, encoding string
	}{
		"a page":                   {http.MethodGet, "?type=text/html;charset=utf-8", "gzip, br", "gzip"},
		"JSON":                     {http.MethodGet, "?type=application/feed%2Bjson", "gzip", "gzip"},
		"a feed":                   {http.MethodGet, "?type=application/atom%2Bxml", "gzip", "gzip"},
		"a drawing":                {http.MethodGet, "?type=image/svg%2Bxml", "gzip", "gzip"},
		"a script":                 {http.MethodGet, "?type=text/javascript", "gzip;q=0.5", "gzip"},
		"a client that takes none": {http.MethodGet, "?type=text/html", "identity", ""},
		"a client that takes zstd": {http.MethodGet, "?type=text/html", "zstd", ""},
		"what is short":            {http.MethodGet, "?short&type=text/html", "gzip", ""},
		"a photograph":             {http.MethodGet, "?type=image/png", "gzip", ""},
		"what is encoded already":  {http.MethodGet, "?as=gzip&type=text/plain", "gzip", "gzip"},
		"an answer to a report":    {http.MethodPost, "?type=application/json", "gzip", ""},
		"a stream of events":       {http.MethodGet, "v1/stream?type=text/event-stream", "gzip", ""},
		"a stream by its type":     {http.MethodGet, "?type=text/event-stream", "gzip", ""},
	} {
		resp := fetch(t, tt.method, s.url+"/"+tt.query, tt.accept) //nolint:bodyclose // fetch closes it
		require.Equal(t, tt.encoding, resp.Header.Get("Content-Encoding"), name)
		require.Equal(t, `W/"1"`, resp.Header.Get("ETag"), name)
		var body io.Reader = resp.Body
		if tt.encoding != "" && !strings.Contains(tt.query, "as=") {
			require.Contains(t, resp.Header.Values("Vary"), "Accept-Encoding", name)
			unpacked, err := gzip.NewReader(resp.Body)
			require.NoError(t, err, name)
			body = unpacked
		}
		got, err := io.ReadAll(body)
		require.NoError(t, err, name)
		require.Contains(t, []string{long, "short"}, string(got), name)
	}
}

func TestEventsLeaveAtOnce(t *testing.T) {
	t.Parallel()
	s := run(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, "data: 1\n\n")
		if err := http.NewResponseController(w).Flush(); err != nil {
			return
		}
		<-r.Context().Done() // says no more
	}), 0)
	resp := fetch(t, http.MethodGet, s.url+"/v1/stream", "gzip") //nolint:bodyclose // fetch closes it
	line, err := bufio.NewReader(resp.Body).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "data: 1\n", line)
}
