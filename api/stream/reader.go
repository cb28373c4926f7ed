package stream

import (
	"net/http"
	"sync"
	"time"
)

const (
	// maxQueue is how many events may wait for a reader, beside those with which
	// it catches up. A reader for which there are more is cut off.
	maxQueue = 256
)

// reader is one connection.
type reader struct {
	want Filter
	// The cursor that it came with; nil: it brought none. Reset says why it does
	// not lead back, "" if it does. Both are the hub's.
	since   *cursor
	reset   string
	ownID   []byte // the line with the id that it came with
	present bool   // it has caught up and is in the index
	away    bool   // it has been told that the live state is away
	found   uint64 // see index
	beatAt  time.Time
	// after is the number of the reading that may have begun before it came.
	after uint64
	// remarksSince is up to when remarks had been told when it came; zero: none.
	remarksSince time.Time

	wake chan struct{} // has one when there is something in the queue, or the end

	mu      sync.Mutex
	queue   []frame
	dropped string // why it was cut off
	control *http.ResponseController
}

// push puts events into the queue, and cuts the reader off if that is too long.
// Those of a catch-up may be as many as there are.
func (r *reader) push(bounded bool, frames ...frame) (dropped bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.dropped != "" {
		return false
	}
	if bounded && len(r.queue)+len(frames) > maxQueue {
		r.dropped, r.queue = dropQueue, nil
		// What it is being written it will not take: end the write.
		_ = r.control.SetWriteDeadline(time.Now())
		r.signal()
		return true
	}
	r.queue = append(r.queue, frames...)
	r.signal()
	return false
}

func (r *reader) signal() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// idle reports whether nothing waits to be written.
func (r *reader) idle() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.queue) == 0
}

// take empties the queue.
func (r *reader) take() []frame {
	r.mu.Lock()
	defer r.mu.Unlock()
	frames := r.queue
	r.queue = nil
	return frames
}

// extend sets until when the next write must have been done. It reports whether
// the reader has not been cut off.
func (r *reader) extend(deadline time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.dropped != "" {
		return false
	}
	_ = r.control.SetWriteDeadline(deadline) // where that cannot be set, the server's own holds
	return true
}

// drop marks the reader as cut off, and reports whether it was not yet.
func (r *reader) drop(why string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.dropped != "" {
		return false
	}
	r.dropped = why
	return true
}
