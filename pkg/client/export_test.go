package client

import "io"

// ReadEvents reads events to the end of the input.
func ReadEvents(from io.Reader) []Event {
	var events []Event
	for r := newEventReader(from); ; {
		event, err := r.next()
		if err != nil {
			return events
		}
		events = append(events, event)
	}
}
