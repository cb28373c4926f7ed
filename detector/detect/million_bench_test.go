package detect_test

import (
	"flag"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/detector/detect"
	"github.com/outcryhq/outcry/pkg/baseline"
	"github.com/outcryhq/outcry/pkg/outage"
)

const (
	crowdCountries = 50
	crowdKept      = 49 * 60 // minutes of counts
)

// rateSpan is a log-uniform part of a mix of rates, in reports a minute.
type rateSpan struct{ share, least, most float64 }

// usualMix has most series hear less than one report an hour, and a few ten a minute.
var usualMix = []rateSpan{{.90, .0001, .016}, {.09, .016, .5}, {.01, .5, 10}} //nolint:gochecknoglobals // a constant table

// evenMix has as many series between .001 and .01 as between 1 and 10.
var evenMix = []rateSpan{{1, .001, 10}} //nolint:gochecknoglobals // a constant table

// crowd is a detector of many series that has learned for weeks and counted for 49 hours.
type crowd struct {
	detector *detect.Detector
	series   []outage.Series
	rates    []float64 // of the series, in reports a minute
	now      time.Time
	random   *rand.Rand
	until    []float64 // the sums of the rates
	everyone []heard
	minute   time.Time // of current
	current  []uint8   // counts of the running minute that look has set
	model    int       // heap bytes of the baseline
	heap     int       // of everything
}

func newCrowd(b *testing.B, series, weeks int, mix []rateSpan) *crowd {
	b.Helper()
	c := &crowd{now: noon, current: make([]uint8, series), random: rand.New(rand.NewPCG(1, 2))} //nolint:gosec // the same every time
	sum := 0.0
	for i := range series {
		c.series = append(c.series, outage.Series{
			Service: fmt.Sprintf("service-%05d", i/crowdCountries), Country: country(i % crowdCountries),
		})
		c.rates = append(c.rates, draw(c.random, mix))
		sum += c.rates[i]
		c.until = append(c.until, sum)
	}
	before := heap()
	var err error
	c.detector, err = detect.New(detect.DefaultConfig())
	require.NoError(b, err)
	c.learn(b, weeks)
	c.model = heap() - before
	c.count()
	for range 2 {
		c.look(b, c.all()) // all that a series may be asked is remembered
	}
	c.heap = heap() - before
	return c
}

// country is one of the countries with the most time zones between them.
func country(i int) string {
	const codes = "NLGBDEFRITESPTPLSEDKUSCABRMXARAUJPCNINIDZAEGNGKETRUASAAEPKBDTHVNPHMYSGKRTWHKNZCLCOPEVEIECHATBEFICZGR"
	return codes[2*i : 2*i+2]
}

func draw(random *rand.Rand, mix []rateSpan) float64 {
	at := random.Float64()
	for _, s := range mix {
		if at < s.share {
			return s.least * math.Pow(s.most/s.least, at/s.share)
		}
		at -= s.share
	}
	return mix[len(mix)-1].most
}

// learn learns the weeks up to the counts.
func (c *crowd) learn(b *testing.B, weeks int) {
	b.Helper()
	until := c.now.Add(-crowdKept * time.Minute)
	for h := until.Add(-time.Duration(weeks) * 7 * 24 * time.Hour); h.Before(until); h = h.Add(time.Hour) {
		hour := baseline.Hour{Start: h, Covered: 60}
		for i, s := range c.series {
			if n := poisson(c.random, 60*c.rates[i]); n > 0 {
				hour.Counts = append(hour.Counts, baseline.Count{Series: s, Reports: n})
			}
		}
		require.NoError(b, c.detector.LearnHour(hour))
	}
}

// count sets the counts of 49 hours, service by service and minute by minute.
func (c *crowd) count() {
	for m := range crowdKept {
		c.detector.Observe(c.now.Add(time.Duration(m-crowdKept)*time.Minute), true)
	}
	minutes := make([][]int, crowdKept)
	for service := 0; service < len(c.series); service += crowdCountries {
		for i := service; i < min(service+crowdCountries, len(c.series)); i++ {
			busy := -math.Expm1(-c.rates[i]) // the share of minutes with any
			for m := int(c.random.ExpFloat64() / c.rates[i]); m < crowdKept; m += 1 + int(math.Log(1-c.random.Float64())/math.Log1p(-busy)) {
				minutes[m] = append(minutes[m], i)
			}
		}
		for m, heard := range minutes {
			for _, i := range heard {
				n := max(poisson(c.random, c.rates[i]), 1)
				c.detector.Set(c.series[i], c.now.Add(time.Duration(m-crowdKept)*time.Minute), n)
			}
			minutes[m] = heard[:0]
		}
	}
}

