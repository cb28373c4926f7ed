package statusfeed

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/mmcdole/gofeed"
	"golang.org/x/net/html"
	"golang.org/x/net/html/charset"

	"github.com/outcryhq/outcry/pkg/outage"
)

const (
	// mostEntries is how many entries of a feed are kept, the newest.
	mostEntries = 50
	// longestTitle is what is kept of a title, in bytes.
	longestTitle = 500
	// deepest is how many elements may lie in one another: a feed needs ten.
	deepest = 64
	// readAhead is how far the clock of a service may be ahead.
	readAhead = 10 * time.Minute
)

// entry is what a service said.
type entry struct {
	title string // plain text
	link  string // "" for none
	at    time.Time
}

var errTooDeep = errors.New("its elements are nested too deeply")

// readEntries reads a feed, newest entries first: those that were published
// between since and now. An entry without a title or a time says nothing.
func readEntries(body []byte, since, now time.Time) (_ []entry, err error) {
	defer func() {
		if p := recover(); p != nil { // a parser of what anybody may send
			err = errors.New("the feed cannot be read")
		}
	}()
	if err := shallow(body); err != nil {
		return nil, err
	}
	feed, err := gofeed.NewParser().Parse(bytes.NewReader(body))
	if err != nil {
		return nil, errors.New("the feed cannot be read") // the parser's text quotes the feed
	}
	var entries []entry
	for _, item := range feed.Items {
		if e, ok := entryOf(item); ok && e.at.After(since) && e.at.Before(now.Add(readAhead)) {
			entries = append(entries, e)
		}
	}
	slices.SortStableFunc(entries, func(a, b entry) int { return b.at.Compare(a.at) })
	return slices.Clip(entries[:min(len(entries), mostEntries)]), nil
}

func entryOf(item *gofeed.Item) (entry, bool) {
	if item == nil {
		return entry{}, false
	}
	published := item.PublishedParsed
	if published == nil {
		published = item.UpdatedParsed
	}
	title := plain(item.Title)
	if published == nil || title == "" {
		return entry{}, false
	}
	e := entry{title: title, at: published.UTC()}
	if link := strings.TrimSpace(item.Link); link != "" && outage.CheckLink(link) == nil {
		e.link = link
	}
	return e, true
}

// shallow refuses XML that is nested more deeply than any feed is: parsers
// call themselves for each level.
func shallow(body []byte) error {
	trimmed := bytes.TrimLeft(bytes.TrimPrefix(body, []byte("\uFEFF")), " \t\r\n")
	if bytes.HasPrefix(trimmed, []byte("{")) {
		return nil // JSON, whose decoder has a bound
	}
	decoder := xml.NewDecoder(bytes.NewReader(body))
	decoder.Strict = false
	decoder.CharsetReader = charset.NewReaderLabel
	for depth := 0; ; {
		token, err := decoder.RawToken()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return errors.New("the feed is not XML") // the decoder's text quotes the feed
		}
		switch token.(type) {
		case xml.StartElement:
			depth++
		case xml.EndElement:
			depth--
		}
		if depth > deepest {
			return fmt.Errorf("the feed is refused: %w", errTooDeep)
		}
	}
}

// plain makes a title that may have markup or entities in it plain text.
func plain(title string) string {
	if len(title) > 4*longestTitle {
		title = title[:4*longestTitle]
	}
	var text strings.Builder
	tokens := html.NewTokenizer(strings.NewReader(title))
	for hidden := ""; ; {
		switch tokens.Next() {
		case html.ErrorToken:
			return cut(strings.Join(strings.Fields(strings.ToValidUTF8(text.String(), "")), " "))
		case html.StartTagToken:
			if name, _ := tokens.TagName(); string(name) == "script" || string(name) == "style" {
				hidden = string(name)
			}
			text.WriteByte(' ')
		case html.EndTagToken:
			if name, _ := tokens.TagName(); string(name) == hidden {
				hidden = ""
			}
		case html.TextToken:
			if hidden == "" {
				text.Write(tokens.Text())
			}
		case html.SelfClosingTagToken, html.CommentToken, html.DoctypeToken:
			text.WriteByte(' ')
		}
	}
}

// cut shortens a title at a character.
func cut(title string) string {
	if len(title) <= longestTitle {
		return title
	}
	end := longestTitle
	for !utf8.RuneStart(title[end]) {
		end--
	}
	return title[:end] + "…"
}
