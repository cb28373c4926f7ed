package social

import (
	"sync"
	"time"
)

// progress knows up to which cursor all that was taken is recorded. What was
// taken and the cursors after it stand in one list, in the order in which the
// network gave them; a cursor is good once nothing before it is left. Cursors
// that follow each other are one. So the list is as long as what is under way.
type progress struct {
	mu     sync.Mutex
	list   []*step // what is under way, and the cursors behind it
	handed string  // the last cursor the network gave
	good   mark
}

// mark is a cursor and when the network gave it.
type mark struct {
	cursor string
	at     time.Time
}

// step is something that was taken, or, if mark is set, a cursor.
type step struct {
	done bool
	mark mark
}

func newProgress() *progress { return &progress{} }

// start begins at the cursor that was kept.
func (p *progress) start(cursor string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.handed, p.good = cursor, mark{cursor: cursor}
}

// take notes that something was taken, and returns what to call once it is recorded.
func (p *progress) take() (recorded func()) {
	s := &step{}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.list = append(p.list, s)
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		s.done = true
		p.settle()
	}
}

// advance notes a cursor of the network.
func (p *progress) advance(cursor string, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.handed = cursor
	m := mark{cursor, now}
	if n := len(p.list); n > 0 && p.list[n-1].mark.cursor != "" {
		p.list[n-1].mark = m
		return
	}
	p.list = append(p.list, &step{done: true, mark: m})
	p.settle()
}

// settle moves the good cursor as far as it can.
func (p *progress) settle() {
	n := 0
	for ; n < len(p.list) && p.list[n].done; n++ {
		if p.list[n].mark.cursor != "" {
			p.good = p.list[n].mark
		}
		p.list[n] = nil
	}
	if p.list = p.list[n:]; len(p.list) == 0 {
		p.list = nil
	}
}

// handedOver is where the next connection of this process goes on.
func (p *progress) handedOver() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.handed
}

// recorded is where the next process goes on.
func (p *progress) recorded() mark {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.good
}
