package detector

import (
	"encoding/binary"
	"flag"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/detector/detect"
	"github.com/outcryhq/outcry/pkg/baseline"
	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/live/redis"
	"github.com/outcryhq/outcry/pkg/outage"
	"github.com/outcryhq/outcry/pkg/servertest"
)

const (
	crowdServices  = 20_000
	crowdCountries = 50
	// crowdRead is how many minutes before its beginning a crowd has counts of:
	// those that a look reads, and the hours that they lie in.
	crowdRead = 2 * 60
	crowdHeld = time.Hour // the leases
	// crowdLearned is how long its baseline has been learned.
	crowdLearned = 8 * 24 * time.Hour
	// crowdBusy is the rate from which on a series' own habits are learned, in
	// reports a minute: fewer never stand out, and a million take long to learn.
	crowdBusy = 0.03
)

// crowd is a million series on a Redis, and a detector that watches all of them.
type crowd struct {
	engine  *redis.Engine
	runner  *Runner
	owned   [live.Partitions]*owned
	series  []outage.Series
	members [live.Partitions][]int // of series
	rates   []float64              // of the series, in reports a minute
	until   []float64              // the sums of the rates
	random  *rand.Rand
	now     time.Time
	reports uint64 // so far
}

// BenchmarkMillionOnRedis measures a look at all 64 partitions of a million
// series of which one in a hundred has changed, with all that is read from Redis
// and written to it. It needs some GiB and minutes, and so is
// skipped unless -bench names it.
func BenchmarkMillionOnRedis(b *testing.B) {
	if asked := flag.Lookup("test.bench"); testing.Short() || !strings.Contains(asked.Value.String(), "Million") {
		b.Skip("it takes minutes: ask for it by name")
	}
	c := newCrowd(b)
	c.look(b)
	evaluated, spent := 0.0, time.Duration(0)
	b.ResetTimer()
	for range b.N {
		c.report(b, len(c.series)/100)
		started := time.Now()
		evaluated += c.look(b)
		spent += time.Since(started)
	}
	b.ReportMetric(spent.Seconds()/float64(b.N), "s/tick")
	b.ReportMetric(evaluated/float64(b.N), "series/tick")
	b.ReportMetric(0, "ns/op")
}

func newCrowd(b *testing.B) *crowd {
	b.Helper()
	server := servertest.Redis(b, "auto-aof-rewrite-percentage 0")
	logger := slog.New(slog.DiscardHandler)
	engine, err := redis.New(redis.Config{URL: server.URL(), Logger: logger})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, engine.Close()) })
	c := &crowd{
		engine: engine, random: rand.New(rand.NewPCG(1, 2)), //nolint:gosec // the same every time
		now: time.Now().Truncate(time.Minute),
	}
	c.runner, err = New(Config{
		Live: engine, Archive: struct{ Archive }{}, Detect: detect.DefaultConfig(), Now: func() time.Time { return c.now },
		Owner: "benchmark", Logger: logger, Registerer: prometheus.NewRegistry(),
	})
	require.NoError(b, err)
	for p, counts := range c.counts() {
		c.own(b, p, counts)
	}
	return c
}

// counts draws the series' rates, most of them less than a report an hour and a
// few ten a minute, and gives the counts of each partition: some report of every
// series in the last two days, and what it heard in the last two hours.
func (c *crowd) counts() [live.Partitions][]live.MinuteCount {
	var counts [live.Partitions][]live.MinuteCount
	sum := 0.0
	for i := range crowdServices * crowdCountries {
		code := i % crowdCountries
		s := outage.Series{
			Service: fmt.Sprintf("service-%05d", i/crowdCountries), Country: fmt.Sprintf("%c%c", 'A'+code/26, 'A'+code%26),
		}
		rate := c.rate()
		sum += rate
		c.series, c.rates, c.until = append(c.series, s), append(c.rates, rate), append(c.until, sum)
		p := live.Partition(s.Service)
		c.members[p] = append(c.members[p], i)
		add := func(ago, n int) {
			counts[p] = append(counts[p], live.MinuteCount{Series: s, Minute: c.now.Add(-time.Duration(ago) * time.Minute), Count: n})
		}
		add(crowdRead+1+c.random.IntN(46*60), 1)
		for ago := crowdRead; ago > 0; ago-- {
			if c.random.Float64() < -math.Expm1(-rate) {
				add(ago, max(int(rate/-math.Expm1(-rate)+c.random.Float64()), 1))
			}
		}
	}
	return counts
}

func (c *crowd) rate() float64 {
	between := func(least, most float64) float64 { return least * math.Pow(most/least, c.random.Float64()) }
	switch at := c.random.Float64(); {
	case at < .9:
		return between(.0001, .016)
	case at < .99:
		return between(.016, .5)
	}
	return between(.5, 10)
}

