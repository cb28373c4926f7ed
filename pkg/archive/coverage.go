package archive

import (
	"cmp"
	"context"
	"fmt"
	"math/bits"
	"slices"
	"time"

	"github.com/outcryhq/outcry/pkg/outage"
)

// listening names a row of coverage.
type listening struct {
	hour   int64
	source outage.Source
}

func listeningAt(source outage.Source, minute time.Time) listening {
	return listening{floorDiv(minuteOf(minute), minutesPerHour), source}
}

// bitOf is the bit of a minute in its hour.
func bitOf(minute time.Time) int64 {
	m := minuteOf(minute)
	return 1 << (m - floorDiv(m, minutesPerHour)*minutesPerHour)
}

// heard is what a row of coverage says.
type heard struct {
	minutes int64 // bit m of an hour is its minute m
	reports int64 // that were counted
}

func (h heard) with(minutes int64) heard {
	h.minutes |= minutes
	return h
}

const insertCoverage = `INSERT INTO coverage (hour, source, minutes, reports) VALUES ($1, $2, $3, $4)
	ON CONFLICT (hour, source) DO UPDATE SET minutes = coverage.minutes | excluded.minutes, reports = coverage.reports + excluded.reports`

// addCoverage adds minutes to those in which sources were listening, and what
// they have brought.
func addCoverage(ctx context.Context, t *tx, covered map[listening]heard) error {
	places := make([]listening, 0, len(covered))
	for place := range covered {
		places = append(places, place)
	}
	slices.SortFunc(places, func(a, b listening) int {
		return cmp.Or(cmp.Compare(a.hour, b.hour), cmp.Compare(a.source, b.source))
	})
	for _, place := range places {
		if _, err := t.exec(ctx, insertCoverage, place.hour, storable(string(place.source)), covered[place].minutes, covered[place].reports); err != nil {
			return err
		}
	}
	return nil
}

const (
	// shareWithin is how many hours before an hour say which sources bring how
	// much of what is heard in it: a source that is gone for good is missed for
	// a day.
	shareWithin = 24
	// mostAway is the share of the reports that may be away in a minute whose
	// silence still means something.
	mostAway = 0.1
)

// CoveredMinutes says in which minutes of some time at least one source was
// listening, and in which of those enough were.
type CoveredMinutes struct {
	firstHour int64
	hours     []uint64 // bit m of an hour is its minute m
	partly    []uint64 // those of them in which too much was away
}

// At says whether anybody was listening in the minute of t. It is false
// outside of the time that was asked for.
func (c CoveredMinutes) At(t time.Time) bool { return c.bit(c.hours, t) }

// PartlyAt says of a minute in which somebody was listening that sources were
// away which had brought more than a tenth of the reports of the day before. What
// was heard in it was heard; what was not heard may have been said.
func (c CoveredMinutes) PartlyAt(t time.Time) bool { return c.bit(c.partly, t) }

// InHour returns how many minutes, 0 to 60, of the hour of t were observed.
func (c CoveredMinutes) InHour(t time.Time) int { return c.count(c.hours, t) }

// PartlyInHour returns how many of them PartlyAt is true for.
func (c CoveredMinutes) PartlyInHour(t time.Time) int { return c.count(c.partly, t) }

func (c CoveredMinutes) bit(of []uint64, t time.Time) bool {
	minute := minuteOf(t)
	hour := floorDiv(minute, minutesPerHour)
	i := hour - c.firstHour
	return i >= 0 && i < int64(len(of)) && of[i]>>(minute-hour*minutesPerHour)&1 == 1
}

func (c CoveredMinutes) count(of []uint64, t time.Time) int {
	i := floorDiv(minuteOf(t), minutesPerHour) - c.firstHour
	if i < 0 || i >= int64(len(of)) {
		return 0
	}
	return bits.OnesCount64(of[i])
}

// maxCoverage bounds what one call of Coverage answers for.
const maxCoverage = 10 * 366 * 24 * time.Hour

