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

// pack compresses as well as can be: it is done once.
func pack(body []byte) []byte {
	var packed bytes.Buffer
	w, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return nil // there is no such level
	}
	_, _ = w.Write(body) // a buffer takes everything
	_ = w.Close()
	return packed.Bytes()
}

// encoded returns what to send of an asset, and says that it depends on what the
// reader takes.
func encoded(c *gin.Context, file asset) []byte {
	if len(file.body) < worthPacking {
		return file.body
	}
	c.Writer.Header().Add("Vary", "Accept-Encoding")
	if !AcceptsGzip(requested(c, "Accept-Encoding")) {
		return file.body
	}
	c.Header("Content-Encoding", "gzip")
	return file.packed
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
