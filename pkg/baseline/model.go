package baseline

import (
	"math"
	"sync"
	"time"

	"github.com/outcryhq/outcry/pkg/outage"
)

const (
	// Lean (κ) is how many reports the pooled estimate is worth.
	Lean = 20
	// weekly is the weight of a week's reports one week later.
	weekly = 0.9
	// weekSpread (τ²) is the variance of an hour's rate from week to week relative
	// to its square.
	weekSpread = 0.1
	// levelLean is how many reports the level of a service's rate and a
	// country's share is worth to a series.
	levelLean = 2
	// newServiceRate is what is expected of a service never heard of, in
	// reports a minute over all countries; it is worth one report.
	newServiceRate = 0.02
	// newCountryShare is the share of all reports expected of a country never
	// heard of; it is worth one report.
	newCountryShare = 0.02
)

// Rate is what is expected of a series at some time.
type Rate struct {
	PerMinute float64 // λ_h: distinct reporters a minute
	Reports   float64 // f_h·C_h + κ: the number of reports that the estimate is worth
}

// estimate is what a rate is made of.
type estimate struct {
	heard   float64 // C_h: reports in the hour of the week
	minutes float64 // E_h: minutes in which they were heard
	pooled  float64 // ℓ·g_h·d_h: what other hours and series say, a minute
}

// rate counts an hour's reports as often as they are worth. The mean of n weeks
// varies by 1/C, since reports come by chance, and by τ²/n, since weeks differ: as
// much as that of f·C reports that come by chance alone.
func (e estimate) rate() Rate {
	trust := 1.0
	if e.heard > 0 {
		trust = e.minutes / (e.minutes + 60*weekSpread*e.heard)
	}
	return e.trusting(trust)
}

// plain counts every report, as what is new is measured against.
func (e estimate) plain() Rate { return e.trusting(1) }

func (e estimate) trusting(part float64) Rate {
	reports := part*e.heard + Lean
	return Rate{PerMinute: reports / (part*e.minutes + Lean/e.pooled), Reports: reports}
}

// Model is the baseline of any number of services. It is safe for concurrent use.
type Model struct {
	mu sync.Mutex

	// Sums are kept as if all had been heard at ref: what was heard later is
	// added with a weight above one, and reading divides by the weight of now.
	ref      int64 // hours since 1970
	until    int64 // the end of the last hour learned; 0 for none
	observed int   // minutes listened to, unweighted

	covered   []uint8 // minutes listened to of each of the last hours before until
	listening float64 // the sum of covered, weighted
	listened  int64   // the last hour of covered with any; before the first, that one
	locals    []*local

	total     float64 // reports of all series
	services  map[string]*service
	countries map[string]*country
	shared    Countries
	sharedAll float64 // the sum of shared

	version int // grows when anything changed that shapes derive from

	lastAge    int64 // in hours after ref, of lastWeight: the same is asked again and again
	lastWeight float64
}

// country is what one country has heard of all services.
type country struct {
	code    string
	zone    *time.Location
	local   *local  // nil until it is asked for
	reports week168 // by local hour of the week
	shape   week168
	shaped  int
}

// New returns an empty model.
func New() *Model {
	return &Model{services: map[string]*service{}, countries: map[string]*country{}, version: 1}
}

// ObservedMinutes is the number of minutes learned in which anyone listened,
// whatever their age.
func (m *Model) ObservedMinutes() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.observed
}

// Until is the end of the last hour learned, zero if there is none.
func (m *Model) Until() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.until == 0 {
		return time.Time{}
	}
	return hourTime(m.until)
}

// PerMinute returns the distinct reporters a minute that are usual for a
// series at t, and whether anything has been learned at all.
func (m *Model) PerMinute(s outage.Series, t time.Time) (float64, bool) {
	rate := m.At(s, t)
	m.mu.Lock()
	defer m.mu.Unlock()
	return rate.PerMinute, m.observed > 0
}

// At returns what is expected of a series at t; for "*" the sum over the
// countries of the service. It changes from one UTC hour to the next only.
func (m *Model) At(s outage.Series, t time.Time) Rate {
	m.mu.Lock()
	defer m.mu.Unlock()
	hour := hourOf(t)
	svc := m.services[s.Service]
	if s.Country != outage.AllCountries {
		return m.at(svc, m.country(s.Country), svc.of(s.Country), hour).rate()
	}
	if svc == nil || len(svc.series) == 0 {
		return Rate{PerMinute: m.serviceRate(svc, m.weight(hour)), Reports: Lean}
	}
	sum := Rate{Reports: Lean}
	for i := range svc.series {
		ser := &svc.series[i]
		rate := m.at(svc, ser.land, ser, hour).rate()
		sum.PerMinute += rate.PerMinute
		sum.Reports += rate.Reports - Lean
	}
	return sum
}

// at evaluates the formulae of the package's comment; svc and ser are nil for what
// was never heard of.
func (m *Model) at(svc *service, land *country, ser *series, hour int64) estimate {
	weight := m.weight(hour)
	slot := land.slot(hour)

	share := (land.reports.sum/weight + m.shared.total(land.code) + 1) /
		(m.total/weight + m.sharedAll + 1/newCountryShare)
	usual := m.serviceRate(svc, weight) * share
	minutes := m.minutes(land, svc, ser, weight)
	var total, heard float64
	if ser != nil {
		total, heard = ser.total/weight, svc.at(ser, slot)/weight
	}
	level := (total + levelLean) / (minutes.sum + levelLean/usual)
	expected := level * m.shapeAt(svc, land, slot)
	if ser != nil {
		// The same hour of all days, against the shape.
		onDays, expectedOnDays := float64(Lean), float64(Lean)
		for each := slot % day; each < week; each += day {
			onDays += svc.at(ser, each) / weight
			expectedOnDays += minutes.at(each) * level * m.shapeAt(svc, land, each)
		}
		expected *= onDays / expectedOnDays
	}
	return estimate{heard: heard, minutes: minutes.at(slot), pooled: expected}
}

// serviceRate is the service's rate over all countries.
func (m *Model) serviceRate(svc *service, weight float64) float64 {
	total, minutes := 0.0, m.listening
	if svc != nil {
		total = svc.reports / weight
		minutes -= svc.blinded
	}
	return (total + 1) / (max(minutes, 0)/weight + 1/newServiceRate)
}

// weight is what a report heard in the hour adds to a sum.
func (m *Model) weight(hour int64) float64 {
	age := hour - m.ref
	if m.lastWeight == 0 || m.lastAge != age {
		m.lastAge, m.lastWeight = age, math.Pow(weekly, -float64(age)/week)
	}
	return m.lastWeight
}

// Services lists the services of which anything was heard, by name.
func (m *Model) Services() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return sortedKeys(m.services)
}
