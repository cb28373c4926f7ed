package api

import (
	"context"
	"fmt"
	"time"

	"github.com/outcryhq/outcry/api/spec"
	"github.com/outcryhq/outcry/pkg/outage"
)

// votesFor is how much of the past votes are counted over: whoever says the same
// twice in it is counted once.
const votesFor = time.Hour

// votes counts who said of a service that it fails, and that it works, in a country
// or in all of them.
func (a *API) votes(ctx context.Context, s outage.Series) (spec.Votes, error) {
	end := a.now().Add(time.Minute)
	about := []outage.Series{s, {Service: outage.WorksFor(s.Service), Country: s.Country}}
	counts, err := a.live.Counts(ctx, about, end.Add(-votesFor), end)
	if err != nil {
		return spec.Votes{}, fmt.Errorf("count votes: %w", err)
	}
	return spec.Votes{Fails: total(counts[0]), Works: total(counts[1])}, nil
}
