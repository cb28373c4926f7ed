package httpserver

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/klauspost/compress/gzhttp"
)

// worthCompressing is the least number of bytes that are compressed.
const worthCompressing = 1 << 10

// compress lets a handler's answers travel in gzip: text of some length, in
// answers to those who take it, unless the handler has encoded it already. The
// API under /v1 is left alone: it keeps its answers in both encodings, and its
// streams must leave at once. So are answers to what is sent here, which are short.
// An ETag has to be a weak one: it stands for both encodings.
func compress(next http.Handler) (http.Handler, error) {
	wrap, err := gzhttp.NewWrapper(gzhttp.MinSize(worthCompressing), gzhttp.ContentTypeFilter(compressible), gzhttp.EnableZstd(false))
	if err != nil {
		return nil, fmt.Errorf("compress answers: %w", err)
	}
	packed := wrap(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || strings.HasPrefix(r.URL.Path, apiPath) {
			next.ServeHTTP(w, r)
			return
		}
		packed.ServeHTTP(w, r)
	}), nil
}

// apiPath begins the addresses of the API.
const apiPath = "/v1/"

// compressible says which media types are text.
func compressible(mediaType string) bool {
	kind, _, _ := strings.Cut(strings.ToLower(mediaType), ";")
	kind = strings.TrimSpace(kind)
	return kind != "text/event-stream" && (strings.HasPrefix(kind, "text/") ||
		strings.HasSuffix(kind, "json") || strings.HasSuffix(kind, "xml") ||
		strings.HasSuffix(kind, "yaml") || strings.HasSuffix(kind, "javascript"))
}
