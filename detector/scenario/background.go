package scenario

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/outcryhq/outcry/pkg/countcsv"
	"github.com/outcryhq/outcry/pkg/outage"
)

// Services and Countries are those of the background, each in each.
var (
	Services = []string{ //nolint:gochecknoglobals // a constant table
		"bbm", "facebook", "gmail", "ing", "instagram", "netflix",
		"skype", "spotify", "telegram", "twitter", Service, "youtube",
	}
	Countries = []string{"BE", "BR", "DE", "ES", "FR", "GB", "ID", "IN", "MY", "NL", "SG", "US"} //nolint:gochecknoglobals // a constant table
)

// hoursAhead is the local time of the countries in late October, which is close
// enough for a day's shape.
var hoursAhead = []int{2, -2, 2, 2, 2, 1, 7, 5, 8, 2, 8, -5} //nolint:gochecknoglobals // a constant table

// busiest is the highest rate of the background, in reports a minute a country.
const busiest = 0.1

// Background returns two weeks and three hours of harmless complaints, busier by
// day than by night, at .1 a minute a country at most.
func Background(seed uint64) []countcsv.Row {
	random := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // a simulation
	peaks := make([]float64, len(Services)*len(Countries))
	for i := range peaks {
		// From a fiftieth of the busiest to the busiest, evenly in orders of magnitude.
		peaks[i] = busiest * math.Exp(-random.Float64()*math.Log(50))
	}
	var rows []countcsv.Row
	for t := Start; t.Before(End); t = t.Add(time.Minute) {
		for i, service := range Services {
			for j, country := range Countries {
				local := t.Add(time.Duration(hoursAhead[j]) * time.Hour)
				n := Poisson(random, peaks[i*len(Countries)+j]*byDay(local))
				if n > 0 {
					rows = append(rows, countcsv.Row{
						Start: t, Series: outage.Series{Service: service, Country: country}, Reports: n,
					})
				}
			}
		}
	}
	return rows
}

// byDay is the shape of a day: lowest at three in the morning, 1 at three in the
// afternoon.
func byDay(local time.Time) float64 {
	hour := float64(local.Hour()) + float64(local.Minute())/60
	return 0.55 - 0.45*math.Cos((hour-3)/24*2*math.Pi)
}

// Poisson draws a Poisson count: by counting exponential gaps where the mean is
// small, from the normal approximation where it is large.
func Poisson(random *rand.Rand, mean float64) int {
	if mean > 200 {
		return int(math.Max(0, math.Round(mean+math.Sqrt(mean)*random.NormFloat64())))
	}
	n := 0
	for left := mean - random.ExpFloat64(); left > 0; left -= random.ExpFloat64() {
		n++
	}
	return n
}
