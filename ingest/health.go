package ingest

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

// distrust is how long a failed recording speaks against the live state when
// nothing was written since.
const distrust = time.Minute

// health is how the last tries to write went.
type health struct {
	mu       sync.Mutex
	recorded error // of the last batch, if it was worth another try
	at       time.Time
	failures int   // how many batches have failed
	covered  error // of the last note of a minute

	failed chan struct{} // holds a signal once a batch has failed
}

func (h *health) batch(now time.Time, results []live.Result) {
	var failed error
	for _, result := range results {
		if result.Err != nil && Retryable(result.Err) {
			failed = result.Err
			break
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.recorded, h.at = failed, now
	if failed == nil {
		return
	}
	h.failures++
	select {
	case h.failed <- struct{}{}:
	default: // one is enough
	}
}

// known is how many batches have failed so far.
func (h *health) known() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.failures
}

// minute notes how a minute's note went that was begun when known batches had
// failed. One that went well was written where reports are, and clears those
// failures: all but that of a partition that waits for its rebuild, which is
// mostly another one than the note's.
func (h *health) minute(known int, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.covered = err
	if err == nil && known == h.failures && !errors.Is(h.recorded, outage.ErrRebuilding) {
		h.recorded = nil
	}
}

// Ready returns nil while reports can be recorded, as far as the last tries
// tell: those of reports and, where none arrive, the note of each minute, which
// is made again soon after a failure. A store may answer a ping and yet take
// nothing: a full disk, a Redis out of memory, a partition that waits for its rebuild.
func (p *Pipeline) Ready() error {
	p.health.mu.Lock()
	defer p.health.mu.Unlock()
	if p.health.recorded != nil && p.config.Now().Sub(p.health.at) < distrust {
		return fmt.Errorf("record reports: %w", p.health.recorded)
	}
	if p.health.covered != nil {
		return fmt.Errorf("note the minute: %w", p.health.covered)
	}
	return nil
}
