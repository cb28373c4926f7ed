package bench

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/outcryhq/outcry/detector/bench/sim"
	"github.com/outcryhq/outcry/detector/detect"
	"github.com/outcryhq/outcry/pkg/outage"
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
	return Plan{Tuning: 8, Null: 21, Events: 8, Robust: 3, Million: 40, Services: 10, Countries: 10, Weeks: 26, Config: detect.DefaultConfig()}
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

// Results is everything that the report shows.
type Results struct {
	Plan    Plan
	Took    time.Duration
	Years   float64 // series-years of the outage-free test
	Events  int
	Rows    []Summary // Outcry at the shipped bar, then the peers
	Million Summary   // Outcry at the bar of a million series
	Curves  []Curve
	Robust  Robustness
}

// Curve is how a detector does at several thresholds.
type Curve struct {
	Name   string
	Points []Point
}

// Point is one of them. Delay is the median of the strong ones, in minutes.
type Point struct{ False, Recall, Delay float64 }

// Robustness are the rows on what may go wrong. Rates are of false outages.
type Robustness struct {
	Clean, Contaminated Share // recall
	Warm, Cold          Rate  // Cold: in the first four weeks
	ClockChange         Rate  // in the two weeks after one
	Listened, Silence   Rate  // without, and with a week in which nobody listened
	OneReporter         int   // outages from a thousand reports of one reporter
	MillionFalse        int   // false outages of a million series in a day
	MillionSeries       int
}

// gathered is what the jobs add to.
type gathered struct {
	plan Plan

	mu       sync.Mutex
	null     [len(bars)][]Rate
	findings [len(bars)][]Finding
	judged   Judged // at the shipped bar
	robust   Robustness
	peers    []peerSums
}

type peerSums struct {
	tuning, null         []float32
	tuningYears, nullYrs float64
	worlds               []*sim.World // without their counts
	heard                []heardBy
}

// Run does all the work of a plan.
func Run(ctx context.Context, plan Plan) (*Results, error) {
	began := time.Now()
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
	r.Plan, r.Took = plan, time.Since(began)
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
		count := Rate{len(found), w.SeriesYears()}
		g.mu.Lock()
		g.null[i] = append(g.null[i], count)
		if i == shipped {
			g.robust.Warm = g.robust.Warm.plus(len(found), w.SeriesYears())
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

func (r Rate) plus(events int, years float64) Rate { return Rate{r.Events + events, r.Years + years} }

// changeWatched is how long after a clock change outages are counted as its.
const changeWatched = 14 * 24 * time.Hour

// afterChange counts the outages in which a country is within two weeks of a change of its clocks.
func afterChange(outages []Watched) int {
	n := 0
	for _, o := range outages {
		if slices.ContainsFunc(o.Impacts, func(i outage.Impact) bool { return changed(i.Country, o.StartedAt) }) {
			n++
		}
	}
	return n
}

// changeYears are the series-years within two weeks of a change.
func changeYears(w *sim.World) float64 {
	days := 0
	for day := range w.Weeks * 7 {
		at := w.Start.AddDate(0, 0, w.Warmup*7+day)
		for _, place := range sim.Places[:w.Countries] {
			if changed(place.Code, at) {
				days += w.Services
			}
		}
	}
	return float64(days) / 365
}

// changed says that a country, or any for "*", changed its clocks within two weeks before.
func changed(country string, at time.Time) bool {
	for _, place := range sim.Places {
		if place.Code != country && country != outage.AllCountries {
			continue
		}
		zone, err := time.LoadLocation(place.Zone)
		if err != nil {
			continue
		}
		_, now := at.In(zone).Zone()
		_, before := at.Add(-changeWatched).In(zone).Zone()
		if now != before {
			return true
		}
	}
	return false
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
			for _, f := range j.Findings {
				g.robust.Clean.count(f.Detected())
			}
		}
		g.mu.Unlock()
	}
	light := *w
	light.Counts = nil
	for i, peer := range peers {
		h := hear(w, peer)
		g.mu.Lock()
		g.peers[i].worlds = append(g.peers[i].worlds, &light)
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

// results turns sums into rows.
func (g *gathered) results(peers []Peer) *Results {
	r := &Results{Robust: g.robust}
	ours := Curve{Name: "Outcry"}
	for i, bar := range bars {
		var rate Rate
		for _, c := range g.null[i] {
			rate = rate.plus(c.Events, c.Years)
		}
		row := Summarize(fmt.Sprintf("Outcry, bar %g", bar), rate, g.findings[i])
		switch i {
		case shipped:
			row.Name = "Outcry"
			row.Precision = Share{row.Recall.Part, row.Recall.Part + g.judged.False}
			row.Mixed = g.judged.Mixed
			r.Rows, r.Years, r.Events = append(r.Rows, row), rate.Years, len(g.findings[i])
		case len(bars) - 1:
			row.Name = "Outcry, bar of a million series"
			r.Million = row
		}
		ours.Points = append(ours.Points, Point{rate.Value(), row.Recall.Value(), row.Strong[0]})
	}
	r.Curves = append(r.Curves, ours)
	for i, peer := range peers {
		r.addPeer(peer, &g.peers[i])
	}
	return r
}

// rates are the false alarms a series-year at which a peer's curve is drawn.
var rates = [...]float64{0.2, 0.1, 0.05, allowed, 0.005, 0.002} //nolint:gochecknoglobals // a constant table

func (r *Results) addPeer(peer Peer, sums *peerSums) {
	sortDown(sums.tuning)
	sortDown(sums.null)
	curve := Curve{Name: peer.Name}
	for _, wanted := range rates {
		at := threshold(sums.tuning, int(wanted*sums.tuningYears))
		falseAlarms := Rate{alarms(sums.null, at), sums.nullYrs}
		var findings []Finding
		wrong := 0
		for j, h := range sums.heard {
			findings = append(findings, h.findings(sums.worlds[j], at)...)
			wrong += alarms(h.blocks, at)
		}
		row := Summarize(peer.Name, falseAlarms, findings)
		row.Precision = Share{row.Recall.Part, row.Recall.Part + wrong}
		curve.Points = append(curve.Points, Point{falseAlarms.Value(), row.Recall.Value(), row.Strong[0]})
		if wanted == allowed {
			r.Rows = append(r.Rows, row)
		}
	}
	r.Curves = append(r.Curves, curve)
}
