package archive

import (
	"context"
	"slices"

	"github.com/outcryhq/outcry/pkg/outage"
)

// flush commits what was gathered, of the old quarters those before unfinished,
// and raises the edition with it: not only at the end, so that an import which
// is broken off leaves nothing that is never learned.
func (im *importer) flush(ctx context.Context, unfinished int64) error {
	if im.done.Rows == 0 {
		return nil
	}
	a := im.archive
	finished := im.takeFinished(unfinished)
	wanted := map[outage.Series]struct{}{}
	for _, counts := range []map[outage.Series]map[int64]int64{im.minutes, finished} {
		for series := range counts {
			wanted[series] = struct{}{}
		}
	}
	var numbers map[outage.Series]int64
	err := a.update(ctx, "import counts", func(ctx context.Context, t *tx) (err error) {
		if numbers, err = a.number(ctx, t, wanted); err != nil {
			return err
		}
		if err := a.dialect.lockCounts(ctx, t); err != nil {
			return err
		}
		if err := a.dialect.merge(ctx, t, raiseQuarters, numbered(finished, numbers)); err != nil {
			return err
		}
		minutes := numbered(im.minutes, numbers)
		if err := a.dialect.merge(ctx, t, raiseMinutes, minutes); err != nil {
			return err
		}
		if err := sumQuarters(ctx, t, minutes); err != nil {
			return err
		}
		if err := addCoverage(ctx, t, im.covered); err != nil {
			return err
		}
		return raiseEdition(ctx, t)
	})
	if err != nil {
		return err
	}
	a.known.add(numbers)
	im.reset()
	if im.in.Progress != nil {
		im.in.Progress(im.done)
	}
	return nil
}

// takeFinished removes the old quarters to which no later row can add.
func (im *importer) takeFinished(unfinished int64) map[outage.Series]map[int64]int64 {
	finished := map[outage.Series]map[int64]int64{}
	for series, quarters := range im.old {
		for quarter, count := range quarters {
			if quarter >= unfinished {
				continue
			}
			if finished[series] == nil {
				finished[series] = map[int64]int64{}
			}
			finished[series][quarter] = count
			delete(quarters, quarter)
		}
		if len(quarters) == 0 {
			delete(im.old, series)
		}
	}
	return finished
}

// numbered lists counts by place.
func numbered(counts map[outage.Series]map[int64]int64, numbers map[outage.Series]int64) []seriesCount {
	places := map[slot]int64{}
	for series, at := range counts {
		for t, count := range at {
			places[slot{numbers[series], t}] = count
		}
	}
	return sorted(places)
}

const sumQuartersOf = `INSERT INTO quarters (series, quarter, count)
	SELECT series, minute / 15, SUM(count) FROM minutes WHERE series = $1 AND minute >= $2 AND minute < $3
	GROUP BY series, minute / 15
	ON CONFLICT (series, quarter) DO UPDATE
	SET count = CASE WHEN excluded.count > quarters.count THEN excluded.count ELSE quarters.count END`

// sumQuarters raises the quarters in which minutes were raised to the sum of
// their minutes. The list is by series and time.
func sumQuarters(ctx context.Context, t *tx, minutes []seriesCount) error {
	for len(minutes) > 0 {
		series := minutes[0].series
		n := slices.IndexFunc(minutes, func(c seriesCount) bool { return c.series != series })
		if n < 0 {
			n = len(minutes)
		}
		first, last := floorDiv(minutes[0].at, minutesPerQuarter), floorDiv(minutes[n-1].at, minutesPerQuarter)
		_, err := t.exec(ctx, sumQuartersOf, series, first*minutesPerQuarter, (last+1)*minutesPerQuarter)
		if err != nil {
			return err
		}
		minutes = minutes[n:]
	}
	return nil
}
