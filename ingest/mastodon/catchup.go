package mastodon

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/outcryhq/outcry/pkg/live"
)

const (
	pageSize = 40 // the most that Mastodon gives
	// mostPages bounds what is asked for after a gap, well below the 300 requests
	// in five minutes that Mastodon allows.
	mostPages = 100
	// mostGap bounds in bytes what waits to be handed over after a gap.
	mostGap = 16 << 20
	// overlap is how long before the gap posts are asked for, since some reach the
	// instance after newer ones, and overlapPages how many pages it may take.
	overlap      = 5 * time.Minute
	overlapPages = 25
)

// catchUp hands over what the timeline has of the time since a moment, oldest
// first. The timeline is paged from its newest post down, since all servers can
// do that, and stops at a page on which everything is too old.
func (r *reading) catchUp(ctx context.Context, since time.Time) error {
	g := gap{seen: map[string]struct{}{}, from: since, floor: since.Add(-overlap)}
	if counted := r.now().Add(-live.LateAfter); counted.After(g.floor) {
		g.floor = counted
	}
	for below, pages := "", 0; ; pages++ {
		if pages == mostPages || g.size > mostGap {
			r.logger.Warn("the older posts of a long gap are left out", "instance", r.base.Host,
				"posts", len(g.missed), "gap_from", g.floor, "read_from", g.oldest)
			break
		}
		statuses, next, err := r.page(ctx, below)
		if err != nil {
			return err
		}
		r.out.Alive()
		fresh := r.missing(&g, statuses)
		if !fresh || next == "" || next == below || g.before > overlapPages {
			break
		}
		below = next
	}
	slices.Reverse(g.missed)
	for _, e := range g.missed {
		if err := r.post(ctx, e); err != nil {
			return err
		}
	}
	// Only now: the times of posts need not be in the order of the timeline.
	for _, e := range g.missed {
		r.advance(e)
	}
	r.caught = g.seen
	return nil
}

// gap is what was found of one.
type gap struct {
	from   time.Time // when it began
	floor  time.Time // older posts are not wanted
	before int       // pages of posts from before it began
	missed []event   // newest first
	oldest time.Time // of those
	size   int       // bytes
	seen   map[string]struct{}
}

// missing adds the posts of a page that have not been handed over, and says
// whether the page had any that are new enough.
func (r *reading) missing(g *gap, statuses []json.RawMessage) (fresh bool) {
	within := false
	defer func() {
		if !within {
			g.before++
		}
	}()
	for _, raw := range statuses {
		e := decodeStatus(raw, r.base.Host, r.now())
		if e.kind == malformed {
			r.out.Skipped("malformed")
			continue
		}
		if e.post.At.Before(g.floor) {
			continue
		}
		fresh = true
		within = within || !e.forged && e.post.At.After(g.from)
		if e.kind != aPost {
			r.out.Skipped("other_kind")
			continue
		}
		if _, again := g.seen[e.local]; again || r.known.has(e.local) {
			continue
		}
		g.seen[e.local] = struct{}{}
		g.missed = append(g.missed, e)
		g.oldest = e.post.At
		g.size += len(e.post.Text) + len(e.post.ID) + len(e.post.Author) + len(e.post.Link)
	}
	return fresh
}

// page asks for the posts below an id, or the newest. next is where the page
// below begins; "" if there is none. A page that cannot be read is none: it
// would be no better at the next connection.
func (r *reading) page(ctx context.Context, below string) (statuses []json.RawMessage, next string, err error) {
	query := url.Values{"limit": {strconv.Itoa(pageSize)}}
	if below != "" {
		query.Set("max_id", below)
	}
	body, header, err := r.get(ctx, "/api/v1/timelines/public", query)
	if errors.Is(err, errLarge) {
		r.out.Skipped("too_large")
		return nil, "", nil
	}
	if err != nil {
		return nil, "", err
	}
	if json.Unmarshal(body, &statuses) != nil {
		r.out.Skipped("malformed")
		return nil, "", nil //nolint:nilerr // it is counted, and another try would end as this one did
	}
	return statuses[:min(len(statuses), 2*pageSize)], nextPage(header.Values("Link")), nil
}

// nextPage returns max_id of the link to the next page. The rest of the link is
// not followed.
func nextPage(links []string) string {
	for _, header := range links {
		for link := range strings.SplitSeq(header, ",") {
			target, parameters, _ := strings.Cut(link, ";")
			if !strings.Contains(strings.ReplaceAll(parameters, `"`, ""), "rel=next") {
				continue
			}
			u, err := url.Parse(strings.Trim(target, " <>"))
			if err != nil {
				return ""
			}
			if id := u.Query().Get("max_id"); len(id) <= longestLocal {
				return id
			}
		}
	}
	return ""
}
