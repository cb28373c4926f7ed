package memory

import "strings"

// name stands for a service or a country within one ledger.
type name uint32

// names numbers the services and countries of a ledger. A number is used again
// once its text has not been used for so long that whatever was recorded under
// it is over.
type names struct {
	numbers map[string]name
	slots   []slot
	free    []name
	recent  [2]name // those used last, to be looked at first
	sweepAt int     // how many names there may be before old ones are looked for
}

type slot struct {
	text string
	last int64 // latest minute of use
}

// fewNames are not worth sweeping.
const fewNames = 256

func newNames() *names {
	return &names{numbers: map[string]name{}, sweepAt: fewNames}
}

// use returns the number of a text that is about to be kept until its minute is over.
func (n *names) use(text string, minute int64) name {
	for _, number := range n.recent {
		if int(number) < len(n.slots) && n.slots[number].text == text {
			n.slots[number].last = max(n.slots[number].last, minute)
			return number
		}
	}
	number, ok := n.numbers[text]
	if !ok {
		number = n.add(text, minute)
	}
	n.slots[number].last = max(n.slots[number].last, minute)
	n.recent = [2]name{number, n.recent[0]}
	return number
}

func (n *names) add(text string, minute int64) name {
	s := slot{text: strings.Clone(text), last: minute}
	var number name
	if free := len(n.free) - 1; free >= 0 {
		number = n.free[free]
		n.free = n.free[:free]
		n.slots[number] = s
	} else {
		number = name(len(n.slots)) //nolint:gosec // far fewer than 2³² names fit in memory
		n.slots = append(n.slots, s)
	}
	n.numbers[s.text] = number
	return number
}

// text returns what a number stands for.
func (n *names) text(number name) string { return n.slots[number].text }

// forget frees the numbers not used since before a minute, when many have come
// since it last did so.
func (n *names) forget(before int64) {
	if len(n.numbers) < n.sweepAt {
		return
	}
	for text, number := range n.numbers {
		if n.slots[number].last < before {
			delete(n.numbers, text)
			n.slots[number] = slot{}
			n.free = append(n.free, number)
		}
	}
	n.sweepAt = max(2*len(n.numbers), fewNames)
}
