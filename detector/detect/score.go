package detect

import (
	"math"

	"github.com/outcryhq/outcry/pkg/baseline"
	"github.com/outcryhq/outcry/pkg/outage"
)

// windows are the times over which counts are tested, in minutes, with the
// variance of the rate in each relative to its square (φ).
var windows = [...]struct { //nolint:gochecknoglobals // a constant table
	minutes minute
	spread  float64
}{{1, .15}, {2, .13}, {5, .12}, {15, .10}, {60, .10}}

// mostFewest ends the search for the fewest reports under an absurd floor.
const mostFewest = 1000

// manyWindows is what the best of several windows has to give back, in nats.
var manyWindows = math.Log(float64(len(windows))) //nolint:gochecknoglobals // a constant

// window is one test: what was heard against what is tolerated.
type window struct {
	minutes             minute
	reports             int
	expected, tolerated float64
	size                float64
	known               float64 // reports that the estimate of what is usual rests on
	least               float64 // a rate a minute that was expected at least; 0 for the baseline alone
	score               float64 // of this window alone, less manyWindows; at least 0
}

// rateAt is the baseline of a series in a minute, remembered for its hour and
// the one before.
func (d *Detector) rateAt(s *series, m minute) baseline.Rate {
	hour := m.hour()
	if s.rates == nil {
		s.rates = &[2]hourRate{}
	}
	cached := &s.rates[hour/60%2]
	if cached.hour != hour || cached.learned != d.learned {
		*cached = hourRate{hour, d.learned, d.model.At(outage.Series{Service: s.service.name, Country: s.country}, hour.time())}
	}
	return cached.Rate
}

type hourRate struct {
	hour    minute
	learned int // the detector's count of hours learned
	baseline.Rate
}

// test prepares the window of a series that ends with a minute; least is a rate
// a minute that is expected at least. The score is left out.
func (d *Detector) test(s *series, i int, end minute, least float64) window {
	first := max(end-windows[i].minutes+1, s.fresh)
	return d.testOf(s, i, end, least, s.counts.sum(first, end))
}

// testOf is test for reports that were added up before.
func (d *Detector) testOf(s *series, i int, end minute, least float64, reports int) window {
	w := windows[i]
	first := max(end-w.minutes+1, s.fresh)
	t := window{minutes: w.minutes, reports: reports, least: least}
	rate := d.rateAt(s, end)
	t.expected = max(rate.PerMinute, least) * float64(d.coverage.count(max(first, end.hour()), end))
	known := rate.Reports
	if first < end.hour() {
		before := d.rateAt(s, first)
		t.expected += max(before.PerMinute, least) * float64(d.coverage.count(first, end.hour()-1))
		known = min(known, before.Reports)
	}
	t.tolerated = d.cfg.tolerated(t.expected, float64(w.minutes))
	t.known, t.size = known, dispersion(w.spread, known)
	return t
}

// judge sets the score of a window, or leaves it 0 if it would be below need.
func (t *window) judge(need float64) {
	if float64(t.reports) > t.tolerated {
		t.score = max(tailAbove(t.reports, t.tolerated, t.size, need+manyWindows)-manyWindows, 0)
	}
}

// best tests the windows of a series that end with a minute, and returns the
// strongest. Scores below need may come out as 0; least is a rate a minute that
// is expected at least.
func (d *Detector) best(s *series, end minute, need, least float64) window {
	var best window
	sums := s.counts.sums(s.fresh, end)
	for i := range windows {
		if need >= d.cfg.Widening && sums[i] < d.fewest[i] {
			continue // without asking for the baseline
		}
		t := d.testOf(s, i, end, least, sums[i])
		t.judge(max(need, best.score))
		if t.score > best.score {
			best = t
		}
	}
	return best
}

// tolerated is how many reports are harmless in so many minutes in which some
// are expected.
func (c Config) tolerated(expected, minutes float64) float64 {
	return tolerated(c.Rho, expected, c.floorOver(minutes))
}

// fewest is for each window the smallest number of reports that can pass a bar
// at all: where nothing is expected.
func fewest(cfg Config) [len(windows)]int {
	var fewest [len(windows)]int
	for i, w := range windows {
		t := window{tolerated: cfg.tolerated(0, float64(w.minutes)), size: 1 / w.spread}
		for t.score < cfg.Widening && t.reports < mostFewest {
			t.reports++
			t.judge(0)
		}
		fewest[i] = t.reports
	}
	return fewest
}

// windowCounts is what a spike shows of each window.
func (d *Detector) windowCounts(s *series, end minute) []outage.WindowCount {
	out := make([]outage.WindowCount, len(windows))
	for i := range windows {
		t := d.test(s, i, end, 0)
		out[i] = outage.WindowCount{Minutes: int(t.minutes), Reports: t.reports, Expected: t.expected}
	}
	return out
}
