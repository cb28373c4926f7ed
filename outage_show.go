package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/outcryhq/outcry/pkg/archive"
	"github.com/outcryhq/outcry/pkg/outage"
	"github.com/outcryhq/outcry/pkg/place"
)

func outageListCommand() *cobra.Command {
	cfg := defaultConfig()
	var wanted outageWish
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List outages, newest first",
		Long: `List the outages of the archive, newest first: id, service, start, duration, reports,
countries, and whether they were retracted or merged. With --json each is one line of
JSON, as the API gives it.

The archive is the one of --data-dir, or of --database-url. Outcry may be running; what
it has just noticed comes into a shared archive within seconds.`,
		Example: "  outcry outage list --service whatsapp --since 2017-05-01T00:00:00Z",
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			filter, err := wanted.filter(time.Now())
			if err != nil {
				return err
			}
			return withArchive(cmd, &cfg, func(ctx context.Context, record *archive.Archive) error {
				return listOutages(ctx, cmd.OutOrStdout(), record, filter, wanted)
			})
		},
	}
	cfg.bind(cmd.Flags())
	wanted.bind(cmd)
	return cmd
}

// outageWish is which outages somebody wants to see, and how.
type outageWish struct {
	service, country, state string
	since, until            instant
	minReports, limit       int
	minDuration             time.Duration
	json                    bool
}

func (w *outageWish) bind(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringVar(&w.service, "service", "", "those of this service only, by its `slug`")
	fs.StringVar(&w.country, "country", "", "those with an impact in this country only, such as NL")
	fs.StringVar(&w.state, "state", "", "ongoing or ended ones only")
	fs.Var(&w.since, "since", "those that had not ended before this RFC 3339 `time`")
	fs.Var(&w.until, "until", "those that started before this RFC 3339 `time`")
	fs.IntVar(&w.minReports, "min-reports", 0, "those with so many reports at least")
	fs.DurationVar(&w.minDuration, "min-duration", 0, "those that lasted so long at least, such as 30m")
	fs.IntVar(&w.limit, "limit", 50, "how many at most")
	fs.BoolVar(&w.json, "json", false, "print JSON, one outage a line")
}

// filter checks what was typed.
func (w *outageWish) filter(now time.Time) (archive.OutageFilter, error) {
	f := archive.OutageFilter{
		Service: w.service, State: outage.State(w.state), Since: w.since.Time, Until: w.until.Time,
		MinReports: w.minReports, MinDuration: w.minDuration, Now: now,
	}
	if w.country != "" {
		code, ok := place.Normalize(w.country)
		if !ok {
			return f, fmt.Errorf("%w: --country: expected an ISO 3166-1 alpha-2 code such as ID, or ZZ for unknown, not %q", errUsage, w.country)
		}
		f.Country = code
	}
	if w.limit < 1 {
		return f, fmt.Errorf("%w: --limit %d is not at least 1", errUsage, w.limit)
	}
	return f, nil
}

// outagesAtOnce is how many outages one query of a list reads.
const outagesAtOnce = 200

func listOutages(ctx context.Context, out io.Writer, record *archive.Archive, filter archive.OutageFilter, wanted outageWish) error {
	standings, err := record.Standings(ctx)
	if err != nil {
		return err
	}
	show, finish := outageTable(out, filter.Now)
	if wanted.json {
		show, finish = outageLines(out)
	}
	for left := wanted.limit; left > 0; {
		filter.Limit = min(left, outagesAtOnce)
		page, err := record.Outages(ctx, filter)
		if err != nil {
			return err
		}
		for _, o := range page.Outages {
			if err := show(outage.Published{Outage: o, Standing: standings[o.ID]}); err != nil {
				return err
			}
		}
		left -= len(page.Outages)
		if filter.Cursor = page.NextCursor; filter.Cursor == "" {
			break
		}
	}
	return finish()
}

type outagePrinter func(outage.Published) error

func outageLines(out io.Writer) (outagePrinter, func() error) {
	encoder := json.NewEncoder(out)
	return func(o outage.Published) error { return printing(encoder.Encode(o)) }, func() error { return nil }
}

func outageTable(out io.Writer, now time.Time) (outagePrinter, func() error) {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "ID\tSERVICE\tSTARTED\tLASTED\tREPORTS\tCOUNTRIES\t") // Flush has the error
	return func(o outage.Published) error {
		_, err := fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%d\t%s\t%s\n", o.ID, printed(o.Service), o.StartedAt.Format(time.RFC3339),
			lasted(o.Outage, now), o.Reports, countriesHit(o.Outage), standingText(o.Standing))
		return err
	}, table.Flush
}

