package problem

import (
	"context"
	"net/http"
	"time"

	"github.com/outcryhq/outcry/pkg/outage"
)

// kind is a row of the table.
type kind struct {
	is     error
	slug   string
	title  string
	status int
	retry  time.Duration
}

// table maps each sentinel to its status, most specific first. A deadline of
// ours that ran out means that a store was too slow; a cancelled context
// means that the client has gone, and its answer is seen by nobody.
var table = []kind{ //nolint:gochecknoglobals // a constant table
	{outage.ErrConflict, "idempotency-conflict", "idempotency key was used with another body", http.StatusUnprocessableEntity, 0},
	{outage.ErrFuture, "observed-in-the-future", "observed in the future", http.StatusUnprocessableEntity, 0},
	{outage.ErrInvalid, "invalid-request", "invalid request", http.StatusBadRequest, 0},
	{outage.ErrNotFound, "not-found", "not found", http.StatusNotFound, 0},
	{outage.ErrLimited, "too-many-requests", "too many requests", http.StatusTooManyRequests, 10 * time.Second},
	{outage.ErrRebuilding, "rebuilding", "live state is being rebuilt", http.StatusServiceUnavailable, 2 * time.Second},
	{outage.ErrUnavailable, "unavailable", "temporarily unavailable", http.StatusServiceUnavailable, 5 * time.Second},
	{context.DeadlineExceeded, "unavailable", "temporarily unavailable", http.StatusServiceUnavailable, 5 * time.Second},
	{context.Canceled, "unavailable", "temporarily unavailable", http.StatusServiceUnavailable, 5 * time.Second},
}
