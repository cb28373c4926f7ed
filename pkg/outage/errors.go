package outage

import "errors"

// The errors that cross a boundary between parts. Test with errors.Is; the
// table in pkg/problem maps each to its HTTP status.
var (
	// ErrInvalid: the input is wrong and will stay so; the text says what was expected.
	ErrInvalid = errors.New("invalid input")
	// ErrNotFound: there is no such thing.
	ErrNotFound = errors.New("not found")
	// ErrConflict: the same idempotency key was used for another request.
	ErrConflict = errors.New("idempotency key was used with another body")
	// ErrFuture: an observation lies further ahead than clocks may differ.
	ErrFuture = errors.New("observed in the future")
	// ErrUnavailable: a store cannot be reached or is full; try again later.
	ErrUnavailable = errors.New("temporarily unavailable")
	// ErrRebuilding: the partition's live state is being rebuilt; try again shortly.
	ErrRebuilding = errors.New("live state is being rebuilt")
	// ErrLimited: too many requests; try again later.
	ErrLimited = errors.New("too many requests")
	// ErrFenced: another detector owns the partition by now.
	ErrFenced = errors.New("partition is owned by another detector")
)