// mostCountries is how many countries a line names.
const mostCountries = 8

func countriesHit(o outage.Outage) string {
	var codes []string
	for i, impact := range o.Impacts {
		if i == mostCountries {
			codes = append(codes, fmt.Sprintf("+%d", len(o.Impacts)-i))
			break
		}
		codes = append(codes, printed(impact.Country))
	}
	return strings.Join(codes, ",")
}

func lasted(o outage.Outage, now time.Time) string {
	if o.EndedAt == nil {
		return brief(max(now.Sub(o.StartedAt), 0).Truncate(time.Minute)) + " so far"
	}
	return brief(o.EndedAt.Sub(o.StartedAt).Truncate(time.Second))
}

func standingText(s outage.Standing) string {
	switch {
	case s.Retracted:
		return "retracted"
	case s.MergedInto != nil:
		return "part of " + s.MergedInto.String()
	}
	return ""
}

// printed drops what a terminal would act on.
func printed(text string) string { return strings.Map(printable, text) }

func outageShowCommand() *cobra.Command {
	cfg := defaultConfig()
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "show ID",
		Short: "Show an outage and what was said of it",
		Long: `Show an outage of the archive with every remark on it. With --json it is printed as
GET /v1/outages/{id} answers, which "outcry explain" reads.`,
		Example: "  outcry outage show 015f80e4-d000-7cc1-9f11-46a1ad3f4da2",
		Args:    arguments("ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := outage.ParseID(args[0])
			if err != nil {
				return fmt.Errorf("%w: %w", errUsage, err)
			}
			return withArchive(cmd, &cfg, func(ctx context.Context, record *archive.Archive) error {
				return showOutage(ctx, cmd.OutOrStdout(), record, id, asJSON)
			})
		},
	}
	cfg.bind(cmd.Flags())
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func showOutage(ctx context.Context, out io.Writer, record *archive.Archive, id outage.ID, asJSON bool) error {
	o, err := record.Outage(ctx, id)
	if err != nil {
		return err
	}
	remarks, err := record.Remarks(ctx, id)
	if err != nil {
		return err
	}
	shown := outage.Published{Outage: o, Standing: outage.StandingOf(remarks[id]), Remarks: append([]outage.Remark{}, remarks[id]...)}
	if asJSON {
		return printing(json.NewEncoder(out).Encode(shown))
	}
	_, err = io.WriteString(out, outageText(shown, time.Now()))
	return printing(err)
}

// printing says of an error that it was the output's.
func printing(err error) error {
	if err != nil {
		return fmt.Errorf("print: %w", err)
	}
	return nil
}

func outageText(o outage.Published, now time.Time) string {
	var text strings.Builder
	line := func(name, format string, values ...any) {
		_, _ = fmt.Fprintf(&text, "%-10s %s\n", name, fmt.Sprintf(format, values...))
	}
	line("outage", "%s", o.ID)
	line("service", "%s", printed(o.Service))
	line("started", "%s, noticed %s", o.StartedAt.Format(time.RFC3339), o.DetectedAt.Format(time.RFC3339))
	line("lasted", "%s", lasted(o.Outage, now))
	line("reports", "%d, up to %d a minute at %s", o.Reports, o.Peak.ReportsPerMinute, o.Peak.At.Format(time.RFC3339))
	line("countries", "%s", countriesHit(o.Outage))
	if standing := standingText(o.Standing); standing != "" {
		line("standing", "%s", standing)
	}
	for _, r := range o.Remarks {
		_, _ = fmt.Fprintf(&text, "\n%s by %s at %s", r.Kind, r.By, r.At.Format(time.RFC3339))
		if r.Said != nil {
			_, _ = fmt.Fprintf(&text, ", published %s", r.Said.Format(time.RFC3339))
		}
		if r.Into != nil {
			_, _ = fmt.Fprintf(&text, ", into %s", r.Into)
		}
		for paragraph := range strings.SplitSeq(r.Text, "\n") {
			_, _ = fmt.Fprintf(&text, "\n  %s", printed(paragraph))
		}
		if r.Link != "" {
			_, _ = fmt.Fprintf(&text, "\n  %s", r.Link)
		}
		text.WriteByte('\n')
	}
	return text.String()
}
