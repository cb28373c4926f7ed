package api

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/outcryhq/outcry/pkg/archive"
	"github.com/outcryhq/outcry/pkg/outage"
	"github.com/outcryhq/outcry/pkg/problem"
)

// keepRecent is how far back the live state has every outage: final ones stay
// for a day after they closed, so whatever had not ended before that is there.
const keepRecent = 23 * time.Hour

// outageQuery is what a client wants to see.
type outageQuery struct {
	archive.OutageFilter
	after *outage.Outage // the last outage of the page before: its start and id
}

// ListOutages implements spec.ServerInterface.
func (a *API) ListOutages(c *gin.Context) {
	q := readQuery(c)
	var want outageQuery
	want.Service, want.Country = q.slug("service"), q.country(false)
	asFile := q.wantsCSV()
	if asFile {
		want.Limit = q.upTo(maxRows, maxRows)
	} else {
		want.Limit = q.limit()
	}
	want.State = oneOf(q, "state", "", outage.Ongoing, outage.Ended)
	want.Services = a.category(q)
	want.MinReports = q.number("min_reports", maxReports)
	want.MinDuration = time.Duration(q.number("min_minutes", maxMinutes)) * time.Minute
	want.Now = a.now()
	want.Since, want.Until = q.time("since"), q.time("until")
	if !want.Since.IsZero() && !want.Until.IsZero() && !want.Since.Before(want.Until) {
		q.fail("since", "expected a time before until")
	}
	want.after = q.outageCursor()
	if q.err != nil {
		problem.Write(c, q.err)
		return
	}
	list, err := a.outages(c.Request.Context(), want)
	if err == nil && len(list.Outages) == 0 && want.after == nil && want.Service != "" {
		// An empty answer to a mistyped name would be taken for peace.
		_, err = a.service(want.Service)
	}
	if err != nil {
		problem.Write(c, err)
		return
	}
	shown := a.published(c.Request.Context(), list)
	if asFile {
		a.outagesCSV(c, shown, want.Now)
		return
	}
	respondJSON(c, keepLive, shown)
}

// The greatest values of min_reports and min_minutes, as the description says.
const maxReports, maxMinutes = 1_000_000_000, 1_000_000

// category reads the parameter of that name: its services, nil if there is none.
func (a *API) category(q *query) []string {
	wanted := q.text("category")
	if !q.values.Has("category") {
		return nil
	}
	var services, known []string
	for _, s := range a.catalog.Services() {
		known = append(known, s.Category)
		if s.Category == wanted {
			services = append(services, s.Slug)
		}
	}
	if services == nil {
		slices.Sort(known)
		q.fail("category", "expected one of "+strings.Join(slices.Compact(known), ", "))
	}
	return services
}

// outageList is a page of outages. complete is false if the archive is away and
// older ones may be missing.
type outageList struct {
	Outages    []outage.Outage
	Complete   bool
	NextCursor *string
}

// outages merges the live state's outages, which are fresher, into the archive's.
func (a *API) outages(ctx context.Context, want outageQuery) (outageList, error) {
	now, liveErr := a.present.get(ctx)
	recent := matching(now.outages, want)
	older, archiveErr := a.archivedOutages(ctx, want, now.outages)
	switch {
	case archiveErr == nil:
	case !errors.Is(archiveErr, outage.ErrUnavailable) && !errors.Is(archiveErr, context.DeadlineExceeded):
		return outageList{}, archiveErr
	case liveErr != nil, want.after != nil && want.State != outage.Ongoing, !want.Until.IsZero() && want.State != outage.Ongoing:
		return outageList{}, archiveErr
	}
	list := outageList{
		Outages: merge(recent, older, want.Limit+1),
		Complete: archiveErr == nil || want.State == outage.Ongoing ||
			!want.Since.IsZero() && want.Since.After(a.now().Add(-keepRecent)),
	}
	if len(list.Outages) > want.Limit {
		list.Outages = list.Outages[:want.Limit]
		last := list.Outages[want.Limit-1]
		list.NextCursor = encodeCursor("outages", last.StartedAt.UTC().Format(time.RFC3339Nano), last.ID.String())
	}
	return list, nil
}

