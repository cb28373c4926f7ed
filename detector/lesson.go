package detector

import (
	"time"

	"github.com/outcryhq/outcry/detector/detect"
	"github.com/outcryhq/outcry/pkg/archive"
	"github.com/outcryhq/outcry/pkg/baseline"
	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

// lesson turns the archive's counts, which come by time, into whole hours for
// the detectors: a detector also learns from an hour in which it heard nothing,
// as long as somebody was listening.
type lesson struct {
	detectors map[int]*detect.Detector
	covered   archive.CoveredMinutes
	hour      time.Time // being gathered
	counts    map[int][]baseline.Count
}

func newLesson(detectors map[int]*detect.Detector, covered archive.CoveredMinutes, from time.Time) *lesson {
	return &lesson{
		detectors: detectors, covered: covered,
		hour: from.Truncate(time.Hour), counts: map[int][]baseline.Count{},
	}
}

// hear adds a count, in the order of time.
func (l *lesson) hear(h archive.HourCount) error {
	if err := l.upTo(h.Hour); err != nil {
		return err
	}
	if outage.IsWorks(h.Series.Service) {
		return nil
	}
	p := live.Partition(h.Series.Service)
	l.counts[p] = append(l.counts[p], baseline.Count{Series: h.Series, Reports: h.Count})
	return nil
}

// upTo teaches all hours before the given one.
func (l *lesson) upTo(hour time.Time) error {
	for ; l.hour.Before(hour); l.hour = l.hour.Add(time.Hour) {
		covered := l.covered.InHour(l.hour)
		if l.covered.PartlyInHour(l.hour) > detect.PartlyMost {
			covered = 0
			clear(l.counts)
		}
		if covered == 0 && len(l.counts) == 0 {
			continue
		}
		for p, d := range l.detectors {
			if err := d.LearnHour(baseline.Hour{Start: l.hour, Covered: covered, Counts: l.counts[p]}); err != nil {
				return err
			}
		}
		clear(l.counts)
	}
	return nil
}
