package main

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/outcryhq/outcry/pkg/archive"
	"github.com/outcryhq/outcry/pkg/countcsv"
	"github.com/outcryhq/outcry/pkg/outage"
)

// silentReports is how many reports would have to be usual in a gap in which a
// whole file is silent for the gap to be unobserved and not quiet, as in a replay.
const silentReports = 30

func importCommand() *cobra.Command {
	cfg := defaultConfig()
	var step time.Duration
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Add recorded counts to the archive, so that an installation starts with a history",
		Long: `Add recorded counts to the archive, so that the detector knows from the start what
is usual. FILE is CSV as in "outcry replay"; - is standard input. Each minute becomes
the greater of what is there and what is imported: importing again changes nothing.
A gap in which the whole file is silent, though at its mean pace 30 reports would have
been usual, is taken as a time in which nobody was listening. A row that lies in the future
is refused. If the buckets are longer than a minute, --step must say so.

The archive is the one of --data-dir, or of --database-url. The embedded one is
imported into while Outcry is stopped. With --database-url the roles may run: within a
few minutes the detectors rebuild the live state from the archive and learn anew what is
usual. Reports wait for the seconds that this takes.`,
		Example: "  outcry import --data-dir data history.csv.zst",
		Args:    oneFile,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := cfg.settleArchive(cmd.Flags(), os.Environ()); err != nil {
				return err
			}
			return importFile(cmd, cfg, args[0], step)
		},
	}
	cfg.bind(cmd.Flags())
	cmd.Flags().DurationVar(&step, "step", time.Minute, "length of the buckets, such as 15m")
	return cmd
}

// importFile imports a file and says what became of it.
func importFile(cmd *cobra.Command, cfg config, path string, step time.Duration) (err error) {
	input, err := openCounts(path, cmd.InOrStdin())
	if err != nil {
		return fmt.Errorf("import: %w", err)
	}
	defer func() { err = errors.Join(err, input.Close()) }()
	var closing cleanups
	defer func() { err = errors.Join(err, closing.run()) }()
	record, err := openArchive(cmd.Context(), cfg, newLogger(cfg, cmd.ErrOrStderr()), &closing)
	if err != nil {
		return err
	}
	reader, err := countcsv.NewReader(input)
	if err != nil {
		return badInput(err)
	}
	status := newStatusLine(cmd.ErrOrStderr())
	counts := &countsFile{reader: reader, step: step}
	done, err := record.ImportCounts(cmd.Context(), archive.Import{
		Rows: counts.rows(), Step: step, Now: time.Now(), Quiet: counts.quiet,
		Progress: func(at archive.Imported) {
			status.show("%d rows, until %s", at.Rows, at.To.Format(time.RFC3339))
		},
	})
	status.end()
	if err != nil {
		return badInput(counts.located(err))
	}
	if done.Rows == 0 {
		_, err = fmt.Fprintln(cmd.OutOrStdout(), "imported nothing: the file has no rows")
		return err
	}
	if coarse, ok := counts.coarser(done); ok {
		_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "outcry: import: warning: all rows start whole multiples of %[1]s apart, and were taken as buckets of %[2]s; "+
			"if they are longer, import them with --step %[1]s into an archive that does not have these yet\n", brief(coarse), brief(step))
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "imported %d rows with %d reports, from %s to %s: %d minutes listened to, %d not\n",
		done.Rows, done.Reports, done.From.Format(time.RFC3339), done.To.Format(time.RFC3339), done.Observed, done.Unobserved)
	return err
}

// countsFile reads rows for an import and remembers how busy the file is.
type countsFile struct {
	reader  *countcsv.Reader
	step    time.Duration
	reports int
	from    time.Time
	refused bool // the import ended at the row read last

	last   time.Time     // the start of the row read last
	starts int           // how many different ones there were
	apart  time.Duration // the greatest common divisor of what lies between them
}

