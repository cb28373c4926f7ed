package detect

import (
	"cmp"
	"slices"

	"github.com/outcryhq/outcry/pkg/outage"
)

const (
	// normalWithin is how far back a new normal is looked for: a day, so that a
	// level which falls by night is still known in the morning.
	normalWithin minute = 24 * 60
	// normalHours is how many of those hours must have been above what the
	// baseline tolerates.
	normalHours = 6
	// normalReached is how many of them must have reached the level; all
	// normalHours must have reached normalShare of it.
	normalReached = 3
	normalShare   = 0.25
	// normalMost bounds the level: so many times the baseline and the floor. What
	// is far above it is trouble, however long it lasts.
	normalMost = 5
	// normalCovered is how many minutes of an hour must have been listened to.
	normalCovered = 30
)

// normal is a new normal of a series, remembered for an hour.
type normal struct {
	hour      minute
	learned   int
	perMinute float64
}

// newNormal is the rate a minute at which a series has stood for so many hours
// of the last day that it is usual by now, though the baseline has not learned
// it yet; 0 if there is none. Only hours that the baseline does not explain
// count, so that a busy day does not hide what happens at night.
func (d *Detector) newNormal(s *series, at minute) float64 {
	if s.normal == nil {
		s.normal = &normal{}
	}
	known := s.normal
	if known.hour != at.hour() || known.learned != d.learned {
		*known = normal{at.hour(), d.learned, d.findNormal(s, at)}
	}
	return known.perMinute
}

func (d *Detector) findNormal(s *series, at minute) float64 {
	var level float64
	if raised := d.raisedHours(s, at.hour()); len(raised) >= normalHours {
		slices.SortFunc(raised, func(a, b float64) int { return cmp.Compare(b, a) })
		level = min(raised[normalReached-1], raised[normalHours-1]/normalShare,
			normalMost*(d.rateAt(s, at).PerMinute+d.cfg.Floor))
	}
	if s.country != outage.AllCountries {
		return level
	}
	var sum float64
	for _, country := range s.service.series[1:] {
		sum += d.newNormal(country, at)
	}
	return max(level, sum)
}

// raisedHours are the rates a minute of the hours of the last day before one in
// which a series heard more than the baseline tolerates.
func (d *Detector) raisedHours(s *series, before minute) []float64 {
	var raised []float64
	for i, heard := range s.counts.hourly(before-normalWithin, before) {
		hour, reports := before-normalWithin+minute(i)*60, float64(heard)
		minutes := float64(d.coverage.count(hour, hour+59))
		if minutes < normalCovered || reports <= d.cfg.tolerated(0, minutes) {
			continue
		}
		usual := d.model.At(s.name(), hour.time()).PerMinute * minutes
		if reports > d.cfg.tolerated(usual, minutes) {
			raised = append(raised, reports/minutes)
		}
	}
	return raised
}

// strongest is the best window of a series that ends with a minute, against the
// baseline and against a new normal. It may be 0 if it is below need.
func (d *Detector) strongest(s *series, end minute, need float64) window {
	best := d.best(s, end, need, 0)
	if best.score == 0 || best.score < need {
		return best
	}
	if level := d.newNormal(s, end); level > 0 {
		return d.best(s, end, need, level)
	}
	return best
}
