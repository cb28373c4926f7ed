package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/outcryhq/outcry/pkg/archive"
	"github.com/outcryhq/outcry/pkg/outage"
)

func outageCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "outage",
		Short: "List outages, and say what became of them",
		Long: `List the outages of the archive, and add remarks to them: a note, a retraction, a
merge, or the service's own acknowledgement. A remark is kept with its time and shown
beside the outage, on its page and by the API. The outage itself stays as it is, and so
does whatever was cited: nothing is deleted or changed, and no remark can be taken back.
A retracted outage, and one that was merged into another, count in no record.

The archive is the one of --data-dir, or of --database-url. Outcry may be running.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return fmt.Errorf("%w: %s needs one of its commands; see %s --help", errUsage, cmd.CommandPath(), cmd.CommandPath())
			}
			return noArguments(cmd, args)
		},
		RunE: func(*cobra.Command, []string) error { return nil }, // Args refuses every use without a command
	}
	cmd.AddCommand(outageListCommand(), outageShowCommand(), outageNoteCommand(), outageRetractCommand(),
		outageMergeCommand(), outageAcknowledgeCommand())
	return cmd
}

// arguments asks for an outage's id and so many words more.
func arguments(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == len(names) {
			return nil
		}
		return fmt.Errorf("%w: %s takes %s, and got %d words; a text of several words needs quotes; see %s --help",
			errUsage, cmd.CommandPath(), strings.Join(names, " "), len(args), cmd.CommandPath())
	}
}

// withArchive opens the archive for a command that works on single outages,
// beside an Outcry that is running.
func withArchive(cmd *cobra.Command, cfg *config, do func(ctx context.Context, record *archive.Archive) error) (err error) {
	if err := cfg.settleArchive(cmd.Flags(), os.Environ()); err != nil {
		return err
	}
	var closing cleanups
	defer func() { err = errors.Join(err, closing.run()) }()
	record, err := openArchiveBeside(cmd.Context(), *cfg, newLogger(*cfg, cmd.ErrOrStderr()), &closing)
	if err != nil {
		return err
	}
	err = do(cmd.Context(), record)
	if errors.Is(err, outage.ErrNotFound) {
		return misuse{err} // an id that was mistyped
	}
	return badInput(err)
}

// openArchiveBeside is openArchive, beside an Outcry that holds the data folder
// too: its lock keeps a second live state and second keys away, and remarks need
// neither.
func openArchiveBeside(ctx context.Context, cfg config, logger *slog.Logger, closing *cleanups) (*archive.Archive, error) {
	if cfg.DatabaseURL != "" {
		return openArchive(ctx, cfg, logger, closing)
	}
	if err := readable("data-dir", sqlitePath(cfg.DataDir)); err != nil {
		return nil, err // opening it would make an empty one
	}
	err := lockDataDir(cfg.DataDir, closing)
	var record *archive.Archive
	switch {
	case err == nil:
		record, err = archive.OpenSQLite(ctx, sqlitePath(cfg.DataDir), logger)
	case errors.Is(err, errInUse):
		record, err = archive.OpenSQLiteBeside(ctx, sqlitePath(cfg.DataDir), logger)
	}
	if err != nil {
		return nil, fmt.Errorf("open the archive: %w", err)
	}
	closing.add("archive", record.Close)
	return record, nil
}

func outageNoteCommand() *cobra.Command {
	cfg := defaultConfig()
	var link string
	cmd := &cobra.Command{
		Use:   "note ID TEXT",
		Short: "Add a note that readers of an outage should see",
		Long: `Add a note to an outage: plain text of at most 2,000 bytes, shown on its page with
the time of now. A note cannot be taken back; another one can correct it.`,
		Example: `  outcry outage note 015f80e4-d000-7cc1-9f11-46a1ad3f4da2 "A cable was cut near Jakarta."`,
		Args:    arguments("ID", "TEXT"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return addRemark(cmd, &cfg, args[0], outage.Remark{Kind: outage.Note, Text: args[1], Link: link})
		},
	}
	cfg.bind(cmd.Flags())
	cmd.Flags().StringVar(&link, "link", "", "`URL` where readers find more")
	return cmd
}

func outageRetractCommand() *cobra.Command {
	cfg := defaultConfig()
	var reason string
	cmd := &cobra.Command{
		Use:   "retract ID --reason TEXT",
		Short: "Say that there was no such outage, and why",
		Long: `Retract an outage that was none. Its page and the API go on showing it, as
retracted, with the reason and the time of now; it counts in no record. An outage that
is still ongoing can be retracted: its detector goes on with it until the reports
calm down. A retraction cannot be taken back.`,
		Example: `  outcry outage retract 015f80e4-d000-7cc1-9f11-46a1ad3f4da2 --reason "A load test of ours."`,
		Args:    arguments("ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if reason == "" {
				return fmt.Errorf("%w: --reason is missing: readers will ask why", errUsage)
			}
			return addRemark(cmd, &cfg, args[0], outage.Remark{Kind: outage.Retraction, Text: reason})
		},
	}
	cfg.bind(cmd.Flags())
	cmd.Flags().StringVar(&reason, "reason", "", "why, in plain `text`")
	return cmd
}

func outageMergeCommand() *cobra.Command {
	cfg := defaultConfig()
	var reason, into string
	cmd := &cobra.Command{
		Use:   "merge ID --into ID --reason TEXT",
		Short: "Say that an outage is part of another one of the same service",
		Long: `Say that an outage is part of another one of the same service, such as the failure
