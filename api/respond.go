package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/outcryhq/outcry/api/web"
	"github.com/outcryhq/outcry/pkg/problem"
)

// respondJSON answers with the value as JSON.
func respondJSON(c *gin.Context, keep time.Duration, value any) {
	body, err := json.Marshal(value)
	if err != nil {
		problem.Write(c, fmt.Errorf("encode answer: %w", err))
		return
	}
	respond(c, keep, "application/json; charset=utf-8", append(body, '\n'))
}

// respond answers with a body that may be kept for a while, and with 304 if the
// client says that it has the same one already.
func respond(c *gin.Context, keep time.Duration, mediaType string, body []byte) {
	send(c, newAnswer(keep, mediaType, body))
}

// send answers, and leaves the answer for those who ask the same next.
func send(c *gin.Context, made *answer) {
	if leave, ok := c.Get(leaveAnswer); ok {
		if leave, ok := leave.(func(*answer)); ok {
			leave(made)
		}
	}
	made.write(c.Writer, c.Request)
	c.Writer.WriteHeaderNow()
}

// write sends the answer in the encoding that the client takes, or says that it
// has it already.
func (a *answer) write(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header["Etag"] = a.tag
	header["Cache-Control"] = a.keep
	addTo(header, a.extra)
	switch {
	case a.packed == nil:
	case header["Vary"] == nil:
		header["Vary"] = varies
	case !strings.Contains(strings.Join(header["Vary"], ","), varies[0]):
		header.Add("Vary", varies[0])
	}
	if matches(r.Header.Get("If-None-Match"), a.tag[0]) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	header["Content-Type"] = a.mediaType
	body, length := a.body, a.length
	if a.packed != nil && web.AcceptsGzip(r.Header.Get("Accept-Encoding")) {
		packed := a.packed()
		body, length = packed.body, packed.length
		header["Content-Encoding"] = packedAs
	}
	header["Content-Length"] = length
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(body) // the client has gone
}

// matches reads If-None-Match (RFC 9110, section 13.1.2): a weak comparison.
func matches(header, tag string) bool {
	if header == "" {
		return false
	}
	tag = strings.TrimPrefix(tag, "W/")
	for candidate := range strings.SplitSeq(header, ",") {
		candidate = strings.TrimPrefix(strings.TrimSpace(candidate), "W/")
		if candidate == tag || candidate == "*" {
			return true
		}
	}
	return false
}
