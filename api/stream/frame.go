package stream

import (
	"encoding/json"
	"time"

	"github.com/outcryhq/outcry/pkg/outage"
)

// frame is one event as it goes over the wire. Readers share both parts.
type frame struct {
	kind string // of the event; "" for a heartbeat
	id   []byte // the line with the id, nil for none
	body []byte // the rest, with the empty line that ends the event
}

// The kinds of events.
const (
	kindOutage = "outage"
	kindSpike  = "spike"
	kindSpikes = "spikes"
	kindStatus = "status"
	kindReset  = "reset"
)

// idLine is the line that sets the reader's last id.
func idLine(id []byte) []byte {
	line := make([]byte, 0, len(id)+5)
	line = append(line, "id: "...)
	line = append(line, id...)
	return append(line, '\n')
}

// body makes an event of data that is JSON on one line.
func body(kind string, data []byte) []byte {
	b := make([]byte, 0, len(kind)+len(data)+16)
	b = append(b, "event: "...)
	b = append(b, kind...)
	b = append(b, "\ndata: "...)
	b = append(b, data...)
	return append(b, "\n\n"...)
}

// encode makes an event of a value. One that has no JSON, such as a score that
// is no number, is no event: nil.
func encode(kind string, data any) []byte {
	text, err := json.Marshal(data)
	if err != nil {
		return nil
	}
	return body(kind, text)
}

// known is an outage as it was last read, with its events as far as somebody
// needed them.
type known struct {
	change    outage.Change
	countries []string
	json      []byte
	bodies    [labels][]byte
	remarks   []outage.Remark // by At
	goneSince time.Time       // when it was first missing; zero: it is there
}

// newKnown takes the remarks over from what was known before, if it was.
func newKnown(c outage.Change, before *known) *known {
	k := &known{change: c}
	if before != nil {
		k.remarks = before.remarks
	}
	for _, impact := range c.Outage.Impacts {
		k.countries = append(k.countries, impact.Country)
	}
	return k
}

// remember takes in what was remarked, which shows in the outage itself too.
func (k *known) remember(remarks []outage.Remark) {
	k.remarks, k.json, k.bodies = remarks, nil, [labels][]byte{}
}

// outageJSON is nil where the outage has no JSON.
func (k *known) outageJSON() []byte {
	if k.json == nil {
		shown := outage.Published{Outage: k.change.Outage, Standing: outage.StandingOf(k.remarks)}
		if text, err := json.Marshal(&shown); err == nil {
			k.json = text
		}
	}
	return k.json
}

// event returns the body of the event that tells what happened to the outage.
func (k *known) event(l label) []byte {
	if k.bodies[l] == nil {
		k.bodies[l] = k.encode(l, nil)
	}
	return k.bodies[l]
}

// remark returns the body of the event that tells of a remark.
func (k *known) remark(r outage.Remark) []byte {
	text, err := json.Marshal(&r)
	if err != nil {
		return nil
	}
	return k.encode(remarked, text)
}

func (k *known) encode(l label, remark []byte) []byte {
	if k.outageJSON() == nil {
		return nil
	}
	data := append([]byte(`{"change":"`+l.String()+`","outage":`), k.outageJSON()...)
	if remark != nil {
		data = append(append(data, `,"remark":`...), remark...)
	}
	return body(kindOutage, append(data, '}'))
}

// statusData is the data of an event "status".
type statusData struct {
	Live  string    `json:"live"` // "ok" or "away"
	Since time.Time `json:"since"`
}

// resetData is the data of an event "reset".
type resetData struct {
	Reason string `json:"reason"`
}

// Why there is a reset.
const (
	resetNew     = "new"     // the reader brought no id
	resetExpired = "expired" // its id is too old
	resetUnknown = "unknown" // its id cannot be read
	resetLost    = "lost"    // an outage has gone without having ended
)

// spikeData is the data of an event "spike".
type spikeData struct {
	Change string       `json:"change"` // "began", "changed" or "ended"
	Spike  outage.Spike `json:"spike"`
}

// spikesData is the data of an event "spikes".
type spikesData struct {
	Spikes []outage.Spike `json:"spikes"`
}

func tidySpike(s outage.Spike) outage.Spike {
	s.Since = s.Since.UTC().Truncate(time.Second)
	return s
}
