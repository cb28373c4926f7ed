package api

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/outcryhq/outcry/pkg/outage"
	"github.com/outcryhq/outcry/pkg/problem"
)

// ReadLimit bounds how often one client may read.
type ReadLimit struct {
	// Burst is how many requests may come at once, and Window the time in which as
	// many may come again and again.
	Burst  int
	Window time.Duration
	// Take counts a request against whoever sent it.
	Take func(*http.Request) Quota
}

// Quota is what a client has left.
type Quota struct {
	Left int
	// Full is after which time all of it is there again.
	Full time.Duration
	// Wait is how long to wait before one more request is answered; 0 if this one is.
	Wait time.Duration
}

// limitReads returns a handler that tells clients what they have left
// (draft-ietf-httpapi-ratelimit-headers), and answers 429 when that is nothing.
func limitReads(limit ReadLimit) gin.HandlerFunc {
	policy := []string{fmt.Sprintf(`"reads";q=%d;w=%d`, limit.Burst, seconds(limit.Window))}
	return func(c *gin.Context) {
		quota := limit.Take(c.Request)
		header := c.Writer.Header()
		header["Ratelimit-Policy"] = policy
		text := make([]byte, 0, len(`"reads";r=1000;t=1000`))
		text = strconv.AppendInt(append(text, `"reads";r=`...), int64(quota.Left), 10)
		text = strconv.AppendInt(append(text, `;t=`...), int64(seconds(quota.Full)), 10)
		header["Ratelimit"] = []string{string(text)}
		if quota.Wait <= 0 {
			return
		}
		p := problem.New(outage.ErrLimited, "this address has asked too often; /v1/stream tells what changes, and If-None-Match makes polling cheap")
		p.RetryAfter = quota.Wait
		problem.Write(c, p)
	}
}

// seconds rounds up.
func seconds(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }
