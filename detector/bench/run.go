package bench

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/outcryhq/outcry/detector/bench/sim"
	"github.com/outcryhq/outcry/detector/detect"
)

// allowed is how many false alarms a series-year all detectors may raise.
const allowed = 0.02

// Plan says how much work there is. Seeds of the worlds for tuning, for the
// outage-free test and for the test with outages are apart.
type Plan struct {
	Tuning, Null, Events int // worlds
	// Robust is how many of the worlds the rows on robustness use.
	Robust int
	// Million is how many shards of the day of a million series are watched.
	Million int
	// Services, Countries and Weeks are the size of a world.
	Services, Countries, Weeks int
	// Config is that of Outcry's detector; its upper bar is set in turn.
	Config detect.Config
	// Offset is added to the seeds: 0 for the published figures, another for tuning
	// Outcry's own figures.
	Offset int
	// Progress is called with what has been done, from many goroutines; nil for nobody.
	Progress func(done, all int, what string)
}

// FullPlan is that of the published table: some 400 series-years to set the
// peers' thresholds, and some 1,050 to count false alarms on.
func FullPlan() Plan {
	return Plan{Tuning: 8, Null: 21, Events: 8, Robust: 3, Million: 200, Services: 10, Countries: 10, Weeks: 26, Config: detect.DefaultConfig()}
}

const (
	tuningSeed = 1_000
	nullSeed   = 2_000
	eventSeed  = 3_000
	daySeed    = 4_000

	warmupWeeks = 4
	perYear     = 18 // outages of a service
)

func (p Plan) world(seed int, outages bool) sim.Config {
	cfg := sim.Config{
		Seed:     uint64(p.Offset + seed), //nolint:gosec // positive
		Services: p.Services, Countries: p.Countries, Warmup: warmupWeeks, Weeks: p.Weeks,
	}
	if outages {
		cfg.Outages = perYear
	}
	return cfg
}

// bars are those of the curve of Outcry's detector; the last but one is the
// one that is shipped, the last that of an installation of a million series.
var bars = [...]float64{12, 14, detect.DefaultConfig().Problem, 21.1} //nolint:gochecknoglobals // a constant table

const (
	shipped = 2
	million = 1_000_000
)

// setup is the detector with another bar.
func (p Plan) setup(bar float64) Setup {
	cfg := p.Config
	cfg.Problem = bar
	cfg.Possible = min(cfg.Possible, bar)
	return Setup{Config: cfg}
}

// gathered is what the jobs add to.
type gathered struct {
	plan Plan

	mu       sync.Mutex
	null     [len(bars)]Rate
	findings [len(bars)][]Finding
	judged   Judged // at the shipped bar
	robust   Robustness
	peers    []peerSums
}

type peerSums struct {
	tuning, null         []float32
	tuningYears, nullYrs float64
	heard                []heardBy
}

// Run does all the work of a plan.
func Run(ctx context.Context, plan Plan) (*Results, error) {
	peers := Peers()
	g := &gathered{plan: plan, peers: make([]peerSums, len(peers))}
	var jobs []job
	for i := range plan.Tuning {
		jobs = append(jobs, job{"tuning of the peers", func() error { return g.tuning(tuningSeed+i, peers) }})
	}
	for i := range plan.Null {
		jobs = append(jobs, job{"outage-free test", func() error { return g.outageFree(nullSeed+i, peers, i < plan.Tuning, i < plan.Robust) }})
	}
	for i := range plan.Events {
		jobs = append(jobs, job{"outages", func() error { return g.events(eventSeed+i, peers) }})
	}
	for i := range plan.Million {
		jobs = append(jobs, job{"a million series", func() error { return g.million(daySeed + i) }})
	}
	if err := work(ctx, plan, jobs); err != nil {
		return nil, err
	}
	one, err := oneReporter(ctx)
	if err != nil {
		return nil, err
	}
	g.robust.OneReporter = one
	r := g.results(peers)
	r.Plan = plan
	return r, nil
}

type job struct {
	name string
	do   func() error
}

func work(ctx context.Context, plan Plan, jobs []job) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	var done atomic.Int64
	for _, j := range jobs {
		group.Go(func() error {
			if err := ctx.Err(); err != nil {
				return fmt.Errorf("stopped: %w", err)
			}
			if err := j.do(); err != nil {
				return fmt.Errorf("%s: %w", j.name, err)
			}
			if n := done.Add(1); plan.Progress != nil {
				plan.Progress(int(n), len(jobs), j.name)
			}
			return nil
		})
	}
	return group.Wait()
}

