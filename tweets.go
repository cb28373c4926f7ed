package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/outcryhq/outcry/detector/detect"
	"github.com/outcryhq/outcry/detector/replay"
	"github.com/outcryhq/outcry/ingest/match"
	"github.com/outcryhq/outcry/ingest/social"
	"github.com/outcryhq/outcry/ingest/twitter"
	"github.com/outcryhq/outcry/pkg/countcsv"
	"github.com/outcryhq/outcry/pkg/outage"
	"github.com/outcryhq/outcry/pkg/place"
)

// tweetsHelp is what `outcry replay --help` says of posts.
const tweetsHelp = `

With --tweets each FILE is a public dump of the Twitter v1.1 stream instead: one
message of JSON a line, plain or packed by gzip, bzip2 or zstd, whatever its name.
Files are read in the order given, on the clock of the posts; what is out of order
by up to five minutes is put in order. Posts go through the matcher as live ones do,
and each account counts once per service in 60 minutes. A summary goes to standard
error: what was read, and why posts were no complaints.`

// tweets is `outcry replay --tweets`.
type tweets struct {
	wanted  bool
	catalog string
}

func (t *tweets) bind(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&t.wanted, "tweets", false, "the files are dumps of posts, not counts")
	cmd.Flags().StringVar(&t.catalog, "catalog", "", "with --tweets: YAML `file` of services that replaces the built-in one, or extends it (extends: default)")
}

// arguments are one file of counts, or any number of dumps.
func (t *tweets) arguments(cmd *cobra.Command, args []string) error {
	switch {
	case !t.wanted && t.catalog != "":
		return fmt.Errorf("%w: --catalog is for --tweets: recorded counts say their services", errUsage)
	case !t.wanted:
		return oneFile(cmd, args)
	case cmd.Flags().Changed("step"):
		return fmt.Errorf("%w: --step is for recorded counts: posts have a time of their own", errUsage)
	case len(args) == 0:
		return fmt.Errorf("%w: %s --tweets needs one FILE or more, or - for standard input; see %s --help", errUsage, cmd.CommandPath(), cmd.CommandPath())
	}
	return nil
}

// replay reads the dumps and replays what they count, both at once.
func (t *tweets) replay(cmd *cobra.Command, paths []string) error {
	reader, err := t.newReader(cmd)
	if err != nil {
		return fmt.Errorf("replay: %w", err)
	}
	defer reader.tally.close()
	counts, written := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := reader.read(cmd.Context(), written, paths)
		_ = written.CloseWithError(err)
		ended <- err
	}()
	summary, err := replay.Run(cmd.Context(), replay.Config{
		Input: counts, Output: cmd.OutOrStdout(), Detect: detect.DefaultConfig(),
	})
	_ = counts.CloseWithError(err) // the reader has somebody to write to no longer
	if failed := <-ended; failed != nil && (err == nil || !errors.Is(failed, err)) {
		err = fmt.Errorf("replay: %w", failed) // which is why the replay ended
	}
	reader.status.show("%d lines, %d series, %d outages", reader.lines, summary.Series, summary.Outages)
	reader.status.end()
	if err != nil {
		return badInput(err)
	}
	return reader.summarise(cmd.ErrOrStderr())
}

func (t *tweets) newReader(cmd *cobra.Command) (*tweetReader, error) {
	services, err := (&config{Catalog: t.catalog}).loadCatalog()
	if err != nil {
		return nil, err
	}
	tally, err := newTally(cmd.Context(), services.Services()[0].Slug)
	if err != nil {
		return nil, err
	}
	return &tweetReader{
		matcher: sync.OnceValues(func() (*match.Matcher, error) { return newMatcher(services) }), tally: tally, stdin: cmd.InOrStdin(), status: newStatusLine(cmd.ErrOrStderr()),
		refused: map[string]int{},
	}, nil
}

// tweetReader reads dumps into a tally.
type tweetReader struct {
	// matcher is made for the first post: a file without one is told of at once.
	matcher func() (*match.Matcher, error)
	tally   *tally
	stdin   io.Reader
	status  *statusLine

	lines, posts, deletions, other, malformed, complaints int
	refused                                               map[string]int
}

// linesAtOnce is how many lines are read between two looks at the context.
const linesAtOnce = 1 << 13

