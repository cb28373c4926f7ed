package archive

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/outcryhq/outcry/pkg/countcsv"
	"github.com/outcryhq/outcry/pkg/outage"
)

// importChunk is about how many minutes one transaction of an import writes.
const importChunk = 10_000

// Import says what ImportCounts is to read, and how. Rows and Now are required.
type Import struct {
	// Rows are the counts, by time. Missing buckets are zero.
	Rows iter.Seq2[CountRow, error]
	// Step is the length of a bucket: 1m to 24h in whole minutes; 0 is a minute.
	// The reports of a longer one are spread over its minutes by countcsv.Spread,
	// as in a replay.
	Step time.Duration
	// Now decides which minutes are too old to be kept singly. A bucket that
	// starts later is refused; one may be running.
	Now time.Time
	// Quiet is asked of each stretch between two buckets with rows whether it
	// was observed and quiet, or else nobody was listening. Nil takes all as quiet.
	Quiet func(from, to time.Time) bool
	// Progress, if set, is called after each committed chunk.
	Progress func(Imported)
}

// Imported is what an import has read so far.
type Imported struct {
	Rows, Reports int
	From, To      time.Time // from the first bucket's start to the last one's end
	// Observed and Unobserved are the minutes between From and To that were
	// taken as listened to, and as not.
	Observed, Unobserved int
}

// ImportCounts adds recorded counts to the archive's own: each minute becomes
// the greater of what is there and what is given, so importing again changes
// nothing. Minutes older than 90 days go into quarters only. The observed
// minutes are noted as those of the source outage.SourceReplay. The edition of
// the counts grows, so that baselines and live states without them are told
// from those with them.
//
// It commits in chunks: after an error the part before it stays, and the same
// import can be begun again. A bad row wraps outage.ErrInvalid; an error that
// Rows yields is returned as it is.
func (a *Archive) ImportCounts(ctx context.Context, in Import) (Imported, error) {
	if in.Step == 0 {
		in.Step = time.Minute
	}
	if _, err := countcsv.StepMinutes(in.Step); err != nil {
		return Imported{}, fmt.Errorf("import counts: %w", err)
	}
	if in.Rows == nil || in.Now.IsZero() {
		return Imported{}, fmt.Errorf("import counts: %w: rows and the time now are needed", outage.ErrInvalid)
	}
	im := importer{
		archive: a, in: in, keepFrom: oldestMinute(in.Now),
		busyUntil: map[outage.Series]time.Time{}, old: map[outage.Series]map[int64]int64{},
	}
	im.reset()
	for row, err := range in.Rows {
		if err != nil {
			return im.done, err
		}
		if err := im.add(row); err != nil {
			return im.done, fmt.Errorf("import counts: %w", err)
		}
		if im.size >= importChunk {
			if err := im.flush(ctx, quarterOf(row.Start)); err != nil {
				return im.done, err
			}
		}
	}
	return im.done, im.flush(ctx, quarterOf(im.done.To)+1)
}

// importer gathers rows until they are worth a transaction.
type importer struct {
	archive  *Archive
	in       Import
	keepFrom int64 // the first minute that is kept singly

	done      Imported
	start     time.Time                   // of the bucket read last
	busyUntil map[outage.Series]time.Time // the end of each series' last bucket

	size    int                               // what a flush would write, about
	minutes map[outage.Series]map[int64]int64 // young
	old     map[outage.Series]map[int64]int64 // by quarter; the last ones may be unfinished
	covered map[listening]heard
}

func (im *importer) reset() {
	im.size = 0
	im.minutes = map[outage.Series]map[int64]int64{}
	im.covered = map[listening]heard{}
}

func (im *importer) add(row CountRow) error {
	if err := im.check(row); err != nil {
		return err
	}
	end := row.Start.Add(im.in.Step)
	if running := im.in.Now.Truncate(time.Minute).Add(time.Minute); end.After(running) {
		end = running // the reports of a running bucket came in what has passed of it
	}
	if im.done.Rows == 0 {
		im.done.From, im.done.To = row.Start, row.Start
	}
	if im.done.To.Before(row.Start) {
		if im.in.Quiet == nil || im.in.Quiet(im.done.To, row.Start) {
			im.cover(im.done.To, row.Start)
		} else {
			im.done.Unobserved += minutesBetween(im.done.To, row.Start)
		}
	}
	if im.done.To.Before(end) {
		im.cover(later(row.Start, im.done.To), end)
		im.done.To = end
	}
	im.start, im.busyUntil[row.Series] = row.Start, row.Start.Add(im.in.Step)
	im.done.Rows++
	im.done.Reports += row.Reports
	im.spread(row, minutesBetween(row.Start, end))
	return nil
}

func (im *importer) check(row CountRow) error {
	switch {
	case row.Series.Service == "" || row.Series.Country == "" || row.Series.Country == outage.AllCountries:
		return fmt.Errorf("%w: a row names a service and one country", outage.ErrInvalid)
	case row.Reports < 0 || row.Reports > maxImported:
		return fmt.Errorf("%w: the reports of a row are 0 to %d", outage.ErrInvalid, maxImported)
	case !row.Start.Equal(row.Start.Truncate(time.Minute)):
		return fmt.Errorf("%w: a row starts at a whole minute, not at %s", outage.ErrInvalid, row.Start.Format(time.RFC3339Nano))
	case row.Start.After(im.in.Now): // a bucket may be running, and no more
		return fmt.Errorf("%w: a row of recorded counts lies in the past, not at %s", outage.ErrInvalid, row.Start.Format(time.RFC3339))
	case row.Start.Before(im.start):
		return fmt.Errorf("%w: rows come by time, %s after %s does not", outage.ErrInvalid, row.Start.Format(time.RFC3339), im.start.Format(time.RFC3339))
	case row.Start.Before(im.busyUntil[row.Series]):
		return fmt.Errorf("%w: two buckets of %s overlap at %s", outage.ErrInvalid, row.Series, row.Start.Format(time.RFC3339))
	}
	return nil
}

// maxImported bounds the reports of a row, so that sums fit the tables.
const maxImported = 10_000_000

func (im *importer) cover(from, to time.Time) {
	im.done.Observed += minutesBetween(from, to)
	for minute := from; minute.Before(to); minute = minute.Add(time.Minute) {
		place := listeningAt(outage.SourceReplay, minute)
		im.covered[place] = im.covered[place].with(bitOf(minute))
	}
}

func (im *importer) spread(row CountRow, minutes int) {
	first := minuteOf(row.Start)
	for i := range minutes {
		count := int64(countcsv.Spread(row.Reports, minutes, i))
		if count == 0 {
			continue
		}
		into, at := im.minutes, first+int64(i)
		if at < im.keepFrom {
			into, at = im.old, floorDiv(at, minutesPerQuarter)
		}
		counts := into[row.Series]
		if counts == nil {
			counts = map[int64]int64{}
			into[row.Series] = counts
		}
		counts[at] += count
		im.size++
	}
}

// oldestMinute is the first minute that is kept singly; it begins an hour.
func oldestMinute(now time.Time) int64 { return minuteOf(now.Add(-keepMinutesFor).Truncate(time.Hour)) }

func minutesBetween(from, to time.Time) int { return int(to.Sub(from) / time.Minute) }

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func quarterOf(t time.Time) int64 { return floorDiv(minuteOf(t), minutesPerQuarter) }
