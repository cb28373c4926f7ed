package detect_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
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
	// crowdWeeks is how long a crowd's baseline has been learned.
	crowdWeeks = 3
	crowdKept  = 49 * 60 // minutes of counts
)

// span is a log-uniform part of a mix of rates, in reports a minute.
type span struct{ share, least, most float64 }

// usualMix has most series hear less than one report an hour, and a few ten a minute.
var usualMix = []span{{.90, .0001, .016}, {.09, .016, .5}, {.01, .5, 10}} //nolint:gochecknoglobals // a constant table

// evenMix has as many series between .001 and .01 as between 1 and 10.
var evenMix = []span{{1, .001, 10}} //nolint:gochecknoglobals // a constant table

// crowd is a detector of many series that has learned for weeks and counted for 49 hours.
type crowd struct {
	detector *detect.Detector
	series   []outage.Series
	rates    []float64 // of the series, in reports a minute
	now      time.Time
	random   *rand.Rand
	model    int // heap bytes of the baseline
	heap     int // of everything
}

func newCrowd(b *testing.B, series int, mix []span) *crowd {
	b.Helper()
	c := &crowd{now: noon, random: rand.New(rand.NewPCG(1, 2))} //nolint:gosec // the same every time
	for i := range series {
		c.series = append(c.series, outage.Series{
			Service: fmt.Sprintf("service-%05d", i/crowdCountries), Country: country(i % crowdCountries),
		})
		c.rates = append(c.rates, draw(c.random, mix))
	}
	before := heap()
	var err error
	c.detector, err = detect.New(detect.DefaultConfig())
	require.NoError(b, err)
	c.learn(b)
	c.model = heap() - before
	c.count()
	_, err = c.detector.Tick(c.now, detect.Inputs{})
	require.NoError(b, err)
	c.heap = heap() - before
	return c
}

// country is one of the countries with the most time zones between them.
func country(i int) string {
	const codes = "NLGBDEFRITESPTPLSEDKUSCABRMXARAUJPCNINIDZAEGNGKETRUASAAEPKBDTHVNPHMYSGKRTWHKNZCLCOPEVEIECHATBEFICZGR"
	return codes[2*i : 2*i+2]
}

func draw(random *rand.Rand, mix []span) float64 {
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
func (c *crowd) learn(b *testing.B) {
	b.Helper()
	until := c.now.Add(-crowdKept * time.Minute)
	for h := until.Add(-crowdWeeks * 7 * 24 * time.Hour); h.Before(until); h = h.Add(time.Hour) {
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

// minute lets one of so many series hear one report more, and ticks at the
// minute's end. It returns what the setting and the tick took.
func (c *crowd) minute(b *testing.B, every int) (set, tick time.Duration, evaluated int) {
	b.Helper()
	changed := make([]int, 0, len(c.series)/every)
	for i := range c.series {
		if every == 1 || c.random.IntN(every) == 0 {
			changed = append(changed, i)
		}
	}
	c.detector.Observe(c.now, true)
	started := time.Now()
	for _, i := range changed {
		c.detector.Set(c.series[i], c.now, 1)
	}
	set = time.Since(started)
	c.now = c.now.Add(time.Minute)
	started = time.Now()
	result, err := c.detector.Tick(c.now, detect.Inputs{})
	tick = time.Since(started)
	require.NoError(b, err)
	return set, tick, result.Evaluated
}

// BenchmarkMillion measures ticks over a million series, and what a series
// weighs. It needs some GiB and minutes.
func BenchmarkMillion(b *testing.B) {
	if testing.Short() {
		b.Skip("it takes minutes")
	}
	for _, mix := range []struct {
		name   string
		series int
		rates  []span
	}{
		{"usual", 1_000_000, usualMix},
		{"even", 100_000, evenMix},
	} {
		c := sync.OnceValue(func() *crowd { return newCrowd(b, mix.series, mix.rates) })
		for _, change := range []struct {
			name  string
			every int
		}{{"1%", 100}, {"all", 1}} {
			b.Run(mix.name+"/"+change.name, func(b *testing.B) {
				c := c()
				c.minute(b, change.every) // caches the hour's baseline
				b.ResetTimer()
				var set, tick time.Duration
				var evaluated int
				for range b.N {
					s, t, n := c.minute(b, change.every)
					set, tick, evaluated = set+s, tick+t, evaluated+n
				}
				b.ReportMetric(set.Seconds()/float64(b.N), "s-set/tick")
				b.ReportMetric(tick.Seconds()/float64(b.N), "s-judge/tick")
				b.ReportMetric(float64(tick.Nanoseconds())/float64(evaluated), "ns/series")
				b.ReportMetric(float64(c.heap)/float64(len(c.series)), "bytes/series")
				b.ReportMetric(float64(c.model)/float64(len(c.series)), "bytes-baseline/series")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}
