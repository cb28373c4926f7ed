package memory

import "time"

const (
	smallChunk = 16
	largeChunk = 1024
)

// generations keeps keys by the minute in which they were added, so that those
// of minutes long past can be dropped without looking at the others, and a few
// at a time. The minutes may come in any order. The zero value is empty.
type generations[K any] struct {
	minutes map[int64]*generation[K]
	latest  *generation[K] // that of the last add
	over    []*generation[K]
	swept   int64 // minutes before it have been moved to over
}

// generation is one minute's keys, in chunks, so that growing copies nothing.
type generation[K any] struct {
	minute int64
	chunks [][]K
}

// add keeps a key; undoing the journal takes it out again.
func (g *generations[K]) add(j *journal, minute int64, key K) {
	gen := g.at(minute)
	last := len(gen.chunks) - 1
	if last < 0 || len(gen.chunks[last]) == cap(gen.chunks[last]) {
		size := smallChunk
		if last >= 0 {
			size = min(4*cap(gen.chunks[last]), largeChunk)
		}
		gen.chunks = append(gen.chunks, make([]K, 0, size))
		last++
	}
	gen.chunks[last] = append(gen.chunks[last], key)
	if j != nil {
		j.note(gen.drop)
	}
}

// at returns a minute's generation.
func (g *generations[K]) at(minute int64) *generation[K] {
	if g.latest != nil && g.latest.minute == minute {
		return g.latest
	}
	if g.minutes == nil {
		g.minutes = map[int64]*generation[K]{}
	}
	gen := g.minutes[minute]
	if gen == nil {
		gen = &generation[K]{minute: minute}
		g.minutes[minute] = gen
		g.swept = min(g.swept, minute)
	}
	g.latest = gen
	return gen
}

// drop takes out the key added last.
func (gen *generation[K]) drop() {
	last := len(gen.chunks) - 1
	gen.chunks[last] = gen.chunks[last][:len(gen.chunks[last])-1]
	if len(gen.chunks[last]) == 0 {
		gen.chunks = gen.chunks[:last]
	}
}

// forget gives fn up to budget keys of minutes before the given one, for the last time.
func (g *generations[K]) forget(before int64, budget int, fn func(minute int64, key K)) {
	if before > g.swept {
		g.swept = before
		for minute, gen := range g.minutes {
			if minute < before {
				g.over = append(g.over, gen)
				delete(g.minutes, minute)
				if g.latest == gen {
					g.latest = nil
				}
			}
		}
	}
	for budget > 0 && len(g.over) > 0 {
		gen := g.over[len(g.over)-1]
		if len(gen.chunks) == 0 {
			g.over = g.over[:len(g.over)-1]
			continue
		}
		last := len(gen.chunks) - 1
		for _, key := range gen.chunks[last] {
			fn(gen.minute, key)
		}
		budget -= len(gen.chunks[last])
		gen.chunks[last] = nil
		gen.chunks = gen.chunks[:last]
	}
}

// minuteOf returns the minute of a time, counted from 1970.
func minuteOf(t time.Time) int64 { return floor(t.Unix(), 60) }

// minuteAt is minuteOf for nanoseconds since 1970.
func minuteAt(nanoseconds int64) int64 { return floor(nanoseconds, int64(time.Minute)) }

// floor divides and rounds towards the past, before 1970 as well.
func floor(n, by int64) int64 {
	q := n / by
	if n%by < 0 {
		q--
	}
	return q
}
