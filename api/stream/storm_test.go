package stream_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/outage"
)

// storm changes a source at random, as detectors would: outages open, change,
// end, come back within a quarter of an hour, become final, and are forgotten a
// day later.
type storm struct {
	s      *source
	random *rand.Rand
	states []outage.Outage
	fence  uint64
}

func (w *storm) step() {
	w.s.pass(time.Duration(w.random.IntN(60)) * time.Second)
	now := w.s.clock()
	if w.random.IntN(8) == 0 {
		w.fence++
	}
	if w.random.IntN(4) == 0 {
		w.states = append(w.states, w.s.begin(fmt.Sprintf("service-%d", w.random.IntN(5)), "NL"))
		w.write(len(w.states) - 1)
	}
	for i := range w.states {
		o := &w.states[i]
		switch {
		case o.Final:
			if now.Sub(*o.ClosedAt) > 24*time.Hour+15*time.Minute {
				w.s.with(func(s *source) { delete(s.outages, o.ID) })
			}
			continue
		case o.State == outage.Ended && now.Sub(*o.ClosedAt) > 15*time.Minute:
			o.Final = true
		case w.random.IntN(6) != 0:
			continue
		case o.State == outage.Ended:
			o.State, o.EndedAt, o.ClosedAt = outage.Ongoing, nil, nil
		case w.random.IntN(2) == 0:
			*o = w.s.over(*o)
		}
		w.write(i)
	}
}

// write puts an outage, and sometimes a remark on it.
func (w *storm) write(i int) {
	o := &w.states[i]
	o.Revision++
	w.s.with(func(s *source) {
		s.outages[o.ID] = outage.Change{Fence: w.fence, Outage: *o}
		if w.random.IntN(10) == 0 {
			s.remarks[o.ID] = append(s.remarks[o.ID], outage.Remark{ID: outage.NewID(s.now), Kind: outage.Note, At: s.now, Text: "x", By: outage.ByOperator})
		}
	})
}

// witness follows a stream over many connections and keeps what it was told.
type witness struct {
	told    map[outage.ID]outage.Outage
	remarks map[outage.ID]bool
	lastID  string
	resumed atomic.Int32 // connections
	from    time.Time    // when it was shown what is ongoing, last
	clock   func() time.Time
	showing bool // after a reset
}

func (w *witness) take(t *testing.T, e event) {
	t.Helper()
	w.lastID = e.ID
	require.NotEmpty(t, e.ID, e.short())
	switch e.Type {
	case "reset":
		require.Equal(t, "new", e.Reason)
		require.Zero(t, w.resumed.Load(), "only at the beginning")
		w.from = w.clock()
		clear(w.told) // what is not shown again is over
		w.showing = true
	case "status":
		w.showing = false
	case "outage":
		before, known := w.told[e.Outage.ID]
		require.True(t, known || e.Change == "opened" || w.showing && e.Change == "ended", "the first word of an outage is that it opened, not %q", e.short())
		require.GreaterOrEqual(t, e.Outage.Revision, before.Revision, "nothing old after something new")
		if e.Change == "ended" {
			require.Equal(t, outage.Ended, e.Outage.State)
		}
		if known && e.Outage.Revision > before.Revision && before.State != e.Outage.State {
			require.NotEqual(t, "changed", e.Change, "from %s to %s", before.State, e.Outage.State)
		}
		w.told[e.Outage.ID] = e.Outage.Outage
		if e.Remark != nil {
			w.remarks[e.Remark.ID] = true
		}
	}
}

func TestNothingIsMissedInAStormOfChangesAndReconnects(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			s := newSource()
			replicas := []*hub{startHub(t, s), startHub(t, s)}
			raging, calm := context.WithCancel(t.Context())
			witnesses := make([]*witness, 6)
			var gone sync.WaitGroup
			for i := range witnesses {
				witnesses[i] = &witness{clock: s.clock, told: map[outage.ID]outage.Outage{}, remarks: map[outage.ID]bool{}}
				random := rand.New(rand.NewPCG(seed, uint64(i)))
				gone.Go(func() {
					for raging.Err() == nil {
						witnesses[i].watch(raging, t, replicas[random.IntN(2)], random.IntN(8))
					}
				})
			}
			w := &storm{s: s, random: rand.New(rand.NewPCG(seed, 99)), fence: 1}
			for range 400 {
				w.step()
				time.Sleep(time.Duration(w.random.IntN(3)) * time.Millisecond) //nolint:forbidigo // paces the storm; nothing is awaited
			}
			calm()
			gone.Wait()
			restarted, resumed := startHub(t, s), int32(0)
			for _, seen := range witnesses {
				l := connect(t, restarted, "", seen.lastID)
				for last := ""; last != "live ok"; {
					e, ok := l.next()
					require.True(t, ok)
					seen.take(t, e)
					last = e.short()
				}
				resumed += seen.resumed.Load()
				seen.knows(t, s, w.states)
			}
			// Who was never shown all that is ongoing before it was cut off begins
			// anew each time, as one or two may on a busy machine.
			require.Positive(t, resumed)
		})
	}
}

// watch reads some events of one connection, which may end in the middle of
// catching up, with what is under way lost.
func (w *witness) watch(ctx context.Context, t *testing.T, h *hub, events int) {
	t.Helper()
	l, err := dial(ctx, t, h, "", w.lastID)
	if err != nil {
		return
	}
	defer l.cut()
	if w.lastID != "" && w.lastID != "new" {
		w.resumed.Add(1)
	}
	for range events {
		e, ok := l.next()
		if !ok {
			return
		}
		w.take(t, e)
	}
}

// knows requires that the witness was told everything.
func (w *witness) knows(t *testing.T, s *source, all []outage.Outage) {
	t.Helper()
	for _, o := range all {
		told, ok := w.told[o.ID]
		if !ok && o.State == outage.Ended && !o.ClosedAt.After(w.from) {
			continue // over before the witness first asked
		}
		require.True(t, ok, "%s of %s was never told", o.Service, o.StartedAt)
		require.Equal(t, o.Revision, told.Revision)
		for _, remark := range s.remarks[o.ID] {
			require.True(t, w.remarks[remark.ID] || !remark.At.After(w.from), "a remark was never told")
		}
	}
}
