package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/outcryhq/outcry/pkg/baseline"
	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

// DefaultLearnEvery is how often the detectors' baselines are read again. They
// change by the hour, but nobody should wait long for the first ones.
const DefaultLearnEvery = time.Minute

// learnWithin bounds the reading of all of them.
const learnWithin = time.Minute

// BaselineStore holds what the detectors have learned, a blob a partition;
// outage.ErrNotFound says that there is none yet.
type BaselineStore interface {
	LoadBaseline(ctx context.Context, partition, version int) ([]byte, error)
}

// LearnedConfig is what NewLearned needs.
type LearnedConfig struct {
	Store  BaselineStore
	Logger *slog.Logger
	// Every is how often the baselines are read; 0 means DefaultLearnEvery.
	Every time.Duration
}

// Learned is the baselines that the detectors have left in the archive, kept in
// memory. It knows nothing until Run has read them once; a partition that
// cannot be read keeps what was known of it.
type Learned struct {
	store  BaselineStore
	logger *slog.Logger
	every  time.Duration
	models [live.Partitions]atomic.Pointer[baseline.Model]
}

// NewLearned returns an empty Learned.
func NewLearned(cfg LearnedConfig) (*Learned, error) {
	if cfg.Store == nil || cfg.Logger == nil || cfg.Every < 0 {
		return nil, errors.New("learned baselines: a store and a logger are required, and no negative interval")
	}
	if cfg.Every == 0 {
		cfg.Every = DefaultLearnEvery
	}
	return &Learned{store: cfg.Store, logger: cfg.Logger, every: cfg.Every}, nil
}

// Run reads the baselines again and again until the context ends, and returns nil.
func (l *Learned) Run(ctx context.Context) error {
	ticker := time.NewTicker(l.every)
	defer ticker.Stop()
	for {
		if err := l.Load(ctx); err != nil && ctx.Err() == nil {
			l.logger.Warn("baselines could not be read", slog.Any("error", err))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// Load reads every partition's baseline once.
func (l *Learned) Load(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, learnWithin)
	defer cancel()
	for p := range l.models {
		blob, err := l.store.LoadBaseline(ctx, p, baseline.Version)
		if errors.Is(err, outage.ErrNotFound) {
			continue
		}
		if err != nil {
			return fmt.Errorf("load baseline of partition %d: %w", p, err)
		}
		model, err := baseline.Decode(blob)
		if err != nil {
			return fmt.Errorf("decode baseline of partition %d: %w", p, err)
		}
		l.models[p].Store(model)
	}
	return nil
}

// PerMinute returns the reports a minute that are usual in the series at that
// time, and false while nothing has been learned.
func (l *Learned) PerMinute(s outage.Series, t time.Time) (float64, bool) {
	model := l.models[live.Partition(s.Service)].Load()
	if model == nil {
		return 0, false
	}
	return model.PerMinute(s, t)
}
