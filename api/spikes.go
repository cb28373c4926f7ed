package api

import (
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/outcryhq/outcry/api/spec"
	"github.com/outcryhq/outcry/pkg/outage"
	"github.com/outcryhq/outcry/pkg/problem"
)

// ListSpikes implements spec.ServerInterface.
func (a *API) ListSpikes(c *gin.Context) {
	q := readQuery(c)
	service, country, limit := q.slug("service"), q.country(true), q.limit()
	status := oneOf(q, "status", "", outage.StatusProblem, outage.StatusPossible)
	after := q.spikeCursor()
	if q.err != nil {
		problem.Write(c, q.err)
		return
	}
	now, err := a.present.get(c.Request.Context())
	if err != nil {
		problem.Write(c, err)
		return
	}
	list := spec.SpikeList{AsOf: now.asOf(), Spikes: []outage.Spike{}, Complete: now.watched}
	for _, spike := range now.spikes {
		if service != "" && spike.Service != service || country != "" && spike.Country != country ||
			status != "" && spike.Status != status || after != nil && strongestFirst(spike, *after) <= 0 {
			continue
		}
		if len(list.Spikes) == limit {
			list.NextCursor = spikeCursor(list.Spikes[limit-1])
			break
		}
		spike.Since = spike.Since.UTC().Truncate(time.Second)
		list.Spikes = append(list.Spikes, spike)
	}
	respondJSON(c, keepLive, list)
}

func spikeCursor(s outage.Spike) *string {
	return encodeCursor("spikes", strconv.FormatFloat(s.Score, 'g', -1, 64), s.Service, s.Country)
}

// spikeCursor reads where the page before ended, nil at the beginning.
func (q *query) spikeCursor() *outage.Spike {
	parts := q.cursor("spikes", 3)
	if parts == nil {
		return nil
	}
	score, err := strconv.ParseFloat(parts[0], 64)
	if err != nil {
		q.badCursor()
	}
	return &outage.Spike{Series: outage.Series{Service: parts[1], Country: parts[2]}, Score: score}
}
