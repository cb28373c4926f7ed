package memory

import "slices"

// journal is how to undo what a group has decided, in the order in which it was
// decided. A nil journal keeps nothing: its group cannot fail.
type journal []func()

// note keeps how to undo one change.
func (j *journal) note(undo func()) {
	if j != nil {
		*j = append(*j, undo)
	}
}

// rollBack undoes everything, latest first.
func (j *journal) rollBack() {
	for _, undo := range slices.Backward(*j) {
		undo()
	}
}

// set puts a value into a map, and into the journal what was there before.
func set[K comparable, V any](j *journal, m map[K]V, key K, value V) {
	if j != nil {
		before, existed := m[key]
		j.note(func() {
			if existed {
				m[key] = before
			} else {
				delete(m, key)
			}
		})
	}
	m[key] = value
}
