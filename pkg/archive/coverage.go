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

const insertCoverage = `INSERT INTO coverage (hour, source, minutes) VALUES ($1, $2, $3)
	ON CONFLICT (hour, source) DO UPDATE SET minutes = coverage.minutes | excluded.minutes`

// orCoverage adds minutes to those in which sources were listening.
func orCoverage(ctx context.Context, t *tx, covered map[listening]int64) error {
	places := make([]listening, 0, len(covered))
	for place := range covered {
		places = append(places, place)
	}
	slices.SortFunc(places, func(a, b listening) int {
		return cmp.Or(cmp.Compare(a.hour, b.hour), cmp.Compare(a.source, b.source))
	})
	for _, place := range places {
		if _, err := t.exec(ctx, insertCoverage, place.hour, storable(string(place.source)), covered[place]); err != nil {
			return err
		}
	}
	return nil
}

// CoveredMinutes says in which minutes of some time at least one source was listening.
type CoveredMinutes struct {
	firstHour int64
	hours     []uint64 // bit m of an hour is its minute m
}

// At says whether anybody was listening in the minute of t. It is false
// outside of the time that was asked for.
func (c CoveredMinutes) At(t time.Time) bool {
	minute := minuteOf(t)
	hour := floorDiv(minute, minutesPerHour)
	i := hour - c.firstHour
	if i < 0 || i >= int64(len(c.hours)) {
		return false
	}
	return c.hours[i]>>(minute-hour*minutesPerHour)&1 == 1
}

// InHour returns how many minutes, 0 to 60, of the hour of t were observed.
func (c CoveredMinutes) InHour(t time.Time) int {
	i := floorDiv(minuteOf(t), minutesPerHour) - c.firstHour
	if i < 0 || i >= int64(len(c.hours)) {
		return 0
	}
	return bits.OnesCount64(c.hours[i])
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
	covered := CoveredMinutes{firstHour: firstHour, hours: make([]uint64, endHour-firstHour)}
	err := a.view(ctx, "read coverage", func(t *viewTx) error {
		return each(ctx, t, `SELECT hour, minutes FROM coverage WHERE hour >= $1 AND hour < $2`, []any{firstHour, endHour}, func(r row) error {
			var hour, minutes int64
			err := r.Scan(&hour, &minutes)
			covered.hours[hour-firstHour] |= uint64(minutes) //nolint:gosec // 60 bits
			return err
		})
	})
	if err != nil {
		return CoveredMinutes{}, err
	}
	covered.clip(first, end)
	return covered, nil
}

// clip forgets the minutes before first and from end on.
func (c CoveredMinutes) clip(first, end int64) {
	if len(c.hours) == 0 {
		return
	}
	c.hours[0] &= ^uint64(0) << (first - c.firstHour*minutesPerHour)
	if last := len(c.hours) - 1; end < (c.firstHour+int64(last)+1)*minutesPerHour {
		c.hours[last] &= 1<<(end-(c.firstHour+int64(last))*minutesPerHour) - 1
	}
}