// own takes a partition over with its counts.
func (c *crowd) own(b *testing.B, p int, counts []live.MinuteCount) {
	b.Helper()
	ctx := b.Context()
	lease, ok, err := c.engine.Acquire(ctx, p, "benchmark", crowdHeld)
	require.NoError(b, err)
	require.True(b, ok)
	lease, err = c.engine.Rebuild(ctx, c.now, lease, live.Snapshot{Counts: counts})
	require.NoError(b, err)
	d, err := detect.New(detect.DefaultConfig())
	require.NoError(b, err)
	c.learn(b, p, d)
	for at := c.now.Add(-live.KeepCounts); !at.After(c.now); at = at.Add(time.Minute) {
		d.Observe(at, true)
	}
	c.remember(p, d)
	for _, n := range counts {
		d.Set(n.Series, n.Minute, n.Count)
	}
	t, _, _ := newTenure(ctx, lease, time.Now().Add(crowdHeld))
	b.Cleanup(t.end)
	c.owned[p] = &owned{tenure: t, work: newPartition(p)}
	work := c.owned[p].work
	work.detector, work.looked = d, c.now
	for more := true; more; {
		changes, err := c.engine.Changed(ctx, p, work.seq, live.MaxBatch)
		require.NoError(b, err)
		work.seq, more = changes.Next, changes.More
	}
}

// learn teaches a detector what its series usually hear.
func (c *crowd) learn(b *testing.B, p int, d *detect.Detector) {
	b.Helper()
	end := c.now.Add(-live.KeepCounts).Truncate(time.Hour)
	for start := end.Add(-crowdLearned); start.Before(end); start = start.Add(time.Hour) {
		hour := baseline.Hour{Start: start, Covered: 60}
		for _, i := range c.members[p] {
			if n := int(60*c.rates[i] + c.random.Float64()); c.rates[i] > crowdBusy && n > 0 {
				hour.Counts = append(hour.Counts, baseline.Count{Series: c.series[i], Reports: n})
			}
		}
		require.NoError(b, d.LearnHour(hour))
	}
}

// remember gives a detector the hours before those that it reads, each at once:
// else it would learn that two days were silent.
func (c *crowd) remember(p int, d *detect.Detector) {
	end := c.now.Add(-crowdRead * time.Minute).Truncate(time.Hour)
	for start := end.Add(-46 * time.Hour); start.Before(end); start = start.Add(time.Hour) {
		for _, i := range c.members[p] {
			if c.rates[i] > crowdBusy {
				d.Set(c.series[i], start, int(60*c.rates[i]+c.random.Float64()))
			}
		}
	}
}

// report has as many series hear one report each, those that hear more sooner,
// and lets the time pass that so many reports usually take.
func (c *crowd) report(b *testing.B, series int) {
	b.Helper()
	all := c.until[len(c.until)-1]
	c.now = c.now.Add(time.Duration(float64(series) / all * float64(time.Minute)))
	drawn := make(map[int]bool, series)
	var byPartition [live.Partitions][]outage.Report
	for len(drawn) < series {
		at, _ := slices.BinarySearch(c.until, c.random.Float64()*all)
		if drawn[at] {
			continue
		}
		drawn[at] = true
		p := live.Partition(c.series[at].Service)
		byPartition[p] = append(byPartition[p], c.reportOf(c.series[at]))
	}
	for _, reports := range byPartition {
		for _, result := range c.engine.Record(b.Context(), c.now, reports) {
			require.NoError(b, result.Err)
			require.Equal(b, outage.Counted, result.Receipt.Outcome)
		}
	}
}

func (c *crowd) reportOf(s outage.Series) outage.Report {
	c.reports++
	r := outage.Report{
		Service: s.Service, Country: s.Country, CountryFrom: outage.FromAddress, Source: outage.SourceForm,
		Network: uint32(c.reports), ObservedAt: c.now, ReceivedAt: c.now, //nolint:gosec // only has to differ
	}
	mixed := c.reports * 0x9e3779b97f4a7c15 // what a hash looks like: the bits are spread
	binary.BigEndian.PutUint64(r.ID[:], mixed)
	binary.BigEndian.PutUint64(r.ID[8:], c.reports)
	binary.BigEndian.PutUint64(r.Reporter[:], mixed)
	binary.BigEndian.PutUint64(r.Origin[:], mixed>>8)
	return r
}

// look looks at all partitions, one after the other, and returns how many series
// were looked at, the sums over all countries among them.
func (c *crowd) look(b *testing.B) float64 {
	b.Helper()
	before := c.evaluations(b)
	for _, o := range c.owned {
		require.NoError(b, c.runner.tick(b.Context(), o, c.now))
	}
	return c.evaluations(b) - before
}

func (c *crowd) evaluations(b *testing.B) float64 {
	b.Helper()
	families, err := c.runner.cfg.Registerer.(*prometheus.Registry).Gather() //nolint:errcheck // made above
	require.NoError(b, err)
	for _, family := range families {
		if family.GetName() == "outcry_detector_evaluations_total" {
			return family.GetMetric()[0].GetCounter().GetValue()
		}
	}
	return 0
}
