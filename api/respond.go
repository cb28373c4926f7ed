package api

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

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
	sum := sha256.Sum256(body)
	tag := `"` + hex.EncodeToString(sum[:8]) + `"`
	c.Header("ETag", tag)
	c.Header("Cache-Control", fmt.Sprintf("public, max-age=%d", int(keep.Seconds())))
	if matches(c.GetHeader("If-None-Match"), tag) {
		c.Status(http.StatusNotModified)
		c.Writer.WriteHeaderNow()
		return
	}
	c.Data(http.StatusOK, mediaType, body)
}

// matches reads If-None-Match (RFC 9110, section 13.1.2): a weak comparison.
func matches(header, tag string) bool {
	for candidate := range strings.SplitSeq(header, ",") {
		candidate = strings.TrimPrefix(strings.TrimSpace(candidate), "W/")
		if candidate == tag || candidate == "*" {
			return true
		}
	}
	return false
}
