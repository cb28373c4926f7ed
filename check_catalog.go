package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/outcryhq/outcry/pkg/catalog"
)

func checkCatalogCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "check-catalog [FILE|-]",
		Short: "Find what is wrong or doubtful in a catalog of services",
		Long: `Check a catalog of services (--catalog) for what a server would refuse: keys,
categories, countries and problem kinds that do not exist, slugs that are there
twice, addresses that are none; and for what would let a post count for the wrong
service: names that two services share or that are ordinary words or one or two
letters and are not marked as ambiguous, accounts and hashtags of two services.
Without FILE it is the catalog that Outcry ships. Of a file that extends it, only
its own services are judged.

Each finding is one line: file:line: service: what it is, what was expected. The
exit status is 0 if there are none, 1 if there are, and 2 if the file cannot be
read as a catalog at all.`,
		Example: `  outcry check-catalog
  outcry check-catalog ours.yaml`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) <= 1 {
				return nil
			}
			return fmt.Errorf("%w: %s takes one FILE, not %d; see %s --help", errUsage, cmd.CommandPath(), len(args), cmd.CommandPath())
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			path := "catalog.yaml"
			lint := catalog.LintDefault
			if len(args) == 1 {
				path = args[0]
				lint = func() (catalog.Linted, error) { return lintFile(path, cmd.InOrStdin()) }
			}
			linted, err := lint()
			if err != nil {
				return misuse{fmt.Errorf("check-catalog: %s: %w", path, err)}
			}
			return printFindings(cmd.OutOrStdout(), path, linted)
		},
	}
}

// lintFile lints the file of that path, or standard input if it is -.
func lintFile(path string, stdin io.Reader) (_ catalog.Linted, err error) {
	if path == "-" {
		return catalog.Lint(stdin)
	}
	file, err := os.Open(path) //nolint:gosec // the operator names the file
	if err != nil {
		return catalog.Linted{}, fmt.Errorf("open the catalog: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return catalog.Lint(file)
}

// printFindings prints each finding, or that there are none. Its error says how
// many there are.
func printFindings(out io.Writer, path string, linted catalog.Linted) error {
	var text strings.Builder
	for _, finding := range linted.Findings {
		_, _ = fmt.Fprintf(&text, "%s:%d: ", path, max(finding.Line, 1))
		if finding.Service != "" {
			text.WriteString(finding.Service + ": ")
		}
		text.WriteString(finding.Text + "\n")
	}
	if len(linted.Findings) == 0 {
		_, _ = fmt.Fprintf(&text, "%d services in %d countries, no findings\n", linted.Services, linted.Countries)
	}
	if _, err := io.WriteString(out, strings.Map(printable, text.String())); err != nil {
		return fmt.Errorf("print the findings: %w", err)
	}
	if n := len(linted.Findings); n > 0 {
		return fmt.Errorf("check-catalog: %s: %d findings", path, n)
	}
	return nil
}
