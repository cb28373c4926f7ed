package detector

import (
	"sync"
	"time"

	"github.com/outcryhq/outcry/detector/detect"
	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

// partition is what is known of a partition while it is owned.
type partition struct {
	number int
	// primed hands over, once, what the archive knows.
	primed chan primed

	// mu guards detector, saved and editions. The worker holds it while it feeds and ticks, which
	// includes reading evidence; housekeeping holds it for moments.
	mu       sync.Mutex
	detector *detect.Detector
	saved    time.Time // what the detector had learned until, when its baseline was last saved
	editions editions

	// These are the worker's own.
	seq     uint64                      // changes up to here have reached the detector
	looked  time.Time                   // when the last look began, by the handed-in clock
	unsent  map[outage.ID]outage.Outage // changes that the store has not acknowledged
	shown   live.View
	shownAt time.Time // the real clock

	// state guards what others read.
	state   sync.Mutex
	pass    *pass // the last finished look; nil before the first
	ongoing map[outage.ID]struct{}
	spikes  map[outage.Status]int // in the view that was shown last
}

func newPartition(number int) *partition {
	return &partition{
		number: number, primed: make(chan primed, 1), editions: editions{learned: noEdition},
		unsent: map[outage.ID]outage.Outage{}, ongoing: map[outage.ID]struct{}{},
	}
}

// with calls fn with the detector, if there is one yet.
func (p *partition) with(fn func(*detect.Detector)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.detector != nil {
		fn(p.detector)
	}
}

// countSpikes notes what the view shows.
func (p *partition) countSpikes(spikes []outage.Spike) {
	byStatus := make(map[outage.Status]int, 2)
	for _, spike := range spikes {
		byStatus[spike.Status]++
	}
	p.state.Lock()
	defer p.state.Unlock()
	p.spikes = byStatus
}

func (p *partition) spikesOf(status outage.Status) int {
	p.state.Lock()
	defer p.state.Unlock()
	return p.spikes[status]
}

// finish notes a finished look.
func (p *partition) finish(done pass) {
	p.state.Lock()
	defer p.state.Unlock()
	p.pass = &done
}

// finished returns the last finished look, nil before the first.
func (p *partition) finished() *pass {
	p.state.Lock()
	defer p.state.Unlock()
	return p.pass
}

// follow keeps track of which outages are ongoing.
func (p *partition) follow(outages []outage.Outage) {
	p.state.Lock()
	defer p.state.Unlock()
	for _, o := range outages {
		if o.State == outage.Ongoing {
			p.ongoing[o.ID] = struct{}{}
		} else {
			delete(p.ongoing, o.ID)
		}
	}
}

func (p *partition) openOutages() int {
	p.state.Lock()
	defer p.state.Unlock()
	return len(p.ongoing)
}
