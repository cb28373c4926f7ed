package stream

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/outcryhq/outcry/pkg/outage"
)

const (
	// pollEvery is how often the live state is read while anybody listens.
	pollEvery = 500 * time.Millisecond
	// readTimeout bounds one reading of a store.
	readTimeout = 3 * time.Second
	// awayAfter is how long the live state may not be read before that is said.
	awayAfter = 3 * time.Second
	// remarksEvery is how often remarks are looked for.
	remarksEvery = 3 * time.Second
	// remarksLag is how long before it could be read a remark may have been dated.
	remarksLag = 10 * time.Second
	// heartbeatEvery is how often a quiet connection carries something.
	heartbeatEvery = 15 * time.Second
	// writeTimeout is how long a reader may take for what waits for it.
	writeTimeout = 10 * time.Second
	// spikeEvery is how often a spike may change, for those who follow spikes.
	spikeEvery = 5 * time.Second
	// missingFor is how long an outage that has not ended may be missing, as it
	// is while a partition is being rebuilt.
	missingFor = 5 * time.Minute
	// showEndedFor is how far back a reset shows what has ended.
	showEndedFor = 24 * time.Hour
)

// DefaultMax is how many readers there may be when nothing else is said.
const DefaultMax = 10_000

// State is what the live state says at one moment.
type State struct {
	Outages []outage.Change // open and recent
	Spikes  []outage.Spike  // strongest first
	// Watched says that every partition is watched. Otherwise a spike that is
	// not there may still be.
	Watched bool
}

// Config is what New needs.
type Config struct {
	// Read reads the live state.
	Read func(context.Context) (State, error)
	// Remarks reads the remarks on outages; nil: there are none.
	Remarks func(ctx context.Context, of ...outage.ID) (map[outage.ID][]outage.Remark, error)
	Now     func() time.Time
	Logger  *slog.Logger
	// Registerer takes the metrics; nil: they are not shown.
	Registerer prometheus.Registerer
	// Max is how many readers there may be; 0 means DefaultMax. One address may
	// have a twentieth of them, and 100 in any case.
	Max int
	// PollEvery is how often the live state is read while anybody listens; 0
	// means twice a second.
	PollEvery time.Duration
}

// Hub knows the readers and tells them what changes.
type Hub struct {
	cfg        Config
	perAddress int
	metrics    *metrics
	kick       chan struct{} // has one when somebody waits for the first reading
	stopped    chan struct{}
	stopOnce   sync.Once

	mu        sync.Mutex
	readers   map[*reader]struct{}
	addresses map[netip.Addr]int
	index     index
	outages   map[outage.ID]*known
	spikes    map[outage.Series]*spiking
	cursor    *cursor
	id        []byte    // the line of cursor
	readAt    time.Time // when the last successful reading began; zero: never
	okSince   time.Time // since when the live state can be read
	failing   bool      // the last reading failed
	away      bool      // it was said that the live state is away
	lookedAt  time.Time // when remarks were looked for
	begun     uint64    // how many readings have begun
}

// spiking is a spike as it was last told.
type spiking struct {
	told outage.Spike
	at   time.Time
}

// New returns a hub without readers. It tells nothing until Run.
func New(cfg Config) (*Hub, error) {
	if cfg.Read == nil || cfg.Now == nil || cfg.Logger == nil {
		return nil, errors.New("stream: a reading, a clock and a logger are required")
	}
	if cfg.Max < 0 {
		return nil, errors.New("stream: a negative number of readers")
	}
	if cfg.Max == 0 {
		cfg.Max = DefaultMax
	}
	if cfg.PollEvery <= 0 {
		cfg.PollEvery = pollEvery
	}
	h := &Hub{
		cfg: cfg, perAddress: max(100, cfg.Max/20),
		kick: make(chan struct{}, 1), stopped: make(chan struct{}),
		readers: map[*reader]struct{}{}, addresses: map[netip.Addr]int{}, index: newIndex(),
		outages: map[outage.ID]*known{}, spikes: map[outage.Series]*spiking{},
		cursor: &cursor{outages: map[key]told{}},
	}
	var err error
	h.metrics, err = newMetrics(cfg.Registerer, func() float64 { return float64(h.Readers()) })
	return h, err
}

// Readers is how many readers are connected.
func (h *Hub) Readers() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.readers)
}

// Stop ends every stream and refuses new ones. It may be called twice.
func (h *Hub) Stop() { h.stopOnce.Do(func() { close(h.stopped) }) }

