package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/outcryhq/outcry/api"
	"github.com/outcryhq/outcry/api/web"
	"github.com/outcryhq/outcry/detector"
	"github.com/outcryhq/outcry/detector/archiver"
	"github.com/outcryhq/outcry/detector/detect"
	"github.com/outcryhq/outcry/detector/statusfeed"
	"github.com/outcryhq/outcry/ingest"
	"github.com/outcryhq/outcry/ingest/form"
	"github.com/outcryhq/outcry/ingest/identity"
	"github.com/outcryhq/outcry/ingest/limit"
	"github.com/outcryhq/outcry/pkg/catalog"
	"github.com/outcryhq/outcry/pkg/httpserver"
	"github.com/outcryhq/outcry/pkg/live/redis"
	"github.com/outcryhq/outcry/pkg/outage"
)

// archiveLinger is how long a transaction of the archive waits for other
// partitions. Nobody waits for it, and each transaction is a sync of a disk on
// which others sync too.
const archiveLinger = 100 * time.Millisecond

// roles is what a process is made of, in the order in which it starts.
type roles struct {
	components []component
	detector   *detector.Runner // nil if this process has none
}

// builder puts the roles together.
type builder struct {
	*server
	stores  *stores
	catalog *catalog.Catalog
	pages   *web.Renderer
	router  *gin.Engine
	checks  []httpserver.Check
	drain   []func() // what begins to stop before HTTP does
	roles   roles
}

// build makes the roles of the settings, and the HTTP server before them.
func (s *server) build(opened *stores, listener net.Listener) (*roles, error) {
	b := &builder{server: s, stores: opened}
	if err := b.common(); err != nil {
		return nil, err
	}
	steps := []struct {
		role  string
		build func() error
	}{{roleDetector, b.buildDetector}, {roleIngest, b.buildIngest}, {roleAPI, b.buildAPI}}
	for _, step := range steps {
		if !s.cfg.has(step.role) {
			continue
		}
		if err := step.build(); err != nil {
			return nil, fmt.Errorf("%s: %w", step.role, err)
		}
	}
	if err := b.buildHTTP(listener); err != nil {
		return nil, fmt.Errorf("http: %w", err)
	}
	return &b.roles, nil
}

func (b *builder) add(name string, run func(context.Context) error) {
	b.roles.components = append(b.roles.components, component{name, run})
}

func (b *builder) common() (err error) {
	if b.catalog, err = b.cfg.loadCatalog(); err != nil {
		return err
	}
	if b.pages, err = web.New(b.logger); err != nil {
		return fmt.Errorf("pages: %w", err)
	}
	b.router, err = httpserver.NewRouter(httpserver.RouterConfig{
		Logger: b.logger, Registerer: b.registry, Now: time.Now, ErrorPage: b.pages.Error,
	})
	if err != nil {
		return err
	}
	b.pages.Mount(b.router)
	b.checks = append(b.checks,
		httpserver.Check{Name: "live", Needed: true, Probe: b.stores.live.Ping},
		// Only the embedded live state cannot take a report without the archive.
		httpserver.Check{Name: "archive", Needed: b.cfg.embedded(), Probe: b.stores.archive.Ping})
	return nil
}

func (b *builder) buildDetector() error {
	cfg := detector.Config{
		Live: b.stores.live, Archive: b.stores.archive, Detect: detect.DefaultConfig(), Now: b.now,
		TickEvery: b.tick, KeepReports: time.Duration(b.cfg.KeepReports), Owner: outage.NewID(time.Now()).String(),
		Logger: b.logger, Registerer: b.registry,
	}
	if b.stores.log != nil {
		drain, err := archiver.New(archiver.Config{
			Log: b.stores.log, Archive: b.stores.archive, Now: b.now, Logger: b.logger, Registerer: b.registry,
			Linger: archiveLinger,
		})
		if err != nil {
			return err
		}
		cfg.Archiver = drain
	}
	runner, err := detector.New(cfg)
	if err != nil {
		return err
	}
	b.roles.detector = runner
	b.add("detector", runner.Run)
	b.checks = append(b.checks, httpserver.Check{
		Name: "detector", Needed: true, Probe: func(context.Context) error { return runner.Ready() },
	})
	return b.buildStatusFeeds()
}

// buildStatusFeeds follows what services say of themselves, where the operator names it.
func (b *builder) buildStatusFeeds() error {
	if b.cfg.StatusFeeds == "" {
		return nil
	}
	feeds, err := b.cfg.loadStatusFeeds(b.catalog)
	if err != nil {
		return err
	}
	follower, err := statusfeed.New(statusfeed.Config{
		Feeds: feeds, Archive: b.stores.archive, Now: b.now, Logger: b.logger, Registerer: b.registry,
	})
	if err != nil {
		return err
	}
	b.add("status feeds", follower.Run)
	return nil
}

