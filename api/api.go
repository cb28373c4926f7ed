package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/outcryhq/outcry/api/chart"
	"github.com/outcryhq/outcry/api/reference"
	"github.com/outcryhq/outcry/api/spec"
	"github.com/outcryhq/outcry/api/web"
	"github.com/outcryhq/outcry/pkg/archive"
	"github.com/outcryhq/outcry/pkg/catalog"
	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

// Live is what the API reads of a live engine; see pkg/live for the contract.
type Live interface {
	Counts(ctx context.Context, series []outage.Series, from, to time.Time) ([][]int, error)
	Outages(ctx context.Context, partitions ...int) ([]outage.Change, error)
	ServiceSeries(ctx context.Context, services []string) ([]outage.Series, error)
	Views(ctx context.Context) ([]live.View, error)
}

// Archive is what the API reads of the archive; see pkg/archive for the contract.
type Archive interface {
	Counts(ctx context.Context, s outage.Series, from, to time.Time, step time.Duration) ([]archive.Bucket, error)
	Coverage(ctx context.Context, from, to time.Time) (archive.CoveredMinutes, error)
	Sources(ctx context.Context) ([]archive.SourceState, error)
	Chronicle
	Records
}

// Catalog knows the services; see pkg/catalog.
type Catalog interface {
	Service(slug string) (catalog.Service, bool)
	Services() []catalog.Service
	Search(text string, n int) []catalog.Service
	Nearest(text string, n int) []string
	Problems(slug string) []catalog.Problem
}

// Baselines says what is usual. It answers from memory.
type Baselines interface {
	// PerMinute returns the reports a minute that are usual in the series at
	// that time, and false while nothing has been learned of it.
	PerMinute(s outage.Series, t time.Time) (float64, bool)
}

// Pages renders pages; see api/web.
type Pages interface {
	Render(c *gin.Context, status int, page string, data any)
	Error(c *gin.Context, err error)
	Readers
	// Make renders a page as a reader wants it, and Send answers with it.
	Make(choice web.Choice, page, here string, data any) ([]byte, error)
	Send(c *gin.Context, status int, choice web.Choice, body []byte)
}

// Readers knows how readers want pages.
type Readers interface {
	Choice(c *gin.Context) web.Choice
	// Language is that of the reader, and In gives it by its name.
	Language(c *gin.Context) string
	In(tag string) *web.Language
}

// Config is what New needs. Everything is required except Baselines.
type Config struct {
	Live      Live
	Archive   Archive
	Catalog   Catalog
	Baselines Baselines // nil: nothing is known of what is usual
	Pages     Pages
	Now       func() time.Time
	Logger    *slog.Logger
	// BaseURL is where people find the pages, such as
	// "https://outcry.example"; "" means wherever a request says.
	BaseURL string
	// Reads limits how often a client may read; nil means without a limit.
	Reads *ReadLimit
	// Streams says how the event stream is served.
	Streams StreamConfig
}

// API holds the handlers. It starts no goroutine and has nothing to close; the
// event stream needs Run.
type API struct {
	live      Live
	archive   Archive
	catalog   Catalog
	baselines Baselines
	pages     Pages
	now       func() time.Time
	logger    *slog.Logger

	present   *cached[present]
	heard     *cached[heard]
	listened  *cached[listened]
	front     *cached[front]
	pictures  *memo
	shown     *answers // pages
	artist    *chart.Artist
	drawing   chan struct{} // holds one while a PNG is drawn
	baseURL   string
	sources   *cached[spec.SourceList]
	answers   *answers
	streams   streams
	reference *reference.Reference
	reads     *ReadLimit                // nil for none
	seen      atomic.Pointer[time.Time] // when the live state could be read last
	standing  *cached[standings]
	// said is what standing was when it could be read; only readStandings touches it.
	said standings
	// records are those of services and countries, as JSON.
	records *memo
	// seasoned says that the installation is known to have listened for long
	// enough; only readListened, which never runs twice at a time, touches it.
	seasoned bool
}

