package ingest_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/ingest"
	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

// recorder is a live state that counts every report, unless a test says otherwise.
type recorder struct {
	mu      sync.Mutex
	batches [][]outage.Report
	nows    []time.Time
	covered []time.Time
	sources []outage.Source
	cover   error

	// answer, if set, decides the results of each call.
	answer func(reports []outage.Report) []live.Result
	// gate, if set, is received from before each call.
	gate chan struct{}
}

func (r *recorder) Record(_ context.Context, now time.Time, reports []outage.Report) []live.Result {
	if r.gate != nil {
		<-r.gate
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.batches = append(r.batches, reports)
	r.nows = append(r.nows, now)
	if r.answer != nil {
		return r.answer(reports)
	}
	return counted(reports)
}

func counted(reports []outage.Report) []live.Result {
	results := make([]live.Result, len(reports))
	for i, report := range reports {
		results[i].Receipt = outage.Receipt{
			ID: report.ID, Service: report.Service, Country: report.Country, Outcome: outage.Counted,
		}
	}
	return results
}

func failing(reports []outage.Report, err error) []live.Result {
	results := make([]live.Result, len(reports))
	for i := range results {
		results[i].Err = err
	}
	return results
}

func (r *recorder) Cover(_ context.Context, now time.Time, sources []outage.Source) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.covered = append(r.covered, now)
	r.sources = sources
	return r.cover
}

func (r *recorder) setCover(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cover = err
}

func (r *recorder) recorded() []outage.Report {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []outage.Report
	for _, batch := range r.batches {
		all = append(all, batch...)
	}
	return all
}

// running is a pipeline at work inside a synctest bubble.
type running struct {
	*ingest.Pipeline
	recorder *recorder
	registry *prometheus.Registry
	log      *bytes.Buffer
	stop     func()
}

func run(t *testing.T, r *recorder, change func(*ingest.Config)) running {
	t.Helper()
	p := running{recorder: r, registry: prometheus.NewRegistry(), log: &bytes.Buffer{}}
	metrics, err := ingest.NewMetrics(p.registry, outage.SourceForm, outage.SourceAPI)
	require.NoError(t, err)
	config := ingest.Config{
		Recorder: r, Metrics: metrics, Now: time.Now, Logger: slog.New(slog.NewTextHandler(p.log, nil)),
		Listening: []outage.Source{outage.SourceForm, outage.SourceAPI},
	}
	if change != nil {
		change(&config)
	}
	p.Pipeline, err = ingest.New(config)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	var once sync.Once
	p.stop = func() {
		once.Do(func() {
			cancel()
			require.NoError(t, <-ended)
		})
	}
	t.Cleanup(p.stop)
	return p
}

// metric returns the value of a counter or gauge.
func (p running) metric(t *testing.T, name string, labels ...string) float64 {
	t.Helper()
	families, err := p.registry.Gather()
	require.NoError(t, err)
	for _, family := range families {
		if family.GetName() != name {
			continue
		}
	metrics:
		for _, metric := range family.GetMetric() {
			for i, pair := range metric.GetLabel() {
				if pair.GetValue() != labels[i] {
					continue metrics
				}
			}
			return metric.GetCounter().GetValue() + metric.GetGauge().GetValue()
		}
	}
	t.Fatalf("no metric %s%v", name, labels)
	return 0
}

func report() outage.Report {
	return outage.Report{
		Identity: outage.Identity{Reporter: outage.Hash{1}}, Service: "whatsapp", Country: "NL", Source: outage.SourceAPI,
	}
}

func TestSubmitFillsInWhatTheSourceLeftOut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := run(t, &recorder{}, nil)
		result, err := p.Submit(t.Context(), report())
		require.NoError(t, err)
		require.Equal(t, outage.Counted, result.Receipt.Outcome)

		given := report()
		given.ID = outage.DeriveID("a post")
		given.ObservedAt = time.Now().Add(-time.Minute)
		_, err = p.Submit(t.Context(), given)
		require.NoError(t, err)

		all := p.recorder.recorded()
		require.False(t, all[0].ID.IsZero())
		require.Equal(t, time.Now(), all[0].ReceivedAt)
		require.Equal(t, time.Now(), all[0].ObservedAt)
		require.Equal(t, given.ID, all[1].ID)
		require.Equal(t, time.Now(), all[1].ReceivedAt)
		require.Equal(t, given.ObservedAt, all[1].ObservedAt)
		require.Equal(t, time.Now(), p.recorder.nows[0])
		require.InDelta(t, 2, p.metric(t, "outcry_ingest_reports_total", "counted", "api"), 0)
	})
}

func TestReportsThatWaitTogetherAreOneBatch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{gate: make(chan struct{})}
		p := run(t, r, nil)
		const many = 1500
		receipts := make(map[outage.ID]int)
		var mu sync.Mutex
		var group sync.WaitGroup
		submit := func() {
			result, err := p.Submit(t.Context(), report())
			require.NoError(t, err)
			mu.Lock()
			defer mu.Unlock()
			receipts[result.Receipt.ID]++
		}
		group.Go(submit)
		synctest.Wait() // the worker holds the first report
		for range many {
			group.Go(submit)
		}
		synctest.Wait()
		require.Empty(t, p.recorder.recorded())
		close(r.gate)
		group.Wait()
		sizes := []int{}
		for _, batch := range r.batches {
			sizes = append(sizes, len(batch))
		}
		require.Equal(t, []int{1, live.MaxBatch, many - live.MaxBatch}, sizes)
		require.Len(t, receipts, many+1, "everybody got their own answer")
	})
}

func TestRetryableErrorsAreTriedAgainUnderTheSameID(t *testing.T) {
	t.Parallel()
	for _, sentinel := range []error{outage.ErrRebuilding, outage.ErrUnavailable} {
		synctest.Test(t, func(t *testing.T) {
			calls := 0
			r := &recorder{}
			r.answer = func(reports []outage.Report) []live.Result {
				if calls++; calls < 4 {
					return failing(reports, fmt.Errorf("%w: detail", sentinel))
				}
				return counted(reports)
			}
			p := run(t, r, nil)
			result, err := p.Submit(t.Context(), report())
			require.NoError(t, err)
			for _, try := range r.recorded() {
				require.Equal(t, result.Receipt.ID, try.ID)
			}
			require.Equal(t, 4, calls)
		})
	}
}

func TestPatienceEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{answer: func(reports []outage.Report) []live.Result { return failing(reports, outage.ErrRebuilding) }}
		p := run(t, r, nil)
		began := time.Now()
		_, err := p.Submit(t.Context(), report())
		require.ErrorIs(t, err, outage.ErrRebuilding)
		require.True(t, ingest.Retryable(err))
		require.Equal(t, 3*time.Second, time.Since(began))
		require.InDelta(t, 1, p.metric(t, "outcry_ingest_refused_total", "rebuilding", "api"), 0)

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began = time.Now()
		_, err = p.Submit(ctx, report())
		require.ErrorIs(t, err, outage.ErrRebuilding)
		require.Equal(t, time.Second, time.Since(began), "the caller's deadline")
	})
}

func TestPermanentErrorsAreNotTriedAgain(t *testing.T) {
	t.Parallel()
	for _, sentinel := range []error{outage.ErrConflict, outage.ErrFuture, outage.ErrInvalid} {
		synctest.Test(t, func(t *testing.T) {
			r := &recorder{answer: func(reports []outage.Report) []live.Result { return failing(reports, sentinel) }}
			p := run(t, r, nil)
			_, err := p.Submit(t.Context(), report())
			require.ErrorIs(t, err, sentinel)
			require.False(t, ingest.Retryable(err))
			require.Len(t, r.recorded(), 1)
		})
	}
}

func TestACallerWhoGoesAwayLosesAndDoublesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{gate: make(chan struct{})}
		p := run(t, r, nil)
		ctx, leave := context.WithCancel(t.Context())
		var group sync.WaitGroup
		group.Go(func() {
			_, err := p.Submit(ctx, report())
			require.ErrorIs(t, err, outage.ErrUnavailable)
		})
		synctest.Wait()
		leave()
		group.Wait()
		close(r.gate)
		// Those who come after get answers of their own.
		for n := range 10 {
			given := report()
			given.ID = outage.DeriveID(strconv.Itoa(n))
			result, err := p.Submit(t.Context(), given)
			require.NoError(t, err)
			require.Equal(t, given.ID, result.Receipt.ID)
		}
		require.Len(t, r.recorded(), 11)
		require.InDelta(t, 1, p.metric(t, "outcry_ingest_refused_total", "gone", "api"), 0)
	})
}

func TestARecorderThatHangsIsNotWaitedForForever(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{gate: make(chan struct{})}
		p := run(t, r, nil)
		began := time.Now()
		_, err := p.Submit(t.Context(), report())
		require.ErrorIs(t, err, outage.ErrUnavailable)
		require.Equal(t, 3*time.Second, time.Since(began))
		close(r.gate)
	})
}

func TestAFullQueueRefuses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{gate: make(chan struct{})}
		p := run(t, r, func(config *ingest.Config) { config.Queue = 2 })
		var group sync.WaitGroup
		for range 3 { // one with the worker, two in the queue
			group.Go(func() { _, _ = p.Submit(t.Context(), report()) })
			synctest.Wait()
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := p.Submit(ctx, report())
		require.ErrorIs(t, err, outage.ErrUnavailable)
		require.InDelta(t, 1, p.metric(t, "outcry_ingest_refused_total", "full", "api"), 0)
		close(r.gate)
		group.Wait()
		_, err = p.Submit(t.Context(), report())
		require.NoError(t, err)
	})
}

