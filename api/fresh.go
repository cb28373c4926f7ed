package api

import (
	"context"
	"time"

	"github.com/outcryhq/outcry/pkg/outage"
)

// asOf is when what an answer says of the present was true: when the live state was
// read, nil if it could not be since the start. Whoever reads it late, because the
// live state is away, sees how late.
func (p present) asOf() *time.Time {
	if p.at.IsZero() {
		return nil
	}
	at := p.at.UTC().Truncate(time.Second)
	return &at
}

// seenAt remembers that the live state could be read.
func (a *API) seenAt(at time.Time) { a.seen.Store(&at) }

// lastSeen is the present when the live state could be read last, without what it said.
func (a *API) lastSeen() present {
	if at := a.seen.Load(); at != nil {
		return present{at: *at}
	}
	return present{}
}

// seriesCounts is counts, and says as of when they are true and whether they are
// complete. What the archive answers alone is, up to the time at which the live state was
// seen last: it follows by seconds.
func (a *API) seriesCounts(ctx context.Context, s outage.Series, asked span) (counts []int, asOf *time.Time, complete bool, err error) {
	now := a.now()
	counts, alone, err := a.joinCounts(ctx, s, asked)
	if err != nil || !alone {
		return counts, present{at: now}.asOf(), true, err
	}
	seen := a.lastSeen()
	return counts, seen.asOf(), !asked.to.After(seen.at), nil
}

// complete says that no status is unknown for want of a store.
func (p picture) complete() bool { return p.err == nil && p.listenErr == nil }