// read writes the counts of all files to w.
func (r *tweetReader) read(ctx context.Context, w io.Writer, paths []string) error {
	r.tally.rows = countcsv.NewWriter(w)
	for _, path := range paths {
		if err := r.file(ctx, path); err != nil {
			return err
		}
	}
	return r.tally.end(ctx)
}

func (r *tweetReader) file(ctx context.Context, path string) (err error) {
	archive, err := twitter.OpenArchive(path, r.stdin)
	if err != nil {
		if missing, ok := errors.AsType[*fs.PathError](err); ok {
			err = missing // which says it all
		}
		return misuse{err}
	}
	defer func() { err = errors.Join(err, archive.Close()) }()
	lines, good := r.lines, r.posts+r.deletions
	for {
		line, err := archive.Next()
		switch {
		case errors.Is(err, io.EOF):
			if r.posts+r.deletions == good {
				return noTweets(path, r.lines-lines, archive.Begin())
			}
			return nil
		case errors.Is(err, twitter.ErrMalformed):
			line = nil
		case err != nil:
			return err
		}
		if r.lines++; r.lines%linesAtOnce == 0 {
			if ctx.Err() != nil {
				return ctx.Err() //nolint:wrapcheck // replay does
			}
			r.status.show("%d lines, at %s", r.lines, r.tally.newest.Format(time.RFC3339))
		}
		if err := r.line(ctx, line); err != nil {
			return err
		}
	}
}

// noTweets refuses a file in which no line was understood.
func noTweets(path string, lines int, begin []byte) error {
	if strings.HasPrefix(string(begin), countcsv.Header) {
		return fmt.Errorf("%w: %s holds recorded counts: replay them without --tweets, and by themselves", outage.ErrInvalid, path)
	}
	return fmt.Errorf("%w: %s holds no post in the Twitter v1.1 format, in %d lines", outage.ErrInvalid, path, lines)
}

// plausible says whether a post's time is that of its id, of which those since
// November 2010 hold milliseconds, and not in the future: one that is far ahead
// would leave all that follow it behind.
func plausible(post social.Post) bool {
	const (
		first, bits = 29_700_859_247, 22 // the first such id, and its lower bits that are no time
		epoch       = 1_288_834_974_657  // ms since 1970 of its time 0
		apart       = time.Hour
	)
	if post.At.After(time.Now().Add(apart)) {
		return false
	}
	id, err := strconv.ParseInt(post.ID, 10, 64)
	return err != nil || id < first || post.At.Sub(time.UnixMilli(id>>bits+epoch)).Abs() < apart
}

// line takes one line; nil is one that was too long.
func (r *tweetReader) line(ctx context.Context, line []byte) error {
	message, err := twitter.DecodeV1(line)
	switch {
	case err != nil || !plausible(message.Post):
		r.malformed++
		return nil //nolint:nilerr // a dump has some
	case message.Deleted != "":
		r.deletions++ // nothing is kept that could be forgotten
		return nil
	case message.Post.ID == "":
		r.other++
		return nil
	}
	post := message.Post
	r.posts++
	if err := r.tally.hear(ctx, post.At); err != nil {
		return err
	}
	matcher, err := r.matcher()
	if err != nil {
		return err
	}
	verdict := matcher.Classify(match.Post{
		Text: post.Text, Language: post.Language, Place: post.Place, Profile: post.Profile, Repost: post.Repost,
	})
	if !verdict.Complaint {
		r.refused[verdict.Reason]++
		return nil
	}
	r.complaints++
	if !place.Valid(verdict.Country) {
		verdict.Country = outage.UnknownCountry
	}
	return r.tally.add(ctx, post, outage.Series{Service: verdict.Service, Country: verdict.Country})
}

// summarise says what was read, in a few lines.
func (r *tweetReader) summarise(w io.Writer) error {
	var refused strings.Builder
	for _, reason := range slices.Sorted(maps.Keys(r.refused)) {
		_, _ = fmt.Fprintf(&refused, ", %s %d", reason, r.refused[reason]) // into memory
	}
	_, err := fmt.Fprintf(w, "%d lines: %d posts, %d deletions, %d of other kinds, %d malformed\n"+
		"%d complaints: %d counted, %d of accounts that had been counted or posts read twice, %d more than %s out of order\n"+
		"%d posts were no complaints%s\n",
		r.lines, r.posts, r.deletions, r.other, r.malformed,
		r.complaints, r.tally.counted, r.tally.repeated, r.tally.late, disorder,
		r.posts-r.complaints, refused.String())
	return err
}
