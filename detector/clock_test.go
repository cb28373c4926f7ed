package detector_test

import (
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

func TestClockJumpsMakeNoOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWorld(t)
		r := w.start(t, "a", nil)
		r.look(t)
		for _, jump := range []time.Duration{0, 5 * time.Hour, -3 * time.Hour, 72 * time.Hour, -80 * time.Hour, time.Hour} {
			w.set(w.Now().Add(jump))
			for i := range 20 {
				w.minute(t, (i+1)%2, r) // one report every other minute
				if i%10 == 9 {
					w.set(w.Now().Add(45 * time.Minute)) // or the hour's window fills
				}
			}
			require.Empty(t, w.outages(t), "after a jump by %v", jump)
		}
		require.NoError(t, r.stop())
	})
}

func TestMinutesThatNobodySawAreNotQuiet(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWorld(t)
		r := w.start(t, "a", nil)
		r.look(t)
		opened := w.fail(t, r)
		w.set(w.Now().Add(2 * time.Hour))
		for range 8 {
			w.minute(t, 0, r)
			require.Equal(t, outage.Ongoing, w.outages(t)[0].Outage.State)
		}
		require.Equal(t, opened.ID, w.recover(t, r).ID)
		w.log.requireOneOutage(t, opened.ID)
	})
}

func TestTheArchiveKnowsWhatWasAway(t *testing.T) {
	t.Parallel()
	for name, away := range map[string]bool{"Bluesky is away": true, "all listen": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newMemoryWorld(t)
				// Nearly all of the last day's reports are Bluesky's.
				past := live.Entry{Partition: live.Partition("signal"), Epoch: "elsewhere", Position: "1"}
				for n := range 20 {
					id := outage.DeriveID("past", strconv.Itoa(n))
					at := begin().Add(-time.Duration(n+1) * time.Hour)
					past.Reports = append(past.Reports, outage.Logged{Outcome: outage.Counted, Report: outage.Report{
						Identity: outage.Identity{ID: id, Reporter: outage.Hash(id[:12])}, Service: "signal", Country: "NL",
						Source: outage.SourceBluesky, ObservedAt: at, ReceivedAt: at,
					}})
				}
				require.NoError(t, w.archive.Append(t.Context(), []live.Entry{past}))
				r := w.start(t, "a", nil)
				r.look(t)
				w.fail(t, r)
				for range 40 {
					heard := live.Entry{Partition: 1, Epoch: "elsewhere", Position: "1"}
					if !away {
						heard.Coverage = []live.Coverage{{Source: outage.SourceBluesky, Minute: w.Now()}}
					}
					require.NoError(t, w.archive.Append(t.Context(), []live.Entry{heard}))
					w.minute(t, 0, r)
					elapse(2 * time.Second) // the archive is asked each minute
				}
				state := w.outages(t)[0].Outage.State
				if away {
					require.Equal(t, outage.Ongoing, state, "the form's silence alone is no end")
					return
				}
				require.Equal(t, outage.Ended, state)
			})
		})
	}
}

func TestTheArchiveKnowsWhoListened(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWorld(t)
		r := w.start(t, "a", nil)
		r.look(t)
		w.fail(t, r)
		// The detector sleeps for an hour, while others listen to silence.
		heard := live.Entry{Partition: 1, Epoch: "elsewhere", Position: "1"}
		for m := range 60 {
			heard.Coverage = append(heard.Coverage, live.Coverage{Source: outage.SourceAPI, Minute: w.Now().Add(time.Duration(m) * time.Minute)})
		}
		require.NoError(t, w.archive.Append(t.Context(), []live.Entry{heard}))
		w.set(w.Now().Add(time.Hour))
		elapse(2 * time.Second) // the archive is asked each minute
		w.minute(t, 0, r)
		require.Equal(t, outage.Ended, w.outages(t)[0].Outage.State)
	})
}