// New returns an API. It reads nothing yet.
func New(cfg Config) (*API, error) {
	switch {
	case cfg.Live == nil, cfg.Archive == nil, cfg.Catalog == nil:
		return nil, errors.New("api: a live engine, an archive and a catalog are required")
	case cfg.Pages == nil, cfg.Now == nil, cfg.Logger == nil:
		return nil, errors.New("api: pages, a clock and a logger are required")
	}
	if cfg.Baselines == nil {
		cfg.Baselines = noBaselines{}
	}
	a := &API{
		live: cfg.Live, archive: cfg.Archive, catalog: cfg.Catalog, baselines: cfg.Baselines,
		pages: cfg.Pages, now: cfg.Now, logger: cfg.Logger,
	}
	var err error
	if a.baseURL, err = cleanBaseURL(cfg.BaseURL); err != nil {
		return nil, err
	}
	a.drawing = make(chan struct{}, 1)
	if a.artist, err = chart.New(); err != nil {
		return nil, fmt.Errorf("api: %w", err)
	}
	a.pictures, a.shown = newMemo(cfg.Now), newAnswers(cfg.Now)
	a.answers = newAnswers(cfg.Now)
	if a.reference, err = reference.Read(OpenAPI); err != nil {
		return nil, fmt.Errorf("api: %w", err)
	}
	a.reads = cfg.Reads
	if a.streams, err = a.newStreams(cfg.Streams); err != nil {
		return nil, err
	}
	a.present = newCached(time.Second, cfg.Now, a.readPresent)
	a.heard = newCached(15*time.Second, cfg.Now, a.readHeard)
	a.listened = newCached(15*time.Second, cfg.Now, a.readListened)
	a.front = newCached(2*time.Second, cfg.Now, a.readFront)
	a.sources = newCached(2*time.Second, cfg.Now, a.readSources)
	a.records = newMemo(cfg.Now)
	a.standing = newCached(2*time.Second, cfg.Now, a.readStandings)
	return a, nil
}

// noBaselines knows nothing.
type noBaselines struct{}

// PerMinute implements Baselines.
func (noBaselines) PerMinute(outage.Series, time.Time) (float64, bool) { return 0, false }

// Every call of the description has a handler here.
var _ spec.ServerInterface = (*API)(nil)

// Mount adds the calls of the description, and the front page.
func (a *API) Mount(router gin.IRouter) {
	open := router.Group("/", readableAnywhere)
	for _, call := range spec.Calls() {
		open.OPTIONS(call.Path, preflight)
	}
	calls := open.Group("/")
	if a.reads != nil {
		calls.Use(limitReads(*a.reads))
	}
	calls.Use(a.answers.serve)
	spec.RegisterHandlers(calls, a)
	router.GET("/docs", a.docsPage)
	a.mountPages(router)
	a.mountOutages(router)
}

// Description implements spec.ServerInterface.
func (a *API) Description(c *gin.Context) {
	respond(c, time.Hour, "application/yaml", OpenAPI)
}

// readableAnywhere lets the pages of other sites read the answer: it is public,
// and the same for everybody.
func readableAnywhere(c *gin.Context) {
	header := c.Writer.Header()
	header["Access-Control-Allow-Origin"] = anybody
	header["Access-Control-Expose-Headers"] = exposed
}

// preflight lets them ask whether something has changed since. Making reports is not for them.
func preflight(c *gin.Context) {
	c.Header("Access-Control-Allow-Methods", "GET, HEAD")
	c.Header("Access-Control-Allow-Headers", "If-None-Match, Last-Event-ID")
	c.Header("Access-Control-Max-Age", "86400")
	c.Status(http.StatusNoContent)
}

// Watching returns nil if every partition has a detector that publishes what it
// sees: then a quiet service is really quiet. It is a check for readiness.
func (a *API) Watching(ctx context.Context) error {
	views, err := a.live.Views(ctx)
	if err != nil {
		return err
	}
	if len(views) < live.Partitions {
		return outage.ErrUnavailable
	}
	return nil
}

// How long lists are.
const (
	defaultLimit = 50
	maxLimit     = 200
)

// How long an answer may be kept by whoever asked.
const (
	keepLive    = 2 * time.Second
	keepHistory = 5 * time.Minute
)
