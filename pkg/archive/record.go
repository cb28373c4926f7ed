package archive

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/outcryhq/outcry/pkg/outage"
)

// Record returns what is known of the outages that started at since or later
// and have ended: of a service, in a country, of a service in a country, or of
// all; "" is any. In a country an outage lasts from its first onset there to
// its last end there, pauses included. Minutes in which several lasted count
// once. latest is how many of them to return, up to 200.
func (a *Archive) Record(ctx context.Context, service, country string, since time.Time, latest int) (Record, error) {
	if latest < 0 || latest > maxPage {
		return Record{}, fmt.Errorf("read record: %w: latest is 0 to %d", outage.ErrInvalid, maxPage)
	}
	of := spansOf(service, country, since)
	record := Record{Latest: []outage.Outage{}}
	err := a.view(ctx, "read record", func(t *viewTx) error {
		var lasted int64
		err := t.QueryRowContext(ctx, of.total(), of.args...).Scan(&record.Outages, &lasted)
		if err != nil || record.Outages == 0 {
			return err
		}
		record.Minutes = int(lasted / time.Minute.Milliseconds())
		var median float64
		if err := t.QueryRowContext(ctx, of.median(record.Outages), of.args...).Scan(&median); err != nil {
			return err
		}
		record.MedianMinutes = median / float64(time.Minute.Milliseconds())
		if latest == 0 {
			return nil
		}
		return each(ctx, t, of.latest(latest), of.args, func(r row) error {
			var body []byte
			if err := r.Scan(&body); err != nil {
				return err
			}
			o, err := decodeOutage(body)
			record.Latest = append(record.Latest, o)
			return err
		})
	})
	if err != nil {
		return Record{}, err
	}
	return record, nil
}

// spans are the times of outages, from a table that has all that is asked of them.
type spans struct {
	conditions
	table, id, from, to string
}

func spansOf(service, country string, since time.Time) *spans {
	s := &spans{table: "outages", id: "id", from: "started_at", to: "ended_at"}
	if country != "" {
		s = &spans{table: "impacts", id: "outage", from: "from_at", to: "to_at"}
		s.must("country = ?", country)
	}
	if service != "" {
		s.must("service = ?", service)
	}
	if !since.IsZero() {
		s.must("started_at >= ?", since.UnixMilli())
	}
	s.must("state = 'ended'")
	s.must(s.to + " >= " + s.from) // and so not null
	s.must("NOT EXISTS (SELECT 1 FROM remarks r WHERE r.outage = " + s.table + "." + s.id + " AND r." + standingKinds + ")")
	return s
}

// total counts the spans and the milliseconds that they cover together: of each
// that part which none before it has reached.
func (s *spans) total() string {
	return `SELECT count(*), coalesce(sum(CASE WHEN reached IS NULL OR began >= reached THEN done - began
			WHEN done > reached THEN done - reached ELSE 0 END), 0)
		FROM (SELECT ` + s.from + ` AS began, ` + s.to + ` AS done, max(` + s.to + `) OVER (ORDER BY ` + s.from + `, ` + s.to + `
			ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS reached FROM ` + s.table + s.text() + `) spans`
}

// median is that of n spans, in milliseconds: the one in the middle or the mean of the two.
func (s *spans) median(n int) string {
	return `SELECT avg(lasted) FROM (SELECT ` + s.to + ` - ` + s.from + ` AS lasted FROM ` + s.table + s.text() + `
		ORDER BY lasted LIMIT ` + strconv.Itoa(2-n%2) + ` OFFSET ` + strconv.Itoa((n-1)/2) + `) middle`
}

func (s *spans) latest(n int) string {
	return `SELECT o.body FROM (SELECT ` + s.id + ` AS id FROM ` + s.table + s.text() + `
			ORDER BY started_at DESC, ` + s.id + ` DESC LIMIT ` + strconv.Itoa(n) + `) page
		JOIN outages o ON o.id = page.id ORDER BY o.started_at DESC, o.id DESC`
}
