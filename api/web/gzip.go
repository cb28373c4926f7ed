package web

import (
	"bytes"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/klauspost/compress/gzip"
)

// worthPacking is the least number of bytes that are compressed: what is shorter
// fits into one packet anyway.
const worthPacking = 1 << 10

// pack compresses; level is one of gzip's.
func pack(body []byte, level int) []byte {
	var packed bytes.Buffer
	w, err := gzip.NewWriterLevel(&packed, level)
	if err != nil {
		return nil // there is no such level
	}
	_, _ = w.Write(body) // a buffer takes everything
	_ = w.Close()
	return packed.Bytes()
}

// packed returns what to send: the body, or what pack makes of it if the reader
// takes that and it pays. The answer says that it depends.
func packed(c *gin.Context, body []byte, pack func() []byte) []byte {
	if len(body) < worthPacking {
		return body
	}
	c.Writer.Header().Add("Vary", "Accept-Encoding")
	if !AcceptsGzip(requested(c, "Accept-Encoding")) {
		return body
	}
	c.Header("Content-Encoding", "gzip")
	return pack()
}

// AcceptsGzip reads Accept-Encoding (RFC 9110, section 12.5.3).
func AcceptsGzip(header string) bool {
	accepted := false
	for part := range strings.SplitSeq(header, ",") {
		coding, weight, _ := strings.Cut(part, ";")
		_, q, _ := strings.Cut(weight, "=")
		taken := strings.Trim(q, "0. ") != "" || strings.TrimSpace(q) == ""
		switch strings.ToLower(strings.TrimSpace(coding)) {
		case "gzip", "x-gzip":
			return taken
		case "*":
			accepted = taken
		}
	}
	return accepted
}
