package detector

import (
	"context"
	"sync"
	"time"

	"github.com/outcryhq/outcry/pkg/live"
)

// lookAroundEvery is how often a detector reads what all of them publish.
const lookAroundEvery = 2 * time.Second

// installation is what the owners of all partitions publish: it sets the bars,
// which depend on how many series are watched everywhere.
type installation struct {
	mu      sync.Mutex
	at      time.Time // of the last reading, by the real clock
	watched int       // partitions with a view
	series  int       // live series in all of them
	spikes  []located
}

// located is a spike's score with its partition.
type located struct {
	partition int
	score     float64
}

// watchInstallation reads the views until ctx ends.
func (r *Runner) watchInstallation(ctx context.Context) error {
	ticker := time.NewTicker(lookAroundEvery)
	defer ticker.Stop()
	for {
		attempt, cancel := context.WithTimeout(ctx, lookAroundEvery)
		views, err := r.live.Views(attempt)
		cancel()
		if r.trouble.note(stageView, everyPartition, err) == nil {
			r.whole.set(views)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

func (i *installation) set(views []live.View) {
	series, spikes := 0, []located(nil)
	for _, view := range views {
		series += view.LiveSeries
		for _, spike := range view.Spikes {
			spikes = append(spikes, located{partition: live.Partition(spike.Service), score: spike.Score})
		}
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.at, i.watched, i.series, i.spikes = time.Now(), len(views), series, spikes
}

// besides returns the live series of the whole installation, and the scores of
// the spikes in partitions other than the given one.
func (i *installation) besides(partition int) (series int, elsewhere []float64) {
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, spike := range i.spikes {
		if spike.partition != partition {
			elsewhere = append(elsewhere, spike.score)
		}
	}
	return i.series, elsewhere
}

// recently returns how many partitions had an owner at the last reading, none
// if that is too long ago to say.
func (i *installation) recently() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	if time.Since(i.at) > 3*lookAroundEvery {
		return 0
	}
	return i.watched
}
