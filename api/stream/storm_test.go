package stream_test

import (
	"fmt"
	"math/rand/v2"
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
	resets  int
}

func (w *witness) take(t *testing.T, e event) {
	t.Helper()
	w.lastID = e.ID
	require.NotEmpty(t, e.ID, e.short())
	switch e.Type {
	case "reset":
		w.resets++
	case "outage":
		before, known := w.told[e.Outage.ID]
		require.True(t, known || e.Change == "opened", "the first word of an outage is that it opened, not %q", e.short())
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
			var over atomic.Bool
			witnesses := make([]*witness, 6)
			ended := make(chan *witness, len(witnesses))
			for i := range witnesses {
				witnesses[i] = &witness{told: map[outage.ID]outage.Outage{}, remarks: map[outage.ID]bool{}}
				random := rand.New(rand.NewPCG(seed, uint64(i)))
				go func() {
					defer func() { ended <- witnesses[i] }()
					for !over.Load() {
						// Another replica, and now and then in the middle of catching up.
						l := connect(t, replicas[random.IntN(2)], "", witnesses[i].lastID)
						for range random.IntN(8) {
							e, ok := l.next()
							if !ok {
								break
							}
							witnesses[i].take(t, e)
						}
						witnesses[i].lastID = max(witnesses[i].lastID, "") // what was scanned and not taken is lost
						l.cut()
					}
				}()
			}
			w := &storm{s: s, random: rand.New(rand.NewPCG(seed, 99)), fence: 1}
			for i := range 400 {
				w.step()
				if i == 200 { // one process is replaced by a new one
					replicas = append(replicas[:0:0], replicas[0], startHub(t, s))
				}
				time.Sleep(time.Duration(w.random.IntN(3)) * time.Millisecond) //nolint:forbidigo // paces the storm; nothing is awaited
			}
			over.Store(true)
			for range witnesses {
				<-ended
			}
			want := map[outage.ID]outage.Outage{}
			for _, o := range w.states {
				want[o.ID] = o
			}
			for _, seen := range witnesses {
				if seen.lastID == "" {
					continue
				}
				l := connect(t, replicas[0], "", seen.lastID)
				for {
					e, ok := l.next()
					require.True(t, ok)
					seen.take(t, e)
					if e.short() == "live ok" {
						break
					}
				}
				require.Equal(t, 1, seen.resets, "the first one")
				for id, o := range want {
					told, ok := seen.told[id]
					require.True(t, ok || o.DetectedAt.Before(morning), "%s was never told", id)
					require.Equal(t, o.Revision, told.Revision, "%s", o.Service)
					for _, remark := range s.remarks[id] {
						require.True(t, seen.remarks[remark.ID])
					}
				}
			}
		})
	}
}
