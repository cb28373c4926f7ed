package main

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
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
is refused.

The archive is the one of --data-dir, or of --database-url. The embedded one is
imported into while Outcry is stopped.`,
		Example: "  outcry import --data-dir data history.csv.zst",
		Args:    oneFile,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if err := cfg.settleArchive(cmd.Flags(), os.Environ()); err != nil {
				return err
			}
			input, err := openCounts(args[0], cmd.InOrStdin())
			if err != nil {
				return err
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
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "imported %d rows with %d reports, from %s to %s\n",
				done.Rows, done.Reports, done.From.Format(time.RFC3339), done.To.Format(time.RFC3339))
			return err
		},
	}
	cfg.bind(cmd.Flags())
	cmd.Flags().DurationVar(&step, "step", time.Minute, "length of the buckets, such as 15m")
	return cmd
}

// countsFile reads rows for an import and remembers how busy the file is.
type countsFile struct {
	reader  *countcsv.Reader
	step    time.Duration
	reports int
	from    time.Time
	refused bool // the import ended at the row read last
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
				if c.from.IsZero() {
					c.from = row.Start
				}
			}
			more := yield(archive.CountRow(row), err)
			c.refused = !more && err == nil
			if !more || err != nil {
				return
			}
		}
	}
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
