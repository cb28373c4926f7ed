package ingest

import (
	"context"
	"errors"

	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

// Sink is where sources hand in their reports. *Pipeline is one.
//
// A source acknowledges upstream (moves its cursor, answers its request) only
// after Submit has returned nil or a permanent error; after a retryable error it
// submits the same report under the same id again.
type Sink interface {
	Submit(ctx context.Context, report outage.Report) (live.Result, error)
}

// Source listens to one place where people complain.
type Source interface {
	// Name says which source it is, for metrics and coverage.
	Name() outage.Source
	// Run hands in reports until the context ends, and then returns nil once
	// everything it has acknowledged is recorded. It reconnects by itself; an error
	// means that it cannot go on.
	Run(ctx context.Context, sink Sink) error
}

// Retryable reports whether the same report may be accepted if it is submitted again.
func Retryable(err error) bool {
	return errors.Is(err, outage.ErrUnavailable) || errors.Is(err, outage.ErrRebuilding)
}
