package stream

import (
	"cmp"
	"slices"
	"time"

	"github.com/outcryhq/outcry/pkg/outage"
)

// The ids of a reader that is still being shown the present: whoever comes back
// with one of them is shown it again.
var (
	idFresh = []byte("id: new\n")   //nolint:gochecknoglobals // constant
	idReset = []byte("id: reset\n") //nolint:gochecknoglobals // constant
)

// resume reads the id that a reader brought at that time.
func (r *reader) resume(id string, now time.Time) {
	r.remarksSince = now
	switch id {
	case "", "new":
		r.reset, r.ownID = resetNew, idFresh
		return
	case "reset":
		r.reset, r.ownID = resetUnknown, idReset
		return
	}
	since, err := parseCursor(id)
	if err != nil {
		r.reset, r.ownID = resetUnknown, idReset
		return
	}
	r.since, r.ownID, r.remarksSince = since, idLine([]byte(since.original)), since.remarksAt
}

// admit brings a reader up to date and lets it follow. The hub's reading is
// fresh.
func (h *Hub) admit(r *reader) {
	if r.reset == "" {
		r.reset = h.unreachable(r.since)
	}
	var frames []frame
	if r.reset != "" {
		frames = h.showPresent(r)
	} else {
		frames = h.showMissed(r)
	}
	if r.want.Spikes {
		frames = append(frames, frame{kindSpikes, r.ownID, encode(kindSpikes, spikesData{h.spikesFor(r.want)})})
	}
	frames = append(frames, h.okay())
	if !r.present {
		r.present = true
		h.index.add(r)
	}
	r.away, r.since, r.reset = false, nil, ""
	h.put(r, false, frames)
}

// unreachable says why a cursor does not lead to the present, "" if it does.
func (h *Hub) unreachable(since *cursor) string {
	age := h.readAt.Sub(since.at)
	switch {
	case age > reachesBack:
		return resetExpired
	case age < -farAhead:
		return resetUnknown
	}
	there := make(map[key]bool, len(h.outages))
	for id := range h.outages {
		there[keyOf(id)] = true
	}
	for k, t := range since.outages {
		if !t.ended && !there[k] {
			return resetLost
		}
	}
	return ""
}

// showPresent begins anew: what is ongoing or may still change and, for those who
// had known more, what ended within a day.
func (h *Hub) showPresent(r *reader) []frame {
	r.ownID = idReset
	if r.reset == resetNew {
		r.ownID = idFresh
	}
	frames := []frame{{kindReset, r.ownID, encode(kindReset, resetData{r.reset})}}
	for _, k := range h.oldestFirst() {
		o := &k.change.Outage
		if !r.want.wants(o.Service, k.countries) {
			continue
		}
		switch {
		case o.State == outage.Ongoing:
			frames = append(frames, frame{kindOutage, r.ownID, k.event(opened)})
		case !o.Final, r.reset != resetNew && o.EndedAt != nil && h.readAt.Sub(*o.EndedAt) <= showEndedFor:
			frames = append(frames, frame{kindOutage, r.ownID, k.event(ended)})
		}
	}
	return frames
}

// showMissed tells what happened since the reader's cursor, which moves with
// each outage: who is cut off in between goes on from there.
func (h *Hub) showMissed(r *reader) []frame {
	var frames []frame
	for _, k := range h.oldestFirst() {
		if !r.want.wants(k.change.Outage.Service, k.countries) {
			continue
		}
		missed := r.since.missed(k.change)
		for i, l := range missed {
			if i == len(missed)-1 && !r.since.partial {
				r.since.note(k.change)
				r.ownID = idLine(r.since.encode())
			}
			frames = append(frames, frame{kindOutage, r.ownID, k.event(l)})
		}
		for _, remark := range k.remarks {
			if remark.At.After(r.since.remarksAt.Add(-remarksLag)) { // zero: all
				frames = append(frames, frame{kindOutage, r.ownID, k.remark(remark)})
			}
		}
	}
	return frames
}

func (h *Hub) oldestFirst() []*known {
	sorted := make([]*known, 0, len(h.outages))
	for _, k := range h.outages {
		sorted = append(sorted, k)
	}
	slices.SortFunc(sorted, func(a, b *known) int {
		return cmp.Or(
			a.change.Outage.StartedAt.Compare(b.change.Outage.StartedAt),
			slices.Compare(a.change.Outage.ID[:], b.change.Outage.ID[:]))
	})
	return sorted
}

// spikesFor lists the spikes that are asked for, strongest first. It is never nil.
func (h *Hub) spikesFor(want Filter) []outage.Spike {
	list := []outage.Spike{}
	for _, s := range h.spikes {
		if want.wants(s.told.Service, []string{s.told.Country}) {
			list = append(list, tidySpike(s.told))
		}
	}
	slices.SortFunc(list, func(a, b outage.Spike) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Service, b.Service), cmp.Compare(a.Country, b.Country))
	})
	return list
}

// takeRemarks tells of new remarks. What the first look finds may be old: then
// each reader is told what it may not have seen.
func (h *Hub) takeRemarks(at time.Time, found map[outage.ID][]outage.Remark) {
	first := h.cursor.remarksAt.IsZero()
	// Who is cut off among these is told of all of them again: their ids do not
	// say yet that remarks have been told up to now.
	id := idLine(h.cursor.encode())
	defer func() { h.lookedAt, h.cursor.remarksAt = at, at.UTC().Truncate(time.Millisecond) }()
	for of, remarks := range found {
		k := h.outages[of]
		if k == nil {
			continue
		}
		old := k.remarks
		if len(remarks) == len(old) {
			continue // none is ever taken back
		}
		k.remember(remarks)
		for _, remark := range remarks {
			if slices.ContainsFunc(old, func(o outage.Remark) bool { return o.ID == remark.ID }) {
				continue
			}
			var event []byte
			h.index.find(k.change.Outage.Service, k.countries, func(r *reader) {
				if first && !remark.At.After(r.remarksSince.Add(-remarksLag)) {
					return
				}
				if event == nil {
					event = k.remark(remark)
				}
				h.send(r, frame{kindOutage, id, event})
			})
		}
	}
}
