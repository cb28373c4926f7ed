package detector

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"github.com/outcryhq/outcry/detector/detect"
	"github.com/outcryhq/outcry/pkg/outage"
)

// Config is what a Runner needs. Live, Archive, Now, Owner, Logger and
// Registerer are required; durations of zero take their defaults.
type Config struct {
	Live    Live
	Archive Archive
	// Archiver drains the live log; nil where the engine has none to drain.
	Archiver Archiver
	Detect   detect.Config
	// Now is the clock of what is observed. Leases use the real one.
	Now func() time.Time
	// TickEvery is how often a partition is looked at: 1 s.
	TickEvery time.Duration
	// LeaseTTL is how long a partition stays with an owner that is silent: 6 s.
	LeaseTTL time.Duration
	// RenewEvery is how often leases are renewed and the division is looked
	// over: 2 s. At most a third of LeaseTTL.
	RenewEvery time.Duration
	// KeepReports is for how long the archive keeps single reports: 30 days.
	KeepReports time.Duration
	// Owner names this detector, differently from every other one.
	Owner      string
	Logger     *slog.Logger
	Registerer prometheus.Registerer
	// Random jitters retries: uniform in [0, 1), safe for concurrent use. Nil takes math/rand's.
	Random func() float64
}

// Runner is the detector's role.
type Runner struct {
	cfg     Config
	live    Live
	archive Archive
	logger  *slog.Logger
	metrics *metrics
	trouble *trouble
	passes  *passes
	own     ownership
	whole   installation
}

// New checks the configuration and registers the metrics. It opens nothing.
func New(cfg Config) (*Runner, error) {
	cfg = withDefaults(cfg)
	if err := check(cfg); err != nil {
		return nil, fmt.Errorf("detector: %w", err)
	}
	r := &Runner{cfg: cfg, live: cfg.Live, archive: cfg.Archive, logger: cfg.Logger, passes: newPasses()}
	r.own.tenures = map[int]*owned{}
	m, err := newMetrics(cfg.Registerer, r.ownedPartitions, r.openOutages, r.lagSeconds)
	if err != nil {
		return nil, fmt.Errorf("detector: register metrics: %w", err)
	}
	if err := registerSpikes(cfg.Registerer, r.spikes); err != nil {
		return nil, fmt.Errorf("detector: register metrics: %w", err)
	}
	r.metrics, r.trouble = m, newTrouble(cfg.Logger, m)
	return r, nil
}

func withDefaults(cfg Config) Config {
	for _, d := range []struct {
		value   *time.Duration
		usually time.Duration
	}{
		{&cfg.TickEvery, time.Second},
		{&cfg.LeaseTTL, 6 * time.Second},
		{&cfg.RenewEvery, 2 * time.Second},
		{&cfg.KeepReports, 30 * 24 * time.Hour},
	} {
		if *d.value == 0 {
			*d.value = d.usually
		}
	}
	if cfg.Random == nil {
		cfg.Random = rand.Float64
	}
	return cfg
}

func check(cfg Config) error {
	switch {
	case cfg.Live == nil, cfg.Archive == nil, cfg.Now == nil, cfg.Logger == nil, cfg.Registerer == nil:
		return fmt.Errorf("%w: live state, archive, clock, logger and registerer are required", outage.ErrInvalid)
	case cfg.Owner == "":
		return fmt.Errorf("%w: the owner needs a name", outage.ErrInvalid)
	case cfg.TickEvery < 0, cfg.RenewEvery < 0, cfg.KeepReports < 0:
		return fmt.Errorf("%w: durations are positive", outage.ErrInvalid)
	case cfg.LeaseTTL < 3*cfg.RenewEvery:
		return fmt.Errorf("%w: a lease of %v is renewed at least three times as often, not every %v",
			outage.ErrInvalid, cfg.LeaseTTL, cfg.RenewEvery)
	}
	_, err := detect.New(cfg.Detect)
	return err
}

// Run does the detector's work until ctx ends, then finishes what it owns,
// saves its baselines and gives its partitions back, for at most stopWithin.
// A store that fails is retried for as long as it takes; the error that Run
// returns is one of Outcry's own, which no retry mends.
func (r *Runner) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return r.divide(ctx, group.Go) })
	group.Go(func() error { return r.watchInstallation(ctx) })
	group.Go(func() error { return r.keepHouse(ctx) })
	group.Go(func() error { return r.retain(ctx) })
	if r.cfg.Archiver != nil {
		group.Go(func() error { return r.measureLog(ctx) })
	}
	if err := group.Wait(); err != nil && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("detector: %w", err)
	}
	return nil
}
