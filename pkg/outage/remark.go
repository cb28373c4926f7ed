package outage

import (
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// RemarkKind says what a remark is.
type RemarkKind string

// The kinds of remarks.
const (
	// Note is anything else that a reader should know.
	Note RemarkKind = "note"
	// Retraction says that there was no outage, and why.
	Retraction RemarkKind = "retraction"
	// Merge says that the outage is part of another one of the service, and why.
	Merge RemarkKind = "merge"
	// Acknowledgement is the service's own word, with where and when it was published.
	Acknowledgement RemarkKind = "acknowledgement"
)

// Who adds remarks.
const (
	ByOperator = "operator" // a person, with a command
	ByFeed     = "feed"     // the service's status feed
)

// Bounds of a remark's parts, in bytes.
const (
	MaxRemarkText = 2000
	MaxRemarkLink = 2000
)

// A Remark is what an operator, or the service itself, says of an outage after
// the crowd did. It never changes the outage: what was cited stays as it was.
type Remark struct {
	ID   ID         `json:"id"`
	Kind RemarkKind `json:"kind"`
	At   time.Time  `json:"at"`                // when it was recorded here
	Text string     `json:"text"`              // the note, the reason, or the title of the acknowledgement: plain text
	Link string     `json:"link,omitempty"`    // http or https
	Said *time.Time `json:"said_at,omitempty"` // when the service published it; acknowledgements only
	Into *ID        `json:"into,omitempty"`    // the outage that this one is part of; merges only
	By   string     `json:"by"`                // ByOperator or ByFeed
}

// Standing is what remarks make of an outage: whether it still counts.
type Standing struct {
	Retracted  bool `json:"retracted"`
	MergedInto *ID  `json:"merged_into"` // nil unless it is part of that other one
}

// Counts reports whether the outage counts in a service's record.
func (s Standing) Counts() bool { return !s.Retracted && s.MergedInto == nil }

// StandingOf is what the remarks on an outage make of it.
func StandingOf(remarks []Remark) Standing {
	var s Standing
	for _, r := range remarks {
		switch r.Kind {
		case Retraction:
			s.Retracted = true
		case Merge:
			s.MergedInto = r.Into
		case Note, Acknowledgement:
		}
	}
	return s
}

// Tidy returns the remark as it is kept: times in UTC to the millisecond, the
// text on one line a paragraph and without control characters, and an id that
// follows from the outage and all but At and By, so that the same said twice
// is one remark. What cannot be kept is ErrInvalid, with a text for people.
func (r Remark) Tidy(of ID) (Remark, error) {
	r.Text = tidyText(r.Text)
	r.Link = strings.TrimSpace(r.Link)
	r.At = r.At.UTC().Truncate(time.Millisecond)
	if r.Said != nil {
		said := r.Said.UTC().Truncate(time.Millisecond)
		r.Said = &said
	}
	if err := r.check(of); err != nil {
		return Remark{}, err
	}
	parts := []string{"remark", of.String(), string(r.Kind), r.Text, r.Link}
	if r.Said != nil {
		parts = append(parts, "said", r.Said.Format(time.RFC3339Nano))
	}
	if r.Into != nil {
		parts = append(parts, "into", r.Into.String())
	}
	r.ID = DeriveID(parts...)
	return r, nil
}

func (r Remark) check(of ID) error {
	switch r.Kind {
	case Note, Retraction, Merge, Acknowledgement:
	default:
		return fmt.Errorf("%w: a remark is a note, retraction, merge or acknowledgement", ErrInvalid)
	}
	switch {
	case r.By != ByOperator && r.By != ByFeed:
		return fmt.Errorf("%w: a remark is by operator or feed", ErrInvalid)
	case r.Text == "":
		return fmt.Errorf("%w: a %s needs a text", ErrInvalid, r.Kind)
	case len(r.Text) > MaxRemarkText:
		return fmt.Errorf("%w: the text has %d bytes, at most %d are kept", ErrInvalid, len(r.Text), MaxRemarkText)
	case !keepableTime(r.At) || r.Said != nil && !keepableTime(*r.Said):
		return fmt.Errorf("%w: a time lies between the years 1970 and 4000", ErrInvalid)
	case (r.Kind == Merge) != (r.Into != nil):
		return fmt.Errorf("%w: a merge, and nothing else, says into which outage", ErrInvalid)
	case r.Into != nil && *r.Into == of:
		return fmt.Errorf("%w: an outage cannot be merged into itself", ErrInvalid)
	case r.Kind != Acknowledgement && r.Said != nil:
		return fmt.Errorf("%w: only an acknowledgement says when the service published it", ErrInvalid)
	}
	if r.Link == "" {
		return nil
	}
	return CheckLink(r.Link)
}

// CheckLink says whether a link may be shown to readers: an absolute http or
// https address without a password, of MaxRemarkLink bytes at most.
func CheckLink(link string) error {
	expected := fmt.Errorf("%w: a link looks like https://status.example.com/incidents/1", ErrInvalid)
	if len(link) > MaxRemarkLink || !utf8.ValidString(link) || strings.ContainsFunc(link, notInLink) {
		return expected
	}
	parsed, err := url.Parse(link)
	if err != nil || parsed.Scheme != "http" && parsed.Scheme != "https" || parsed.Hostname() == "" || parsed.User != nil {
		return expected
	}
	return nil
}

func notInLink(r rune) bool {
	return unicode.IsSpace(r) || unicode.IsControl(r) || unicode.In(r, unicode.Cf) || strings.ContainsRune(`"<>\^`+"`{|}", r)
}

func keepableTime(t time.Time) bool { return t.Year() >= 1970 && t.Year() <= 4000 }

// tidyText drops control and direction characters, which could make a text
// look like another one, joins what is white, and keeps line breaks between paragraphs.
func tidyText(text string) string {
	text = strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\r\n", "\n")
	text = strings.Map(func(r rune) rune {
		if r == '\n' || r == '\u200d' || r == '\u200c' { // joiners are part of words and of emoji
			return r
		}
		if unicode.IsSpace(r) {
			return ' '
		}
		if unicode.IsControl(r) || unicode.In(r, unicode.Cf) {
			return -1
		}
		return r
	}, text)
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		if line = strings.Join(strings.Fields(line), " "); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}

// Published is an outage as it is shown: with what was said of it afterwards.
type Published struct {
	Outage
	Standing
	// Remarks are given with a single outage, by time; nil where they are not
	// known, as in lists.
	Remarks []Remark `json:"remarks,omitzero"`
}