// Run reads the live state while anybody listens, until ctx ends. Then it stops
// the streams and returns nil.
func (h *Hub) Run(ctx context.Context) error {
	defer h.Stop()
	ticker := time.NewTicker(h.cfg.PollEvery)
	defer ticker.Stop()
	var last time.Time
	for {
		kicked := false
		select {
		case <-ctx.Done():
			return nil
		case <-h.stopped:
			<-ctx.Done()
			return nil
		case <-ticker.C:
		case <-h.kick:
			kicked = true
		}
		// However many come at once, they do not make it read all the time.
		if h.Readers() == 0 || kicked && time.Since(last) < h.cfg.PollEvery/5 {
			continue
		}
		last = time.Now()
		h.poll(ctx)
		h.heartbeats()
	}
}

// poll reads the stores and tells what is new.
func (h *Hub) poll(ctx context.Context) {
	began := h.cfg.Now()
	h.mu.Lock()
	h.begun++
	look := h.cfg.Remarks != nil && began.Sub(h.lookedAt).Abs() >= remarksEvery
	h.mu.Unlock()

	reading, cancel := context.WithTimeout(ctx, readTimeout)
	state, err := h.cfg.Read(reading)
	cancel()
	h.metrics.polls.Observe(max(h.cfg.Now().Sub(began), 0).Seconds())
	var remarks map[outage.ID][]outage.Remark
	if look = look && err == nil; look {
		remarks, look = h.readRemarks(ctx, state.Outages)
	}
	if ctx.Err() != nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if err != nil {
		h.fail(began, err)
		return
	}
	h.take(began, state, remarks, look)
}

// readRemarks reads what was remarked on the outages. The archive may be away:
// then the cursors say up to when remarks have been told.
func (h *Hub) readRemarks(ctx context.Context, on []outage.Change) (map[outage.ID][]outage.Remark, bool) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	ids := make([]outage.ID, len(on))
	for i := range on {
		ids[i] = on[i].Outage.ID
	}
	remarks, err := h.cfg.Remarks(ctx, ids...)
	if err != nil {
		h.cfg.Logger.Debug("remarks could not be read for the streams", slog.Any("error", err))
	}
	return remarks, err == nil
}

// fail notes that the live state could not be read.
func (h *Hub) fail(at time.Time, err error) {
	if !h.failing {
		h.cfg.Logger.Warn("the live state could not be read for the streams", slog.Any("error", err))
	}
	h.failing = true
	if !h.away && at.Sub(h.readAt) >= awayAfter {
		h.away = true
	}
	if !h.away {
		return
	}
	for r := range h.readers {
		if !r.away {
			r.away = true
			h.send(r, frame{kindStatus, h.lastID(r), encode(kindStatus, statusData{"away", h.awaySince(at)})})
		}
	}
}

// awaySince is the time of the last successful reading, or now if there was none.
func (h *Hub) awaySince(now time.Time) time.Time {
	if h.readAt.IsZero() {
		return now.UTC().Truncate(time.Second)
	}
	return h.readAt.UTC().Truncate(time.Second)
}

// lastID is the line with the id up to which a reader has been told.
func (h *Hub) lastID(r *reader) []byte {
	if r.present {
		return h.id
	}
	return r.ownID
}

// take compares a reading with the one before, tells those who are up to date
// what is new, and then lets in those who wait.
func (h *Hub) take(at time.Time, state State, remarks map[outage.ID][]outage.Remark, looked bool) {
	if h.away || h.okSince.IsZero() {
		h.okSince = at.UTC().Truncate(time.Second)
	}
	wasAway := h.away
	h.failing, h.away, h.readAt = false, false, at
	lost := h.takeOutages(at, state.Outages)
	h.takeSpikes(at, state)
	if looked {
		h.takeRemarks(at, remarks)
	}
	h.cursor.advance(at)
	h.id = idLine(h.cursor.encode())
	for r := range h.readers {
		switch {
		case lost && r.present:
			r.since, r.reset = nil, resetLost
			h.admit(r)
		case !r.present && r.after < h.begun:
			h.admit(r)
		case r.present && wasAway && r.away:
			r.away = false
			h.send(r, h.okay())
		}
	}
}

// okay is the event that says that the live state can be read, with which a
// reader has all that there was before.
func (h *Hub) okay() frame {
	return frame{kindStatus, h.id, encode(kindStatus, statusData{"ok", h.okSince})}
}

