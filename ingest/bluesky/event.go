package bluesky

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/outcryhq/outcry/ingest/social"
)

const collection = "app.bsky.feed.post"

const (
	// maxID bounds an author and the key of a post together, in bytes. Authors
	// have some 32, keys 13.
	maxID = 400
	// maxText bounds a text in bytes; the network's own limit is 3,000.
	maxText = 8 << 10
	// maxTag bounds a language tag in bytes.
	maxTag = 35
	// leastTime and mostTime bound times in microseconds, the years 2001 and 2286.
	// Jetstream takes cursors below for sequence numbers.
	leastTime = 1_000_000_000_000_000
	mostTime  = 9_999_999_999_999_999
)

// kind is what an event is to the reader.
type kind int

const (
	kindOther kind = iota // of no interest
	kindPost
	kindDeletion
	kindDeparture // an account is gone
)

// event is one of Jetstream's, as far as it is of interest.
type event struct {
	kind   kind
	post   social.Post // with an ID alone if it was deleted
	links  string      // what the links of an account that is gone begin with
	timeUS int64       // when the relay saw it, microseconds since 1970
}

// wireEvent is an event as it is sent.
type wireEvent struct {
	DID     string       `json:"did"`
	TimeUS  int64        `json:"time_us"`
	Kind    string       `json:"kind"`
	Commit  *wireCommit  `json:"commit"`
	Account *wireAccount `json:"account"`
}

type wireAccount struct {
	Active bool   `json:"active"`
	Status string `json:"status"`
}

type wireCommit struct {
	Operation  string      `json:"operation"`
	Collection string      `json:"collection"`
	RKey       string      `json:"rkey"`
	Record     *wireRecord `json:"record"`
}

type wireRecord struct {
	Text  string   `json:"text"`
	Langs []string `json:"langs"`
}

var (
	errTime   = errors.New("the event's time is not one")
	errID     = errors.New("the post has no name that can be used")
	errRecord = errors.New("the post has no record")
)

// decode reads an event. An error says that it is malformed.
func decode(message []byte) (event, error) {
	var wire wireEvent
	if err := json.Unmarshal(message, &wire); err != nil {
		return event{}, fmt.Errorf("decode event: %w", err)
	}
	if wire.TimeUS < leastTime || wire.TimeUS > mostTime {
		return event{}, errTime
	}
	e := event{timeUS: wire.TimeUS}
	if wire.Kind == "account" && wire.Account.hidden() && nameable(wire.DID, "self") {
		e.kind, e.links = kindDeparture, linksOf(wire.DID)
		return e, nil
	}
	commit := wire.Commit
	if wire.Kind != "commit" || commit == nil || commit.Collection != collection {
		return e, nil
	}
	switch commit.Operation {
	case "create":
		e.kind = kindPost
	case "delete":
		e.kind = kindDeletion
	default:
		return e, nil
	}
	if !nameable(wire.DID, commit.RKey) {
		return event{}, errID
	}
	e.post.ID = wire.DID + "/" + commit.RKey
	if e.kind == kindDeletion {
		return e, nil
	}
	if commit.Record == nil {
		return event{}, errRecord
	}
	e.post.Author = wire.DID
	e.post.Text = social.Bounded(commit.Record.Text, maxText)
	if langs := commit.Record.Langs; len(langs) > 0 && len(langs[0]) <= maxTag {
		e.post.Language = langs[0]
	}
	e.post.At = time.UnixMicro(wire.TimeUS).UTC()
	e.post.Link = linksOf(wire.DID) + commit.RKey
	return e, nil
}

// linksOf is what the links of an author's posts begin with.
func linksOf(did string) string { return "https://bsky.app/profile/" + did + "/post/" }

// hidden says that nobody is to be shown what the account has posted, for now or
// for good. There are other reasons not to be active, which pass.
func (a *wireAccount) hidden() bool {
	return a != nil && !a.Active && slices.Contains([]string{"deleted", "takendown", "suspended", "deactivated"}, a.Status)
}

// nameable says whether an author and a key are what the protocol allows, so
// that the id and the link made of them can mean one post only.
func nameable(did, rkey string) bool {
	return strings.HasPrefix(did, "did:") && rkey != "" && rkey != "." && rkey != ".." &&
		len(did)+len(rkey) <= maxID && plain(did) && plain(rkey)
}

// plain says whether all characters are among those of names.
func plain(name string) bool {
	for i := range len(name) {
		switch c := name[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		case c == '.', c == '_', c == ':', c == '~', c == '-':
		default:
			return false
		}
	}
	return true
}
