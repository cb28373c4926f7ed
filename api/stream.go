package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/outcryhq/outcry/api/stream"
	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
	"github.com/outcryhq/outcry/pkg/place"
	"github.com/outcryhq/outcry/pkg/problem"
)

const (
	// maxFollowed is how many services, or countries, one stream may name.
	maxFollowed = 50
	// fullFor is how long a reader that finds no room is asked to wait.
	fullFor = 30 * time.Second
)

// DefaultMaxStreams is how many readers of the event stream there may be when
// nothing else is said.
const DefaultMaxStreams = stream.DefaultMax

// StreamConfig says how the event stream is served. The zero value will do.
type StreamConfig struct {
	Max        int                            // readers at once; 0 means DefaultMaxStreams
	Registerer prometheus.Registerer          // takes the metrics; nil: they are not shown
	Address    func(*http.Request) netip.Addr // of a client; nil: the peer's
}

// streams is the event stream and where its readers are.
type streams struct {
	*stream.Hub
	address func(*http.Request) netip.Addr
}

func (a *API) newStreams(cfg StreamConfig) (streams, error) {
	hub, err := stream.New(stream.Config{
		Read: a.readForStreams, Remarks: a.archive.Remarks, Now: a.now, Logger: a.logger,
		Registerer: cfg.Registerer, Max: cfg.Max,
	})
	if err != nil {
		return streams{}, fmt.Errorf("api: %w", err)
	}
	if cfg.Address == nil {
		cfg.Address = peer
	}
	return streams{hub, cfg.Address}, nil
}

// peer is the address of whoever opened the connection.
func peer(r *http.Request) netip.Addr {
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.IPv6Unspecified()
	}
	return from.Addr()
}

// Run tells the readers of the event stream what changes, until ctx ends.
func (a *API) Run(ctx context.Context) error { return a.streams.Run(ctx) }

// Drain ends the event streams, and takes no new ones.
func (a *API) Drain() { a.streams.Stop() }

// readForStreams reads the live state past what is kept of it: readers wait for
// each change.
func (a *API) readForStreams(ctx context.Context) (stream.State, error) {
	changes, err := a.live.Outages(ctx)
	if err != nil {
		return stream.State{}, fmt.Errorf("read live outages: %w", err)
	}
	views, err := a.live.Views(ctx)
	if err != nil {
		return stream.State{}, fmt.Errorf("read live views: %w", err)
	}
	state := stream.State{Outages: changes, Watched: len(views) >= live.Partitions}
	for _, view := range views {
		state.Spikes = append(state.Spikes, view.Spikes...)
	}
	return state, nil
}

// Stream implements spec.ServerInterface.
func (a *API) Stream(c *gin.Context) {
	asked, err := a.askedStream(c)
	if err == nil {
		err = a.streams.Serve(c.Writer, c.Request, asked)
	}
	switch {
	case err == nil:
	case errors.Is(err, stream.ErrAddress):
		p := problem.New(outage.ErrLimited, err.Error())
		p.RetryAfter = fullFor
		problem.Write(c, p)
	case errors.Is(err, stream.ErrFull), errors.Is(err, stream.ErrStopping):
		p := problem.New(outage.ErrUnavailable, err.Error())
		p.RetryAfter = fullFor
		if errors.Is(err, stream.ErrStopping) {
			p.RetryAfter = time.Second // another process may answer
		}
		problem.Write(c, p)
	default:
		problem.Write(c, err)
	}
}

// askedStream reads what a reader asks for.
func (a *API) askedStream(c *gin.Context) (stream.Request, error) {
	asked := stream.Request{From: a.streams.address(c.Request), LastID: c.GetHeader("Last-Event-ID")}
	joinLists(c.Request.URL, "service", "country")
	q := readQuery(c)
	asked.Services = q.list("service", func(slug string) string {
		if !isSlug(slug) {
			q.fail("service", "expected slugs of services, such as whatsapp")
		}
		return slug
	})
	asked.Countries = q.list("country", func(code string) string {
		normal, ok := place.Normalize(code)
		if !ok && code != outage.AllCountries {
			q.fail("country", "expected ISO 3166-1 alpha-2 codes such as ID, ZZ for unknown, or * for all countries together")
		}
		if !ok {
			return code
		}
		return normal
	})
	asked.Spikes = oneOf(q, "spikes", "false", "true") == "true"
	if asked.LastID == "" {
		asked.LastID = q.values.Get("last_event_id")
	}
	if q.err != nil {
		return asked, q.err
	}
	for _, slug := range asked.Services {
		// Silence about a mistyped name would be taken for peace.
		if _, err := a.service(slug); err != nil {
			return asked, err
		}
	}
	return asked, nil
}

// joinLists makes one list of a parameter that is given several times.
func joinLists(u *url.URL, names ...string) {
	values, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return // readQuery says so
	}
	joined := false
	for _, name := range names {
		if len(values[name]) > 1 {
			values[name], joined = []string{strings.Join(values[name], ",")}, true
		}
	}
	if joined {
		u.RawQuery = values.Encode()
	}
}

// list reads a list that is separated by commas, each item as read returns it, once.
func (q *query) list(name string, read func(string) string) []string {
	if !q.values.Has(name) {
		return nil
	}
	items := strings.Split(q.values.Get(name), ",")
	if len(items) > maxFollowed {
		q.fail(name, fmt.Sprintf("expected at most %d", maxFollowed))
		return nil
	}
	for i := range items {
		items[i] = read(strings.TrimSpace(items[i]))
	}
	slices.Sort(items)
	return slices.Compact(items)
}
