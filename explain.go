package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/outcryhq/outcry/pkg/outage"
	"github.com/outcryhq/outcry/pkg/place"
)

const (
	// fetchTimeout bounds how long a server may take to hand over an outage.
	fetchTimeout = 10 * time.Second
	// maxFetched bounds what a server may send, in bytes.
	maxFetched = 16 << 20
)

func explainCommand() *cobra.Command {
	var server, country string
	cmd := &cobra.Command{
		Use:   "explain [FILE|-|ID]",
		Short: "Compute the scores of an outage again from its evidence, line by line",
		Long: `Compute the score of each impact of an outage again from the evidence that is
stored with it, show every step in numbers that can be checked by hand, and say
whether the result is what is stored. With

  y    distinct reporters in the window of w minutes
  E    reporters expected in it
  M    = rho·E + f·√w, what is tolerated
  r    = 1/(φ + 1/H), the size of the negative binomial; φ is the spread of the
       rate in such a window, H the weighted reports behind the estimate of E

the score is −ln P(NB(mean M, size r) >= y) − ln 5, in nats, where the probability
is the regularised incomplete beta function I_x(y, r) at x = M/(M+r), and ln 5 is
given back because the best of five windows is taken. Statistics packages have it:
in R it is pnbinom(y-1, size=r, mu=M, lower.tail=FALSE).

FILE is an outage as JSON, or several one after another, as GET /v1/outages/{id}
answers and "outcry replay" prints; - or nothing is standard input. An ID is looked
up on a running server (--server). A file whose name looks like an id is ./ID.

The exit status is 0 if all agrees, 1 if an impact does not agree with what is
stored or the server does not answer, and 2 if the input is wrong.`,
		Example: `  outcry explain 015f80e4-d000-7cc1-9f11-46a1ad3f4da2
  outcry replay counts.csv | outcry explain
  outcry explain --impact ID outage.json`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) <= 1 {
				return nil
			}
			return fmt.Errorf("%w: %s takes one FILE or ID, not %d; see %s --help", errUsage, cmd.CommandPath(), len(args), cmd.CommandPath())
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			code, err := impactCode(country)
			if err != nil {
				return err
			}
			from := "-"
			if len(args) == 1 {
				from = args[0]
			}
			outages, err := readOutages(cmd.Context(), from, server, cmd.InOrStdin())
			if err != nil {
				return badInput(fmt.Errorf("explain: %w", err))
			}
			return explain(cmd.OutOrStdout(), outages, code)
		},
	}
	cmd.Flags().StringVar(&server, "server", "http://127.0.0.1:8080", "ask the Outcry at this `url` for the outage with an ID")
	cmd.Flags().StringVar(&country, "impact", "", "explain the impact on this `country` only, such as NL; * is all countries together")
	return cmd
}

// impactCode reads --impact; "" means all.
func impactCode(country string) (string, error) {
	if country == "" || country == outage.AllCountries {
		return country, nil
	}
	code, ok := place.Normalize(country)
	if !ok {
		return "", fmt.Errorf("%w: --impact: expected an ISO 3166-1 alpha-2 code such as ID, or ZZ for unknown, or * for all countries together, not %q", errUsage, country)
	}
	return code, nil
}

// readOutages reads what is named on the command line: an outage's id, a path,
// or - for standard input. What was read and is no outage is outage.ErrInvalid.
func readOutages(ctx context.Context, from, server string, stdin io.Reader) (_ []outage.Outage, err error) {
	if id, err := outage.ParseID(from); err == nil {
		return fetchOutage(ctx, server, id)
	}
	input, err := openCounts(from, stdin)
	if err != nil {
		return nil, fmt.Errorf("%w; expected a file with an outage, - for standard input, or an outage's id", err)
	}
	defer func() { err = errors.Join(err, input.Close()) }()
	return decodeOutages(input)
}

const expectedOutage = "expected an outage as JSON, as GET /v1/outages/{id} answers and outcry replay prints it"

// decodeOutages reads outages one after another to the end of the input.
func decodeOutages(input io.Reader) ([]outage.Outage, error) {
	var outages []outage.Outage
	for decoder := json.NewDecoder(input); ; {
		var o outage.Outage
		err := decoder.Decode(&o)
		if errors.Is(err, io.EOF) && len(outages) > 0 {
			return outages, nil
		}
		number := len(outages) + 1
		switch {
		case errors.Is(err, io.EOF):
			return nil, fmt.Errorf("%w: the input is empty; %s", outage.ErrInvalid, expectedOutage)
		case err != nil:
			return nil, fmt.Errorf("%w: outage %d: %w; %s", outage.ErrInvalid, number, err, expectedOutage)
		case o.ID.IsZero() || o.Service == "" || len(o.Impacts) == 0:
			return nil, fmt.Errorf("%w: object %d has no id, service or impacts; %s", outage.ErrInvalid, number, expectedOutage)
		}
		outages = append(outages, o)
	}
}

