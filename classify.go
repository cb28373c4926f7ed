package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/outcryhq/outcry/ingest/match"
	"github.com/outcryhq/outcry/pkg/catalog"
	"github.com/outcryhq/outcry/pkg/outage"
	"github.com/outcryhq/outcry/pkg/place"
)

// maxPostLine bounds a line of posts, in bytes.
const maxPostLine = 1 << 20

func classifyCommand() *cobra.Command {
	var catalogFile string
	cmd := &cobra.Command{
		Use:   "classify [FILE|-]",
		Short: "Say of posts whether they complain that a service is down, and why or why not",
		Long: `Read posts, one JSON object a line, and print for each, in the same order, what
the social sources would make of it. A post is

  {"id":"1","text":"whatsapp down again?","lang":"en","location":"Leeds","place":"GB"}

of which only the text is needed: id is repeated, lang is a language tag, location is
what the author's profile says, place the country of the place attached to the post.
The answer is

  {"id":"1","complaint":true,"service":"whatsapp","country":"GB","country_from":"post",
   "language":"en","phrase":"down again","reason":""}

where phrase and language are of the lexicon that matched, and reason says why a post
is no complaint: no_service, no_phrase, too_far, false_friend, past, recovered, negated,
repost, advert, ambiguous_name, question, news or official. ZZ is an unknown country.

FILE may end in .gz or .zst; - or nothing is standard input. The exit status is 2 if a
line is not a post.`,
		Example: `  echo '{"text":"is netflix down?"}' | outcry classify
  outcry classify posts.ndjson.zst | jq 'select(.complaint)'`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) <= 1 {
				return nil
			}
			return fmt.Errorf("%w: %s takes one FILE, not %d; see %s --help", errUsage, cmd.CommandPath(), len(args), cmd.CommandPath())
		},
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			from := "-"
			if len(args) == 1 {
				from = args[0]
			}
			input, err := openCounts(from, cmd.InOrStdin())
			if err != nil {
				return fmt.Errorf("classify: %w", err)
			}
			defer func() { err = errors.Join(err, input.Close()) }()
			services, err := (&config{Catalog: catalogFile}).loadCatalog()
			if err != nil {
				return err
			}
			matcher, err := newMatcher(services)
			if err != nil {
				return badInput(fmt.Errorf("classify: %w", err))
			}
			return badInput(classify(matcher, input, cmd.OutOrStdout()))
		},
	}
	cmd.Flags().StringVar(&catalogFile, "catalog", "", "know the services of this `file` instead of the ones built in")
	return cmd
}

// newMatcher makes a matcher for a catalog, with the places that come with the program.
func newMatcher(services *catalog.Catalog) (*match.Matcher, error) {
	gazetteer, err := place.OpenGazetteer()
	if err != nil {
		return nil, err
	}
	return match.New(services, gazetteer)
}

// postLine is a post as it is read.
type postLine struct {
	ID       json.RawMessage `json:"id"`
	Text     *string         `json:"text"`
	Lang     string          `json:"lang"`
	Location string          `json:"location"`
	Place    string          `json:"place"`
}

// verdictLine is what is printed of a post.
type verdictLine struct {
	ID          json.RawMessage    `json:"id,omitempty"`
	Complaint   bool               `json:"complaint"`
	Service     string             `json:"service"`
	Country     string             `json:"country"`
	CountryFrom outage.CountryFrom `json:"country_from"`
	Language    string             `json:"language"`
	Phrase      string             `json:"phrase"`
	Reason      string             `json:"reason"`
}

// classify prints a line for each post. What is no post is outage.ErrInvalid.
func classify(matcher *match.Matcher, input io.Reader, output io.Writer) error {
	lines := bufio.NewScanner(input)
	lines.Buffer(make([]byte, 0, 64<<10), maxPostLine)
	out := bufio.NewWriter(output)
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	number := 0
	for lines.Scan() {
		number++
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		var post postLine
		if err := json.Unmarshal(lines.Bytes(), &post); err != nil {
			return errors.Join(fmt.Errorf("classify: line %d: %w: %w", number, outage.ErrInvalid, err), out.Flush())
		}
		if post.Text == nil {
			return errors.Join(fmt.Errorf("classify: line %d: %w: expected an object with a text", number, outage.ErrInvalid), out.Flush())
		}
		v := matcher.Classify(match.Post{Text: *post.Text, Language: post.Lang, Place: post.Place, Profile: post.Location})
		err := encoder.Encode(verdictLine{
			ID: post.ID, Complaint: v.Complaint, Service: v.Service, Country: v.Country, CountryFrom: v.CountryFrom,
			Language: v.Language, Phrase: v.Phrase, Reason: v.Reason,
		})
		if err != nil {
			return fmt.Errorf("print the answers: %w", err)
		}
	}
	if err := lines.Err(); errors.Is(err, bufio.ErrTooLong) {
		return errors.Join(fmt.Errorf("classify: line %d: %w: longer than %d bytes", number+1, outage.ErrInvalid, maxPostLine), out.Flush())
	} else if err != nil {
		return errors.Join(fmt.Errorf("classify: read posts: %w", err), out.Flush())
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("print the answers: %w", err)
	}
	return nil
}
