package detector

import (
	"context"
	"errors"
	"log/slog"
	"sync"
)

// stage is a step of the detector's work that can fail on its own.
type stage string

// The stages: a closed set, for the failures' metric label.
const (
	stageJoin     stage = "join"
	stageAcquire  stage = "acquire"
	stageRenew    stage = "renew"
	stageRelease  stage = "release"
	stageRebuild  stage = "rebuild"
	stageLoad     stage = "load"
	stageTick     stage = "tick"
	stageAnnounce stage = "announce"
	stageView     stage = "view"
	stageDrain    stage = "drain"
	stageMeasure  stage = "measure"
	stageBaseline stage = "baseline"
	stageCoverage stage = "coverage"
	stageRetain   stage = "retain"
	stageImport   stage = "import"
)

func stages() []stage {
	return []stage{
		stageJoin, stageAcquire, stageRenew, stageRelease, stageRebuild, stageLoad,
		stageTick, stageAnnounce, stageView, stageDrain, stageMeasure, stageBaseline, stageCoverage, stageRetain, stageImport,
	}
}

// everyPartition stands for the whole installation where a stage is not one partition's.
const everyPartition = -1

// trouble counts every failure and logs the changes alone: once when a stage
// begins to fail for some partition, once when it works for all again. A store
// that is away would otherwise write 64 lines a second.
type trouble struct {
	logger  *slog.Logger
	metrics *metrics

	mu      sync.Mutex
	failing map[stage]map[int]struct{}
}

func newTrouble(logger *slog.Logger, m *metrics) *trouble {
	return &trouble{logger: logger, metrics: m, failing: map[stage]map[int]struct{}{}}
}

// note records how the stage went for the partition, and returns err.
// Cancellation is not a failure: it is this process that gave up.
func (t *trouble) note(s stage, partition int, err error) error {
	switch {
	case err == nil:
		t.clear(s, partition)
	case errors.Is(err, context.Canceled):
	default:
		t.metrics.failures.WithLabelValues(string(s)).Inc()
		t.add(s, partition, err)
	}
	return err
}

func (t *trouble) add(s stage, partition int, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.failing[s] == nil {
		t.failing[s] = map[int]struct{}{}
	}
	if len(t.failing[s]) == 0 {
		t.logger.Warn("detector stage fails, will retry", "stage", string(s), "partition", partition, "error", err)
	}
	t.failing[s][partition] = struct{}{}
}

func (t *trouble) clear(s stage, partition int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, failed := t.failing[s][partition]; !failed {
		return
	}
	delete(t.failing[s], partition)
	if len(t.failing[s]) == 0 {
		t.logger.Info("detector stage works again", "stage", string(s))
	}
}

// forget drops what was noted of a partition that is not ours any more.
func (t *trouble) forget(partition int) {
	for _, s := range stages() {
		t.clear(s, partition)
	}
}
