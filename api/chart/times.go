package chart

import "time"

const day = 24 * time.Hour

// between are the distances that times may have on the axis: those that people count in.
func between() []time.Duration {
	return []time.Duration{
		time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute,
		time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour,
		day, 2 * day, 7 * day, 14 * day, 28 * day, 91 * day, 182 * day, 364 * day,
	}
}

// ticks gives at most so many round times from one to another, both included.
func ticks(from, to time.Time, most int) (step time.Duration, at []time.Time) {
	for _, step = range between() {
		if int(to.Sub(from)/step) < max(most, 1) {
			break
		}
	}
	for int(to.Sub(from)/step) >= max(most, 1) {
		step *= 2
	}
	first := from.Truncate(step)
	if first.Before(from) {
		first = first.Add(step)
	}
	for t := first; !t.After(to); t = t.Add(step) {
		at = append(at, t)
	}
	return step, at
}

// times draws the axis of times: the time of day, and the date below where it changes.
func (p *picture) times(c Chart, in plot, width measure) {
	const room = 62 // for a time of day; a date takes more
	perTick := float64(room)
	dateWide := width(shown(c.Words.Date(in.from)), smallSize, false) + 10
	if in.to.Sub(in.from) > 5*day {
		perTick = dateWide
	}
	step, at := ticks(in.from, in.to, int((in.right-in.left)/perTick))
	free := 0.0 // where the next date may begin
	for i, t := range at {
		x := in.x(t)
		p.rects = append(p.rects, rect{x - .5, in.bottom, 1, 4, faint})
		y := in.bottom + 18
		if step < day {
			clock := shown(c.Words.Clock(t))
			half := width(clock, smallSize, false)/2 + 2
			p.labels = append(p.labels, label{point{min(x, p.size.Width-half), y}, clock, smallSize, false, middle, faint})
			y += 16
		}
		midnight := t.Equal(t.Truncate(day))
		if !midnight && (i > 0 || soon(at, x, dateWide, in)) {
			continue
		}
		text := shown(c.Words.Date(t))
		if i == 0 {
			text += ", UTC"
		}
		wide := width(text, smallSize, false)
		centre := min(max(x, margin+wide/2), p.size.Width-margin-wide/2)
		if centre-wide/2 >= free {
			p.labels = append(p.labels, label{point{centre, y}, text, smallSize, false, middle, faint})
			free = centre + wide/2 + 8
		}
	}
}

// soon says that a midnight follows so closely that there is no room for the
// date of the time before it.
func soon(at []time.Time, x, dateWide float64, in plot) bool {
	for _, t := range at {
		if next := in.x(t); t.Equal(t.Truncate(day)) && next > x {
			return next-x < dateWide+40
		}
	}
	return false
}
