package api

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/outcryhq/outcry/api/spec"
	"github.com/outcryhq/outcry/pkg/archive"
	"github.com/outcryhq/outcry/pkg/outage"
	"github.com/outcryhq/outcry/pkg/problem"
)

const (
	// latestOutages is how many outages a record names.
	latestOutages = 10
	// keepRecord is how long a record may be kept: it changes when an outage ends.
	keepRecord = time.Minute
)

// GetRecord implements spec.ServerInterface.
func (a *API) GetRecord(c *gin.Context) {
	q := readQuery(c)
	country, since := q.country(false), q.time("since")
	service, err := a.service(c.Param("service"))
	switch {
	case q.err != nil:
		problem.Write(c, q.err)
		return
	case err != nil:
		problem.Write(c, err)
		return
	}
	record, err := a.record(c.Request.Context(), service.Slug, country, since)
	if err != nil {
		problem.Write(c, err)
		return
	}
	answer := spec.ServiceRecord{Service: service.Slug, Country: country, Record: record}
	if country == "" {
		answer.Country = outage.AllCountries
	}
	if !since.IsZero() {
		answer.Since = &since
	}
	respondJSON(c, keepRecord, answer)
}

// record is what is known of the past of a service in a country; "" is any. All
// of it is kept for a minute: that of a large country sums tens of thousands.
func (a *API) record(ctx context.Context, service, country string, since time.Time) (spec.Record, error) {
	if !since.IsZero() {
		return a.readRecord(ctx, service, country, since)
	}
	body, err := a.records.get(ctx, service+"/"+country, keepRecord, func(ctx context.Context) ([]byte, error) {
		record, err := a.readRecord(ctx, service, country, since)
		if err != nil {
			return nil, err
		}
		return json.Marshal(record)
	})
	if err != nil {
		return spec.Record{}, err
	}
	var record spec.Record
	if err := json.Unmarshal(body, &record); err != nil {
		return spec.Record{}, fmt.Errorf("decode record: %w", err)
	}
	return record, nil
}

func (a *API) readRecord(ctx context.Context, service, country string, since time.Time) (spec.Record, error) {
	found, err := a.archive.Record(ctx, service, country, since, latestOutages)
	if err != nil {
		return spec.Record{}, fmt.Errorf("read record: %w", err)
	}
	return recordOf(found, country), nil
}

func recordOf(found archive.Record, country string) spec.Record {
	record := spec.Record{Outages: found.Outages, Minutes: found.Minutes, Latest: make([]spec.PastOutage, len(found.Latest))}
	if found.Outages > 0 {
		record.MedianMinutes = &found.MedianMinutes
	}
	for i, o := range found.Latest {
		record.Latest[i] = pastOutage(o, country)
	}
	return record
}

// pastOutage is an outage that has ended, in a country if one is given.
func pastOutage(o outage.Outage, country string) spec.PastOutage {
	past := spec.PastOutage{ID: o.ID, Service: o.Service, StartedAt: o.StartedAt, Reports: o.Reports}
	ended := o.EndedAt
	for _, impact := range o.Impacts {
		if impact.Country != country {
			continue
		}
		past.StartedAt, past.Reports, ended = impact.StartedAt, impact.Reports, impact.EndedAt
		if len(impact.Intervals) > 0 {
			past.StartedAt = impact.Intervals[0].StartedAt
		}
	}
	if past.EndedAt = past.StartedAt; ended != nil {
		past.EndedAt = *ended
	}
	past.Minutes = past.EndedAt.Sub(past.StartedAt).Minutes()
	return past
}
