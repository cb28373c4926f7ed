package api

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/outcryhq/outcry/pkg/archive"
	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

// Chronicle is what the API reads of the archive about outages.
type Chronicle interface {
	Outage(ctx context.Context, id outage.ID) (outage.Outage, error)
	Outages(ctx context.Context, filter archive.OutageFilter) (archive.OutagePage, error)
	// Remarks returns what was said of outages afterwards, oldest first.
	Remarks(ctx context.Context, of ...outage.ID) (map[outage.ID][]outage.Remark, error)
	// OutageMinutes returns the counts that are kept with a final outage.
	OutageMinutes(ctx context.Context, id outage.ID) ([]live.MinuteCount, error)
}

// maxPrevious is how many earlier outages a page names.
const maxPrevious = 5

// story is an outage with what was said of it afterwards.
type story struct {
	outage.Outage
	remarks  []outage.Remark
	standing outage.Standing
	// remarksAway says that they could not be read.
	remarksAway bool
}

// tell finds an outage and the remarks on it. What cannot be read of the remarks
// is no error.
func (a *API) tell(ctx context.Context, id outage.ID) (story, error) {
	found, err := a.outage(ctx, id)
	if err != nil {
		return story{}, err
	}
	return a.withRemarks(ctx, []outage.Outage{found})[0], nil
}

// withRemarks adds the remarks to outages.
func (a *API) withRemarks(ctx context.Context, outages []outage.Outage) []story {
	ids := make([]outage.ID, len(outages))
	for i, o := range outages {
		ids[i] = o.ID
	}
	stories := make([]story, len(outages))
	var remarks map[outage.ID][]outage.Remark
	var err error
	if len(ids) > 0 {
		remarks, err = a.archive.Remarks(ctx, ids...)
	}
	for i, o := range outages {
		said := remarks[o.ID]
		stories[i] = story{Outage: o, remarks: said, standing: outage.StandingOf(said), remarksAway: err != nil}
	}
	return stories
}

// previous lists the outages of the service before one that count, newest
// first, and says whether there may be more that could not be read.
func (a *API) previous(ctx context.Context, o outage.Outage) (before []outage.Outage, away bool) {
	list, err := a.outages(ctx, outageQuery{OutageFilter: archive.OutageFilter{
		Service: o.Service, Until: o.StartedAt, Limit: 2 * maxPrevious,
	}})
	if err != nil {
		return nil, true
	}
	for _, s := range a.withRemarks(ctx, list.Outages) {
		if s.standing.Counts() && s.ID != o.ID && len(before) < maxPrevious {
			before = append(before, s.Outage)
		}
	}
	return before, !list.Complete
}

// end is when an outage ended, or now.
func end(o outage.Outage, now time.Time) time.Time {
	if o.EndedAt != nil {
		return *o.EndedAt
	}
	return later(now, o.StartedAt)
}

// runs lists the times of an impact, oldest first. The last one of an ongoing
// impact lasts until now.
func runs(impact outage.Impact, now time.Time) []outage.Interval {
	last := outage.Interval{StartedAt: impact.StartedAt, EndedAt: later(now, impact.StartedAt)}
	if impact.EndedAt != nil {
		last.EndedAt = *impact.EndedAt
	}
	return append(slices.Clone(impact.Intervals), last)
}

// troubledTimes are those in which at least one impact lasted, joined where they
// touch, oldest first.
func troubledTimes(impacts []outage.Impact, now time.Time) []outage.Interval {
	var all []outage.Interval
	for _, impact := range impacts {
		all = append(all, runs(impact, now)...)
	}
	slices.SortFunc(all, func(a, b outage.Interval) int {
		return cmp.Or(a.StartedAt.Compare(b.StartedAt), a.EndedAt.Compare(b.EndedAt))
	})
	var joined []outage.Interval
	for _, run := range all {
		if last := len(joined) - 1; last >= 0 && !run.StartedAt.After(joined[last].EndedAt) {
			joined[last].EndedAt = later(joined[last].EndedAt, run.EndedAt)
		} else {
			joined = append(joined, run)
		}
	}
	return joined
}

// calm is how long an outage had calmed down before it came back.
func calm(o outage.Outage, now time.Time) time.Duration {
	var sum time.Duration
	times := troubledTimes(o.Impacts, now)
	for i := 1; i < len(times); i++ {
		sum += times[i].StartedAt.Sub(times[i-1].EndedAt)
	}
	return sum
}

// changed is when an outage, or what is said of it, last changed in a way that
// readers of a feed should see: when it was detected, closed or remarked on.
func (s story) changed() time.Time {
	at := s.DetectedAt
	if s.EndedAt != nil {
		at = later(at, *s.EndedAt)
	}
	if s.ClosedAt != nil {
		at = later(at, *s.ClosedAt)
	}
	for _, r := range s.remarks {
		at = later(at, r.At)
	}
	return at.UTC()
}
