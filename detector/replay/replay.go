package replay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/outcryhq/outcry/detector/detect"
	"github.com/outcryhq/outcry/pkg/countcsv"
	"github.com/outcryhq/outcry/pkg/outage"
)

// silentReports is how many reports would have to be usual in a silent time for
// it to be unobserved.
const silentReports = 30

const (
	// progressEvery is the number of rows between two calls of Progress.
	progressEvery = 1 << 16
	// progressSilent is the number of hours without rows between two calls.
	progressSilent = 1 << 12
)

// Config says what to replay. Input, Output and Detect are required.
type Config struct {
	Input  io.Reader     // counts as pkg/countcsv describes them
	Step   time.Duration // the length of a bucket; 0 means a minute
	Output io.Writer     // one JSON object a line for each outage, in the order of detection
	Detect detect.Config
	// Progress, if set, is called now and then with the rows read and the time
	// that the replay has come to.
	Progress func(rows int, at time.Time)
}

// Summary is what was replayed.
type Summary struct {
	Rows     int
	From, To time.Time // the beginning of the first bucket, the end of the last
	Series   int       // heard in the last 49 hours
	Outages  int
}

// Run replays the input to its end. A bad row or step is outage.ErrInvalid and
// names the line; the outages that were over by then have been printed.
func Run(ctx context.Context, cfg Config) (Summary, error) {
	r, err := newRun(cfg)
	if err != nil {
		return Summary{}, fmt.Errorf("replay: %w", err)
	}
	reader, err := countcsv.NewReader(cfg.Input)
	if err != nil {
		return Summary{}, fmt.Errorf("replay: %w", err)
	}
	err = r.read(ctx, reader)
	r.summary.Series, r.summary.Outages = r.detector.LiveSeries(), r.printer.outages()
	if err != nil {
		return r.summary, fmt.Errorf("replay: %w", err)
	}
	return r.summary, nil
}

func newRun(cfg Config) (*run, error) {
	if cfg.Step == 0 {
		cfg.Step = time.Minute
	}
	if cfg.Progress == nil {
		cfg.Progress = func(int, time.Time) {}
	}
	minutes, err := countcsv.StepMinutes(cfg.Step)
	if err != nil {
		return nil, err
	}
	detector, err := detect.New(cfg.Detect)
	if err != nil {
		return nil, err
	}
	return &run{
		detector: detector, printer: newPrinter(cfg.Output), progress: cfg.Progress,
		step: cfg.Step, minutes: minutes, merged: map[outage.Series]int{},
	}, nil
}

// run is one replay.
type run struct {
	detector *detect.Detector
	printer  *printer
	step     time.Duration
	minutes  int // of a bucket
	summary  Summary
	progress func(rows int, at time.Time)

	bucket time.Time      // the one that is being read; zero before the first row
	rows   []countcsv.Row // of that bucket
	merged map[outage.Series]int
	usual  usual
	ticks  int  // how often the detector has looked, had it looked at every bucket
	idle   bool // nothing is watched or open, so that silence changes nothing
}

func (r *run) read(ctx context.Context, reader *countcsv.Reader) error {
	for {
		row, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return r.end()
		}
		if err != nil {
			return err
		}
		if start := r.align(row.Start); !start.Equal(r.bucket) {
			if err := r.advance(ctx, start); err != nil {
				return err
			}
		}
		r.rows = append(r.rows, row)
		r.summary.Rows++
		if r.summary.Rows%progressEvery == 0 {
			r.progress(r.summary.Rows, row.Start)
		}
	}
}

// align returns the bucket of the grid that begins at start or next after it.
func (r *run) align(start time.Time) time.Time {
	if r.bucket.IsZero() {
		return start
	}
	ahead := start.Sub(r.bucket)
	return r.bucket.Add((ahead + r.step - time.Minute).Truncate(r.step))
}

// advance finishes the current bucket and the silent ones before next.
func (r *run) advance(ctx context.Context, next time.Time) error {
	if r.bucket.IsZero() {
		r.bucket, r.summary.From = next, next
		return nil
	}
	if err := r.finish(true); err != nil {
		return err
	}
	covered := r.usual.between(r.detector, r.bucket, next) < silentReports
	for r.bucket.Before(next) {
		if err := ctx.Err(); err != nil {
			return err //nolint:wrapcheck // Run wraps it
		}
		r.skip(next, covered)
		if err := r.finish(covered); err != nil {
			return err
		}
	}
	return nil
}

// skip passes over silent buckets before next while the detector is idle. What
// it does then, it does once an hour: learn, and forget. So it is left to look
// at those buckets alone in which, looking at each, it would do so.
func (r *run) skip(next time.Time, covered bool) {
	anHour := (60 + r.minutes - 1) / r.minutes // in buckets
	buckets := (anHour - r.ticks%anHour) % anHour
	if !r.idle || next.Sub(r.bucket) < time.Duration(buckets+1)*r.step {
		return
	}
	for range buckets {
		r.observe(covered)
		r.bucket = r.bucket.Add(r.step)
	}
	if r.ticks += buckets; r.ticks%(anHour*progressSilent) == 0 {
		r.progress(r.summary.Rows, r.bucket)
	}
}

// observe says whether the bucket's minutes were observed.
func (r *run) observe(covered bool) {
	for i := range r.minutes {
		r.detector.Observe(r.bucket.Add(time.Duration(i)*time.Minute), covered)
	}
}

// finish hands the bucket's rows to the detector, lets it look at the bucket's
// end, and goes on to the next bucket.
func (r *run) finish(covered bool) error {
	r.observe(covered)
	if r.minutes == 1 {
		for _, row := range r.rows {
			r.detector.Set(row.Series, r.bucket, row.Reports)
		}
	} else {
		r.spread()
	}
	r.rows = r.rows[:0]
	r.bucket = r.bucket.Add(r.step)
	result, err := r.detector.Tick(r.bucket, detect.Inputs{})
	if err != nil {
		return fmt.Errorf("detect: %w", err)
	}
	r.ticks++
	if err := r.printer.take(result.Outages); err != nil {
		return err
	}
	r.idle = result.Evaluated == 0 && len(r.printer.waiting) == 0
	return nil
}

// spread sets the minutes of a long bucket. Rows that were moved to the grid
// may share it.
func (r *run) spread() {
	clear(r.merged)
	for _, row := range r.rows {
		r.merged[row.Series] += row.Reports
	}
	for series, reports := range r.merged {
		for i := range r.minutes {
			at := r.bucket.Add(time.Duration(i) * time.Minute)
			r.detector.Set(series, at, countcsv.Spread(reports, r.minutes, i))
		}
	}
}

func (r *run) end() error {
	if !r.bucket.IsZero() {
		if err := r.finish(true); err != nil {
			return err
		}
	}
	r.summary.To = r.bucket
	return r.printer.end()
}

// usual remembers for an hour what is usual in a minute.
type usual struct {
	hour      time.Time
	perMinute float64
}

// between is the number of reports that is usual from one time to another.
func (u *usual) between(d *detect.Detector, from, to time.Time) float64 {
	var sum float64
	for from.Before(to) && sum < silentReports {
		hour := from.Truncate(time.Hour)
		if !hour.Equal(u.hour) {
			u.hour, u.perMinute = hour, d.Expected(hour)
		}
		end := hour.Add(time.Hour)
		if end.After(to) {
			end = to
		}
		sum += u.perMinute * end.Sub(from).Minutes()
		from = end
	}
	return sum
}