func poisson(random *rand.Rand, mean float64) int {
	if mean > 30 {
		return max(int(mean+math.Sqrt(mean)*random.NormFloat64()+.5), 0)
	}
	n, left := 0, math.Exp(-mean)
	for p := random.Float64(); p > left; p *= random.Float64() {
		n++
	}
	return n
}

// heap is how many bytes are in use.
func heap() int {
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int(stats.HeapAlloc) //nolint:gosec // far below
}

// hear draws who reports next, one report of each, those that report more often
// sooner, and lets the time pass that so many reports usually take.
func (c *crowd) hear(reports int) []heard {
	all := c.until[len(c.until)-1]
	drawn := make(map[int]bool, reports)
	for len(drawn) < reports {
		at, _ := slices.BinarySearch(c.until, c.random.Float64()*all)
		drawn[at] = true
	}
	c.now = c.now.Add(time.Duration(float64(reports) / all * float64(time.Minute)))
	changed := make([]heard, 0, reports)
	for _, at := range slices.Sorted(maps.Keys(drawn)) {
		changed = append(changed, heard{at, c.now.Add(-time.Nanosecond).Truncate(time.Minute)})
	}
	return changed
}

// all has every series hear one report more or, the next time, less, in some
// minute of the last hour: nobody stands out.
func (c *crowd) all() []heard {
	if len(c.everyone) == 0 {
		for i := range c.series {
			c.everyone = append(c.everyone, heard{i, c.now.Truncate(time.Minute).Add(-time.Duration(i%60) * time.Minute)})
		}
	}
	c.now = c.now.Add(time.Second)
	return c.everyone
}

// heard is one report.
type heard struct {
	series int
	at     time.Time
}

// look sets the counts and ticks. It returns what both took, and how many series
// were looked at, their sums over all countries among them.
func (c *crowd) look(b *testing.B, changed []heard) (set, tick time.Duration, evaluated int) {
	b.Helper()
	c.detector.Observe(c.now, true)
	minute := c.now.Add(-time.Nanosecond).Truncate(time.Minute)
	if minute != c.minute {
		clear(c.current)
		c.minute = minute
	}
	started := time.Now()
	for _, h := range changed {
		if len(changed) == len(c.series) {
			c.current[h.series] ^= 1
		} else {
			c.current[h.series]++
		}
		c.detector.Set(c.series[h.series], h.at, int(c.current[h.series]))
	}
	set = time.Since(started)
	started = time.Now()
	result, err := c.detector.Tick(c.now, detect.Inputs{})
	tick = time.Since(started)
	require.NoError(b, err)
	return set, tick, result.Evaluated
}

// BenchmarkMillion measures ticks over a million series, and what a series
// weighs. It needs some GiB and minutes, and so is
// skipped unless -bench names it.
func BenchmarkMillion(b *testing.B) {
	if asked := flag.Lookup("test.bench"); testing.Short() || !strings.Contains(asked.Value.String(), "Million") {
		b.Skip("it takes minutes: ask for it by name")
	}
	hundredth := func(c *crowd) []heard { return c.hear(len(c.series) / 100) }
	for _, mix := range []struct {
		name          string
		series, weeks int // a baseline of a million learns a week in two minutes or more
		rates         []rateSpan
	}{
		{"usual", 1_000_000, 1, usualMix},
		{"usual for weeks", 100_000, 3, usualMix},
		{"even", 100_000, 3, evenMix},
	} {
		made := sync.OnceValue(func() *crowd { return newCrowd(b, mix.series, mix.weeks, mix.rates) })
		for _, change := range []struct {
			name  string
			next  func(c *crowd) []heard
			pause time.Duration // before each tick
		}{
			{"1%", hundredth, 0}, {"all", (*crowd).all, 0}, {"1% after an hour", hundredth, time.Hour},
		} {
			b.Run(mix.name+"/"+change.name, func(b *testing.B) {
				c := made()
				for range 10 {
					c.look(b, change.next(c)) // asks for the hour's baseline
				}
				b.ResetTimer()
				var set, tick time.Duration
				var evaluated int
				for range b.N {
					c.listen(change.pause)
					s, t, n := c.look(b, change.next(c))
					set, tick, evaluated = set+s, tick+t, evaluated+n
				}
				b.ReportMetric(set.Seconds()/float64(b.N), "s-set/tick")
				b.ReportMetric(tick.Seconds()/float64(b.N), "s-judge/tick")
				b.ReportMetric(float64((set+tick).Nanoseconds())/float64(evaluated), "ns/series")
				b.ReportMetric(float64(c.heap)/float64(len(c.series)), "bytes/series")
				b.ReportMetric(float64(c.model)/float64(len(c.series)), "bytes-baseline/series")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}

// listen lets silence pass.
func (c *crowd) listen(pause time.Duration) {
	for until := c.now.Add(pause); c.now.Before(until); c.now = c.now.Add(time.Minute) {
		c.detector.Observe(c.now, true)
	}
}
