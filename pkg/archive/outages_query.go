package archive

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/outcryhq/outcry/pkg/outage"
)

// conditions collect what a query asks for, with its arguments.
type conditions struct {
	where []string
	args  []any
}

// must adds a condition with a question mark for each value.
func (c *conditions) must(condition string, values ...any) {
	for _, value := range values {
		condition = strings.Replace(condition, "?", c.place(value), 1)
	}
	c.where = append(c.where, condition)
}

// place adds an argument and gives its placeholder.
func (c *conditions) place(value any) string {
	c.args = append(c.args, value)
	return "$" + strconv.Itoa(len(c.args))
}

func (c *conditions) text() string {
	if len(c.where) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(c.where, " AND ")
}

// outagesQuery gives the statement for a filter, which reads one row more than
// the limit. The ids of a page come from an index alone, and only then the
// bodies: a filter that few outages pass would read most of the table otherwise.
func outagesQuery(filter OutageFilter) (query string, args []any, limit int, err error) {
	limit, err = pageSize(filter.Limit)
	if err != nil {
		return "", nil, 0, err
	}
	c := &conditions{}
	from, id := "outages", "id"
	if filter.Country != "" {
		from, id = "impacts", "outage"
		c.must("country = ?", filter.Country)
	}
	if err := c.filter(filter); err != nil {
		return "", nil, 0, err
	}
	if filter.Cursor != "" {
		at, err := parseCursor(filter.Cursor)
		if err != nil {
			return "", nil, 0, err
		}
		c.must("(started_at, "+id+") < (?, ?)", at.startedAt, at.id[:])
	}
	query = "SELECT o.started_at, o.id, o.body FROM (SELECT " + id + " AS id FROM " + from + c.text() +
		" ORDER BY started_at DESC, " + id + " DESC LIMIT " + strconv.Itoa(limit+1) + ") page" +
		" JOIN outages o ON o.id = page.id ORDER BY o.started_at DESC, o.id DESC"
	return query, c.args, limit, nil
}

// notLongBefore ends the walk along the index where no outage can have lasted
// until a moment: before it by more than the longest that there was, and before
// the first that still lasts. Both are looked up in an index.
const notLongBefore = `started_at >= (SELECT CASE WHEN ongoing < bound THEN ongoing ELSE bound END FROM
	(SELECT ? - (SELECT coalesce(max(ended_at - started_at), 0) FROM outages) AS bound,
		(SELECT min(started_at) FROM outages WHERE state = 'ongoing') AS ongoing) earliest)`

// filter adds what outages and impacts have in common.
func (c *conditions) filter(f OutageFilter) error {
	switch {
	case !f.Since.IsZero() && !f.Until.IsZero() && f.Until.Before(f.Since):
		return fmt.Errorf("%w: until lies before since", outage.ErrInvalid)
	case f.MinReports < 0 || f.MinDuration < 0:
		return fmt.Errorf("%w: the least reports and duration are not negative", outage.ErrInvalid)
	}
	switch f.State {
	case "":
	case outage.Ongoing:
		c.must("state = 'ongoing'") // in the text, where the planner sees the index of them
	case outage.Ended:
		c.must("state = 'ended'")
	default:
		return fmt.Errorf("%w: state is ongoing or ended", outage.ErrInvalid)
	}
	if f.Service != "" {
		c.must("service = ?", f.Service)
	}
	if f.Services != nil {
		c.among(f.Services)
	}
	if !f.Since.IsZero() {
		c.must("(ended_at IS NULL OR ended_at >= ?)", f.Since.UnixMilli())
		c.must(notLongBefore, f.Since.UnixMilli())
	}
	if !f.Until.IsZero() {
		c.must("started_at < ?", f.Until.UnixMilli())
	}
	if f.MinReports > 0 {
		c.must("reports >= ?", f.MinReports)
	}
	c.lasted(f)
	return nil
}

func (c *conditions) among(services []string) {
	if len(services) == 0 {
		c.must("FALSE")
		return
	}
	places := make([]string, len(services))
	for i, service := range services {
		places[i] = c.place(service)
	}
	c.must("service IN (" + strings.Join(places, ", ") + ")")
}

func (c *conditions) lasted(f OutageFilter) {
	least := f.MinDuration.Milliseconds()
	switch {
	case f.MinDuration == 0:
	case f.Now.IsZero():
		c.must("ended_at - started_at >= ?", least)
	default:
		c.must("(ended_at - started_at >= ? OR ended_at IS NULL AND started_at <= ?)", least, f.Now.Add(-f.MinDuration).UnixMilli())
	}
}

func pageSize(limit int) (int, error) {
	switch {
	case limit == 0:
		return defaultPage, nil
	case limit < 0 || limit > maxPage:
		return 0, fmt.Errorf("%w: limit is 1 to %d", outage.ErrInvalid, maxPage)
	}
	return limit, nil
}