// fetchOutage asks a server for an outage. One that it does not know, and a
// server that cannot be, are outage.ErrInvalid.
func fetchOutage(ctx context.Context, server string, id outage.ID) (_ []outage.Outage, err error) {
	base, err := url.Parse(server)
	if err != nil || base.Scheme != "http" && base.Scheme != "https" || base.Host == "" {
		return nil, fmt.Errorf("%w: --server: expected a URL such as http://127.0.0.1:8080, not %q", outage.ErrInvalid, server)
	}
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	target := base.JoinPath("v1", "outages", id.String())
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), nil)
	if err != nil {
		return nil, fmt.Errorf("ask the server: %w", err)
	}
	resp, err := http.DefaultClient.Do(req)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return nil, fmt.Errorf("%s did not answer within %s; is it the --server?", base.Redacted(), fetchTimeout)
	case err != nil:
		return nil, fmt.Errorf("cannot ask --server for the outage; is Outcry running there? %w", err)
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	body := io.LimitReader(resp.Body, maxFetched)
	switch resp.StatusCode {
	case http.StatusOK:
	case http.StatusNotFound:
		return nil, fmt.Errorf("%w: %s knows no outage with the id %s", outage.ErrInvalid, base.Redacted(), id)
	default:
		return nil, fmt.Errorf("%s answered %s%s", base.Redacted(), resp.Status, detailOf(body))
	}
	outages, err := decodeOutages(body)
	if err != nil {
		return nil, fmt.Errorf("the answer of %s cannot be read; is it an Outcry? %s", base.Redacted(), err) //nolint:errorlint // what a server says is no mistake of the caller
	}
	return outages, nil
}

// detailOf is what a server's problem (RFC 9457) says, "" if it is none.
func detailOf(body io.Reader) string {
	var said struct {
		Detail string `json:"detail"`
	}
	if json.NewDecoder(body).Decode(&said) != nil || said.Detail == "" {
		return ""
	}
	return ": " + said.Detail
}

// explain prints how the scores of the impacts come about. Its error says how
// many do not agree with what is stored.
func explain(out io.Writer, outages []outage.Outage, country string) error {
	var text strings.Builder
	var explained, differing int
	for _, o := range outages {
		for i, impact := range impactsOf(o, country) {
			if i == 0 {
				_, _ = fmt.Fprintf(&text, "%s: outage %s, %s, revision %d\n\n", o.Service, o.ID, o.State, o.Revision)
			}
			agrees, err := explainImpact(&text, o, impact)
			if err != nil {
				return badInput(fmt.Errorf("explain: impact %s of outage %s: %w", impact.Country, o.ID, err))
			}
			if explained++; !agrees {
				differing++
			}
		}
	}
	if explained == 0 {
		return fmt.Errorf("%w: --impact: there is no impact on %s; there are %s", errUsage, country, countriesOf(outages))
	}
	_, _ = fmt.Fprintf(&text, "%d of %d impacts agree with what is stored.\n", explained-differing, explained)
	if _, err := io.WriteString(out, strings.Map(printable, text.String())); err != nil {
		return fmt.Errorf("print the explanation: %w", err)
	}
	if differing > 0 {
		return fmt.Errorf("explain: %d of %d impacts do not agree with what is stored", differing, explained)
	}
	return nil
}

// printable keeps what a file or a server says from steering the terminal.
func printable(r rune) rune {
	if r != '\n' && !unicode.IsPrint(r) {
		return unicode.ReplacementChar
	}
	return r
}

// impactsOf lists the impacts of an outage, the superseded one last; those on
// one country if that is not "".
func impactsOf(o outage.Outage, country string) []outage.Impact {
	var impacts []outage.Impact
	for _, impact := range o.Impacts {
		if country == "" || impact.Country == country {
			impacts = append(impacts, impact)
		}
	}
	if o.Superseded != nil && (country == "" || o.Superseded.Country == country) {
		impacts = append(impacts, *o.Superseded)
	}
	return impacts
}

// countriesOf names the countries with an impact, each once.
func countriesOf(outages []outage.Outage) string {
	var codes []string
	seen := map[string]bool{}
	for _, o := range outages {
		for _, impact := range impactsOf(o, "") {
			if !seen[impact.Country] {
				seen[impact.Country] = true
				codes = append(codes, impact.Country)
			}
		}
	}
	return strings.Join(codes, ", ")
}