// tuning hears the peers on an outage-free world, for their thresholds.
func (g *gathered) tuning(seed int, peers []Peer) error {
	w, err := sim.New(g.plan.world(seed, false))
	if err != nil {
		return err
	}
	for i, peer := range peers {
		h := hear(w, peer)
		g.mu.Lock()
		g.peers[i].tuning = append(g.peers[i].tuning, h.blocks...)
		g.peers[i].tuningYears += w.SeriesYears()
		g.mu.Unlock()
	}
	return nil
}

// outageFree counts false alarms.
func (g *gathered) outageFree(seed int, peers []Peer, heard, robust bool) error {
	w, err := sim.New(g.plan.world(seed, false))
	if err != nil {
		return err
	}
	for i, bar := range bars {
		if i != shipped && !robust {
			continue
		}
		found, err := Watch(w, g.plan.setup(bar))
		if err != nil {
			return err
		}
		g.mu.Lock()
		g.null[i] = g.null[i].plus(len(found), w.SeriesYears())
		if i == shipped {
			g.robust.ClockChange = g.robust.ClockChange.plus(afterChange(found), changeYears(w))
		}
		if i == shipped && robust {
			g.robust.Listened = g.robust.Listened.plus(len(found), w.SeriesYears())
		}
		g.mu.Unlock()
	}
	if err := g.coldStart(w); err != nil {
		return err
	}
	for i, peer := range peers {
		if !heard {
			break
		}
		h := hear(w, peer)
		g.mu.Lock()
		g.peers[i].null = append(g.peers[i].null, h.blocks...)
		g.peers[i].nullYrs += w.SeriesYears()
		g.mu.Unlock()
	}
	if !robust {
		return nil
	}
	silent := g.plan.setup(bars[shipped])
	silent.From = w.First + g.plan.Weeks/2*7*24*60
	silent.To = silent.From + 7*24*60
	withSilence, err := Watch(w, silent)
	if err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.robust.Silence = g.robust.Silence.plus(len(withSilence), w.SeriesYears())
	return nil
}

// coldStart watches the first four weeks without what was before.
func (g *gathered) coldStart(w *sim.World) error {
	const days = 28
	cold := g.plan.setup(bars[shipped])
	cold.Cold, cold.Days = true, days
	found, err := Watch(w, cold)
	if err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.robust.Cold = g.robust.Cold.plus(len(found), w.SeriesYears()*days/float64(7*w.Weeks))
	return nil
}

// events measures what is found of outages.
func (g *gathered) events(seed int, peers []Peer) error {
	w, err := sim.New(g.plan.world(seed, true))
	if err != nil {
		return err
	}
	for i, bar := range bars {
		found, err := Watch(w, g.plan.setup(bar))
		if err != nil {
			return err
		}
		j := Judge(w, found)
		g.mu.Lock()
		g.findings[i] = append(g.findings[i], j.Findings...)
		if i == shipped {
			g.judged.False += j.False
			g.judged.Mixed += j.Mixed
		}
		g.mu.Unlock()
	}
	for i, peer := range peers {
		h := hear(w, peer)
		g.mu.Lock()
		g.peers[i].heard = append(g.peers[i].heard, h)
		g.mu.Unlock()
	}
	return g.contaminated(seed)
}

// contaminated runs the same world with a tenth of its history spoilt.
func (g *gathered) contaminated(seed int) error {
	cfg := g.plan.world(seed, true)
	cfg.Contamination = 0.1
	w, err := sim.New(cfg)
	if err != nil {
		return err
	}
	found, err := Watch(w, g.plan.setup(bars[shipped]))
	if err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, f := range Judge(w, found).Findings {
		g.robust.Contaminated.count(f.Detected())
	}
	return nil
}

// A million series are watched in shards, for a day after a week of history.
const (
	shardServices  = 500
	shardCountries = 10
	shardWarmup    = 1
)

func (g *gathered) million(seed int) error {
	w, err := sim.New(sim.Config{Seed: uint64(g.plan.Offset + seed), Services: shardServices, Countries: shardCountries, Warmup: shardWarmup, Weeks: 1}) //nolint:gosec // positive
	if err != nil {
		return err
	}
	s := g.plan.setup(bars[shipped])
	s.LiveSeries, s.Days = million, 1
	found, err := Watch(w, s)
	if err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.robust.MillionFalse += len(found)
	g.robust.MillionSeries += len(w.Counts)
	return nil
}
