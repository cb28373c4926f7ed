package baseline

import "time"

// Hours of a day and of a week.
const (
	day  = 24
	week = 7 * day
)

// week168 holds a sum for every hour of the week, Sunday's first hour first,
// and the sum of them.
type week168 struct {
	by  [week]float64
	sum float64
}

func (w *week168) add(slot int, x float64) {
	w.by[slot] += x
	w.sum += x
}

// addAll adds another week, hour by hour.
func (w *week168) addAll(other *week168) {
	for slot, x := range other.by {
		w.add(slot, x)
	}
}

// scale multiplies everything.
func (w *week168) scale(by float64) {
	for i := range w.by {
		w.by[i] *= by
	}
	w.sum *= by
}

// hourOf is the number of the UTC hour of t since 1970.
func hourOf(t time.Time) int64 {
	seconds := t.Unix()
	hour := seconds / 3600
	if seconds%3600 < 0 {
		hour--
	}
	return hour
}

func hourTime(hour int64) time.Time { return time.Unix(hour*3600, 0).UTC() }

// thursday is the hour of the week at which 1970 began.
const thursday = 4 * 24

// utcSlot is the hour of the week of an hour since 1970.
func utcSlot(hour int64) int { return int(((hour+thursday)%week + week) % week) }

// localSlot is the hour of the week at which a UTC hour begins in a zone. Where
// the zone is half an hour off, its hours begin at half past.
func localSlot(zone *time.Location, hour int64) int {
	local := hourTime(hour).In(zone)
	return int(local.Weekday())*24 + local.Hour()
}