func TestStoppingFlushesWhatWaitsAndRefusesTheRest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{gate: make(chan struct{})}
		p := run(t, r, nil)
		var group sync.WaitGroup
		for range 50 {
			group.Go(func() {
				_, err := p.Submit(t.Context(), report())
				require.NoError(t, err)
			})
		}
		synctest.Wait()
		group.Go(p.stop)
		synctest.Wait()
		_, err := p.Submit(t.Context(), report())
		require.ErrorIs(t, err, outage.ErrUnavailable)
		close(r.gate)
		group.Wait()
		require.Len(t, r.recorded(), 50)
	})
}

func TestStoppingEndsTheWaitForAnotherTry(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{answer: func(reports []outage.Report) []live.Result { return failing(reports, outage.ErrRebuilding) }}
		p := run(t, r, nil)
		var group sync.WaitGroup
		began := time.Now()
		group.Go(func() {
			_, err := p.Submit(t.Context(), report())
			require.ErrorIs(t, err, outage.ErrRebuilding)
			require.Zero(t, time.Since(began))
		})
		synctest.Wait()
		p.stop()
		group.Wait()
	})
}

func TestMinutesAreCoveredWhileItRuns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := run(t, &recorder{}, nil)
		began := time.Now()
		time.Sleep(3*time.Minute + 30*time.Second) //nolint:forbidigo // the bubble's time: nothing waits
		synctest.Wait()
		require.Equal(t, []time.Time{
			began, began.Add(time.Minute), began.Add(2 * time.Minute), began.Add(3 * time.Minute),
		}, p.recorder.covered)
		require.Equal(t, []outage.Source{outage.SourceForm, outage.SourceAPI}, p.recorder.sources)
	})
}

func TestAMinuteThatCouldNotBeCoveredIsTriedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{cover: outage.ErrUnavailable}
		p := run(t, r, nil)
		began := time.Now()
		time.Sleep(12 * time.Second) //nolint:forbidigo // the bubble's time
		r.setCover(nil)
		time.Sleep(time.Minute) //nolint:forbidigo // the bubble's time
		synctest.Wait()
		require.Equal(t, []time.Time{
			began, began.Add(5 * time.Second), began.Add(10 * time.Second), began.Add(15 * time.Second), began.Add(time.Minute),
		}, r.covered)
		p.stop()
		require.Equal(t, 1, bytes.Count(p.log.Bytes(), []byte("cannot be noted")), "said once")
	})
}

func TestARebuildAtTheStartIsWaitedForQuietly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{cover: outage.ErrRebuilding}
		p := run(t, r, nil)
		began := time.Now()
		time.Sleep(600 * time.Millisecond) //nolint:forbidigo // the bubble's time
		r.setCover(nil)
		time.Sleep(10 * time.Second) //nolint:forbidigo // the bubble's time
		synctest.Wait()
		require.Equal(t, []time.Time{
			began, began.Add(250 * time.Millisecond), began.Add(500 * time.Millisecond), began.Add(750 * time.Millisecond),
		}, r.covered)
		p.stop()
		require.NotContains(t, p.log.String(), "cannot be noted")
	})
}

func TestARebuildThatDoesNotEndIsSaidOnce(t *testing.T) {
	t.Parallel()
	for lasts, said := range map[time.Duration]int{9 * time.Second: 0, 2 * time.Minute: 1} {
		synctest.Test(t, func(t *testing.T) {
			p := run(t, &recorder{cover: outage.ErrRebuilding}, nil)
			time.Sleep(lasts) //nolint:forbidigo // the bubble's time
			p.stop()
			require.Equal(t, said, bytes.Count(p.log.Bytes(), []byte("cannot be noted")), lasts)
		})
	}
}

func TestTroubleAfterItWorkedIsNews(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{}
		p := run(t, r, nil)
		for _, err := range []error{outage.ErrUnavailable, nil, outage.ErrUnavailable} {
			r.setCover(err)
			time.Sleep(2 * time.Minute) //nolint:forbidigo // the bubble's time
		}
		p.stop()
		require.Equal(t, 2, bytes.Count(p.log.Bytes(), []byte("cannot be noted")))
	})
}

func TestAnEngineThatAnswersTooLittleIsNotBelieved(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := run(t, &recorder{answer: func([]outage.Report) []live.Result { return nil }}, nil)
		_, err := p.Submit(t.Context(), report())
		require.ErrorIs(t, err, outage.ErrUnavailable)
	})
}

func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	_, err := ingest.New(ingest.Config{})
	require.Error(t, err)
	metrics, err := ingest.NewMetrics(prometheus.NewRegistry(), outage.SourceAPI)
	require.NoError(t, err)
	_, err = ingest.New(ingest.Config{
		Recorder: &recorder{}, Metrics: metrics, Now: time.Now, Logger: slog.New(slog.DiscardHandler), Queue: -1,
	})
	require.Error(t, err)
}

func TestMetricsAreRegisteredOnce(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	_, err := ingest.NewMetrics(registry, outage.SourceAPI)
	require.NoError(t, err)
	_, err = ingest.NewMetrics(registry, outage.SourceAPI)
	require.Error(t, err)
}
