package memory

// Waiting says how many tasks wait for the committer, so that tests can tell
// that a call has been queued.
func (e *Engine) Waiting() int { return len(e.queue) }
