package archive

import (
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

const (
	defaultPage = 50
	maxPage     = 200
)

// Outages returns a page of the outages that the filter selects, newest first.
// A filter that makes no sense wraps outage.ErrInvalid, with a text for the public.
func (a *Archive) Outages(ctx context.Context, filter OutageFilter) (OutagePage, error) {
	query, args, limit, err := outagesQuery(filter)
	if err != nil {
		return OutagePage{}, err
	}
	page := OutagePage{Outages: []outage.Outage{}}
	var last position
	err = a.view(ctx, "read outages", func(t *viewTx) error {
		return each(ctx, t, query, args, func(r row) error {
			var at position
			var id, body []byte
			if err := r.Scan(&at.startedAt, &id, &body); err != nil {
				return err
			}
			if len(page.Outages) == limit { // one more than asked for: there is a next page
				page.NextCursor = last.cursor()
				return nil
			}
			copy(at.id[:], id)
			last = at
			o, err := decodeOutage(body)
			page.Outages = append(page.Outages, o)
			return err
		})
	})
	if err != nil {
		return OutagePage{}, err
	}
	return page, nil
}

// position is the place of an outage in the order of pages.
type position struct {
	startedAt int64 // Unix milliseconds
	id        outage.ID
}

// cursor is opaque to clients: what it holds may change.
func (p position) cursor() string {
	var raw [24]byte
	binary.BigEndian.PutUint64(raw[:8], uint64(p.startedAt)) //nolint:gosec // the bits, there and back
	copy(raw[8:], p.id[:])
	return base64.RawURLEncoding.EncodeToString(raw[:])
}

func parseCursor(s string) (position, error) {
	var p position
	raw, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || len(raw) != 24 {
		return p, fmt.Errorf("%w: the cursor is not one that an earlier page gave as next_cursor", outage.ErrInvalid)
	}
	p.startedAt = int64(binary.BigEndian.Uint64(raw[:8])) //nolint:gosec // the bits, there and back
	copy(p.id[:], raw[8:])
	return p, nil
}

// Outage returns one outage, or outage.ErrNotFound.
func (a *Archive) Outage(ctx context.Context, id outage.ID) (outage.Outage, error) {
	var body []byte
	err := a.read.QueryRowContext(ctx, `SELECT body FROM outages WHERE id = $1`, id[:]).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		return outage.Outage{}, fmt.Errorf("read outage: %w: there is no outage %s", outage.ErrNotFound, id)
	}
	if err != nil {
		return outage.Outage{}, a.wrap("read outage", err)
	}
	o, err := decodeOutage(body)
	return o, a.wrap("read outage", err)
}

func decodeOutage(body []byte) (outage.Outage, error) {
	var o outage.Outage
	if err := json.Unmarshal(body, &o); err != nil {
		return outage.Outage{}, fmt.Errorf("decode outage: %w", err)
	}
	return o, nil
}

// OutageMinutes returns the minutes that are kept with a final outage for
// good, from an hour before its start to an hour after its end (the last part
// comes within the day), by series and time. Non-zero minutes only; none for
// an outage that is not final.
func (a *Archive) OutageMinutes(ctx context.Context, id outage.ID) ([]live.MinuteCount, error) {
	var counts []live.MinuteCount
	err := a.view(ctx, "read minutes of outage", func(t *viewTx) error {
		return each(ctx, t, `SELECT s.service, s.country, m.minute, m.count FROM outage_minutes m JOIN series s ON s.id = m.series
			WHERE m.outage = $1 ORDER BY s.service, s.country, m.minute`, []any{id[:]}, func(r row) error {
			c, err := scanMinute(r)
			counts = append(counts, c)
			return err
		})
	})
	return counts, err
}

func scanMinute(r row) (live.MinuteCount, error) {
	var c live.MinuteCount
	var minute int64
	err := r.Scan(&c.Series.Service, &c.Series.Country, &minute, &c.Count)
	c.Minute = timeOfMinute(minute)
	return c, err
}
