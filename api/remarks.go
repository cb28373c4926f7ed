package api

import (
	"context"
	"time"

	"github.com/outcryhq/outcry/api/spec"
	"github.com/outcryhq/outcry/pkg/archive"
	"github.com/outcryhq/outcry/pkg/outage"
)

// Records is what the API reads of the archive about what came of outages.
type Records interface {
	// Record returns what is known of the past of a service, a country or both.
	Record(ctx context.Context, service, country string, since time.Time, latest int) (archive.Record, error)
	// Standings returns those outages that were retracted or merged.
	Standings(ctx context.Context) (map[outage.ID]outage.Standing, error)
}

// keepRemarks is how long the answer about a final outage may be kept: nothing
// changes in it but what is said of it.
const keepRemarks = time.Minute

// standings are the outages that do not count, as far as is known.
type standings struct {
	of map[outage.ID]outage.Standing
	// away says that the archive cannot be read and of may be old or empty.
	away bool
}

// readStandings keeps what was known while the archive is away, as a retraction
// is hardly ever taken back. It is never an error.
func (a *API) readStandings(ctx context.Context) (standings, error) {
	of, err := a.archive.Standings(ctx)
	if err != nil {
		return standings{of: a.said.of, away: a.said.of == nil}, nil //nolint:nilerr // it is known, or told by away
	}
	a.said = standings{of: of}
	return a.said, nil
}

// standings returns those outages that do not count.
func (a *API) standings(ctx context.Context) standings {
	known, _ := a.standing.get(ctx) // never an error
	return known
}

// published is a page of outages as it is answered.
func (a *API) published(ctx context.Context, list outageList) spec.OutageList {
	known := a.standings(ctx)
	shown := spec.OutageList{
		AsOf:    a.lastSeen().asOf(),
		Outages: make([]outage.Published, len(list.Outages)), NextCursor: list.NextCursor,
		Complete: list.Complete && !known.away,
	}
	for i, o := range list.Outages {
		shown.Outages[i] = outage.Published{Outage: o, Standing: known.of[o.ID]}
	}
	return shown
}

// publishedNow is the ongoing outage of a service as it is answered, nil for none.
func (a *API) publishedNow(ctx context.Context, o *outage.Outage) *outage.Published {
	if o == nil {
		return nil
	}
	return &outage.Published{Outage: *o, Standing: a.standings(ctx).of[o.ID]}
}

// detail is an outage with what was said of it; without, while that cannot be read.
func (a *API) detail(ctx context.Context, o outage.Outage) outage.Published {
	shown := outage.Published{Outage: o}
	found, err := a.archive.Remarks(ctx, o.ID)
	if err != nil {
		shown.Standing = a.standings(ctx).of[o.ID]
		return shown
	}
	shown.Remarks = append([]outage.Remark{}, found[o.ID]...)
	shown.Standing = outage.StandingOf(shown.Remarks)
	return shown
}
