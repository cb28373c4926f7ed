package social

import (
	"container/list"
	"sync"
	"time"
)

// progress knows up to which cursor all that was taken is recorded. What is under
// way and the cursors after it stand in one list, in the order in which the
// network gave them; a cursor is good once nothing before it is under way. What
// is recorded leaves the list at once, and of cursors that then follow each
// other the last one stays: the list is never longer than twice what is under
// way, however long the first of it takes.
type progress struct {
	mu     sync.Mutex
	list   *list.List // of mark; without a cursor it is something under way
	handed string     // the last cursor the network gave
	good   mark
}

// mark is a cursor and when the network gave it.
type mark struct {
	cursor string
	at     time.Time
}

func newProgress() *progress { return &progress{list: list.New()} }

// start begins at the cursor that was kept.
func (p *progress) start(cursor string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.handed, p.good = cursor, mark{cursor: cursor}
}

// take notes that something was taken, and returns what to call, once, when it is recorded.
func (p *progress) take() (recorded func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	taken := p.list.PushBack(mark{})
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.settle(taken)
	}
}

// advance notes a cursor of the network.
func (p *progress) advance(cursor string, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.handed = cursor
	m := mark{cursor, now}
	switch last := p.list.Back(); {
	case last == nil:
		p.good = m
	case isMark(last):
		last.Value = m
	default:
		p.list.PushBack(m)
	}
}

// settle removes what is not under way any more, and the cursor that the one
// after it replaces, or moves the good cursor.
func (p *progress) settle(taken *list.Element) {
	before, after := taken.Prev(), taken.Next()
	p.list.Remove(taken)
	switch {
	case !isMark(after):
	case before == nil:
		p.good, _ = after.Value.(mark)
		p.list.Remove(after)
	case isMark(before):
		p.list.Remove(before)
	}
}

// isMark says whether an element of the list is a cursor.
func isMark(e *list.Element) bool {
	if e == nil {
		return false
	}
	m, _ := e.Value.(mark)
	return m.cursor != ""
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
