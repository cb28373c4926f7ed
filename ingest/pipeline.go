package ingest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

// Recorder is the part of the live state that the pipeline writes to.
type Recorder interface {
	Record(ctx context.Context, now time.Time, reports []outage.Report) []live.Result
	Cover(ctx context.Context, now time.Time, sources []outage.Source) error
}

const (
	// defaultQueue is how many reports may wait: a second's worth of a very
	// busy process.
	defaultQueue = 16_384
	// defaultPatience is how long Submit tries on the caller's behalf.
	defaultPatience = 3 * time.Second
	// firstPause and maxPause bound the time between two tries.
	firstPause = 50 * time.Millisecond
	maxPause   = 500 * time.Millisecond
	// recordTimeout bounds one call of Record; the engine's own are shorter.
	recordTimeout = 30 * time.Second
)

var (
	errFull    = fmt.Errorf("%w: too many reports wait to be recorded", outage.ErrUnavailable)
	errStopped = fmt.Errorf("%w: shutting down", outage.ErrUnavailable)
	errGone    = fmt.Errorf("%w: not recorded in time", outage.ErrUnavailable)
)

// Config is what a Pipeline needs. The first four fields are required.
type Config struct {
	Recorder Recorder
	Metrics  *Metrics
	Now      func() time.Time
	Logger   *slog.Logger
	// Listening are the sources that hear everything while the pipeline runs;
	// each minute is noted as covered for them.
	Listening []outage.Source

	// Queue is how many reports may wait; 0 means 16,384.
	Queue int
	// Patience is how long Submit keeps trying; 0 means 3 s.
	Patience time.Duration
}

// Pipeline gathers reports into batches and records them. It may be used by
// many goroutines at once.
type Pipeline struct {
	config Config

	// queue is bounded. When it is full, Submit refuses with
	// outage.ErrUnavailable after its patience: better an honest answer than a
	// report that waits longer than its sender.
	queue *queue
	done  chan struct{} // closed when nothing more is taken
	stop  func()        // closes both, once

	spare sync.Pool // of *waiting that nobody waits on

	health health
}

// waiting is a report on its way, and the answer.
type waiting struct {
	report outage.Report
	result live.Result
	done   chan struct{} // holds one signal, so that the worker never waits for a caller who has gone
	timer  *time.Timer   // of the caller's patience
}

func newWaiting() any {
	w := &waiting{done: make(chan struct{}, 1), timer: time.NewTimer(time.Hour)}
	w.timer.Stop()
	return w
}

// New returns a Pipeline. Reports can be submitted at once; they are recorded
// once Run has been called.
func New(config Config) (*Pipeline, error) {
	if config.Recorder == nil || config.Metrics == nil || config.Now == nil || config.Logger == nil {
		return nil, errors.New("ingest: recorder, metrics, clock and logger are required")
	}
	if config.Queue < 0 || config.Patience < 0 {
		return nil, errors.New("ingest: queue and patience must not be negative")
	}
	if config.Queue == 0 {
		config.Queue = defaultQueue
	}
	if config.Patience == 0 {
		config.Patience = defaultPatience
	}
	p := &Pipeline{
		config: config,
		queue:  newQueue(config.Queue),
		done:   make(chan struct{}),
		spare:  sync.Pool{New: newWaiting},
		health: health{failed: make(chan struct{}, 1)},
	}
	p.stop = sync.OnceFunc(func() {
		close(p.done)
		p.queue.close()
	})
	return p, nil
}

// Run records what is submitted until the context ends. Then it refuses what is new,
// records all that waits, and returns nil.
func (p *Pipeline) Run(ctx context.Context) error {
	worked := make(chan struct{})
	go func() {
		defer close(worked)
		p.work(context.WithoutCancel(ctx)) // what waits is recorded after the end, too
	}()
	p.cover(ctx)
	p.stop()
	<-worked
	return nil
}

// Submit records one report and waits until that is done. It gives the report an id if it has none,
// the time at which it was received, and the time of observation if the source has not set one.
//
// While the error is retryable it tries again, until the context ends or its patience does.
// The error wraps one of the sentinels of the live state's Record. A caller who
// stops waiting gets outage.ErrUnavailable; the report may be recorded all
// the same, once.
func (p *Pipeline) Submit(ctx context.Context, report outage.Report) (live.Result, error) {
	now := p.config.Now()
	report.ReceivedAt = now
	if report.ObservedAt.IsZero() {
		report.ObservedAt = now
	}
	if report.ID.IsZero() {
		report.ID = outage.NewID(now)
	}
	began := time.Now() // patience runs by the machine's clock
	result, err := p.once(ctx, &report, p.config.Patience)
	if worthAnotherTry(err) {
		result, err = p.again(ctx, &report, p.config.Patience-time.Since(began), err)
	}
	if err != nil {
		p.config.Metrics.Refused(report.Source, refusalOf(err))
		return live.Result{}, err
	}
	p.config.Metrics.recorded(report.Source, result)
	return result, nil
}

func worthAnotherTry(err error) bool {
	return err != nil && Retryable(err) && !errors.Is(err, errGone)
}

// again repeats a try that failed with a retryable error.
func (p *Pipeline) again(ctx context.Context, report *outage.Report, patience time.Duration, err error) (live.Result, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for pause := firstPause; ; pause = min(2*pause, maxPause) {
		timer := time.NewTimer(pause/2 + rand.N(pause)) //nolint:gosec // jitter
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return live.Result{}, err
		case <-p.done:
			timer.Stop()
			return live.Result{}, err
		}
		var result live.Result
		result, err = p.once(ctx, report, patience)
		if !worthAnotherTry(err) {
			return result, err
		}
	}
}

// once hands the report to the worker and waits for the answer.
func (p *Pipeline) once(ctx context.Context, report *outage.Report, patience time.Duration) (live.Result, error) {
	w, _ := p.spare.Get().(*waiting)
	w.report = *report
	if err := p.queue.push(w); err != nil {
		p.spare.Put(w)
		return live.Result{}, err
	}
	w.timer.Reset(patience)
	select {
	case <-w.done:
		w.timer.Stop()
		result := w.result
		p.spare.Put(w)
		if result.Err != nil {
			return live.Result{}, fmt.Errorf("record report: %w", result.Err)
		}
		return result, nil
	case <-ctx.Done():
		w.timer.Stop()
	case <-w.timer.C:
	}
	// The worker holds it, so it is not used again.
	return live.Result{}, fmt.Errorf("record report: %w", errGone)
}