// takeOutages tells what became of outages. It reports whether one has been
// lost: it was ongoing, and is no longer there.
func (h *Hub) takeOutages(at time.Time, changes []outage.Change) (lost bool) {
	slices.SortFunc(changes, func(a, b outage.Change) int {
		if c := a.Outage.StartedAt.Compare(b.Outage.StartedAt); c != 0 {
			return c
		}
		return slices.Compare(a.Outage.ID[:], b.Outage.ID[:])
	})
	first := h.cursor.at.IsZero()
	if first {
		h.cursor.advance(at)
	}
	there := make(map[outage.ID]bool, len(changes))
	for _, change := range changes {
		there[change.Outage.ID] = true
		before := h.outages[change.Outage.ID]
		if before != nil && !change.Supersedes(before.change) {
			before.goneSince = time.Time{}
			continue
		}
		now := newKnown(change, before)
		h.outages[change.Outage.ID] = now
		missed := h.cursor.missed(change)
		if h.cursor.relevant(&change.Outage) || len(missed) > 0 {
			h.cursor.note(change)
		}
		if !first && len(missed) > 0 && len(h.readers) > 0 {
			h.tell(before, now, missed)
		}
	}
	for id, k := range h.outages {
		switch {
		case there[id]:
		case k.change.Outage.Final:
			delete(h.outages, id)
		case k.goneSince.IsZero():
			k.goneSince = at
		case at.Sub(k.goneSince) >= missingFor:
			delete(h.outages, id)
			delete(h.cursor.outages, keyOf(id))
			lost = true
		}
	}
	return lost
}

// tell hands what happened to an outage to those who asked for such. To those
// whose country it has only now reached it has opened.
func (h *Hub) tell(before, now *known, missed []label) {
	told := h.id
	h.id = idLine(h.cursor.encode())
	h.index.find(now.change.Outage.Service, now.countries, func(r *reader) {
		happened := missed
		if before != nil && len(r.want.Countries) > 0 && !r.want.touches(before.countries) {
			happened = []label{opened}
			if now.change.Outage.State == outage.Ended {
				happened = []label{opened, ended}
			}
		}
		for i, l := range happened {
			id := h.id
			if i < len(happened)-1 {
				id = told // who is cut off in between has not had it all
			}
			h.send(r, frame{kindOutage, id, now.event(l)})
		}
	})
}

// takeSpikes tells which spikes began, changed and ended.
func (h *Hub) takeSpikes(at time.Time, state State) {
	there := make(map[outage.Series]bool, len(state.Spikes))
	for _, spike := range state.Spikes {
		there[spike.Series] = true
		old := h.spikes[spike.Series]
		switch {
		case old == nil:
			h.spikes[spike.Series] = &spiking{spike, at}
			h.tellSpike("began", spike)
		case old.told.Status != spike.Status || at.Sub(old.at).Abs() >= spikeEvery && !sameSpike(old.told, spike):
			old.told, old.at = spike, at
			h.tellSpike("changed", spike)
		}
	}
	if !state.Watched {
		return
	}
	for series, old := range h.spikes {
		if !there[series] {
			delete(h.spikes, series)
			h.tellSpike("ended", old.told)
		}
	}
}

// sameSpike reports whether people would see no difference.
func sameSpike(a, b outage.Spike) bool {
	return a.Since.Equal(b.Since) && slices.EqualFunc(a.Windows, b.Windows, func(a, b outage.WindowCount) bool {
		return a.Minutes == b.Minutes && a.Reports == b.Reports
	})
}

func (h *Hub) tellSpike(change string, spike outage.Spike) {
	var event []byte
	h.index.find(spike.Service, []string{spike.Country}, func(r *reader) {
		if !r.want.Spikes {
			return
		}
		if event == nil {
			event = encode(kindSpike, spikeData{change, tidySpike(spike)})
		}
		h.send(r, frame{kindSpike, h.id, event})
	})
}

// send puts an event into a reader's queue.
func (h *Hub) send(r *reader, frames ...frame) {
	h.put(r, true, frames)
}

func (h *Hub) put(r *reader, bounded bool, frames []frame) {
	frames = slices.DeleteFunc(frames, func(f frame) bool { return f.body == nil })
	if r.push(bounded, frames...) {
		h.metrics.dropped.WithLabelValues(dropQueue).Inc()
		h.index.remove(r)
		return
	}
	for _, f := range frames {
		if f.kind != "" {
			h.metrics.events.WithLabelValues(f.kind).Inc()
		}
	}
}

// heartbeats keeps quiet connections alive, and brings the ids of those who
// have been told everything up to date.
func (h *Hub) heartbeats() {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := h.cfg.Now()
	plain := []byte(":\n\n")
	withID := append(append([]byte(":\n"), h.id...), '\n')
	for r := range h.readers {
		if now.Before(r.beatAt) && r.beatAt.Sub(now) <= heartbeatEvery || !r.idle() {
			continue
		}
		r.beatAt = now.Add(heartbeatEvery)
		if r.present && len(h.id) > 0 {
			h.send(r, frame{body: withID})
		} else {
			h.send(r, frame{body: plain})
		}
	}
}
