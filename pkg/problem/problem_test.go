package problem_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/outage"
	"github.com/outcryhq/outcry/pkg/problem"
)

func TestFrom(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		err    error
		status int
		kind   string
		retry  bool
	}{
		"invalid":           {outage.ErrInvalid, 400, "/problems/invalid-request", false},
		"wrapped":           {fmt.Errorf("read cursor: %w", outage.ErrInvalid), 400, "/problems/invalid-request", false},
		"not found":         {outage.ErrNotFound, 404, "/problems/not-found", false},
		"conflict":          {outage.ErrConflict, 422, "/problems/idempotency-conflict", false},
		"future":            {outage.ErrFuture, 422, "/problems/observed-in-the-future", false},
		"limited":           {outage.ErrLimited, 429, "/problems/too-many-requests", true},
		"rebuilding":        {outage.ErrRebuilding, 503, "/problems/rebuilding", true},
		"unavailable":       {outage.ErrUnavailable, 503, "/problems/unavailable", true},
		"deadline":          {context.DeadlineExceeded, 503, "/problems/unavailable", true},
		"body too large":    {fmt.Errorf("decode: %w", &http.MaxBytesError{Limit: 10}), 413, "/problems/content-too-large", false},
		"unknown":           {errors.New("dial tcp 10.1.2.3: refused"), 500, "/problems/internal", false},
		"wrapped problem":   {fmt.Errorf("a: %w", problem.Invalid("limit", "1 to 200")), 400, "/problems/invalid-request", false},
		"fenced stays ours": {outage.ErrFenced, 500, "/problems/internal", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := problem.From(tt.err)
			require.Equal(t, tt.status, p.Status)
			require.Equal(t, tt.kind, p.Type)
			require.Equal(t, tt.retry, p.RetryAfter > 0)
		})
	}
}

func TestFromCopies(t *testing.T) {
	t.Parallel()
	first := problem.Invalid("limit", "1 to 200")
	problem.From(first).Detail = "changed"
	require.Equal(t, "1 to 200", first.Detail)
}

func TestWriteKeepsInternalTextInside(t *testing.T) {
	t.Parallel()
	for _, sentinel := range []error{outage.ErrUnavailable, outage.ErrInvalid, errors.New("boom")} {
		w := httptest.NewRecorder()
		c, _ := gin.CreateTestContext(w)
		c.Request = httptest.NewRequest(http.MethodGet, "/", nil)
		problem.Write(c, fmt.Errorf("dial 10.1.2.3:6379 as outcry: %w", sentinel))
		require.NotContains(t, w.Body.String(), "10.1.2.3")
		require.Equal(t, problem.ContentType, w.Header().Get("Content-Type"))
		require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
		require.True(t, c.IsAborted())
		require.Len(t, c.Errors, 1)
	}
}

func TestWriteSaysWhenToTryAgain(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	c, _ := gin.CreateTestContext(w)
	problem.Write(c, fmt.Errorf("record: %w", outage.ErrUnavailable))
	require.Equal(t, "5", w.Header().Get("Retry-After"))
	var got problem.Problem
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &got))
	require.Equal(t, "try again in 5 seconds", got.Detail)
}

func TestWriteRoundsRetryAfterUp(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	c, _ := gin.CreateTestContext(w)
	p := problem.New(outage.ErrLimited, "at most 10 reports a minute")
	p.RetryAfter = 1200 * time.Millisecond
	problem.Write(c, p)
	require.Equal(t, "2", w.Header().Get("Retry-After"))

	var got map[string]any
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &got))
	require.Equal(t, map[string]any{
		"type": "/problems/too-many-requests", "title": "too many requests",
		"status": float64(429), "detail": "at most 10 reports a minute",
	}, got)
}
