package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/spf13/cobra"

	"github.com/outcryhq/outcry/detector/detect"
	"github.com/outcryhq/outcry/detector/replay"
	"github.com/outcryhq/outcry/pkg/countcsv"
)

func replayCommand() *cobra.Command {
	var step time.Duration
	var posts tweets
	cmd := &cobra.Command{
		Use:   "replay FILE",
		Short: "Run the detector over recorded counts, or posts, and print the outages",
		Long: `Run the detector over recorded counts on a simulated clock, as fast as it can,
and print each outage as one line of JSON, as it ended, in the order of detection.
Two runs over the same file print the same bytes.

FILE is CSV with the header time,service,country,reports: the RFC 3339 UTC start
of a bucket (seconds are dropped) and the distinct reporters in it, rows by time,
missing buckets zero. A country is a code that ISO 3166-1 assigns, or ZZ.
Files that end in .gz or .zst are unpacked; - is standard input.

What is usual is learned from the file itself as it goes along: some two weeks
before the time of interest are a good start.` + tweetsHelp,
		Example: `  outcry replay counts.csv
  outcry replay --step 15m buckets.csv.zst | jq .started_at
  outcry replay --tweets 2017/11/03/08/*.json.bz2`,
		Args: posts.arguments,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if posts.wanted {
				return posts.replay(cmd, args)
			}
			input, err := openCounts(args[0], cmd.InOrStdin())
			if err != nil {
				return fmt.Errorf("replay: %w", err)
			}
			defer func() { err = errors.Join(err, input.Close()) }()
			status := newStatusLine(cmd.ErrOrStderr())
			summary, err := replay.Run(cmd.Context(), replay.Config{
				Input: input, Step: step, Output: cmd.OutOrStdout(), Detect: detect.DefaultConfig(),
				Progress: func(rows int, at time.Time) {
					status.show("%d rows, at %s", rows, at.Format(time.RFC3339))
				},
			})
			status.show("%d rows, %d series, %d outages", summary.Rows, summary.Series, summary.Outages)
			status.end()
			return badInput(err)
		},
	}
	cmd.Flags().DurationVar(&step, "step", time.Minute, "length of the buckets, such as 15m")
	posts.bind(cmd)
	return cmd
}

// openCounts opens the file that a command was given. One that cannot be opened
// is bad input, like one that cannot be understood.
func openCounts(path string, stdin io.Reader) (io.ReadCloser, error) {
	input, err := countcsv.Open(path, stdin)
	if err == nil {
		return input, nil
	}
	if missing, ok := errors.AsType[*fs.PathError](err); ok {
		err = missing // which says it all
	}
	return nil, misuse{err}
}

// statusLine shows the progress of long work on a terminal, and nothing elsewhere.
type statusLine struct {
	w     io.Writer // nil: not a terminal
	shown bool
}

func newStatusLine(w io.Writer) *statusLine {
	if f, ok := w.(*os.File); ok && isatty.IsTerminal(f.Fd()) {
		return &statusLine{w: f}
	}
	return &statusLine{}
}

func (s *statusLine) show(format string, args ...any) {
	if s.w != nil {
		s.shown = true
		_, _ = fmt.Fprintf(s.w, "\r\x1b[K"+format, args...)
	}
}

func (s *statusLine) end() {
	if s.shown {
		_, _ = fmt.Fprintln(s.w)
	}
}
