package httpserver

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"golang.org/x/time/rate"

	"github.com/outcryhq/outcry/pkg/problem"
)

// contentSecurityPolicy allows what the pages use and nothing else: our own
// style sheet, script and images, what the script reads of us, and forms that lead to ourselves.
const contentSecurityPolicy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; " +
	"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// dataSecurityPolicy allows an answer for programs nothing, should a browser
// show it after all.
const dataSecurityPolicy = "default-src 'none'; frame-ancestors 'none'"

// unmatched is the route, in metrics and log, of a request that no route takes.
const unmatched = "unmatched"

// maxPanicText bounds what the log keeps of a panic's value, which may quote input.
const maxPanicText = 200

// securityHeaders protects every answer. Those of the API are documents for
// programs: they are neither shown nor framed, and need no more than to be taken
// for what they are. The values are shared by all answers, since nobody appends to them.
func securityHeaders() gin.HandlerFunc {
	data := http.Header{}
	data.Set("Content-Security-Policy", dataSecurityPolicy)
	data.Set("X-Content-Type-Options", "nosniff")

	page := data.Clone()
	page.Set("Content-Security-Policy", contentSecurityPolicy)
	page.Set("Referrer-Policy", "no-referrer")
	page.Set("X-Frame-Options", "DENY")
	page.Set("Cross-Origin-Opener-Policy", "same-origin")
	page.Set("Permissions-Policy", "geolocation=(), camera=(), microphone=()")
	return func(c *gin.Context) {
		headers := page
		if strings.HasPrefix(c.Request.URL.Path, "/v1/") {
			headers = data
		}
		maps.Copy(c.Writer.Header(), headers)
	}
}

// limitBody refuses a body that announces too many bytes and stops reading one
// that turns out to have them.
func limitBody(limit int64, answer answerer) gin.HandlerFunc {
	return func(c *gin.Context) {
		if c.Request.ContentLength > limit {
			// The rest is not worth reading: the connection ends with the answer.
			c.Header("Connection", "close")
			answer.write(c, problem.TooLarge(limit))
			return
		}
		if c.Request.ContentLength < 0 { // what is announced, net/http holds the client to
			c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, limit)
		}
	}
}

// recovery turns a panic into an internal error. A handler that wants the
// connection cut panics with http.ErrAbortHandler, and still may.
func recovery(logger *slog.Logger, answer answerer) gin.HandlerFunc {
	return func(c *gin.Context) {
		defer func() {
			cause := recover()
			if cause == nil {
				return
			}
			if err, ok := cause.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(cause)
			}
			text := fmt.Sprint(cause)
			logger.Error("request panicked",
				slog.String("route", route(c)),
				slog.String("panic", text[:min(len(text), maxPanicText)]),
				slog.String("stack", string(debug.Stack())))
			c.Abort()
			if !c.Writer.Written() {
				answer.write(c, errors.New("handler panicked"))
			}
		}()
		c.Next()
	}
}

// logFailures logs what failed on our side. Requests that went well, or that
// the client got wrong, are in the metrics and not in the log; a readiness that
// says no has done its work. A store that is
// away fails every request of a flood, so no more than a few a second are logged:
// the log may lie on the very disk that is full.
func logFailures(logger *slog.Logger) gin.HandlerFunc {
	sometimes := &rate.Sometimes{First: 10, Interval: time.Second}
	return func(c *gin.Context) {
		c.Next()
		status := c.Writer.Status()
		if status < http.StatusInternalServerError || c.FullPath() == readyPath {
			return
		}
		due := false
		sometimes.Do(func() { due = true }) // not the logging itself: others would wait for it
		if !due {
			return
		}
		level := slog.LevelError
		if status == http.StatusServiceUnavailable {
			level = slog.LevelWarn
		}
		attrs := []slog.Attr{slog.String("route", route(c)), slog.Int("status", status)}
		if last := c.Errors.Last(); last != nil {
			attrs = append(attrs, slog.String("error", cause(last.Err)))
		}
		logger.LogAttrs(c.Request.Context(), level, "request failed", attrs...)
	}
}

// cause is an error's internal text: that of a problem's cause, where it has one.
func cause(err error) string {
	var p *problem.Problem
	if errors.As(err, &p) && p.Cause != nil {
		return p.Cause.Error()
	}
	return err.Error()
}

// route is the template of the route that matched, never the path itself.
func route(c *gin.Context) string {
	if full := c.FullPath(); full != "" {
		return full
	}
	return unmatched
}
