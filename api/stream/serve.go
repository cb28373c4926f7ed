package stream

import (
	"errors"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"os"
	"strconv"
	"time"
)

// Why a reader is refused.
var (
	// ErrFull: there are as many readers as allowed.
	ErrFull = errors.New("as many streams are open as allowed")
	// ErrAddress: there are as many readers of one address as allowed.
	ErrAddress = errors.New("as many streams of one address are open as allowed")
	// ErrStopping: the process is about to stop.
	ErrStopping = errors.New("the server is about to stop")
)

// errDropped: the reader was cut off while it was written to.
var errDropped = errors.New("cut off")

const (
	// retryFrom and retryTo are how long a reader is asked to wait before it
	// comes back: not all at once, when a server has gone.
	retryFrom, retryTo = time.Second, 5 * time.Second
	// networkBits is how much of an IPv6 address one customer has.
	networkBits = 64
)

// Request is what a reader asks for.
type Request struct {
	Filter
	LastID string     // of the last event that it got; "" for none
	From   netip.Addr // where it is
}

// Serve writes events until the client goes, the hub stops, or the reader does
// not keep up. An error is ErrFull, ErrAddress or ErrStopping, and then nothing
// has been written.
func (h *Hub) Serve(w http.ResponseWriter, req *http.Request, asked Request) error {
	r := &reader{want: asked.Filter, wake: make(chan struct{}, 1), control: http.NewResponseController(w)}
	address := network(asked.From)
	if err := h.enter(r, address, asked.LastID); err != nil {
		return err
	}
	defer h.leave(r, address)

	header := w.Header()
	header.Set("Content-Type", "text/event-stream; charset=utf-8")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Accel-Buffering", "no")
	// The server's limit of time is for requests that end.
	_ = r.control.SetReadDeadline(time.Time{})
	retry := retryFrom + rand.N(retryTo-retryFrom) //nolint:gosec // nobody gains by guessing it
	hello := frame{body: []byte("retry: " + strconv.FormatInt(retry.Milliseconds(), 10) + "\n\n")}
	for frames := []frame{hello}; ; {
		if err := r.write(w, frames); err != nil {
			if errors.Is(err, os.ErrDeadlineExceeded) && r.drop(dropWrite) {
				h.metrics.dropped.WithLabelValues(dropWrite).Inc()
			}
			return nil // the client has gone, or is too slow
		}
		select {
		case <-req.Context().Done():
			return nil
		case <-h.stopped:
			return nil
		case <-r.wake:
		}
		frames = r.take()
	}
}

// enter counts a reader in, and brings it up to date if that needs no reading.
func (h *Hub) enter(r *reader, from netip.Addr, lastID string) error {
	now := h.cfg.Now()
	h.mu.Lock()
	defer h.mu.Unlock()
	var err error
	reason := ""
	select {
	case <-h.stopped:
		err, reason = ErrStopping, refusedStopping
	default:
	}
	switch {
	case err != nil:
	case len(h.readers) >= h.cfg.Max:
		err, reason = ErrFull, refusedFull
	case h.addresses[from] >= h.perAddress:
		err, reason = ErrAddress, refusedAddress
	}
	if err != nil {
		h.metrics.refused.WithLabelValues(reason).Inc()
		return err
	}
	h.readers[r] = struct{}{}
	h.addresses[from]++
	r.resume(lastID, now)
	r.after, r.beatAt = h.begun, now.Add(heartbeatEvery)
	// Whoever comes back may have been told more, by another process, than this
	// one knows yet: only a reading that begins from now on is new enough.
	fresh := !h.failing && !h.readAt.IsZero() && now.Sub(h.readAt).Abs() < 2*h.cfg.PollEvery
	if fresh && r.since == nil {
		h.admit(r)
		return nil
	}
	select {
	case h.kick <- struct{}{}:
	default:
	}
	return nil
}

// leave counts a reader out.
func (h *Hub) leave(r *reader, from netip.Addr) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.readers, r)
	h.index.remove(r)
	if h.addresses[from]--; h.addresses[from] <= 0 {
		delete(h.addresses, from)
	}
}

// network is what is taken for one customer: an IPv4 address, or an IPv6 /64.
func network(from netip.Addr) netip.Addr {
	from = from.Unmap().WithZone("")
	if !from.Is6() {
		return from
	}
	prefix, err := from.Prefix(networkBits)
	if err != nil {
		return from
	}
	return prefix.Addr()
}

// write writes events and sends them off. Each may take writeTimeout.
func (r *reader) write(w http.ResponseWriter, frames []frame) error {
	for _, f := range frames {
		if !r.extend(time.Now().Add(writeTimeout)) {
			return errDropped
		}
		if len(f.id) > 0 {
			if _, err := w.Write(f.id); err != nil {
				return err //nolint:wrapcheck // for Serve
			}
		}
		if _, err := w.Write(f.body); err != nil {
			return err //nolint:wrapcheck // for Serve
		}
	}
	return r.control.Flush() //nolint:wrapcheck // for Serve
}
