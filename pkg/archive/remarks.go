package archive

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/outcryhq/outcry/pkg/outage"
)

// AddRemark keeps a remark beside an outage, which stays as it is. The id is
// made here, from what the remark says: the same twice is one remark, with the
// time of the first. An unknown outage is outage.ErrNotFound. What contradicts
// earlier remarks is outage.ErrInvalid: a second retraction or merge, merging
// into another service's outage, into one that was retracted, or in a circle.
func (a *Archive) AddRemark(ctx context.Context, of outage.ID, r outage.Remark) error {
	r, err := r.Tidy(of)
	if err != nil {
		return fmt.Errorf("add remark: %w", err)
	}
	return a.update(ctx, "add remark", func(ctx context.Context, t *tx) error {
		// What the checks read must hold until the remark is in.
		if err := a.dialect.lockRemarks(ctx, t); err != nil {
			return err
		}
		service, err := serviceOf(ctx, t, of)
		if err != nil {
			return err
		}
		var known bool
		err = t.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM remarks WHERE outage = $1 AND id = $2)`, of[:], r.ID[:]).Scan(&known)
		if err != nil || known {
			return err
		}
		if err := consistent(ctx, t, of, service, r); err != nil {
			return err
		}
		var into []byte
		if r.Into != nil {
			into = r.Into[:]
		}
		_, err = t.exec(ctx, `INSERT INTO remarks (outage, id, kind, at, body, link, said_at, into_outage, author)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING`,
			of[:], r.ID[:], string(r.Kind), r.At.UnixMilli(), r.Text, r.Link, millisOrNull(r.Said), into, r.By)
		return err
	})
}

// serviceOf is the service of an outage, outage.ErrNotFound if there is none.
func serviceOf(ctx context.Context, t *tx, id outage.ID) (service string, err error) {
	err = t.QueryRowContext(ctx, `SELECT service FROM outages WHERE id = $1`, id[:]).Scan(&service)
	if errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("%w: there is no outage %s", outage.ErrNotFound, id)
	}
	return service, err
}

// consistent refuses what contradicts the remarks that there are.
func consistent(ctx context.Context, t *tx, of outage.ID, service string, r outage.Remark) error {
	if r.Kind != outage.Retraction && r.Kind != outage.Merge {
		return nil
	}
	now, err := standing(ctx, t, of)
	switch {
	case err != nil:
		return err
	case now.Retracted:
		return fmt.Errorf("%w: outage %s was retracted already; a note can say more", outage.ErrInvalid, of)
	case r.Kind == outage.Retraction:
		return nil
	case now.MergedInto != nil:
		return fmt.Errorf("%w: outage %s was merged into %s already", outage.ErrInvalid, of, now.MergedInto)
	}
	other, err := serviceOf(ctx, t, *r.Into)
	switch {
	case err != nil:
		return err
	case other != service:
		return fmt.Errorf("%w: outage %s is one of %s, and %s one of %s: only outages of one service are merged", outage.ErrInvalid, of, service, r.Into, other)
	}
	return noCircle(ctx, t, of, *r.Into)
}

// noCircle follows an outage to the one that it ends up in. Each was merged
// once at most, and never in a circle, so that the way ends.
func noCircle(ctx context.Context, t *tx, of, into outage.ID) error {
	for at := into; ; {
		next, err := standing(ctx, t, at)
		switch {
		case err != nil:
			return err
		case next.Retracted:
			return fmt.Errorf("%w: outage %s was retracted; nothing is merged into it", outage.ErrInvalid, at)
		case next.MergedInto == nil:
			return nil
		case *next.MergedInto == of:
			return fmt.Errorf("%w: outage %s is itself part of %s", outage.ErrInvalid, into, of)
		}
		at = *next.MergedInto
	}
}

func standing(ctx context.Context, t *tx, of outage.ID) (outage.Standing, error) {
	var s outage.Standing
	err := each(ctx, t, `SELECT outage, kind, into_outage FROM remarks WHERE outage = $1 AND `+standingKinds, []any{of[:]},
		func(r row) error {
			_, err := scanStanding(r, &s)
			return err
		})
	return s, err
}

// standingKinds are the remarks after which an outage does not count; the same
// text as the index's.
const standingKinds = `kind IN ('retraction', 'merge')`

func scanStanding(r row, s *outage.Standing) (of outage.ID, err error) {
	var id, into []byte
	var kind outage.RemarkKind
	if err := r.Scan(&id, &kind, &into); err != nil {
		return of, err
	}
	copy(of[:], id)
	if kind == outage.Retraction {
		s.Retracted = true
		return of, nil
	}
	s.MergedInto = new(outage.ID)
	copy(s.MergedInto[:], into)
	return of, nil
}

// Standings returns what became of every outage that was retracted or merged,
// which an operator did by hand: they are few.
func (a *Archive) Standings(ctx context.Context) (map[outage.ID]outage.Standing, error) {
	all := map[outage.ID]outage.Standing{}
	err := a.view(ctx, "read standings", func(t *viewTx) error {
		return each(ctx, t, `SELECT outage, kind, into_outage FROM remarks WHERE `+standingKinds, nil, func(r row) error {
			var s outage.Standing
			id, err := scanStanding(r, &s)
			known := all[id] // a merged one may be retracted as well
			known.Retracted = known.Retracted || s.Retracted
			if s.MergedInto != nil {
				known.MergedInto = s.MergedInto
			}
			all[id] = known
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

// Remarks returns what was said of outages, by the time of recording. An
// outage without remarks, known or not, is not in the map.
func (a *Archive) Remarks(ctx context.Context, of ...outage.ID) (map[outage.ID][]outage.Remark, error) {
	found := map[outage.ID][]outage.Remark{}
	if len(of) == 0 {
		return found, nil
	}
	places, args := make([]string, len(of)), make([]any, len(of))
	for i := range of {
		places[i], args[i] = "$"+strconv.Itoa(i+1), of[i][:]
	}
	query := `SELECT outage, id, kind, at, body, link, said_at, into_outage, author FROM remarks
		WHERE outage IN (` + strings.Join(places, ", ") + `) ORDER BY at, id`
	err := a.view(ctx, "read remarks", func(t *viewTx) error {
		return each(ctx, t, query, args, func(r row) error {
			of, remark, err := scanRemark(r)
			found[of] = append(found[of], remark)
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	return found, nil
}

func scanRemark(r row) (of outage.ID, remark outage.Remark, err error) {
	var outageID, id, into []byte
	var at int64
	var said sql.NullInt64
	err = r.Scan(&outageID, &id, &remark.Kind, &at, &remark.Text, &remark.Link, &said, &into, &remark.By)
	if err != nil {
		return of, remark, err
	}
	copy(of[:], outageID)
	copy(remark.ID[:], id)
	remark.At = time.UnixMilli(at).UTC()
	if said.Valid {
		t := time.UnixMilli(said.Int64).UTC()
		remark.Said = &t
	}
	if into != nil {
		remark.Into = new(outage.ID)
		copy(remark.Into[:], into)
	}
	return of, remark, nil
}
