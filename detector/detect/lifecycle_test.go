package detect_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/detector/detect"
	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

func TestOutageFromBeginningToEnd(t *testing.T) {
	t.Parallel()
	w := silentWorld(t)
	w.hear(nl, 1, 4)
	require.Empty(t, w.outages, "five reporters are not a problem")
	w.hear(nl, 9)

	o := w.only()
	require.Equal(t, outage.Ongoing, o.State)
	require.Equal(t, after(3), o.DetectedAt)
	require.Equal(t, after(0), o.StartedAt)
	require.Nil(t, o.EndedAt)
	require.Equal(t, uint64(1), o.Revision)
	require.Len(t, o.Impacts, 1)
	impact := o.Impacts[0]
	require.Equal(t, "NL", impact.Country)
	require.Equal(t, after(0), impact.StartedAt)
	require.Equal(t, 14, impact.Reports)
	require.GreaterOrEqual(t, impact.Score, 14.5)
	require.InDelta(t, 14.5, impact.Evidence.Bar, 1e-9)
	for _, spike := range w.spikes {
		require.Equal(t, outage.StatusProblem, spike.Status, "%s: the sum is the service, which has a problem", spike.Series)
	}

	w.hear(nl, repeat(20, 27)...)
	w.quiet(9)
	require.Equal(t, outage.Ongoing, w.only().State)
	w.quiet(40)
	o = w.only()
	require.Equal(t, outage.Ended, o.State)
	require.Equal(t, after(30), *o.EndedAt, "the trouble was over long before the windows had drained")
	require.Equal(t, after(30), *o.Impacts[0].EndedAt)
	require.True(t, o.ClosedAt.After(after(39)))
	require.Equal(t, 14+27*20, o.Reports)
	require.Equal(t, outage.Peak{At: after(3), ReportsPerMinute: 20}, o.Peak)
	require.True(t, o.Final)
	require.Empty(t, w.spikes)
	require.NoError(t, w.tick())
	require.Zero(t, w.looked, "nothing is left to look at")
}

func TestOutageComesBackWithinAQuarterOfAnHour(t *testing.T) {
	t.Parallel()
	w := silentWorld(t)
	w.hear(nl, repeat(20, 15)...)
	for w.only().State == outage.Ongoing {
		w.quiet(1)
	}
	closed := w.only()
	w.quiet(10)
	w.hear(nl, repeat(20, 5)...)
	o := w.only()
	require.Equal(t, closed.ID, o.ID)
	require.Equal(t, outage.Ongoing, o.State)
	require.Nil(t, o.ClosedAt)
	require.Greater(t, o.Revision, closed.Revision)
	require.Equal(t, closed.DetectedAt, o.DetectedAt, "it is announced once")
	require.Equal(t, []outage.Interval{{StartedAt: after(0), EndedAt: after(15)}}, o.Impacts[0].Intervals)
	require.Equal(t, closed.ClosedAt.Add(10*time.Minute), o.Impacts[0].StartedAt)
	require.Equal(t, 20*20, o.Reports, "both runs count")
}

func TestOutageThatComesBackLaterIsAnother(t *testing.T) {
	t.Parallel()
	w := silentWorld(t)
	w.hear(nl, repeat(20, 15)...)
	for !w.only().Final {
		w.quiet(1)
	}
	w.hear(nl, repeat(20, 5)...)
	require.Len(t, w.order, 2)
	require.Empty(t, w.outages[w.order[1]].Impacts[0].Intervals)
}

func TestAClosedOutageDoesNotComeBackByItself(t *testing.T) {
	t.Parallel()
	// The hour's window still holds the whole outage when it is closed.
	w := silentWorld(t)
	w.hear(nl, repeat(500, 20)...)
	w.hear(nl, 300, 180, 110, 65, 40, 24, 14, 9, 5, 3, 2, 1, 1)
	w.quiet(180)
	o := w.only()
	require.True(t, o.Final)
	require.Empty(t, o.Impacts[0].Intervals)
	require.WithinDuration(t, after(20), *o.EndedAt, 6*time.Minute)
}

func TestOtherCountriesOfAServiceWithAProblemNeedLess(t *testing.T) {
	t.Parallel()
	few := []int{6} // 12 nats in a minute
	w := silentWorld(t)
	w.hear(gb, few...)
	require.Empty(t, w.outages)
	require.Equal(t, outage.StatusPossible, w.spikes[0].Status)

	w = silentWorld(t)
	w.hear(nl, 20)
	w.hear(gb, few...)
	o := w.only()
	require.Len(t, o.Impacts, 2)
	require.Equal(t, "GB", o.Impacts[0].Country, "by country")
	require.InDelta(t, 9.6, o.Impacts[0].Evidence.Bar, 1e-9)
	require.Equal(t, after(0), o.StartedAt)
}

func TestTwoCountriesInTheSameMinute(t *testing.T) {
	t.Parallel()
	w := silentWorld(t)
	w.at(nl, w.now, 20)
	w.at(gb, w.now, 6)
	w.minute()
	o := w.only()
	require.Len(t, o.Impacts, 2)
	require.Equal(t, uint64(1), o.Revision, "one tick, one revision")
	require.Nil(t, o.Superseded)
}

