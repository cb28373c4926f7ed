package sim

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"
)

const (
	minutesADay  = 24 * 60
	minutesAWeek = 7 * minutesADay
	minutesAYear = 365 * minutesADay

	// step is the time, in minutes, for which a rate stands still.
	step = 5
	// most is the largest count of a minute.
	most = math.MaxUint16

	leastRate, mostRate = 0.001, 10 // mean reports a minute
)

// Config says what to make.
type Config struct {
	Seed      uint64
	Services  int
	Countries int // at most len(Places)
	// Warmup and Weeks are the weeks before and after the first minute that counts.
	Warmup, Weeks int
	// Outages is how many outages a service has in a year after the warm-up, about.
	Outages float64
	// Contamination is the share of the warm-up in which a series, on average, has
	// an outage that nobody has labelled.
	Contamination float64
}

// World is what was made.
type World struct {
	Config

	Start time.Time // of the first minute, a Monday 00:00 UTC
	First int       // the first minute that counts
	Names []string  // of the services
	// Counts are those of each series, a minute each: that of service s in
	// country c is Counts[s*Countries+c].
	Counts [][]uint16
	// Events are the outages after the warm-up, by service and time.
	Events []Event

	series  []series
	service []noise // common to the countries of a service
}

// Event is the truth about an outage of a service.
type Event struct {
	Service    int
	Start, End int // minutes: the first with, and the first without, its reports
	Ramp       int // minutes to the height
	Kind       Kind
	Peak       float64 // expected reports a minute of the worst country, at the height
	Usual      float64 // reports a minute that were usual there at the start
	Parts      []Part
}

// Part is what happened in one country.
type Part struct {
	Country int
	Peak    float64
	Usual   float64
}

// Kind is the form of an outage.
type Kind string

// The kinds.
const (
	Plain Kind = "plain"
	Leak  Kind = "slow leak"   // a ramp of half an hour or more
	Spike Kind = "short spike" // five minutes
)

// Places are countries and the zones in which they live.
var Places = []struct{ Code, Zone string }{ //nolint:gochecknoglobals // a constant table
	{"NL", "Europe/Amsterdam"},
	{"US", "America/New_York"},
	{"BR", "America/Sao_Paulo"},
	{"ID", "Asia/Jakarta"},
	{"GB", "Europe/London"},
	{"IN", "Asia/Kolkata"},
	{"DE", "Europe/Berlin"},
	{"MX", "America/Mexico_City"},
	{"JP", "Asia/Tokyo"},
	{"NZ", "Pacific/Auckland"},
	{"ZA", "Africa/Johannesburg"},
	{"CL", "America/Santiago"},
}

// The streams of random numbers that a world draws from.
const (
	streamWorld = iota
	streamSeries
	streamEvents
	streamContamination
)

func stream(seed uint64, kind, n int) *rand.Rand {
	return rand.New(rand.NewPCG(seed, uint64(kind)<<32|uint64(n))) //nolint:gosec // a simulation
}

// New makes a world. What makes no sense is an error.
func New(cfg Config) (*World, error) {
	if cfg.Services < 1 || cfg.Countries < 1 || cfg.Countries > len(Places) || cfg.Weeks < 1 || cfg.Warmup < 0 {
		return nil, fmt.Errorf("simulate: %d services, %d countries, %d and %d weeks: want at least 1, 1 to %d, at least 0 and 1",
			cfg.Services, cfg.Countries, cfg.Warmup, cfg.Weeks, len(Places))
	}
	w := &World{
		Config: cfg,
		// The year begins on a Monday, and holds the clock changes of both hemispheres.
		Start: time.Date(2024, time.January, 1, 0, 0, 0, 0, time.UTC),
		First: cfg.Warmup * minutesAWeek,
	}
	random := stream(cfg.Seed, streamWorld, 0)
	minutes := (cfg.Warmup + cfg.Weeks) * minutesAWeek
	sizes := make([]float64, cfg.Countries)
	for c := range sizes {
		sizes[c] = random.Float64()*1.6 - 0.8
	}
	for s := range cfg.Services {
		w.Names = append(w.Names, fmt.Sprintf("service-%02d", s))
		common := newNoise(random, minutes, 0.025, 0.13)
		common.talk(random, minutes)
		w.service = append(w.service, common)
		habit := newHabit(random)
		size := random.Float64()*3 - 2.5
		for c := range cfg.Countries {
			zone, err := time.LoadLocation(Places[c].Zone)
			if err != nil {
				return nil, fmt.Errorf("simulate: %w", err)
			}
			rate := math.Pow(10, size+sizes[c]+0.3*random.NormFloat64())
			w.series = append(w.series, series{
				rate: min(max(rate, leastRate), mostRate), zone: zone, habit: habit.near(random),
				noise: newNoise(random, minutes, 0.05, 0.08+0.25*random.Float64()),
			})
		}
	}
	w.Counts = make([][]uint16, len(w.series))
	for i := range w.series {
		w.Counts[i] = make([]uint16, minutes)
		w.background(i)
	}
	for s := range cfg.Services {
		w.outages(s)
		w.contaminate(s)
	}
	return w, nil
}

// Rate is the usual rate of a series in a minute: what it would be without
// bursts and outages, in reports a minute.
func (w *World) Rate(series, minute int) float64 {
	return w.series[series].usual(w.Start, minute) * w.service[series/w.Countries].level(minute)
}

// SeriesYears is how long all series together were watched.
func (w *World) SeriesYears() float64 {
	return float64(len(w.Counts)*w.Weeks*minutesAWeek) / minutesAYear
}

func (w *World) add(series, minute, n int) {
	counts := w.Counts[series]
	if minute >= 0 && minute < len(counts) {
		counts[minute] = uint16(min(int(counts[minute])+n, most)) //nolint:gosec // bounded
	}
}
