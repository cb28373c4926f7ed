package sim

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/outcryhq/outcry/detector/scenario"
)

// series is how one country reports one service.
type series struct {
	rate  float64
	zone  *time.Location
	habit habit
	noise noise
	cache struct {
		hour   int
		factor float64
	}
}

// habit is the shape of days and weeks.
type habit struct {
	peak, second   float64 // local hours
	daily, half    float64 // log amplitudes
	weekend        float64 // factor
	logNormaliser  float64
	weekNormaliser float64
}

func newHabit(random *rand.Rand) habit {
	return habit{
		peak: 12 + 9*random.Float64(), second: 24 * random.Float64(),
		daily: 0.4 + 1.1*random.Float64(), half: 0.4 * random.Float64(),
		weekend: 0.5 + random.Float64(),
	}.normal()
}

// near is a habit like it, of another country.
func (h habit) near(random *rand.Rand) habit {
	h.peak += 1.5 * random.NormFloat64()
	h.daily *= math.Exp(0.15 * random.NormFloat64())
	h.weekend *= math.Exp(0.1 * random.NormFloat64())
	return h.normal()
}

// normal makes the mean over a week 1.
func (h habit) normal() habit {
	h.logNormaliser, h.weekNormaliser = 0, 1
	var sum float64
	for hour := range 24 {
		sum += h.ofHour(float64(hour))
	}
	h.logNormaliser = math.Log(sum / 24)
	h.weekNormaliser = 7 / (5 + 2*h.weekend)
	return h
}

func (h habit) ofHour(hour float64) float64 {
	const turn = 2 * math.Pi
	return math.Exp(h.daily*math.Cos(turn*(hour-h.peak)/24) + h.half*math.Cos(2*turn*(hour-h.second)/24) - h.logNormaliser)
}

func (h habit) at(local time.Time) float64 {
	factor := h.ofHour(float64(local.Hour())+0.5) * h.weekNormaliser
	if day := local.Weekday(); day == time.Saturday || day == time.Sunday {
		factor *= h.weekend
	}
	return factor
}

// noise is a wandering log level: a walk from week to week, an autoregressive
// part, and bursts.
type noise struct {
	weeks []float64 // log levels
	steps []float32 // log, one for each step
}

func newNoise(random *rand.Rand, minutes int, drift, spread float64) noise {
	n := noise{weeks: make([]float64, minutes/minutesAWeek+2), steps: make([]float32, minutes/step+1)}
	for i := 1; i < len(n.weeks); i++ {
		n.weeks[i] = n.weeks[i-1] + drift*random.NormFloat64()
	}
	memory := 20 + 70*random.Float64() // minutes
	keep := math.Exp(-step / memory)
	fresh := spread * math.Sqrt(1-keep*keep)
	x := spread * random.NormFloat64()
	for i := range n.steps {
		n.steps[i] = float32(x - spread*spread/2)
		x = keep*x + fresh*random.NormFloat64()
	}
	return n
}

// talk adds hours in which a service is talked about everywhere.
func (n *noise) talk(random *rand.Rand, minutes int) {
	for range scenario.Poisson(random, 6*float64(minutes)/minutesAYear) {
		n.burst(random.IntN(minutes), 30+random.IntN(90), 1.3+0.7*random.Float64())
	}
}

func (n *noise) burst(at, minutes int, factor float64) {
	for i := at / step; i < min((at+minutes)/step, len(n.steps)); i++ {
		n.steps[i] += float32(math.Log(factor))
	}
}

// level is the slow part.
func (n *noise) level(minute int) float64 {
	week := minute / minutesAWeek
	part := float64(minute%minutesAWeek) / minutesAWeek
	return math.Exp(n.weeks[week]*(1-part) + n.weeks[week+1]*part)
}

func (n *noise) at(minute int) float64 {
	return n.level(minute) * math.Exp(float64(n.steps[minute/step]))
}

// usual is the rate without noise but that of the weeks.
func (s *series) usual(start time.Time, minute int) float64 {
	if hour := minute/60 + 1; s.cache.hour != hour {
		s.cache.hour = hour
		s.cache.factor = s.habit.at(start.Add(time.Duration(minute) * time.Minute).In(s.zone))
	}
	return s.rate * s.cache.factor * s.noise.level(minute)
}

// background fills in what is no outage.
func (w *World) background(i int) {
	random := stream(w.Seed, streamSeries, i)
	s, common, minutes := &w.series[i], &w.service[i/w.Countries], len(w.Counts[i])
	years := float64(minutes) / minutesAYear
	for range scenario.Poisson(random, 25*years) {
		s.noise.burst(random.IntN(minutes), 5+random.IntN(35), 1.5+1.25*random.Float64())
	}
	for minute := 0; minute < minutes; minute += step {
		rate := s.usual(w.Start, minute) * math.Exp(float64(s.noise.steps[minute/step])) * common.at(minute)
		for range scenario.Poisson(random, rate*step) {
			at := minute + random.IntN(step)
			w.add(i, at, 1)
			if random.IntN(10) == 0 { // friends
				for more := true; more; more = random.IntN(3) == 0 {
					w.add(i, at+random.IntN(10), 1)
				}
			}
		}
	}
	for range scenario.Poisson(random, 10*years) { // a class, an office
		at := random.IntN(minutes)
		for range 2 + random.IntN(4) {
			w.add(i, at+random.IntN(5), 1)
		}
	}
}