func TestTheSumOverAllCountriesUntilOneStandsOut(t *testing.T) {
	t.Parallel()
	w := silentWorld(t)
	countries := []string{"AT", "BE", "CH", "DE", "FR", "IT", "LU", "PT"}
	for range 2 {
		for _, c := range countries {
			w.at(outage.Series{Service: "whatsapp", Country: c}, w.now, 1)
		}
		w.minute()
	}
	o := w.only()
	require.Len(t, o.Impacts, 1)
	require.Equal(t, outage.AllCountries, o.Impacts[0].Country)

	w.hear(nl, 9)
	next := w.only()
	require.Len(t, next.Impacts, 1)
	require.Equal(t, "NL", next.Impacts[0].Country)
	require.Equal(t, outage.AllCountries, next.Superseded.Country)
	require.Equal(t, o.StartedAt, next.StartedAt)
	require.Equal(t, o.DetectedAt, next.DetectedAt)
}

func TestLateReportsCountUntilAnOutageIsFinal(t *testing.T) {
	t.Parallel()
	w := silentWorld(t)
	w.hear(nl, repeat(20, 15)...)
	for w.only().State == outage.Ongoing {
		w.quiet(1)
	}
	w.at(nl, after(14), 45)
	for !w.only().Final {
		w.quiet(1)
	}
	require.Equal(t, 14*20+45, w.only().Reports)
	require.Equal(t, after(14), w.only().Peak.At)
	w.at(nl, after(13), 99)
	w.quiet(30)
	require.Equal(t, 14*20+45, w.only().Reports)
}

func TestFewOriginsMakeNoProblem(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		networks, few, enough int
	}{
		"several networks": {2, 3, 4},
		"unknown networks": {0, 3, 4},
		"one network":      {1, 15, 16},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := silentWorld(t)
			origins, calls := test.few, 0
			w.inputs.Evidence = func(series []outage.Series, from, to time.Time) ([]live.Evidence, error) {
				calls++
				require.False(t, from.After(to))
				heard := make([]live.Evidence, len(series))
				for i := range heard {
					heard[i] = live.Evidence{Origins: origins, Networks: test.networks, Sources: 1}
				}
				return heard, nil
			}
			w.hear(nl, 20)
			require.Empty(t, w.outages, "not independent enough")
			require.Equal(t, outage.StatusPossible, w.spikes[0].Status)
			asked := calls
			for range 5 {
				require.NoError(t, w.tick())
			}
			require.Equal(t, asked, calls, "nothing new, nothing to ask")

			origins = test.enough
			w.hear(nl, 1)
			evidence := w.only().Impacts[0].Evidence
			require.Equal(t, [3]int{test.enough, test.networks, 1}, [3]int{evidence.Origins, evidence.Networks, evidence.Sources})
		})
	}
}

func TestEvidenceThatCannotBeReadIsAskedForAgain(t *testing.T) {
	t.Parallel()
	w := silentWorld(t)
	broken := errors.New("broken")
	w.inputs.Evidence = func([]outage.Series, time.Time, time.Time) ([]live.Evidence, error) { return nil, broken }
	w.at(nl, w.now, 20)
	w.now = w.now.Add(time.Minute)
	require.ErrorIs(t, w.tick(), broken)
	require.Empty(t, w.outages)
	require.Len(t, w.spikes, 2, "the rest of the result is valid: the country and the sum")

	w.inputs.Evidence = func(series []outage.Series, _, _ time.Time) ([]live.Evidence, error) {
		return make([]live.Evidence, len(series)), nil
	}
	require.NoError(t, w.tick())
	require.Empty(t, w.outages, "no origins at all")
}

func TestWhileNobodyListensNothingIsOver(t *testing.T) {
	t.Parallel()
	w := silentWorld(t)
	w.hear(nl, repeat(20, 15)...)
	for range 120 {
		w.now = w.now.Add(time.Minute)
		require.NoError(t, w.tick())
	}
	require.Equal(t, outage.Ongoing, w.only().State)
	w.quiet(30)
	require.Equal(t, outage.Ended, w.only().State)
}

func TestManySeriesRaiseTheBar(t *testing.T) {
	t.Parallel()
	for live, opens := range map[int]bool{100: true, 1_000_000: false} {
		w := silentWorld(t)
		w.inputs.LiveSeries = live
		w.hear(nl, 8) // 17.3 nats; a million series need 21
		require.Equal(t, opens, len(w.outages) == 1, "%d series", live)
	}
}

func TestABusySeriesGoesBackToItsUsualRate(t *testing.T) {
	t.Parallel()
	w := worldWith(t, map[outage.Series]int{nl: 600})
	w.hear(nl, repeat(80, 20)...)
	require.Equal(t, outage.Ongoing, w.only().State)
	// Back to ten a minute, which is usual.
	w.hear(nl, repeat(10, 45)...)
	require.Equal(t, outage.Ended, w.only().State)
	require.WithinDuration(t, after(20), *w.only().EndedAt, 2*time.Minute)
}

func TestNewRefusesNonsense(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*detect.Config){
		"rho":           func(c *detect.Config) { c.Rho = 0.5 },
		"floor":         func(c *detect.Config) { c.Floor = -1 },
		"possible":      func(c *detect.Config) { c.Possible = 5 },
		"problem":       func(c *detect.Config) { c.Problem = 10 },
		"false outages": func(c *detect.Config) { c.FalseOutages = 0 },
	} {
		cfg := detect.DefaultConfig()
		change(&cfg)
		_, err := detect.New(cfg)
		require.ErrorIs(t, err, outage.ErrInvalid, name)
		require.ErrorContains(t, err, name)
	}
}