func (b *builder) buildIngest() error {
	networks, err := b.networks()
	if err != nil {
		return err
	}
	metrics, err := ingest.NewMetrics(b.registry, sourcesOf(networks)...)
	if err != nil {
		return err
	}
	pipeline, err := ingest.New(ingest.Config{
		Recorder: b.stores.live, Metrics: metrics, Now: b.now, Logger: b.logger,
		Listening: ownSources(),
	})
	if err != nil {
		return err
	}
	b.add("pipeline", pipeline.Run)
	b.checks = append(b.checks, httpserver.Check{
		Name: "recording", Needed: true, Probe: func(context.Context) error { return pipeline.Ready() },
	})
	keys, err := identity.New(identity.Config{Store: b.stores.keys, Now: b.now, Logger: b.logger})
	if err != nil {
		return err
	}
	b.add("keys of the day", keys.Run)
	limiter, err := limit.New(limit.Config{
		Rates: b.cfg.rates(), Now: b.now, Logger: b.logger,
		Redis: b.stores.redis, Prefix: redis.DefaultPrefix + ":", Pseudonym: keys.Pseudonym,
	})
	if err != nil {
		return err
	}
	b.add("limits", limiter.Run)
	places, err := b.cfg.openPlaces()
	if err != nil {
		return err
	}
	handler, err := form.New(form.Config{
		Sink: pipeline, Identifier: keys, Limiter: limiter, Catalog: b.catalog, Locator: places,
		Render: b.pages.Render, Metrics: metrics, Logger: b.logger, Now: b.now,
		BaseURL: b.cfg.BaseURL, TrustedProxies: b.cfg.TrustedProxies,
	})
	if err != nil {
		return err
	}
	handler.Mount(b.router)
	return b.buildSocial(networks, pipeline, keys)
}

func (b *builder) buildAPI() error {
	learned, err := api.NewLearned(api.LearnedConfig{Store: b.stores.archive, Logger: b.logger})
	if err != nil {
		return err
	}
	b.add("baselines", learned.Run)
	clients, err := httpserver.NewClients(b.cfg.TrustedProxies, b.logger)
	if err != nil {
		return err
	}
	reads, err := b.readLimit(clients)
	if err != nil {
		return err
	}
	calls, err := api.New(api.Config{
		Live: b.stores.live, Archive: b.stores.archive, Catalog: b.catalog, Baselines: learned,
		Pages: b.pages, Now: b.now, Logger: b.logger, BaseURL: b.cfg.BaseURL,
		Reads: reads, Streams: api.StreamConfig{Max: b.cfg.MaxStreams, Registerer: b.registry, Address: clients.Address},
	})
	if err != nil {
		return err
	}
	b.add("streams", calls.Run)
	b.drain = append(b.drain, calls.Drain)
	calls.Mount(b.router)
	b.checks = append(b.checks, httpserver.Check{Name: "watching", Probe: calls.Watching})
	return nil
}

// readLimit is what the settings say of reading; nil for no limit.
func (b *builder) readLimit(clients *httpserver.Clients) (*api.ReadLimit, error) {
	rate := limit.Rate(b.cfg.LimitReads)
	if rate == (limit.Rate{}) {
		return nil, nil //nolint:nilnil // no limit is no mistake
	}
	addresses, err := limit.NewAddresses(rate, time.Now)
	if err != nil {
		return nil, err
	}
	return &api.ReadLimit{
		Burst: rate.Burst, Window: time.Duration(float64(rate.Burst) / rate.PerSecond * float64(time.Second)),
		Take: func(r *http.Request) (quota api.Quota) {
			quota.Left, quota.Full, quota.Wait = addresses.Take(clients.Address(r))
			return quota
		},
	}, nil
}

func (b *builder) buildHTTP(listener net.Listener) error {
	watch, err := httpserver.NewWatch(httpserver.WatchConfig{Checks: b.checks, Gatherer: b.registry, Registerer: b.registry, Now: time.Now})
	if err != nil {
		return err
	}
	watch.Mount(b.router)
	server, err := httpserver.NewServer(httpserver.ServerConfig{
		Handler: b.router, Logger: b.logger, Notice: b.notice,
		Draining: func() {
			watch.Drain()
			for _, drain := range b.drain {
				drain() // a stream would not end by itself
			}
		},
	})
	if err != nil {
		return err
	}
	b.add("http", func(ctx context.Context) error { return server.Run(ctx, listener) })
	return nil
}