func (c *countsFile) rows() iter.Seq2[archive.CountRow, error] {
	return func(yield func(archive.CountRow, error) bool) {
		for {
			row, err := c.reader.Read()
			if errors.Is(err, io.EOF) {
				return
			}
			if err == nil {
				c.reports += row.Reports
				c.note(row.Start)
			}
			more := yield(archive.CountRow(row), err)
			c.refused = !more && err == nil
			if !more || err != nil {
				return
			}
		}
	}
}

func (c *countsFile) note(start time.Time) {
	if c.from.IsZero() {
		c.from = start
	}
	if c.starts > 0 && start.Equal(c.last) {
		return
	}
	c.starts++
	c.last = start
	a, b := c.apart, start.Sub(c.from)
	for b != 0 {
		a, b = b, a%b
	}
	c.apart = a.Abs()
}

// tellingStarts is from how many rows on it is hardly by chance that all start
// at multiples of a few minutes.
const tellingStarts = 5

// coarser says whether the rows look like buckets longer than the step, and how
// long, where it makes a difference: a single report is spread over no minutes.
func (c *countsFile) coarser(done archive.Imported) (time.Duration, bool) {
	matters := done.Reports > done.Rows || done.Unobserved > done.Observed
	return min(c.apart, countcsv.MostStep), c.starts >= tellingStarts && c.apart > c.step && matters
}

// brief is a duration as people write it: 1h and not 1h0m0s.
func brief(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// located names the line of a row that the archive called invalid; the reader's
// own errors name it already.
func (c *countsFile) located(err error) error {
	if c.refused && errors.Is(err, outage.ErrInvalid) {
		return fmt.Errorf("line %d: %w", c.reader.Line(), err)
	}
	return err
}

// quiet says whether a gap in the whole file is short enough, at the file's
// usual pace so far, to be mere quiet.
func (c *countsFile) quiet(from, to time.Time) bool {
	observed := max(from.Sub(c.from), c.step)
	return float64(c.reports)*to.Sub(from).Seconds()/observed.Seconds() < silentReports
}

func exportCommand() *cobra.Command {
	cfg := defaultConfig()
	var step time.Duration
	var from, to instant
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Print the archive's counts as CSV",
		Long: `Print the archive's counts as CSV that "outcry replay" and "outcry import" read:
distinct reporters by service, country and bucket of time. Single minutes are kept for
90 days; --step 15m and 1h reach back to the beginning.

The archive is the one of --data-dir, or of --database-url. The embedded one is
exported while Outcry is stopped.`,
		Example: "  outcry export --from 2017-11-03T00:00:00Z --to 2017-11-04T00:00:00Z > day.csv",
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if err := cfg.settleArchive(cmd.Flags(), os.Environ()); err != nil {
				return err
			}
			if !from.IsZero() && !to.IsZero() && !from.Before(to.Time) {
				return fmt.Errorf("%w: --from %s is not before --to %s", errUsage, from.String(), to.String())
			}
			if cfg.DatabaseURL == "" {
				if err := readable("data-dir", sqlitePath(cfg.DataDir)); err != nil {
					return err // opening it would make an empty one
				}
			}
			var closing cleanups
			defer func() { err = errors.Join(err, closing.run()) }()
			record, err := openArchive(cmd.Context(), cfg, newLogger(cfg, cmd.ErrOrStderr()), &closing)
			if err != nil {
				return err
			}
			writer := countcsv.NewWriter(cmd.OutOrStdout())
			err = record.ExportCounts(cmd.Context(), from.Time, to.Time, step, func(row archive.CountRow) error {
				if outage.IsWorks(row.Series.Service) {
					return nil // counter-votes are no counts of complaints
				}
				return writer.Write(countcsv.Row(row))
			})
			if err != nil {
				return badInput(err)
			}
			return writer.Flush()
		},
	}
	cfg.bind(cmd.Flags())
	cmd.Flags().DurationVar(&step, "step", time.Minute, "length of the buckets: 1m, 5m, 15m or 1h")
	cmd.Flags().Var(&from, "from", "begin at this RFC 3339 `time`")
	cmd.Flags().Var(&to, "to", "end before this RFC 3339 `time`")
	return cmd
}
