// Package problem turns errors into RFC 9457 problem details. It holds the only
// table from error to HTTP status, and keeps internal text from clients.
package problem

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/outcryhq/outcry/pkg/outage"
)

// ContentType is the media type of problem details (RFC 9457, section 3).
const ContentType = "application/problem+json"

// Problem is an error with a public text. It is written as a JSON object; its
// zero fields are left out.
type Problem struct {
	// Type is a relative URI that names the kind of problem.
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	// Detail says what was wrong and what was expected.
	Detail string `json:"detail,omitempty"`
	// Field names the field or parameter that was wrong.
	Field string `json:"field,omitempty"`
	// Suggestions are values that would have been understood.
	Suggestions []string `json:"suggestions,omitempty"`

	// RetryAfter, if positive, becomes the Retry-After header, in whole seconds rounded up.
	RetryAfter time.Duration `json:"-"`
	// Cause is for the log, never for the client.
	Cause error `json:"-"`
}

// Error gives the public text.
func (p *Problem) Error() string {
	if p.Detail == "" {
		return p.Title
	}
	return p.Title + ": " + p.Detail
}

// Unwrap gives the cause.
func (p *Problem) Unwrap() error { return p.Cause }

// New returns a problem of the kind that the sentinel stands for, with a public detail.
func New(sentinel error, detail string) *Problem {
	p := From(sentinel)
	p.Detail = detail
	return p
}

// Invalid returns the problem of a field or parameter with a wrong value. The
// detail says what was expected.
func Invalid(field, detail string) *Problem {
	p := New(outage.ErrInvalid, detail)
	p.Field = field
	return p
}

// Status returns a problem for an HTTP status that no sentinel stands for,
// such as 405, 413 or 415.
func Status(status int, slug, detail string) *Problem {
	return &Problem{Type: "/problems/" + slug, Title: http.StatusText(status), Status: status, Detail: detail}
}

// From returns the problem that an error is: a copy of itself if it wraps a
// *Problem, the table's row if it wraps a sentinel, else an internal error
// whose text stays inside.
func From(err error) *Problem {
	if p, ok := errors.AsType[*Problem](err); ok {
		clone := *p
		return &clone
	}
	if large, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return TooLarge(large.Limit)
	}
	for _, k := range table {
		if errors.Is(err, k.is) {
			return &Problem{
				Type: "/problems/" + k.slug, Title: k.title, Status: k.status,
				RetryAfter: k.retry, Cause: err,
			}
		}
	}
	return &Problem{
		Type: "/problems/internal", Title: "internal error",
		Status: http.StatusInternalServerError, Cause: err,
	}
}

// TooLarge returns the problem of a request body of more than limit bytes.
func TooLarge(limit int64) *Problem {
	return Status(http.StatusRequestEntityTooLarge, "content-too-large",
		"a request body may have at most "+strconv.FormatInt(limit, 10)+" bytes")
}

// Write answers the request with the error's problem and aborts the handler
// chain. The error is attached to the context, for the request log.
func Write(c *gin.Context, err error) {
	p := From(err)
	_ = c.Error(err)
	SetRetryAfter(c, p)
	if p.Detail == "" && p.RetryAfter > 0 {
		p.Detail = "try again in " + strconv.Itoa(p.retrySeconds()) + " seconds"
	}
	c.Header("Content-Type", ContentType)
	c.Header("Cache-Control", "no-store")
	c.AbortWithStatusJSON(p.Status, p)
}

// SetRetryAfter sets the Retry-After header that the problem asks for, for
// answers that are pages and not JSON.
func SetRetryAfter(c *gin.Context, p *Problem) {
	if p.RetryAfter <= 0 {
		return
	}
	c.Header("Retry-After", strconv.Itoa(p.retrySeconds()))
}

func (p *Problem) retrySeconds() int { return int((p.RetryAfter + time.Second - 1) / time.Second) }
