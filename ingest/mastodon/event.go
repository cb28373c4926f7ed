package mastodon

import (
	"encoding/json"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/outcryhq/outcry/ingest/social"
)

const (
	// What is longer is cut, or taken as not there.
	longestID       = 512
	longestLocal    = 64
	longestText     = 8 << 10
	longestHTML     = 64 << 10
	longestLanguage = 35
)

type kind int

const (
	malformed kind = iota
	ofOtherKind
	aPost
	aDeletion
	aRefusal
)

// event is what a message says.
type event struct {
	kind   kind
	local  string      // the instance's own id, of a post or of a deleted one
	post   social.Post // At is set for a post of another kind, too
	forged bool        // the post says that it is yet to come
	status int         // of a refusal; may be 0
}

// skew is by how much the clock of an author's server may be ahead of ours.
const skew = time.Minute

// decode reads one message of the stream. host is the instance's.
func decode(message []byte, host string, now time.Time) event {
	var m struct {
		Event   string          `json:"event"`
		Payload json.RawMessage `json:"payload"`
		Error   string          `json:"error"`
		Status  int             `json:"status"`
	}
	if err := json.Unmarshal(message, &m); err != nil {
		return event{kind: malformed}
	}
	switch m.Event {
	case "update":
		var status string
		if json.Unmarshal(m.Payload, &status) != nil {
			return event{kind: malformed}
		}
		return decodeStatus([]byte(status), host, now)
	case "delete":
		id := strings.Trim(string(m.Payload), `"`)
		if !isLocal(id) {
			return event{kind: malformed}
		}
		return event{kind: aDeletion, local: id}
	case "":
		if m.Error != "" {
			return event{kind: aRefusal, status: m.Status}
		}
		return event{kind: malformed}
	}
	return event{kind: ofOtherKind}
}

// status is what matters of Mastodon's Status.
type status struct {
	ID          string          `json:"id"`
	URI         string          `json:"uri"`
	URL         string          `json:"url"`
	CreatedAt   string          `json:"created_at"`
	Visibility  string          `json:"visibility"`
	Language    string          `json:"language"`
	SpoilerText string          `json:"spoiler_text"`
	Content     string          `json:"content"`
	Reblog      json.RawMessage `json:"reblog"`
	Account     account         `json:"account"`
}

type account struct {
	Acct   string  `json:"acct"`
	URL    string  `json:"url"`
	URI    string  `json:"uri"`
	Bot    bool    `json:"bot"`
	Fields []field `json:"fields"`
}

type field struct {
	Name  string `json:"name"`
	Value string `json:"value"` // HTML
}

// decodeStatus reads a post. Posts that are not public, and those of bots, are
// of another kind.
func decodeStatus(raw []byte, host string, now time.Time) event {
	var s status
	if err := json.Unmarshal(raw, &s); err != nil || !isLocal(s.ID) {
		return event{kind: malformed}
	}
	at, err := time.Parse(time.RFC3339, s.CreatedAt)
	author := s.Account.id(host)
	if err != nil || author == "" {
		return event{kind: malformed}
	}
	forged := at.After(now.Add(skew))
	if at.After(now) {
		at = now // the clock is that of the author's server, which may be anybody's
	}
	post := social.Post{
		ID: idOf(host, s.ID), Author: author, At: at.UTC(),
		Repost: len(s.Reblog) > 0 && string(s.Reblog) != "null", Link: s.link(),
	}
	if s.Visibility != "public" || s.Account.Bot {
		return event{kind: ofOtherKind, local: s.ID, forged: forged, post: post}
	}
	post.Text, post.Profile = s.text(), placeOf(s.Account.Fields)
	if len(s.Language) <= longestLanguage {
		post.Language = s.Language
	}
	return event{kind: aPost, local: s.ID, forged: forged, post: post}
}

// idOf is the id of a post, from the instance's own: the only one that a deletion
// names. So a post has another id through another instance; its author is the
// same there, and counts once.
func idOf(host, local string) string { return host + "/" + local }

// isLocal says whether an instance could have such an id: a number at Mastodon,
// letters and digits at others.
func isLocal(id string) bool {
	if id == "" || len(id) > longestLocal {
		return false
	}
	for _, c := range []byte(id) {
		switch {
		case c >= '0' && c <= '9', c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '-', c == '_':
		default:
			return false
		}
	}
	return true
}

func (s *status) link() string {
	for _, link := range []string{s.URL, s.URI} {
		if _, ok := webURL(link); ok {
			return link
		}
	}
	return ""
}

// text is what the author has written, the warning above it included.
func (s *status) text() string {
	text := plain(social.Bounded(s.Content, longestHTML))
	if warning := strings.Join(strings.Fields(social.Bounded(s.SpoilerText, longestText)), " "); warning != "" {
		text = warning + "\n" + text
	}
	return social.Bounded(text, longestText)
}

// id is the same through whichever instance the account is seen: its URL, which
// all versions give, or else its name with its host.
func (a *account) id(host string) string {
	for _, address := range []string{a.URL, a.URI} {
		if u, ok := webURL(address); ok {
			u.Host = strings.ToLower(u.Host)
			return u.String()
		}
	}
	switch name := strings.ToLower(a.Acct); {
	case name == "" || len(name) > longestID/2 || !utf8.ValidString(name):
		return ""
	case strings.Contains(name, "@"):
		return name
	default:
		return name + "@" + host
	}
}

func webURL(address string) (*url.URL, bool) {
	if address == "" || len(address) > longestID {
		return nil, false
	}
	u, err := url.Parse(address)
	return u, err == nil && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http")
}