// archivedOutages reads one more than a page from the archive, without those
// that the live state knows too, from the cursor on.
func (a *API) archivedOutages(ctx context.Context, want outageQuery, known []outage.Outage) ([]outage.Outage, error) {
	skip := make(map[outage.ID]bool, len(known))
	for _, o := range known {
		skip[o.ID] = true
	}
	filter := want.OutageFilter
	if want.after != nil {
		// What started in the same second may lie on either side of the cursor,
		// and Until may not lie before Since: isAfter takes care of the rest.
		end := later(want.after.StartedAt.Add(time.Second), filter.Since)
		if filter.Until.IsZero() || end.Before(filter.Until) {
			filter.Until = end
		}
	}
	filter.Limit = min(want.Limit+1, maxLimit)
	var found []outage.Outage
	for {
		page, err := a.archive.Outages(ctx, filter)
		if err != nil {
			return nil, fmt.Errorf("list archived outages: %w", err)
		}
		for _, o := range page.Outages {
			if !skip[o.ID] && want.isAfter(o) {
				found = append(found, o)
			}
		}
		if len(found) > want.Limit || page.NextCursor == "" {
			return found, nil
		}
		filter.Cursor = page.NextCursor
	}
}

// isAfter reports whether an outage comes after the page before.
func (w outageQuery) isAfter(o outage.Outage) bool {
	return w.after == nil || newestFirst(*w.after, o) < 0
}

// matching filters like the archive does.
func matching(outages []outage.Outage, want outageQuery) []outage.Outage {
	var found []outage.Outage
	for _, o := range outages {
		switch {
		case want.Service != "" && o.Service != want.Service,
			want.State != "" && o.State != want.State,
			want.Services != nil && !slices.Contains(want.Services, o.Service),
			want.Country != "" && !touches(o, want.Country),
			o.Reports < want.MinReports,
			want.MinDuration > 0 && lasted(o, want.Now) < want.MinDuration,
			!want.Since.IsZero() && o.EndedAt != nil && o.EndedAt.Before(want.Since),
			!want.Until.IsZero() && !o.StartedAt.Before(want.Until),
			!want.isAfter(o):
		default:
			found = append(found, o)
		}
	}
	return found
}

func touches(o outage.Outage, country string) bool {
	for _, impact := range o.Impacts {
		if impact.Country == country {
			return true
		}
	}
	return false
}

// merge joins two lists, each newest first, up to a length. It is never nil.
func merge(a, b []outage.Outage, limit int) []outage.Outage {
	merged := []outage.Outage{}
	for len(merged) < limit && len(a)+len(b) > 0 {
		if len(b) == 0 || len(a) > 0 && newestFirst(a[0], b[0]) <= 0 {
			merged, a = append(merged, a[0]), a[1:]
		} else {
			merged, b = append(merged, b[0]), b[1:]
		}
	}
	return merged
}

// outageCursor reads where the page before ended, nil at the beginning.
func (q *query) outageCursor() *outage.Outage {
	parts := q.cursor("outages", 2)
	if parts == nil {
		return nil
	}
	started, err := time.Parse(time.RFC3339Nano, parts[0])
	if err != nil {
		q.badCursor()
	}
	id, err := outage.ParseID(parts[1])
	if err != nil {
		q.badCursor()
	}
	return &outage.Outage{StartedAt: started, ID: id}
}

// GetOutage implements spec.ServerInterface.
func (a *API) GetOutage(c *gin.Context) {
	q := readQuery(c)
	id, err := outage.ParseID(c.Param("id"))
	if err != nil {
		q.fail("id", "expected an id such as 0199f2c5-0000-7000-8000-000000000000")
	}
	if q.err != nil {
		problem.Write(c, q.err)
		return
	}
	found, err := a.outage(c.Request.Context(), id)
	if err != nil {
		problem.Write(c, err)
		return
	}
	keep := keepLive
	if found.Final {
		keep = keepRemarks
	}
	respondJSON(c, keep, a.detail(c.Request.Context(), found))
}

// outage finds an outage, first where it is freshest.
func (a *API) outage(ctx context.Context, id outage.ID) (outage.Outage, error) {
	now, liveErr := a.present.get(ctx)
	for _, o := range now.outages {
		if o.ID == id {
			return o, nil
		}
	}
	found, err := a.archive.Outage(ctx, id)
	switch {
	case err == nil:
		return found, nil
	case errors.Is(err, outage.ErrNotFound) && liveErr != nil:
		// It may be so new that only the live state has it.
		return outage.Outage{}, liveErr
	case errors.Is(err, outage.ErrNotFound):
		return outage.Outage{}, problem.New(outage.ErrNotFound, "there is no outage with this id")
	default:
		return outage.Outage{}, fmt.Errorf("read archived outage: %w", err)
	}
}

// lasted is how long an outage lasted: until now while it is ongoing.
func lasted(o outage.Outage, now time.Time) time.Duration {
	if o.EndedAt != nil {
		now = *o.EndedAt
	}
	return max(now.Sub(o.StartedAt), 0)
}
