package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/outcryhq/outcry/pkg/client"
	"github.com/outcryhq/outcry/pkg/outage"
	"github.com/outcryhq/outcry/pkg/place"
)

// watch is what outcry watch is asked for.
type watch struct {
	url                 string
	services, countries []string
	spikes, json        bool
}

func watchCommand() *cobra.Command {
	var w watch
	cmd := &cobra.Command{
		Use:   "watch",
		Short: "Print outages as they open, change and end",
		Long: `Follow a running Outcry (GET /v1/stream) and print each change as a line: first
what is ongoing, then what happens. When the connection breaks, what happened
meanwhile is printed when it is back; standard error says so.

It runs until it is interrupted, and then the exit status is 0. It is 1 if the server
answers with something else than events, and 2 if it does not know a service or
an option is wrong.`,
		Example: `  outcry watch
  outcry watch --service whatsapp,telegram --country ID
  outcry watch --json --url https://outcry.example | jq -r 'select(.data.change == "opened").data.outage.service'`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := w.check(); err != nil {
				return err
			}
			return w.run(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	fs := cmd.Flags()
	fs.StringVar(&w.url, "url", "http://127.0.0.1:8080", "follow the Outcry at this `url`")
	fs.StringSliceVar(&w.services, "service", nil, "only these `services`, such as whatsapp,telegram")
	fs.StringSliceVar(&w.countries, "country", nil, "only in these `countries`, such as ID,MY")
	fs.BoolVar(&w.spikes, "spikes", false, "what looks unusual too, though it is no outage yet")
	fs.BoolVar(&w.json, "json", false, "print each event as a line of JSON: its id, its name as event, and its data")
	return cmd
}

func (w *watch) check() error {
	base, err := url.Parse(w.url)
	if err != nil || base.Scheme != "http" && base.Scheme != "https" || base.Host == "" {
		return fmt.Errorf("%w: --url: expected a URL such as http://127.0.0.1:8080", errUsage)
	}
	for i, country := range w.countries {
		code, ok := place.Normalize(country)
		if !ok && country != outage.AllCountries {
			return fmt.Errorf("%w: --country: expected ISO 3166-1 alpha-2 codes such as ID, ZZ for unknown, or * for all countries together, not %q", errUsage, country)
		}
		if ok {
			w.countries[i] = code
		}
	}
	return nil
}

// run prints until ctx ends.
func (w *watch) run(ctx context.Context, stdout, stderr io.Writer) error {
	options := client.StreamOptions{
		Services: w.services, Countries: w.countries, Spikes: w.spikes,
		Disconnected: func(err error, wait time.Duration) {
			_, _ = fmt.Fprintf(stderr, "outcry: watch: %s; trying again in %s\n",
				strings.Map(printable, err.Error()), wait.Round(100*time.Millisecond))
		},
	}
	for event, err := range client.Stream(ctx, client.Config{BaseURL: w.url}, options) {
		if err != nil {
			return watchError(err)
		}
		line, err := w.line(event)
		if err != nil {
			return fmt.Errorf("watch: the server sent an event %q that is not understood: %w", event.Type, err)
		}
		if line == "" {
			continue
		}
		if _, err := io.WriteString(stdout, line+"\n"); err != nil {
			return fmt.Errorf("watch: %w", err)
		}
	}
	return nil // it was interrupted, as it always is
}

// watchError makes what was asked wrongly the mistake of whoever asked.
func watchError(err error) error {
	err = fmt.Errorf("watch: %w", err)
	said, ok := errors.AsType[*client.Error](err)
	if !ok || said.Status != http.StatusBadRequest && said.Status != http.StatusNotFound {
		return err
	}
	if len(said.Suggestions) > 0 {
		err = fmt.Errorf("%w; did you mean %s?", err, strings.Join(said.Suggestions, ", "))
	}
	return misuse{err}
}

// line is what is printed of an event, "" for nothing.
func (w *watch) line(event client.Event) (string, error) {
	if w.json {
		text, err := json.Marshal(struct {
			ID    string          `json:"id"`
			Event string          `json:"event"`
			Data  json.RawMessage `json:"data"`
		}{event.ID, event.Type, event.Data})
		return string(text), err
	}
	text, err := w.sentence(event)
	return strings.Map(printable, text), err
}

func (w *watch) sentence(event client.Event) (string, error) {
	switch event.Type {
	case client.EventOutage:
		data, err := dataOf[client.OutageChange](event)
		if err != nil {
			return "", err
		}
		return w.outageLine(data), nil
	case client.EventSpike:
		data, err := dataOf[client.SpikeChange](event)
		if err != nil {
			return "", err
		}
		return spikeLine(data.Change, data.Spike), nil
	case client.EventSpikes:
		data, err := dataOf[client.CurrentSpikes](event)
		if err != nil {
			return "", err
		}
		lines := make([]string, len(data.Spikes))
		for i, spike := range data.Spikes {
			lines[i] = spikeLine("is", spike)
		}
		return strings.Join(lines, "\n"), nil
	case client.EventStatus:
		data, err := dataOf[client.LiveStatus](event)
		if err != nil {
			return "", err
		}
		if data.Live == "away" {
			return "the server has lost its live counts since " + moment(data.Since) + "; nothing can be told until they are back", nil
		}
	}
	return "", nil
}

func dataOf[T any](event client.Event) (data T, err error) {
	if err = json.Unmarshal(event.Data, &data); err != nil {
		return data, fmt.Errorf("decode its data: %w", err)
	}
	return data, nil
}

// outageLine is a change: what happened, to which service, where, and how much
// was heard.
func (w *watch) outageLine(data client.OutageChange) string {
	o := data.Outage
	var countries []string
	for _, impact := range byPeak(o.Impacts) {
		countries = append(countries, impact.Country)
	}
	when := "since " + moment(o.StartedAt)
	if o.EndedAt != nil {
		when = "from " + moment(o.StartedAt) + " to " + moment(*o.EndedAt)
	}
	line := fmt.Sprintf("%-8s  %s in %s, %s: %d reports, up to %d a minute  %s",
		data.Change, o.Service, strings.Join(countries, " "), when, o.Reports, o.Peak.ReportsPerMinute,
		strings.TrimSuffix(w.url, "/")+"/outages/"+o.ID.String())
	if data.Remark != nil {
		line += "  " + string(data.Remark.Kind) + ": " + strings.Join(strings.Fields(data.Remark.Text), " ")
	}
	return line
}

func byPeak(impacts []outage.Impact) []outage.Impact {
	impacts = slices.Clone(impacts)
	slices.SortStableFunc(impacts, func(a, b outage.Impact) int {
		return cmp.Compare(b.Peak.ReportsPerMinute, a.Peak.ReportsPerMinute)
	})
	return impacts
}

func spikeLine(change string, spike outage.Spike) string {
	reports, minutes := 0, 0
	for _, window := range spike.Windows {
		if window.Minutes <= 15 {
			reports, minutes = window.Reports, window.Minutes
		}
	}
	return fmt.Sprintf("%-8s  %s: a spike of %s in %s, since %s: %d reports in %d minutes",
		change, spike.Status, spike.Service, spike.Country, moment(spike.Since), reports, minutes)
}

func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }
