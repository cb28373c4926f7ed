package twitter

import (
	"errors"
	"strconv"
	"strings"
	"time"

	v1 "github.com/dghubble/go-twitter/twitter" //nolint:staticcheck // final, as the format is

	"github.com/outcryhq/outcry/ingest/social"
)

const (
	// longestV1 is the longest message that is read, in bytes. A status with a
	// reposted and a quoted one in it has some tens of thousands.
	longestV1 = 256 << 10
	// Longer texts are cut, longer locations too.
	longestText     = 8 << 10
	longestLocation = 256
	longestLanguage = 35
	// longestID is the digits of the largest 64-bit number.
	longestID = 20
)

// The years of which posts are believed.
const firstYear, lastYear = 2006, 2099

// ErrMalformed says that a message is not what the v1.1 API sends.
var ErrMalformed = errors.New("malformed message")

// v1Entities undoes what the API does to texts, in one pass: "&amp;lt;" stood
// for "&lt;".
var v1Entities = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&") //nolint:gochecknoglobals // a constant table

// v1Status is what matters of a status.
type v1Status struct {
	id, author      string
	text            string // as it was sent, with entities
	language        string
	country         string // code of the place; "" if there is none
	location        string // of the author's profile
	created         string // such as Fri Nov 03 08:05:00 +0000 2017
	createdAtMillis string // since 1970; "" in old archives
	repost          bool
}

// post checks a status. What has no id, author or time is malformed.
func (s *v1Status) post() (social.Post, error) {
	at, ok := s.at()
	if !ok || !isID(s.id) || !isID(s.author) {
		return social.Post{}, ErrMalformed
	}
	return social.Post{
		ID: s.id, Author: s.author, Text: plainText(s.text),
		Language: languageTag(s.language), Place: countryCode(s.country), Profile: social.Bounded(s.location, longestLocation),
		Repost: s.repost, At: at, Link: "https://twitter.com/i/web/status/" + s.id,
	}, nil
}

func (s *v1Status) at() (time.Time, bool) {
	var at time.Time
	if ms, err := strconv.ParseInt(s.createdAtMillis, 10, 64); err == nil {
		at = time.UnixMilli(ms).UTC()
	} else if at, err = time.Parse(time.RubyDate, s.created); err != nil {
		return time.Time{}, false
	}
	at = at.UTC()
	return at, at.Year() >= firstYear && at.Year() <= lastYear
}

func isID(s string) bool {
	if s == "" || len(s) > longestID || s[0] == '0' {
		return false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

func plainText(s string) string {
	if strings.IndexByte(s, '&') >= 0 {
		s = v1Entities.Replace(s)
	}
	return social.Bounded(s, longestText)
}

// languageTag gives the BCP 47 tag: the API says "und" for unknown, and kept
// two codes that were replaced long ago.
func languageTag(s string) string {
	switch {
	case s == "und" || len(s) > longestLanguage || strings.ContainsFunc(s, notInTags):
		return ""
	case s == "in":
		return "id"
	case s == "iw":
		return "he"
	}
	return s
}

func notInTags(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-'
}

func countryCode(s string) string {
	if len(s) != 2 {
		return ""
	}
	s = strings.ToUpper(s)
	if s[0] < 'A' || s[0] > 'Z' || s[1] < 'A' || s[1] > 'Z' {
		return ""
	}
	return s
}

// fromTweet is the status that go-twitter has decoded.
func fromTweet(t *v1.Tweet) *v1Status {
	s := &v1Status{
		id: t.IDStr, text: t.Text, language: t.Lang, created: t.CreatedAt, repost: t.RetweetedStatus != nil,
	}
	if s.id == "" && t.ID > 0 {
		s.id = strconv.FormatInt(t.ID, 10)
	}
	switch {
	case t.Truncated && t.ExtendedTweet != nil && t.ExtendedTweet.FullText != "":
		s.text = t.ExtendedTweet.FullText
	case t.FullText != "":
		s.text = t.FullText
	}
	if t.Place != nil {
		s.country = t.Place.CountryCode
	}
	if t.User != nil {
		s.author, s.location = t.User.IDStr, t.User.Location
		if s.author == "" && t.User.ID > 0 {
			s.author = strconv.FormatInt(t.User.ID, 10)
		}
	}
	return s
}
