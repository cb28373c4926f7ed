package ingest

import (
	"fmt"
	"sync"
	"time"

	"github.com/outcryhq/outcry/pkg/live"
)

// distrust is how long a failed recording speaks against the live state when
// nothing was recorded since.
const distrust = time.Minute

// health is how the last tries to write went.
type health struct {
	mu       sync.Mutex
	recorded error // of the last batch, if it was worth another try
	at       time.Time
	covered  error // of the last note of a minute
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
}

func (h *health) minute(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.covered = err
}

// Ready returns nil while reports can be recorded, as far as the last tries
// tell: those of reports and, where none arrive, the note of each minute. A
// store may answer a ping and yet take nothing: a full disk, a Redis out of
// memory, a partition that waits for its rebuild.
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
