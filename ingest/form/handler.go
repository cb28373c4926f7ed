package form

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/outcryhq/outcry/ingest"
	"github.com/outcryhq/outcry/ingest/identity"
	"github.com/outcryhq/outcry/pkg/catalog"
	"github.com/outcryhq/outcry/pkg/httpserver"
	"github.com/outcryhq/outcry/pkg/outage"
)

// Catalog knows the services.
type Catalog interface {
	// Service finds a service by its slug.
	Service(slug string) (catalog.Service, bool)
	// Services lists all of them by name.
	Services() []catalog.Service
	// Problems lists the kinds of problem that a service can have.
	Problems(slug string) []catalog.Problem
	// Nearest lists the slugs of the services that a text was perhaps meant to
	// be, best first, at most n.
	Nearest(text string, n int) []string
}

// Locator tells where an address is: country and AS number, ZZ and 0 where unknown.
type Locator interface {
	Lookup(addr netip.Addr) (country string, network uint32)
}

// Identifier tells who sends, and signs what a browser carries.
type Identifier interface {
	Identify(ctx context.Context, now time.Time, addr netip.Addr, token string) (identity.Who, error)
	IssueToken(ctx context.Context, now time.Time, current string) (string, error)
	Stamp(ctx context.Context, now time.Time) (string, error)
	Stamped(ctx context.Context, now time.Time, stamp string) (at time.Time, ok bool, err error)
}

// Limiter refuses what is too much, with a *limit.Refused.
type Limiter interface {
	Allow(addr netip.Addr, network uint32, service string) error
}

// Render writes a page with the data that its template needs.
type Render func(c *gin.Context, status int, page string, data any)

// DefaultMinFill is faster than a person gets from opening the form to its button,
// even where the service is chosen already and one tap is enough.
const DefaultMinFill = 300 * time.Millisecond

// Config is what a Handler needs. Fields are required unless they say otherwise.
type Config struct {
	Sink       ingest.Sink
	Identifier Identifier
	Limiter    Limiter
	Catalog    Catalog
	Locator    Locator
	Render     Render
	Metrics    *ingest.Metrics
	Logger     *slog.Logger
	Now        func() time.Time

	// BaseURL is where people find the pages, such as
	// "https://outcry.example"; "" means wherever a request says.
	BaseURL string
	// TrustedProxies is how many proxies of our own each request passes.
	TrustedProxies int
	// MinFill is how long a person needs at least to fill in the page; whoever is
	// quicker is asked to press the button once more. 0 means DefaultMinFill.
	MinFill time.Duration
}

// Handler takes reports over HTTP. It may be used by many goroutines at once.
type Handler struct {
	config  Config
	origin  string // of BaseURL, "" if unknown
	secure  bool   // people come by HTTPS
	clients *httpserver.Clients
	lists   lists
	bodies  sync.Pool // of *[]byte, each maxBody+1 long

	receiptType, noStore []string // header values
}

// New returns a Handler, or an error that says which field is wrong.
func New(config Config) (*Handler, error) {
	for name, missing := range map[string]bool{
		"sink": config.Sink == nil, "identifier": config.Identifier == nil, "limiter": config.Limiter == nil,
		"catalog": config.Catalog == nil, "locator": config.Locator == nil, "render": config.Render == nil,
		"metrics": config.Metrics == nil, "logger": config.Logger == nil, "clock": config.Now == nil,
	} {
		if missing {
			return nil, fmt.Errorf("form: %s is required", name)
		}
	}
	if config.MinFill == 0 {
		config.MinFill = DefaultMinFill
	}
	if config.MinFill < 0 || config.TrustedProxies < 0 {
		return nil, errors.New("form: minimum fill time and trusted proxies must not be negative")
	}
	h := &Handler{
		config: config, lists: newLists(config.Catalog),
		receiptType: []string{"application/json; charset=utf-8"}, noStore: []string{"no-store"},
	}
	h.bodies.New = func() any {
		body := make([]byte, maxBody+1)
		return &body
	}
	if config.BaseURL != "" {
		base, err := url.Parse(config.BaseURL)
		if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
			return nil, errors.New(`form: base URL: want one like "https://outcry.example"`)
		}
		h.origin = strings.ToLower(base.Scheme + "://" + base.Host)
		h.secure = base.Scheme == "https"
	}
	clients, err := httpserver.NewClients(config.TrustedProxies, config.Logger)
	if err != nil {
		return nil, fmt.Errorf("form: %w", err)
	}
	h.clients = clients
	return h, nil
}

// Mount adds POST /v1/reports, and GET and POST /report.
func (h *Handler) Mount(router gin.IRouter) {
	router.POST("/v1/reports", h.postAPI)
	router.GET("/report", h.getPage)
	router.POST("/report", h.postPage)
}

// refused counts a report that was not taken because of the request.
func (h *Handler) refused(source outage.Source, why ingest.Refusal) {
	h.config.Metrics.Refused(source, why)
}