// Coverage returns the observed minutes from the minute of from up to to.
func (a *Archive) Coverage(ctx context.Context, from, to time.Time) (CoveredMinutes, error) {
	if to.Before(from) || to.Sub(from) > maxCoverage {
		return CoveredMinutes{}, fmt.Errorf("read coverage: %w: to must be after from, by ten years at most", outage.ErrInvalid)
	}
	first, end := minuteOf(from), ceilMinute(to)
	firstHour, endHour := floorDiv(first, minutesPerHour), floorDiv(end+minutesPerHour-1, minutesPerHour)
	covered := CoveredMinutes{firstHour: firstHour, hours: make([]uint64, endHour-firstHour), partly: make([]uint64, endHour-firstHour)}
	var rows sourceHours
	err := a.view(ctx, "read coverage", func(t *viewTx) error {
		return each(ctx, t, `SELECT hour, source, minutes, reports FROM coverage WHERE hour >= $1 AND hour < $2 ORDER BY hour`,
			[]any{firstHour - shareWithin, endHour}, rows.scan)
	})
	if err != nil {
		return CoveredMinutes{}, err
	}
	for i := range covered.hours {
		covered.hours[i], covered.partly[i] = rows.at(firstHour + int64(i))
	}
	covered.clip(first, end)
	return covered, nil
}

// sourceHours are rows of coverage by hour, and a window that slides over them.
type sourceHours struct {
	rows     []sourceHour
	from, to int // the rows of the day before an hour
	brought  map[outage.Source]int64
}

type sourceHour struct {
	hour   int64
	source outage.Source
	heard
}

func (s *sourceHours) scan(r row) error {
	var h sourceHour
	err := r.Scan(&h.hour, &h.source, &h.minutes, &h.reports)
	s.rows = append(s.rows, h)
	return err
}

// at returns in which minutes of an hour anybody listened, and in which of those
// too much was away. Hours are to be asked for in their order.
func (s *sourceHours) at(hour int64) (covered, partly uint64) {
	if s.brought == nil {
		s.brought = map[outage.Source]int64{}
	}
	for ; s.to < len(s.rows) && s.rows[s.to].hour < hour; s.to++ {
		s.brought[s.rows[s.to].source] += s.rows[s.to].reports
	}
	for ; s.from < s.to && s.rows[s.from].hour < hour-shareWithin; s.from++ {
		s.brought[s.rows[s.from].source] -= s.rows[s.from].reports
	}
	listening := map[outage.Source]uint64{}
	for _, row := range s.rows[s.to:] {
		if row.hour != hour {
			break
		}
		listening[row.source] = uint64(row.minutes) //nolint:gosec // 60 bits
		covered |= listening[row.source]
	}
	return covered, covered &^ listening[outage.SourceReplay] & s.tooMuchAway(listening)
}

// tooMuchAway returns the minutes of an hour in which sources were away that had
// brought more than mostAway of the reports of the day before.
func (s *sourceHours) tooMuchAway(listening map[outage.Source]uint64) (minutes uint64) {
	var all int64
	for _, reports := range s.brought {
		all += reports
	}
	if all == 0 {
		return 0
	}
	for m := range minutesPerHour {
		var away int64
		for source, reports := range s.brought {
			if listening[source]>>m&1 == 0 {
				away += reports
			}
		}
		if float64(away) > mostAway*float64(all) {
			minutes |= 1 << m
		}
	}
	return minutes
}

// clip forgets the minutes before first and from end on.
func (c CoveredMinutes) clip(first, end int64) {
	for _, hours := range [][]uint64{c.hours, c.partly} {
		if len(hours) == 0 {
			return
		}
		hours[0] &= ^uint64(0) << (first - c.firstHour*minutesPerHour)
		if last := len(hours) - 1; end < (c.firstHour+int64(last)+1)*minutesPerHour {
			hours[last] &= 1<<(end-(c.firstHour+int64(last))*minutesPerHour) - 1
		}
	}
}