of the night before that had not been mended. Its page stays, and leads to the other;
it counts in no record of its own. A merge cannot be taken back.`,
		Example: `  outcry outage merge 015f80e4-d000-7cc1-9f11-46a1ad3f4da2 --into 015f80b1-a1f0-7b09-8f0c-51bb4b3bd0b3 --reason "It had not been mended."`,
		Args:    arguments("ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case into == "":
				return fmt.Errorf("%w: --into is missing: the id of the outage that this one is part of", errUsage)
			case reason == "":
				return fmt.Errorf("%w: --reason is missing: readers will ask why", errUsage)
			}
			whole, err := outage.ParseID(into)
			if err != nil {
				return fmt.Errorf("%w: --into: %w", errUsage, err)
			}
			return addRemark(cmd, &cfg, args[0], outage.Remark{Kind: outage.Merge, Text: reason, Into: &whole})
		},
	}
	cfg.bind(cmd.Flags())
	cmd.Flags().StringVar(&into, "into", "", "`ID` of the outage that this one is part of")
	cmd.Flags().StringVar(&reason, "reason", "", "why, in plain `text`")
	return cmd
}

func outageAcknowledgeCommand() *cobra.Command {
	cfg := defaultConfig()
	var text, link string
	var said instant
	cmd := &cobra.Command{
		Use:   "acknowledge ID --text TEXT [--link URL] [--at TIME]",
		Short: "Record what the service itself said of an outage",
		Long: `Record the service's own word on an outage beside the crowd's: what it said, where,
and when. The status feeds of services can be followed instead; see --status-feeds
of "outcry --help".`,
		Example: `  outcry outage acknowledge 015f80e4-d000-7cc1-9f11-46a1ad3f4da2 --text "WhatsApp is back" \
    --link https://status.example.com/incidents/1 --at 2017-11-03T09:05:00Z`,
		Args: arguments("ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if text == "" {
				return fmt.Errorf("%w: --text is missing: what the service said", errUsage)
			}
			remark := outage.Remark{Kind: outage.Acknowledgement, Text: text, Link: link}
			if !said.IsZero() {
				if said.After(time.Now().Add(time.Minute)) {
					return fmt.Errorf("%w: --at %s lies in the future", errUsage, said.String())
				}
				remark.Said = &said.Time
			}
			return addRemark(cmd, &cfg, args[0], remark)
		},
	}
	cfg.bind(cmd.Flags())
	cmd.Flags().StringVar(&text, "text", "", "what the service said, in plain `text`")
	cmd.Flags().StringVar(&link, "link", "", "`URL` where it said so")
	cmd.Flags().Var(&said, "at", "RFC 3339 `time` at which it said so")
	return cmd
}

// addRemark adds a remark of the operator's, and says what that means.
func addRemark(cmd *cobra.Command, cfg *config, id string, remark outage.Remark) error {
	of, err := outage.ParseID(id)
	if err != nil {
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	remark.At, remark.By = time.Now(), outage.ByOperator
	remark, err = remark.Tidy(of)
	if err != nil {
		return badInput(err)
	}
	return withArchive(cmd, cfg, func(ctx context.Context, record *archive.Archive) error {
		if err := record.AddRemark(ctx, of, remark); err != nil {
			return err
		}
		o, err := record.Outage(ctx, of)
		if err != nil {
			return err
		}
		said, err := record.Remarks(ctx, of)
		if err != nil {
			return err
		}
		for _, known := range said[of] {
			if known.ID == remark.ID && !known.At.Equal(remark.At) {
				_, err := fmt.Fprintf(cmd.OutOrStdout(), "nothing changed: this was said at %s already\n", known.At.Format(time.RFC3339))
				return err
			}
		}
		return confirm(cmd.OutOrStdout(), o, remark)
	})
}

// confirm says what was done.
func confirm(out io.Writer, o outage.Outage, remark outage.Remark) error {
	about := fmt.Sprintf("the outage of %s that began at %s", o.Service, o.StartedAt.Format(time.RFC3339))
	switch remark.Kind {
	case outage.Note:
		about = "added a note to " + about
	case outage.Acknowledgement:
		about = "recorded the acknowledgement of " + about
	case outage.Merge:
		about = "merged " + about + " into " + remark.Into.String() + "; it counts in no record of its own"
	case outage.Retraction:
		about = "retracted " + about + "; it counts in no record"
		if o.State == outage.Ongoing {
			about += "\nit is still ongoing: its detector goes on with it until the reports calm down"
		}
	}
	_, err := fmt.Fprintln(out, about)
	return err
}
